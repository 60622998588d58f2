//! What the machine gives a process: open files, threads, memory; held against what a command needs
//! before it opens anything.
//!
//! What is missing later ends in a panic of some library, or in an abort, far from its cause.

use std::fmt;
use std::io;
use std::sync::Mutex;
use std::thread;

use actors::domain::in_flight::InFlight;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Settings;
use crate::config::shop::ShopTarget;

/// Files of a process that does not yet do anything: standard streams, event queues, signals.
const FILES_OF_A_COMMAND: u64 = 48;
/// Further files of a run: its database, checkpoints, locks, control socket and who asks there.
const FILES_OF_A_RUN: u64 = 80;
/// Connections that the page holds at most, and who waits for one.
const FILES_OF_THE_PAGE: u64 = 272;
/// Calls under way that a run can make do with where nothing else is said.
const CALLS_LEAST: u64 = 256;
/// Agents where nobody says how many.
const AGENTS: u64 = 372;
/// Threads of a command: its runtime, its database.
const THREADS_OF_A_COMMAND: usize = 6;
/// Threads of a run: actors, shop, database, page, dashboard, grace.
const THREADS_OF_A_RUN: usize = 20;
/// Address space of a command: threads' stacks are reserved, not used.
const SPACE_OF_A_COMMAND: u64 = 256 << 20;
/// Address space of a run: a thread's heap reserves 64 MiB where it gets them.
const SPACE_OF_A_RUN: u64 = 1024 << 20;
/// Of the address space only a part is written to.
const DATA_PART: u64 = 4;

/// What a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Files open at once; with fewer nothing works.
    files: u64,
    /// Files at its busiest; with fewer calls may fail.
    files_at_most: u64,
    /// Threads at once.
    threads: usize,
    /// Bytes of address space and data.
    space: u64,
}

/// Something of which the machine gives too little.
#[derive(Debug, thiserror::Error)]
pub enum Scarce {
    /// Open files.
    #[error(
        "this process may open {given} files and needs {needed}; raise the limit (`ulimit -n \
         {needed}`, LimitNOFILE= of a service)"
    )]
    Files {
        /// The hard limit.
        given: u64,
        /// What would do.
        needed: u64,
    },
    /// Threads.
    #[error(
        "only {given} of {needed} threads could be started ({cause}); raise the limit of this \
         user's processes (`ulimit -u`, TasksMax= of a service) or end others"
    )]
    Threads {
        /// How many there were.
        given: usize,
        /// What would do.
        needed: usize,
        /// The system's words.
        cause: io::Error,
    },
    /// Memory.
    #[error(
        "this process may have {given} MiB of {what} and needs {needed}; raise the limit (`{how}`) \
         or lift it"
    )]
    Memory {
        /// Of which kind.
        what: &'static str,
        /// The limit, in MiB.
        given: u64,
        /// What would do, in MiB.
        needed: u64,
        /// How it is raised.
        how: &'static str,
    },
}

/// Fewer files than a run may want at its busiest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tight {
    given: u64,
    wanted: u64,
}

impl fmt::Display for Tight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { given, wanted } = self;
        write!(
            f,
            "this process may open {given} files; with all agents at the shop at once it would \
             want {wanted}: raise the limit (`ulimit -n {wanted}`) or bound the calls (--in-flight)"
        )
    }
}

impl Need {
    /// Of any command.
    pub const COMMAND: Self = Self {
        files: FILES_OF_A_COMMAND,
        files_at_most: FILES_OF_A_COMMAND,
        threads: THREADS_OF_A_COMMAND,
        space: SPACE_OF_A_COMMAND,
    };

    /// Of a run with these settings.
    pub fn of_run(settings: &Settings) -> Self {
        let page = if settings.web.serve.is_some() { FILES_OF_THE_PAGE } else { 0 };
        let agents = settings.population.agents.map_or(AGENTS, u64::from);
        // A call is a connection of this process, and two where the shop lives in it.
        let (calls, calls_at_most) = match settings.rate.in_flight {
            InFlight::Fixed(calls) => (u64::from(calls).min(agents), u64::from(calls).min(agents)),
            InFlight::Automatic | InFlight::Off => (CALLS_LEAST.min(agents), agents),
        };
        let ends = match settings.shop.target() {
            ShopTarget::Mock => 0,
            ShopTarget::Remote { .. } => 1,
            ShopTarget::PracticeInProcess => 2,
        };
        let fixed = FILES_OF_A_COMMAND + FILES_OF_A_RUN + page;
        Self {
            files: fixed + ends * calls,
            files_at_most: fixed + ends * calls_at_most,
            threads: THREADS_OF_A_RUN,
            space: SPACE_OF_A_RUN,
        }
    }

    /// Raises what may be raised, and says what is missing.
    pub fn ensure(&self) -> Result<Option<Tight>, Scarce> {
        memory(self.space)?;
        let tight = files(self.files, self.files_at_most)?;
        threads(self.threads)?;
        Ok(tight)
    }
}

/// The soft limit is raised to the hard one where it is too low.
fn files(needed: u64, wanted: u64) -> Result<Option<Tight>, Scarce> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(mut given) = current else { return Ok(None) };
    if given < wanted {
        let raised = maximum.map_or(wanted, |hard| hard.min(wanted)).max(given);
        if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() {
            given = raised;
        }
    }
    match given {
        given if given < needed => Err(Scarce::Files { given, needed }),
        given => Ok((given < wanted).then_some(Tight { given, wanted })),
    }
}

fn memory(needed: u64) -> Result<(), Scarce> {
    let kinds = [
        (Resource::As, needed, "address space", "ulimit -v"),
        (Resource::Data, needed / DATA_PART, "data", "ulimit -d"),
    ];
    for (resource, needed, what, how) in kinds {
        let given = getrlimit(resource).current;
        if let Some(given) = given.filter(|given| *given < needed) {
            return Err(Scarce::Memory { what, given: given >> 20, needed: needed >> 20, how });
        }
    }
    Ok(())
}

/// So many are started and ended again: no limit tells how many there may be.
fn threads(needed: usize) -> Result<(), Scarce> {
    let gate = Mutex::new(());
    thread::scope(|scope| {
        let closed = gate.lock();
        let started = (0..needed).try_for_each(|given| {
            let waits = || drop(gate.lock());
            let spawned = thread::Builder::new().spawn_scoped(scope, waits);
            spawned.map(drop).map_err(|cause| Scarce::Threads { given, needed, cause })
        });
        drop(closed);
        started
    })
}
