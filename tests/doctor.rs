//! `cartload doctor`: each stumble switched on at the practice shop or at the machine, and the line
//! that is said of it, with its fix and the code; the cost, and that nothing is left behind.

mod shop;
mod whole;

use std::process::{Command, Output};

use serde_json::Value;
use shops::practice_shop::{Faults, Habits, PracticeConfig, PracticeShop, RunningShop};

use crate::support::binary::Place;

/// Signs tokens.
const SECRET: &str = "a-secret-of-32-bytes-or-a-few-more";
const SECRET_VARIABLE: &str = "CARTLOAD_SHOP_JWT_SECRET";

/// What a doctor said.
pub struct Said {
    code: Option<i32>,
    report: Value,
    err: String,
}

impl Said {
    #[track_caller]
    fn of(output: &Output) -> Self {
        let out = String::from_utf8(output.stdout.clone()).unwrap();
        let err = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(!out.contains(SECRET) && !err.contains(SECRET), "{out}{err}");
        let report = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}{err}"));
        Self { code: output.status.code(), report, err }
    }

    fn findings(&self) -> &[Value] {
        self.report["findings"].as_array().unwrap()
    }

    /// `AREA/CHECK` of all lines that are so.
    pub fn all(&self, state: &str) -> Vec<String> {
        let found = self.findings().iter().filter(|finding| finding["state"] == state);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        found.map(|f| format!("{}/{}", text(&f["area"]), text(&f["check"]))).collect()
    }

    pub fn requests(&self) -> u64 {
        self.report["requests"].as_u64().unwrap()
    }

    /// The line about this says that, and what to do.
    #[track_caller]
    pub fn has(&self, place: &str, state: &str, says: &str, fix: &str) {
        let (area, check) = place.split_once('/').unwrap();
        let is_it = |finding: &&Value| finding["area"] == area && finding["check"] == check;
        let lines: Vec<&Value> = self.findings().iter().filter(is_it).collect();
        let is_so = |line: &&Value| {
            let of = |key: &str| line[key].as_str().unwrap_or_default();
            line["state"] == state && of("says").contains(says) && of("fix").contains(fix)
        };
        assert!(lines.iter().any(is_so), "{place} {state} {says} -> {fix}: {lines:#?}");
    }

    #[track_caller]
    pub fn ends_with(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{:#}\n{}", self.report, self.err);
    }
}

/// A practice shop with these faults and habits, that checks signatures.
pub fn shop(faults: Faults, habits: Habits, wallet_fill: usize) -> RunningShop {
    let jwt_secret = Some(SECRET.into());
    let config =
        PracticeConfig { faults, habits, wallet_fill, jwt_secret, ..PracticeConfig::default() };
    PracticeShop::start(config).unwrap()
}

/// A doctor in `place`, with a secret in the environment.
pub fn doctor(place: &Place, args: &[&str]) -> Command {
    let mut command = place.command(&[&["doctor", "--json"], args].concat());
    command.env(SECRET_VARIABLE, SECRET);
    command
}

/// Of the shop at `url` by this profile.
#[track_caller]
pub fn seen(place: &Place, (url, profile): (&str, &str), more: &[&str]) -> Said {
    let args = [&["--api", url, "--profile", profile], more].concat();
    Said::of(&doctor(place, &args).output().unwrap())
}
