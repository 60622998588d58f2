//! A run that a program starts by itself: no command line, no terminal, no signals of its own.

use std::net::TcpListener;
use std::path::Path;

use actors::ports::store::RunState;
use cartload::config::environment::Environment;
use cartload::config::{Settings, Sources};
use cartload::logging::Screen;
use cartload::running::resuming::GoOn;
use cartload::running::{Asked, Doors, Ended, ResumeRefused, RunError, drive};

/// A short run of a few agents on the mock, with a database in this folder.
fn sources(data: &Path, more: &[(&str, &str)]) -> Sources {
    let data = data.join("data").display().to_string();
    let base = [
        ("CARTLOAD_DATA", data.as_str()),
        ("CARTLOAD_MOCK_API", "on"),
        ("CARTLOAD_WARM_UP", "off"),
        ("CARTLOAD_TIME_SCALE", "max"),
        ("CARTLOAD_RATE", "unlimited"),
        ("CARTLOAD_AGENTS", "5"),
        ("CARTLOAD_CYCLES", "2"),
        ("CARTLOAD_QUIET", "on"),
    ];
    let pairs = base.iter().chain(more).map(|(name, value)| ((*name).into(), (*value).into()));
    Sources { environment: Environment::from_pairs(pairs), ..Sources::default() }
}

async fn driven(asked: Result<Asked, RunError>) -> Result<Ended, RunError> {
    drive(asked?, Doors { screen: Screen::default(), hears_signals: false }).await
}

fn anew(sources: Sources) -> Result<Asked, RunError> {
    Ok(Asked::anew(Settings::load(sources)?)?)
}

fn again(sources: Sources) -> Result<Asked, RunError> {
    Asked::again(&Settings::load(sources.clone())?, sources, &GoOn::default())
}

#[actix::test]
async fn a_run_begins_ends_and_goes_on_without_a_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let refused = driven(again(sources(folder.path(), &[]))).await.unwrap_err();
    assert!(matches!(refused, RunError::Resume(ResumeRefused::NoDataDir { .. })), "{refused}");

    let first = driven(anew(sources(folder.path(), &[]))).await.unwrap();
    assert_eq!((first.state, first.signal), (RunState::Completed, None));
    assert_eq!((first.report.agents, first.report.cycles_completed), (5, 2));

    let refused = driven(again(sources(folder.path(), &[]))).await.unwrap_err();
    let RunError::Resume(ResumeRefused::EndReached { run, end: 2, .. }) = refused else {
        panic!("{refused}")
    };
    assert_eq!(run, first.report.run_id);

    let mut farther = sources(folder.path(), &[]);
    farther.flags.time.cycles = Some(Some(4));
    let second = driven(again(farther)).await.unwrap();
    assert_eq!((second.report.run_id, second.state), (run, RunState::Completed));
    assert_eq!(second.report.cycles_planned, Some(4));
}

#[actix::test]
async fn what_was_opened_for_a_run_that_does_not_come_to_be_is_closed_again() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let nowhere = format!("sqlite://{}/none/c.db", folder.path().display());
    let more = [("CARTLOAD_SERVE", port.as_str()), ("CARTLOAD_DB", nowhere.as_str())];
    let error = driven(anew(sources(folder.path(), &more))).await.unwrap_err();
    assert!(matches!(error, RunError::Database(_)), "{error}");
    // The page's port and the data directory are anybody's.
    TcpListener::bind(&port).unwrap();
    anew(sources(folder.path(), &[])).unwrap();
}
