//! Thousands of lines that are no requests, and messages that are none.

use std::collections::HashSet;

use cartload::control::wire::{Ask, ErrorKind, Reply, Request};

use super::clients::rig;
use crate::support::amount;
use crate::support::mutant::Mutator;

/// Lines, for CI; `CARTLOAD_MUTANTS` says how many for a release.
const MALFORMED: usize = 1_000;
/// Growth of the process that its allocator may account for, bytes.
const GROWTH_MAX: u64 = 8_000_000;

/// What is bent into something else.
const SEEDS: [&str; 8] = [
    r#"{"v":1,"ask":"Status"}"#,
    r#"{"v":1,"ask":{"Operate":{"Rate":20.5}}}"#,
    r#"{"v":1,"ask":{"Operate":{"Quit":"AfterCycle"}}}"#,
    r#"{"v":1,"ask":{"Inject":{"message":"Agent(\"agent_017\", Crash)","at_cycle":12}}}"#,
    r#"Agent("agent_003", FailNextCheckout(status: 500))"#,
    "Session(4, Break(for_s: 30))",
    r#"CircuitBreaker(Trip(reason: "drill"))"#,
    "Shop(Fault(errors: [(route: checkout, status: 503, percent: 20)]))",
];

/// No line end in it, and no longer than a line may be.
fn bent(mutator: &mut Mutator, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = mutator.bend(seeds);
    bytes.retain(|byte| *byte != b'\n');
    bytes.truncate(4_000);
    bytes
}

/// A whole request to inject this, which the parser of messages refuses or takes.
fn inject(message: &[u8]) -> Vec<u8> {
    let message = String::from_utf8_lossy(message).into_owned();
    let request = Request::of(Ask::Inject { message, at_cycle: None });
    serde_json::to_vec(&request).unwrap()
}

fn memory() -> u64 {
    memory_stats::memory_stats().unwrap().physical_mem as u64
}

#[actix::test]
async fn malformed_lines_and_messages_cost_nobody_anything() {
    let count = amount("CARTLOAD_MUTANTS", MALFORMED);
    let mut mutator = Mutator::of(amount("CARTLOAD_SEED", 1) as u64);
    let seeds = SEEDS.map(|seed| seed.as_bytes().to_vec());
    let rig = rig().await;
    let mut other = rig.connect().await;
    let mut peer = rig.connect().await;
    let (mut kinds, mut began) = (HashSet::new(), 0);
    for n in 0..count {
        let mut line = bent(&mut mutator, &seeds);
        if n % 2 == 0 {
            line = inject(&line);
        }
        line.push(b'\n');
        peer.say(&line).await;
        // A bent request may still be one; a watch would go on for ever.
        match peer.hear().await {
            Some(Reply { error: Some(error), .. }) => {
                if error.message.contains("UTF-8") {
                    peer = rig.connect().await;
                }
                kinds.insert(error.kind);
            }
            Some(_) => {}
            None => peer = rig.connect().await,
        }
        if n == count / 10 {
            began = memory();
        }
        if n % 100 == 0 {
            assert!(other.is_served().await, "after {n}");
        }
    }
    for kind in [ErrorKind::Malformed, ErrorKind::Message] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let grown = memory().saturating_sub(began);
    eprintln!("{count} lines: {began} bytes resident after a tenth, {grown} more at the end");
    // Where somebody says how many, nothing else runs beside.
    let is_alone = std::env::var_os("CARTLOAD_MUTANTS").is_some();
    assert!(!is_alone || grown < GROWTH_MAX, "grew by {grown} bytes");
    assert!(rig.run.status().news.incidents.len() <= 20);
}
