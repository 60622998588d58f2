//! Taking a run over from its dead process, before anything of it goes on.
//!
//! The database has the last word: whether the owner is dead, whether the run is frozen although
//! its newest checkpoint does not know it yet, and whether it has reached its end.

use std::path::Path;

use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::plan::ResumePoint;
use actors::domain::cycle::{Cycle, ReplayNumber};
use actors::domain::ids::OwnerToken;
use actors::domain::snapshot::{SavedState, Snapshot};
use actors::domain::totals::Totals;
use actors::ports::store::{Lived, RunState, StoreError};
use analysis::verify::report::ranges;
use chrono::NaiveDateTime;
use questions::{Ask, attempts};
use store::Admin;
use store::admin::{KnownRun, TakeOver};

use super::RunError;
use super::resuming::{Resume, ResumeRefused};
use crate::config::Settings;
use crate::known_runs;

/// Who takes it over, and from whom it may be taken at once.
#[derive(Clone, Debug)]
pub struct Taker {
    /// This process.
    pub owner: OwnerToken,
    /// Owners that are dead, whatever their heartbeat says.
    pub dead: Vec<OwnerToken>,
    /// Wall clock, UTC.
    pub at: NaiveDateTime,
}

/// A run that is this process's.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenOver {
    /// Where it goes on.
    pub from: ResumePoint,
    /// What an operator must read of it, a line each.
    pub says: Vec<String>,
}

/// Makes this process the owner of the run; answers where it goes on.
pub async fn take_over(
    admin: &Admin,
    settings: &Settings,
    resume: &Resume,
    taker: &Taker,
) -> Result<TakenOver, RunError> {
    let mut snapshot = resume.checkpoint.snapshot.clone();
    let run = snapshot.run_id;
    let Some(known) = known_runs::with_id(admin, run).await? else {
        let (checkpoint, runs) = (resume.checkpoint.path.clone(), known_runs::listed(admin).await?);
        return Err(ResumeRefused::NotInDatabase { checkpoint, run, runs }.into());
    };
    if !resume.is_named {
        refuse_an_older_run(admin, resume, &known, taker).await?;
    }
    let (reached, number) = resume.reached;
    let every = settings.checkpoints.every_cycles.max(1);
    let until = Cycle(reached.0.saturating_add(every - 1));
    let lived = Lived { before: reached, until, number };
    let lost = admin.first_lost(run, reached).await?;
    if let Some(lost) = lost {
        fall_back(&mut snapshot, lost);
        snapshot.totals = totals(admin, &snapshot).await?;
    }
    refuse_a_reached_end(settings, resume, &known, snapshot.boundary)?;
    let dead = taker.dead.contains(&known.owner).then_some(known.owner);
    match admin.take_over(run, taker.owner, dead, taker.at).await? {
        TakeOver::Taken => {}
        TakeOver::Owned { heartbeat_at } => {
            let silent_s = (taker.at - heartbeat_at).num_seconds().max(0);
            return Err(ResumeRefused::Owned { run, silent_s, heartbeat_at }.into());
        }
        TakeOver::Unknown => return Err(ResumeRefused::Purged { run }.into()),
    }
    if known.state == RunState::Frozen && !matches!(snapshot.state, SavedState::Frozen { .. }) {
        snapshot.state =
            SavedState::Frozen { reason: reason(admin, &known).await?, broken_cycle: None };
    }
    let is_older_copy = lost.is_some() || known.resumes < number;
    let last = admin.last_cycle(run).await?.max(is_older_copy.then_some(until));
    let next = ReplayNumber(known.resumes.max(number).0 + 1);
    let place = (snapshot.boundary, last, next);
    let mut says = vec![announcement(&snapshot.state, place, &known, resume.unfreeze)];
    if is_older_copy {
        let name = name_of(&resume.checkpoint.path);
        says.insert(0, older_copy(&name, (reached, number), lost, &known));
    }
    says.extend(resume.changed_settings.iter().map(|change| format!("  {change}")));
    let from = ResumePoint {
        boundary: snapshot.boundary,
        lived,
        snapshot,
        checkpoint: name_of(&resume.checkpoint.path),
        unfreeze: resume.unfreeze,
        changed_settings: resume.changed_settings.clone(),
        accepts_population: resume.accepts_population,
    };
    Ok(TakenOver { from, says })
}

/// The run that died here last may have died before its first checkpoint: an older one is not what
/// the operator means.
async fn refuse_an_older_run(
    admin: &Admin,
    resume: &Resume,
    known: &KnownRun,
    taker: &Taker,
) -> Result<(), RunError> {
    let is_newer = |run: &KnownRun| {
        run.started_at > known.started_at
            && taker.dead.contains(&run.owner)
            && !run.state.is_end()
            && !resume.saved_runs.contains(&run.run_id)
    };
    match admin.list_runs().await?.into_iter().find(is_newer) {
        None => Ok(()),
        Some(lost) => {
            let (lost, before) = (lost.run_id, known.run_id);
            Err(ResumeRefused::DiedAtItsStart { lost, before }.into())
        }
    }
}

/// A run whose process died between its last cycle and its end ends now; one that has ended needs
/// to be told how much farther to go.
fn refuse_a_reached_end(
    settings: &Settings,
    resume: &Resume,
    known: &KnownRun,
    done: Cycle,
) -> Result<(), RunError> {
    let snapshot = &resume.checkpoint.snapshot;
    let end = settings.ends(snapshot.simulated_start)?.cycles;
    let Some(end) = end.filter(|end| done.0 >= *end) else { return Ok(()) };
    if known.state != RunState::Completed && !resume.ends_anew {
        return Ok(());
    }
    let run = snapshot.run_id;
    Err(ResumeRefused::EndReached { run, done, end }.into())
}

/// The checkpoint goes back to a boundary that the database bears out.
fn fall_back(snapshot: &mut Snapshot, lost: Cycle) {
    if lost >= snapshot.boundary {
        return;
    }
    snapshot.boundary = lost;
    snapshot.simulated_at = lost.begins_at(snapshot.simulated_start);
    if let SavedState::Frozen { broken_cycle, .. } = &mut snapshot.state {
        *broken_cycle = None;
    }
    for cycles in snapshot.crashes.values_mut() {
        cycles.retain(|cycle| *cycle < lost);
    }
}

/// What has been done as far as the database knows.
async fn totals(admin: &Admin, snapshot: &Snapshot) -> Result<Totals, StoreError> {
    let mut totals = Totals {
        restarts: snapshot.totals.restarts,
        checkpoints: snapshot.totals.checkpoints,
        ..Totals::default()
    };
    for row in admin.ask(attempts::closed(snapshot.run_id)).await? {
        totals.close(&row.record(snapshot.run_id));
    }
    let handed_out = admin.ask(attempts::handed_out(snapshot.run_id)).await?;
    totals.offers_assigned = handed_out.first().map_or(0, |row| row.rows.unsigned_abs());
    Ok(totals)
}

/// What an operator must know of a database that is older than the run.
fn older_copy(
    checkpoint: &str,
    (reached, number): (Cycle, ReplayNumber),
    lost: Option<Cycle>,
    known: &KnownRun,
) -> String {
    let lacks = match lost {
        Some(lost) => format!("cycle {lost} has no closed hour in it"),
        None => format!("it knows {} resumes of {}", known.resumes.0, number.0),
    };
    format!(
        "the database is older than checkpoint {checkpoint}: the run had reached cycle {reached}, \
         and {lacks}. It is a restored backup, a failover that lost its tail, or a copy of a \
         SQLite file without its -wal; what it lost is lived again"
    )
}

/// The file's name; where the folder is, is no matter of the run's.
fn name_of(checkpoint: &Path) -> String {
    checkpoint.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Why the run froze, as its incident says.
async fn reason(admin: &Admin, known: &KnownRun) -> Result<FreezeReason, StoreError> {
    let detail = admin.last_freeze(known.run_id).await?;
    let reason = detail.and_then(|detail| serde_json::from_value(detail).ok());
    Ok(reason.unwrap_or_else(|| FreezeReason::Tripped {
        reason: "the database says so, without a reason".to_owned(),
    }))
}

fn announcement(
    state: &SavedState,
    (boundary, last, next): (Cycle, Option<Cycle>, ReplayNumber),
    known: &KnownRun,
    unfreeze: bool,
) -> String {
    let again: Vec<u32> = last.map_or(Vec::new(), |last| (boundary.0..=last.0).collect());
    let are = if again.len() == 1 { "is" } else { "are" };
    let again = match again.as_slice() {
        [] => "no cycle is run again".to_owned(),
        cycles => {
            format!("{} {are} run again as replay {}", ranges(cycles), next.0)
        }
    };
    let (run, simulated) = (known.run_id, boundary.begins_at(known.simulated_start));
    let at = simulated.format("%Y-%m-%d %H:%M");
    match state {
        SavedState::Frozen { reason, .. } if !unfreeze => format!(
            "run {run} comes back frozen at cycle {boundary} (simulated {at}): {reason}. It sends \
             nothing until an operator opens it (`ctl resume` while it runs, `resume --unfreeze` \
             afterwards); then {again}"
        ),
        SavedState::Frozen { .. }
        | SavedState::Running
        | SavedState::Paused
        | SavedState::Ended => {
            format!("resuming run {run} at cycle {boundary} (simulated {at}), {again}")
        }
    }
}

#[cfg(test)]
mod tests {
    use actors::domain::ids::RunId;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn known() -> KnownRun {
        let at = NaiveDateTime::default();
        KnownRun {
            run_id: RunId(Uuid::nil()),
            owner: OwnerToken(Uuid::nil()),
            state: RunState::Running,
            resumes: ReplayNumber(1),
            agents: 372,
            simulated_start: at,
            started_at: at,
            heartbeat_at: at,
            ended_at: None,
            settings: json!({}),
        }
    }

    #[test]
    fn the_cycles_that_are_run_again_are_named() {
        let say = |boundary, last: Option<u32>| {
            let place = (Cycle(boundary), last.map(Cycle), ReplayNumber(2));
            announcement(&SavedState::Running, place, &known(), false)
        };
        assert!(say(20, Some(23)).ends_with(
            "at cycle 20 (simulated 1970-01-01 20:00), cycles 20-23 are run again as replay 2"
        ));
        assert!(say(20, Some(20)).ends_with("cycle 20 is run again as replay 2"));
        for last in [None, Some(19)] {
            assert!(say(20, last).ends_with("no cycle is run again"));
        }
    }

    #[test]
    fn a_frozen_run_says_why_unless_it_is_opened_at_once() {
        let reason = FreezeReason::NothingAccepted { attempts: 9 };
        let state = SavedState::Frozen { reason, broken_cycle: None };
        let place = (Cycle(3), Some(Cycle(3)), ReplayNumber(2));
        let say = |unfreeze| announcement(&state, place, &known(), unfreeze);
        assert!(say(false).contains("none of 9 adds") && say(false).contains("--unfreeze"));
        assert!(say(true).starts_with("resuming run"));
    }
}
