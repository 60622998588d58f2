//! The guides, followed to the letter: each block of commands of a page is run by a shell as it is
//! written, in one folder, one after the other. Only the first block, which says what is the
//! reader's own, is another: the practice shop, a throwaway database.

use std::fs;
use std::path::Path;
use std::process::Command;

use shops::practice_shop::{Habits, PracticeConfig, PracticeShop, RunningShop};

use crate::support::binary::Place;

const SECRET: &str = "the-secret-that-the-shop-signs-with";

/// The practice shop in the place of a shop that checks signatures and fills wallets.
fn shop() -> RunningShop {
    let habits = Habits {
        unrounded_totals: true,
        coupons_as_object: true,
        reusable_coupons: true,
        ..Habits::default()
    };
    let jwt_secret = Some(SECRET.into());
    let config =
        PracticeConfig { jwt_secret, habits, wallet_fill: 32, ..PracticeConfig::default() };
    PracticeShop::start(config).unwrap()
}

/// The `sh` blocks of the part of a page below `heading`.
fn blocks(page: &str, heading: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let (_, part) = text.split_once(&format!("\n## {heading}\n")).expect(heading);
    let part = part.split("\n## ").next().unwrap();
    let blocks = part.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// Names that a block sets.
fn names(block: &str) -> Vec<&str> {
    let exports = block.lines().filter_map(|line| line.strip_prefix("export "));
    exports.filter_map(|line| line.split_once('=').map(|(name, _)| name)).collect()
}

/// Runs the blocks after the first with these values in its place.
#[track_caller]
fn followed(page: &str, heading: &str, own: &[(&str, &str)]) -> Place {
    let place = Place::new();
    let blocks = blocks(page, heading);
    assert!(blocks.len() > 3, "{page}: {blocks:?}");
    let given: Vec<&str> = own.iter().map(|(name, _)| *name).collect();
    assert_eq!(names(&blocks[0]), given, "{page}: what is the reader's own");
    for block in &blocks[1..] {
        shell(&place, block, own);
    }
    place
}

#[track_caller]
fn shell(place: &Place, block: &str, own: &[(&str, &str)]) {
    let binary = Path::new(env!("CARGO_BIN_EXE_cartload")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", block]).current_dir(place.path()).env_clear();
    command.env("PATH", format!("{}:{path}", binary.display())).env("HOME", place.path());
    for (name, value) in own {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    assert!(output.status.success(), "{block}\n{:?}\n{out}\n{err}", output.status);
    assert!(!out.contains(SECRET) && !err.contains(SECRET), "{block}\n{out}\n{err}");
}

#[test]
fn your_shop_from_nothing_to_a_running_population() {
    let (shop, secrets) = (shop(), tempfile::tempdir().unwrap());
    let file = secrets.path().join("secret");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    let own = [
        ("CARTLOAD_API", shop.base_url()),
        ("CARTLOAD_PROFILE", "voiceoffers".to_owned()),
        ("CARTLOAD_SHOP_JWT_SECRET_FILE", file.display().to_string()),
    ];
    let own: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let heading = "From nothing to a running population";
    let place = followed("docs/your-shop.md", heading, &own);
    assert_eq!(place.count("runs WHERE state = 'completed'"), 2);
    let booked = shop.books().orders.len();
    // The one of `--order` has no row.
    assert_eq!(place.count("orders") + 1, i64::try_from(booked).unwrap());
    assert!(place.path().join("events.parquet").exists());
}
