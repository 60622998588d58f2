//! The control socket and what goes through it: the real binary's `ctl` and `inject`, and clients
//! that behave badly.

mod clients;
mod ctl;
mod every_injection;
mod inject;
mod malformed;

use crate::support::binary::{Place, Process, wait};

/// A cycle takes a second; there is always something under way.
const SLOW: [&str; 12] = [
    "run",
    "--agents",
    "40",
    "--time-scale",
    "3600",
    "--rate",
    "80",
    "--warm-up",
    "off",
    "--start",
    "2026-01-05T10:00",
    "--quiet",
];

/// Starts a run and waits until it can be talked to.
fn started(place: &Place, more: &[&str]) -> Process {
    let process = place.start(&[&SLOW[..], more].concat());
    until_up(place);
    process
}

fn until_up(place: &Place) {
    let is_up = || {
        let said = place.run(&["ctl", "status", "--json"]);
        serde_json::from_slice::<serde_json::Value>(&said.stdout)
            .is_ok_and(|s| !s["last"].is_null())
    };
    wait(is_up, || format!("the run\n{}", place.log()));
}

fn status(place: &Place) -> serde_json::Value {
    let (out, _) = place.expect(0, &["ctl", "status", "--json"]);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}
