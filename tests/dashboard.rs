//! The dashboard on a real terminal: what keys do, and that the terminal comes back whatever ends
//! it.

use std::fs;
use std::path::Path;

use actix::{Actor, Context, Handler};
use actors::coordinator::command::{CommandRefused, Done};
use actors::coordinator::messages::Operate;
use actors::coordinator::plan::RunPlan;
use actors::coordinator::status::RunStatus;
use cartload::dashboard::look::Look;
use cartload::dashboard::{Dashboard, Parts, View, view};
use cartload::logging::Screen;
use tokio::sync::watch;

use crate::support::binary::{Place, wait};
use crate::support::population::load;
use crate::support::real_run::practice_plan;
use crate::support::tmux::Terminal;

/// A run of seconds an hour that goes on until it is told to end.
const RUN: &str = "run --agents 40 --warm-up off --time-scale 3600 --rate 200";

/// Starts the binary in the shell; its process id goes into the file `pid`.
fn start(terminal: &Terminal, args: &str) {
    let binary = env!("CARGO_BIN_EXE_cartload");
    terminal.line("clear");
    terminal.line(&format!("sh -c 'echo $$ > pid; exec {binary} {args}'; echo code $?"));
}

fn signal(place: &Place, name: &str) {
    let pid = fs::read_to_string(place.path().join("pid")).unwrap();
    let sent = std::process::Command::new("kill").args([&format!("-{name}"), pid.trim()]).status();
    assert!(sent.unwrap().success());
}

/// The shell has its screen and its modes back.
#[track_caller]
fn assert_restored(terminal: &Terminal, place: &Path) {
    terminal.note_modes("after");
    let modes = |file: &str| fs::read_to_string(place.join(file)).unwrap();
    assert_eq!(modes("before"), modes("after"));
    let screen = terminal.screen();
    assert!(!screen.contains("p  pause"), "{screen}");
}

fn sent(screen: &str) -> Option<u64> {
    let (_, after) = screen.split_once("  sent ")?;
    let number: String = after.chars().take_while(|c| c.is_ascii_digit() || *c == ',').collect();
    number.replace(',', "").parse().ok()
}

#[test]
fn keys_pause_resume_save_and_end_a_run() {
    let place = Place::new();
    let Some(terminal) = Terminal::open(80, 24, place.path()) else { return };
    terminal.note_modes("before");
    start(&terminal, RUN);
    terminal.wait_until("requests", |screen| sent(screen).is_some_and(|sent| sent > 50));

    terminal.press("p");
    terminal.wait_for("PAUSED");
    let idle = terminal.wait_for("now 0 of 200 allowed");
    terminal.press("?");
    terminal.wait_for("Esc closes it");
    terminal.press("Escape");
    let later = terminal.wait_until("no help", |screen| !screen.contains("Esc closes it"));
    assert_eq!(sent(&idle), sent(&later), "{later}");

    terminal.press("c");
    terminal.wait_for("a checkpoint is written: ");
    terminal.press("r");
    terminal.wait_for("the paused run goes on");
    let was = sent(&later).unwrap();
    terminal.wait_until("more requests", |screen| sent(screen).is_some_and(|sent| sent > was));
    terminal.press("r");
    terminal.wait_for("the run is running: there is nothing to resume");

    terminal.resize(120, 40);
    terminal.wait_for("in doubt");
    terminal.resize(60, 20);
    terminal.wait_for("60 x 20, at least 72 x 18");
    terminal.resize(80, 24);
    terminal.press("q");
    terminal.wait_for(": stopped");
    let screen = terminal.wait_for("code 0");
    assert!(screen.contains("messages of this run: "), "{screen}");
    assert_restored(&terminal, place.path());
    assert_eq!(place.count("cycles WHERE broken = 1"), 0);
}

#[test]
fn the_terminal_comes_back_after_a_stop_and_every_signal() {
    let place = Place::new();
    let Some(terminal) = Terminal::open(80, 24, place.path()) else { return };
    terminal.note_modes("before");
    start(&terminal, RUN);
    terminal.wait_for("RUNNING");
    terminal.press("C-z");
    terminal
        .wait_until("the shell", |screen| screen.contains("Stopped") || screen.contains("code"));
    assert_restored(&terminal, place.path());
    terminal.line("clear; fg; echo code $?");
    terminal.wait_for("RUNNING");
    signal(&place, "TERM");
    terminal.wait_for("code 143");
    assert_restored(&terminal, place.path());

    start(&terminal, "resume");
    terminal.wait_for("RUNNING");
    signal(&place, "HUP");
    terminal.wait_for("code 129");
    assert_restored(&terminal, place.path());

    start(&terminal, "resume");
    terminal.wait_for("RUNNING");
    terminal.press("C-c");
    terminal.wait_for("code 130");
    assert_restored(&terminal, place.path());

    start(&terminal, "resume --cycles 1000 --plain");
    terminal.wait_for("/1000");
    terminal.press("C-c");
    terminal.wait_for("code 130");
}

#[test]
fn the_terminal_comes_back_after_a_panic_and_stays_with_the_dashboard_after_an_actors() {
    let place = Place::new();
    let Some(terminal) = Terminal::open(80, 24, place.path()) else { return };
    let tests = std::env::current_exe().unwrap();
    let run = |name: &str| {
        terminal.line("clear");
        terminal.line(&format!(
            "{} --ignored --exact dashboard::{name}; echo code $?",
            tests.display()
        ));
    };
    terminal.note_modes("before");

    run("on_a_terminal_the_process_panics");
    terminal.wait_for("the process is through");
    terminal.wait_for("code 101");
    assert_restored(&terminal, place.path());

    run("on_a_terminal_the_dashboard_panics");
    terminal.wait_for("the view is through");
    terminal.wait_for("warning: the dashboard ended; the run goes on");
    terminal.wait_for("code 0");
    assert_restored(&terminal, place.path());

    run("on_a_terminal_an_actor_panics");
    let screen = terminal.wait_for("1 message in ");
    assert!(!screen.contains("the actor is through"), "it would tear the screen: {screen}");
    assert!(screen.contains("p  pause"), "it is on the dashboard, not beside it: {screen}");
    terminal.press("C-c");
    terminal.wait_for("1 message of this run: ");
    terminal.wait_for("code 0");
    assert_restored(&terminal, place.path());
}

/// Hears keys like a Coordinator.
struct Ear;

impl Actor for Ear {
    type Context = Context<Self>;
}

impl Handler<Operate> for Ear {
    type Result = Result<Done, CommandRefused>;

    fn handle(&mut self, operate: Operate, _: &mut Self::Context) -> Self::Result {
        Ok(Done::that(format!("heard {}", operate.command)))
    }
}

/// A dashboard on this terminal without a run behind it.
fn dashboard(view: View) -> (Dashboard, watch::Sender<RunStatus>) {
    let plan: RunPlan = practice_plan(load());
    let at = chrono::Utc::now().naive_utc();
    let (pictures, status) = watch::channel(RunStatus::before(&plan, at));
    let coordinator = Ear.start().recipient();
    let look = Look { colours: true, ascii: false };
    let (screen, log) = (Screen::default(), "panic.log".into());
    let parts = Parts { status, coordinator, look, screen, log, view };
    (Dashboard::start(parts).unwrap(), pictures)
}

#[actix_rt::test]
#[ignore = "ends by a panic on a terminal; another test starts it there"]
async fn on_a_terminal_the_process_panics() {
    let _dashboard = dashboard(view::draw);
    panic!("the process is through");
}

#[actix_rt::test]
#[ignore = "needs a terminal; another test starts it there"]
async fn on_a_terminal_the_dashboard_panics() {
    let (dashboard, _pictures) = dashboard(|_, _, _| panic!("the view is through"));
    wait(|| !dashboard.is_up(), || "the dashboard's end".to_owned());
}

#[actix_rt::test]
#[ignore = "needs a terminal and Ctrl-C; another test starts it there"]
async fn on_a_terminal_an_actor_panics() {
    let (dashboard, pictures) = dashboard(view::draw);
    let mut interrupt =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).unwrap();
    let actor = std::thread::spawn(|| panic!("the actor is through"));
    assert!(actor.join().is_err());
    pictures.send_modify(|status| status.agents = 1);
    interrupt.recv().await;
    drop(dashboard);
}
