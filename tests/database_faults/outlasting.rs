//! The bound of the retries, on the paused clock: a database that is back within 120 s costs lateness
//! only; after that flows fail, and the run goes on in the same process.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actors::domain::cycle::CycleCounts;
use actors::domain::incident::IncidentKind;
use actors::ports::store::RunState;

use crate::support::population::always_shopping;
use crate::support::run::{Live, run_of};

/// The database goes away once cycle 2 is under way, for so long.
async fn away(run: &mut Live, seconds: u64) {
    run.until_cycle(2).await;
    run.store.is_away.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    run.store.is_away.store(false, Ordering::SeqCst);
}

/// A tick each 75 s.
async fn begun(agents: usize) -> Live {
    run_of(agents).behavior(always_shopping()).time_scale(48.0).cycles(6).start().await
}

#[actix::test]
async fn a_database_that_is_away_for_60_or_114_s_costs_lateness_only() {
    for seconds in [60, 114] {
        let mut run = begun(372).await;
        away(&mut run, seconds).await;
        let run = run.finish().await;
        assert_eq!(run.state, RunState::Completed, "{seconds} s");
        let cycles = run.store.cycles();
        for cycle in &cycles {
            let CycleCounts { released, shopped, failed, failed_unrecorded, .. } = cycle.counts;
            assert_eq!((released, shopped), (372, 372), "{seconds} s");
            assert_eq!((failed, failed_unrecorded, cycle.broken), (0, 0, false), "{seconds} s");
        }
        assert_eq!(cycles.len(), 6);
        // Back within a wait's 5 s, and the interval swallows what is shorter than it.
        let late = cycles.iter().map(|cycle| cycle.lateness_ms).max().unwrap();
        let most = i64::try_from(seconds + 5).unwrap() * 1_000 - 75_000;
        // The clock of a test stands but for its timers, which fire in the next millisecond.
        assert!(late <= most.max(1), "{seconds} s cost {late} ms, not {most}");
    }
}

#[actix::test]
async fn a_database_that_is_away_for_longer_fails_the_flows_and_the_run_goes_on_when_told_to() {
    let mut run = begun(372).await;
    away(&mut run, 400).await;
    let status = run.until_frozen().await;
    let reason = status.frozen.unwrap().to_string();
    assert!(reason.contains("the database does not answer"), "{reason}");
    let broken = run.store.cycles().pop().unwrap();
    assert_eq!((broken.broken, broken.counts.failed), (true, 372), "{broken:?}");
    run.resume().await.unwrap();
    let run = run.finish().await;
    // Said while nobody could write it down.
    assert_eq!(run.store.incidents(IncidentKind::Freeze).len(), 1);
    assert_eq!(run.state, RunState::Completed);
    let again: Vec<_> = run.store.cycles().into_iter().filter(|c| !c.broken).collect();
    assert_eq!(again.len(), 6);
    assert!(again.iter().all(|cycle| cycle.counts.shopped == 372), "{again:?}");
}
