//! A machine that gives too little: a sentence and code 3 before anything is opened, and no panic.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::*;
use crate::support::binary::Place;
use crate::support::server::{as_server_user, require};

/// A run that is over soon.
const RUN: &str = "run --agents 20 --cycles 2 --time-scale max --rate unlimited --warm-up off";

/// The binary under these limits of a shell.
fn limited(place: &Place, limits: &str, args: &str) -> Command {
    let mut shell = Command::new("sh");
    let binary = env!("CARGO_BIN_EXE_cartload");
    shell.args(["-c", &format!("{limits}; exec {binary} {args}")]).current_dir(place.path());
    for (name, _) in place.command(&[]).get_envs().filter(|(_, value)| value.is_none()) {
        shell.env_remove(name);
    }
    shell
}

/// What is asked for in "needs N".
fn needed(said: &str) -> u64 {
    let (_, after) = said.split_once("needs ").expect(said);
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect(said)
}

#[test]
fn as_many_files_as_a_run_needs_are_enough_and_one_fewer_is_said() {
    let place = Place::new();
    let (_, said) = place.expect_of(3, &mut limited(&place, "ulimit -n 90", RUN));
    assert!(
        said.contains("this process may open 90 files") && said.contains("ulimit -n"),
        "{said}"
    );
    let files = needed(&said);
    place.expect_of(3, &mut limited(&place, &format!("ulimit -n {}", files - 1), RUN));
    place.expect_of(0, &mut limited(&place, &format!("ulimit -n {files}"), RUN));
    let (_, said) = place.expect_of(3, &mut limited(&place, "ulimit -n 12", "config show"));
    assert!(said.contains("may open 12 files"), "{said}");
}

#[test]
fn a_low_soft_limit_of_files_is_raised_to_what_is_needed() {
    let place = Place::new();
    let served = format!("{RUN} --serve 127.0.0.1:0");
    place.expect_of(0, &mut limited(&place, "ulimit -Sn 30", &served));
}

#[test]
fn fewer_files_than_all_agents_may_want_are_a_warning() {
    let place = Place::new();
    let many = RUN.replace("20", "300");
    let (_, said) = place.expect_of(0, &mut limited(&place, "ulimit -n 700", &many));
    assert!(
        said.contains("WARN") && said.contains("with all agents at the shop at once"),
        "{said}"
    );
}

#[test]
fn too_little_memory_is_said() {
    let place = Place::new();
    for (limit, what) in [("ulimit -v 600000", "address space"), ("ulimit -d 60000", "data")] {
        let (_, said) = place.expect_of(3, &mut limited(&place, limit, RUN));
        assert!(said.contains(what) && said.contains(&limit[..9]), "{said}");
    }
}

#[test]
fn too_few_threads_are_said() {
    if !require("prlimit", &["prlimit", "setpriv"]) {
        return;
    }
    let place = Place::new();
    // A copy that another user can get at: the limit does not hold for root.
    let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    let binary = place.path().join("cartload");
    fs::copy(env!("CARGO_BIN_EXE_cartload"), &binary).unwrap();
    [place.path(), &binary].into_iter().for_each(open);
    let user = as_server_user();
    let script = format!("{user} prlimit --nproc=1 {} config show", binary.display());
    let (_, said) = place.expect_of(3, Command::new("sh").args(["-c", &script]));
    assert!(said.contains("threads could be started") && said.contains("ulimit -u"), "{said}");
}

#[test]
fn a_drill_is_one_line_and_no_trace_also_where_traces_are_asked_for() {
    let place = Place::new();
    let run = "run --agents 20 --time-scale max --rate unlimited --warm-up off --quiet";
    let args: Vec<_> = run.split(' ').collect();
    let process = place.start_of(place.command(&args).env("RUST_BACKTRACE", "1"));
    place.wait_for("cycles WHERE cycle = 1");
    place.expect(0, &["inject", "Agents(1, Crash)"]);
    place.wait_for("shopping_sessions WHERE end_reason = 'panic'");
    place.expect(0, &["ctl", "quit"]);
    assert_eq!(process.wait(), Some(0), "{}", place.log());
    let log = place.log();
    assert!(log.contains("a drill: this flow was told to crash"), "{log}");
    assert!(!log.contains("stack backtrace") && !log.contains("panicked at"), "{log}");
}

#[test]
fn sighup_without_a_terminal_ends_a_run_like_sigterm_and_nohup_keeps_it() {
    let place = Place::new();
    let run = "run --agents 20 --time-scale 3600 --rate unlimited --warm-up off --quiet";
    let send = |signal: &str, id: u32| {
        let sent = Command::new("kill").args([signal, &id.to_string()]).status().unwrap();
        assert!(sent.success());
    };
    let process = place.start_of(&mut limited(&place, "true", run));
    place.wait_for("cycles WHERE cycle = 1");
    send("-HUP", process.id());
    assert_eq!(process.wait(), Some(129), "{}", place.log());
    assert_eq!(place.count("shopping_sessions WHERE status = 'active'"), 0);
    assert_eq!(place.count("runs WHERE state = 'stopped'"), 1);

    let resume = "resume --cycles 900 --quiet";
    let mut process = place.start_of(&mut limited(&place, "trap '' HUP", resume));
    place.wait_for("cycles WHERE cycle = 3");
    send("-HUP", process.id());
    place.wait_for("cycles WHERE cycle = 5");
    assert!(!process.has_ended(), "{}", place.log());
    send("-TERM", process.id());
    assert_eq!(process.wait(), Some(143), "{}", place.log());
}
