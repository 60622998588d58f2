//! What the doors of a real run say of its disk and its database file: within 5 s, at every door,
//! in words that send the operator to the disk and not to the shop.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::binary::{Place, Process, wait};
use crate::support::served::Client;
use crate::support::small_disk::SmallDisk;

/// Until every door says so: 5 s, and what a machine that is busy with other tests takes.
const TOLD_MAX: Duration = Duration::from_secs(15);

/// A run whose database lies in `data`.
struct Watched {
    place: Place,
    process: Process,
    client: Client,
    data: PathBuf,
}

impl Watched {
    /// Under way, a cycle each second.
    fn begin(place: Place, data: PathBuf) -> Self {
        let path = data.display().to_string();
        let args = [
            "run",
            "--mock-api",
            "--agents",
            "60",
            "--cycles",
            "60",
            "--time-scale",
            "3600",
            "--rate",
            "unlimited",
            "--warm-up",
            "off",
            "--serve",
            "127.0.0.1:0",
            "--data",
            &path,
        ];
        let process = place.start(&args);
        let client = Client { port: place.port() };
        let watched = Self { place, process, client, data };
        wait(|| watched.cycle() >= 2, || watched.place.log());
        watched
    }

    fn picture(&self) -> Value {
        let answer = self.client.get("/api/status");
        if answer.status == 200 { answer.json() } else { Value::Null }
    }

    fn cycle(&self) -> u64 {
        self.picture()["cycle"].as_u64().unwrap_or(0)
    }

    fn ctl(&self, args: &[&str]) -> String {
        let data = self.data.display().to_string();
        let output = self.place.run(&[&["ctl"], args, &["--data", &data]].concat());
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }

    fn ready(&self) -> (u16, String) {
        let answer = self.client.get("/readyz");
        (answer.status, answer.body)
    }

    /// Whether the newest incident of this kind has these words.
    fn tells(&self, words: &str) -> bool {
        let picture = self.picture();
        let lines = picture["incidents"].as_array().into_iter().flatten();
        let mut told = lines.filter(|line| line["kind"] == "store_trouble");
        told.any(|line| line["message"].as_str().unwrap().contains(words))
    }

    /// Waits until every door says these words; prints after how many seconds each did.
    fn every_door_says(&self, what: &str, words: &str) {
        type Door<'a> = (&'a str, Box<dyn Fn() -> bool + 'a>);
        let doors: [Door<'_>; 5] = [
            ("/readyz", Box::new(|| self.ready().0 == 503 && self.ready().1.contains(words))),
            ("ctl status", Box::new(|| self.ctl(&["status"]).contains(words))),
            ("incident", Box::new(|| self.tells(words))),
            ("log", Box::new(|| self.place.log().contains(words))),
            (
                "metrics",
                Box::new(|| {
                    let text = self.client.get("/metrics").body;
                    let name = "cartload_store_trouble_seconds ";
                    let line = text.lines().find_map(|line| line.strip_prefix(name));
                    line.is_some_and(|value| value.parse::<f64>().unwrap() > 0.0)
                }),
            ),
        ];
        let begin = Instant::now();
        let mut after: Vec<Option<f64>> = vec![None; doors.len()];
        while after.iter().any(Option::is_none) {
            for (said, (_, says)) in after.iter_mut().zip(&doors) {
                if said.is_none() && says() {
                    *said = Some(begin.elapsed().as_secs_f64());
                }
            }
            let missing = after.iter().zip(&doors).filter(|(said, _)| said.is_none());
            let missing: Vec<&str> = missing.map(|(_, (name, _))| *name).collect();
            let seen =
                || format!("{}\n{}\n{}", self.ready().1, self.ctl(&["status"]), self.place.log());
            assert!(begin.elapsed() < TOLD_MAX, "{what}: {missing:?} say nothing: {}", seen());
            std::thread::sleep(Duration::from_millis(50));
        }
        let told = after.iter().zip(&doors);
        let told = told.map(|(said, (name, _))| format!("{name} {:.1} s", said.unwrap_or(0.0)));
        eprintln!("{what}: {}", told.collect::<Vec<_>>().join(", "));
    }

    /// Waits until it is well and goes on.
    fn goes_on(&self) {
        wait(|| self.ready().0 == 200, || format!("{}\n{}", self.ready().1, self.place.log()));
        let cycle = self.cycle();
        wait(|| self.cycle() > cycle, || self.place.log());
    }

    /// Ends it, and looks at what is in the database.
    fn ends_whole(self) {
        self.ctl(&["quit"]);
        let (place, data) = (self.place, self.data.display().to_string());
        assert_eq!(self.process.wait(), Some(0), "{}", place.log());
        place.expect(0, &["verify", "--data", &data]);
    }
}

#[test]
fn a_full_disk_is_told_at_every_door_and_the_run_goes_on_when_there_is_space() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let run = Watched::begin(Place::new(), disk.path().join("data"));
    disk.fill();
    run.every_door_says("a full disk", "disk is full");
    assert!(run.ctl(&["status"]).contains("NOT HEALTHY: the database cannot write"));
    assert_eq!(run.client.get("/healthz").status, 200, "it lives");
    disk.empty();
    run.goes_on();
    wait(|| run.tells("the database takes writes again"), || run.place.log());
    let file = run.data.join("cartload.db");
    run.ends_whole();
    assert!(file.exists());
}

#[test]
fn a_database_that_is_deleted_freezes_the_run_at_once_and_is_taken_when_it_is_put_back() {
    let place = Place::new();
    let data = place.data();
    let run = Watched::begin(place, data.clone());
    let aside = data.join("aside");
    std::fs::rename(data.join("cartload.db"), &aside).unwrap();
    run.every_door_says("a deleted database", "was deleted or moved away");
    wait(|| run.picture()["state"] == "frozen", || run.ctl(&["status"]));
    let said = run.ctl(&["status"]);
    assert!(said.contains("look at  the file of the database"), "{said}");
    assert!(!said.contains("the shop's own log") && !data.join("cartload.db").exists(), "{said}");
    std::fs::rename(&aside, data.join("cartload.db")).unwrap();
    let resumed = run.ctl(&["resume"]);
    assert!(resumed.contains("goes on"), "{resumed}");
    run.goes_on();
    // The freeze was told while nobody could write it down.
    run.place.wait_for("incidents WHERE kind = 'freeze'");
    run.place.wait_for("incidents WHERE kind = 'store_trouble' AND message LIKE '%deleted%'");
    run.ends_whole();
}

#[test]
fn a_database_that_is_replaced_is_written_to_no_more_and_the_run_is_resumed_from_the_other() {
    let place = Place::new();
    let data = place.data();
    let run = Watched::begin(place, data.clone());
    let (file, copy) = (data.join("cartload.db"), data.join("copy"));
    std::fs::copy(&file, &copy).unwrap();
    std::fs::rename(&copy, &file).unwrap();
    run.every_door_says("a replaced database", "was replaced by another one");
    wait(|| run.picture()["state"] == "frozen", || run.ctl(&["status"]));
    let refused = run.ctl(&["resume"]);
    assert!(refused.contains("was replaced by another one"), "{refused}");
}

#[test]
fn a_damaged_database_ends_the_run_at_once_with_6() {
    let place = Place::new();
    let data = place.data();
    let run = Watched::begin(place, data.clone());
    // A write from outside empties what the run has in memory of the file.
    run.place.sql("UPDATE runs SET heartbeat_at = heartbeat_at");
    for name in ["cartload.db", "cartload.db-wal"] {
        let path = data.join(name);
        let length = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
        let file = File::options().write(true).open(path).unwrap();
        file.write_all_at(&vec![0x5a; length], 0).unwrap();
    }
    let begin = Instant::now();
    let Watched { place, process, .. } = run;
    assert_eq!(process.wait(), Some(6), "{}", place.log());
    eprintln!("a damaged database: code 6 after {:.1} s", begin.elapsed().as_secs_f64());
    assert!(begin.elapsed() < TOLD_MAX, "{:?}", begin.elapsed());
    let log = place.log();
    assert!(log.contains("error: the database is damaged"), "{log}");
    let (_, said) = place.expect(6, &["resume"]);
    assert!(said.contains("not an SQLite database"), "{said}");
}
