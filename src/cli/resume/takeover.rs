//! Taking a run over from its dead process, before anything of it goes on.
//!
//! The database has the last word: whether the owner is dead, whether the run is frozen although
//! its newest checkpoint does not know it yet, and whether it has reached its end.

use std::path::Path;

use actors::checkpointer::snapshot::SavedState;
use actors::circuit_breaker::messages::FreezeReason;
use actors::coordinator::plan::ResumePoint;
use actors::domain::cycle::Cycle;
use actors::domain::ids::OwnerToken;
use actors::ports::store::RunState;
use analysis::verify::report::ranges;
use anyhow::{Result, anyhow};
use chrono::NaiveDateTime;
use store::Admin;
use store::admin::{KnownRun, TakeOver};

use super::{Resume, announce};
use crate::cli::exit_code::WithCode;
use crate::cli::{ExitCode, known_runs};
use crate::config::Settings;

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

/// Makes this process the owner of the run; answers where it goes on.
pub async fn take_over(
    admin: &Admin,
    settings: &Settings,
    resume: &Resume,
    taker: &Taker,
) -> Result<ResumePoint> {
    let mut snapshot = resume.checkpoint.snapshot.clone();
    let run = snapshot.run_id;
    let known = known_runs::with_id(admin, run).await?;
    let Some(known) = known else {
        let runs = known_runs::table(&known_runs::listed(admin).await?);
        return Err(anyhow!(
            "checkpoint {}: run {run} is not in this database (was it purged?); name the one it \
             wrote to with --db or DATABASE_URL. This one knows\n{runs}",
            resume.checkpoint.path.display()
        ))
        .code(ExitCode::Checkpoint)?;
    };
    if !resume.is_named {
        refuse_an_older_run(admin, resume, &known, taker).await?;
    }
    refuse_a_reached_end(settings, resume, &known)?;
    let dead = taker.dead.contains(&known.owner).then_some(known.owner);
    match admin.take_over(run, taker.owner, dead, taker.at).await? {
        TakeOver::Taken => {}
        TakeOver::Owned { heartbeat_at } => {
            let seconds = (taker.at - heartbeat_at).num_seconds().max(0);
            return Err(anyhow!(
                "run {run} belongs to another process, whose last sign of life came {seconds} s \
                 ago ({heartbeat_at} UTC); end that one, or try again once it has been silent for \
                 120 s"
            ))
            .code(ExitCode::Config)?;
        }
        TakeOver::Unknown => {
            return Err(anyhow!("run {run} was purged a moment ago")).code(ExitCode::Checkpoint)?;
        }
    }
    if known.state == RunState::Frozen && !matches!(snapshot.state, SavedState::Frozen { .. }) {
        snapshot.state =
            SavedState::Frozen { reason: reason(admin, &known).await?, broken_cycle: None };
    }
    let last = admin.last_cycle(run).await?;
    announce(
        settings,
        &announcement(&snapshot.state, snapshot.boundary, &known, last, resume.unfreeze),
    );
    for change in &resume.changed_settings {
        announce(settings, &format!("  {change}"));
    }
    Ok(ResumePoint {
        boundary: snapshot.boundary,
        resumes: snapshot.resumes,
        snapshot,
        checkpoint: name_of(&resume.checkpoint.path),
        unfreeze: resume.unfreeze,
        changed_settings: resume.changed_settings.clone(),
    })
}

/// The run that died here last may have died before its first checkpoint: an older one is not what
/// the operator means.
async fn refuse_an_older_run(
    admin: &Admin,
    resume: &Resume,
    known: &KnownRun,
    taker: &Taker,
) -> Result<()> {
    let is_newer = |run: &KnownRun| {
        run.started_at > known.started_at
            && taker.dead.contains(&run.owner)
            && !run.state.is_end()
            && !resume.saved_runs.contains(&run.run_id)
    };
    let Some(lost) = admin.list_runs().await?.into_iter().find(is_newer) else { return Ok(()) };
    Err(anyhow!(
        "run {} died before its first checkpoint, so there is nothing of it to resume; begin anew \
         with `cartload run`, or say --run {} for the run before it",
        lost.run_id,
        known.run_id
    ))
    .code(ExitCode::Checkpoint)
    .map_err(Into::into)
}

/// A run whose process died between its last cycle and its end ends now; one that has ended needs
/// to be told how much farther to go.
fn refuse_a_reached_end(settings: &Settings, resume: &Resume, known: &KnownRun) -> Result<()> {
    let snapshot = &resume.checkpoint.snapshot;
    let end = settings.ends(snapshot.simulated_start)?.cycles;
    let Some(end) = end.filter(|end| snapshot.boundary.0 >= *end) else { return Ok(()) };
    if known.state != RunState::Completed && !resume.ends_anew {
        return Ok(());
    }
    let (run, done) = (snapshot.run_id, snapshot.boundary);
    Err(anyhow!(
        "run {run} has done {done} cycles and was to end after {end}; name a later end (of cycles \
         and days since its start), as --cycles {}",
        done.0.saturating_add(24)
    ))
    .code(ExitCode::Usage)
    .map_err(Into::into)
}

/// The file's name; where the folder is, is no matter of the run's.
fn name_of(checkpoint: &Path) -> String {
    checkpoint.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Why the run froze, as its incident says.
async fn reason(admin: &Admin, known: &KnownRun) -> Result<FreezeReason> {
    let detail = admin.last_freeze(known.run_id).await?;
    let reason = detail.and_then(|detail| serde_json::from_value(detail).ok());
    Ok(reason.unwrap_or_else(|| FreezeReason::Tripped {
        reason: "the database says so, without a reason".to_owned(),
    }))
}

fn announcement(
    state: &SavedState,
    boundary: Cycle,
    known: &KnownRun,
    last: Option<Cycle>,
    unfreeze: bool,
) -> String {
    let again: Vec<u32> = last.map_or(Vec::new(), |last| (boundary.0..=last.0).collect());
    let are = if again.len() == 1 { "is" } else { "are" };
    let again = match again.as_slice() {
        [] => "no cycle is run again".to_owned(),
        cycles => {
            format!("{} {are} run again as replay {}", ranges(cycles), known.resumes.0 + 1)
        }
    };
    let (run, simulated) = (known.run_id, boundary.begins_at(known.simulated_start));
    let at = simulated.format("%Y-%m-%d %H:%M");
    match state {
        SavedState::Frozen { reason, .. } if !unfreeze => format!(
            "run {run} comes back frozen at cycle {boundary} (simulated {at}): {reason}. It sends \
             nothing until an operator opens it, as with `resume --unfreeze`; then {again}"
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
    use actors::domain::cycle::ReplayNumber;
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
            let last = last.map(Cycle);
            announcement(&SavedState::Running, Cycle(boundary), &known(), last, false)
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
        let say = |unfreeze| announcement(&state, Cycle(3), &known(), Some(Cycle(3)), unfreeze);
        assert!(say(false).contains("none of 9 adds") && say(false).contains("--unfreeze"));
        assert!(say(true).starts_with("resuming run"));
    }
}
