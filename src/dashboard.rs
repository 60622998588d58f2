//! The terminal dashboard: the run at a glance, and keys to act on it.
//!
//! It has a thread of its own: a terminal that does not read must not hold up the run, and a fault
//! of the dashboard must not end it. It reads the picture that the Coordinator publishes and sends
//! `Operate`, like every other door.

mod key_reader;
pub(crate) mod keys;
pub mod look;
mod panics;
#[cfg(test)]
pub(crate) mod sample;
mod show;
pub mod state;
pub(crate) mod terminal;
pub mod view;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix::Recipient;
use actors::coordinator::messages::Operate;
use actors::coordinator::status::RunStatus;
use tokio::sync::{oneshot, watch};

use self::key_reader::KeyReader;
use self::look::Look;
use self::show::Show;
use self::state::State;
use crate::config::log::Log;
use crate::config::words::LogFormat;
use crate::logging::Screen;

/// A terminal that does not read keeps the end of the process waiting this long.
const LAST_FRAME_WAIT: Duration = Duration::from_secs(2);

/// A dashboard that is up.
#[derive(Debug)]
pub struct Dashboard {
    screen: Screen,
    /// Dropped or used: the thread ends.
    stop: Option<oneshot::Sender<()>>,
    /// Closed when the thread has given the terminal back.
    down: mpsc::Receiver<()>,
    thread: JoinHandle<()>,
}

/// Whether a run with these settings shows a dashboard here.
pub fn is_wanted(log: &Log) -> bool {
    !log.plain && !log.quiet && log.format == LogFormat::Text && terminal::is_usable()
}

/// What a dashboard is made of.
pub struct Parts {
    /// The latest picture.
    pub status: watch::Receiver<RunStatus>,
    /// Hears the keys.
    pub coordinator: Recipient<Operate>,
    /// Colours and symbols.
    pub look: Look,
    /// Stderr, whose messages go elsewhere meanwhile.
    pub screen: Screen,
    /// The file they go into.
    pub log: PathBuf,
    /// Draws a frame: [`view::draw`].
    pub view: View,
}

/// Draws a frame.
pub type View = fn(&mut ratatui::Frame<'_>, &State, Look);

impl Dashboard {
    /// Takes the terminal until it is dropped.
    pub fn start(parts: Parts) -> io::Result<Self> {
        let screen = parts.screen.clone();
        screen.divert(&parts.log)?;
        panics::into_messages(screen.clone());
        let (stop, stopped) = oneshot::channel();
        let (is_down, down) = mpsc::channel();
        let start = move || {
            let (keys, drawing) = (KeyReader::start()?, terminal::take()?);
            let shown = Show { parts, stopped, keys, drawing };
            std::thread::Builder::new().name("dashboard".to_owned()).spawn(move || {
                show::until_stopped(shown);
                drop(is_down);
            })
        };
        match start() {
            Ok(thread) => Ok(Self { screen, stop: Some(stop), down, thread }),
            Err(error) => {
                terminal::give_back();
                screen.restore();
                Err(error)
            }
        }
    }

    /// Whether it shows anything: one that failed says so and leaves the run to others.
    pub fn is_up(&self) -> bool {
        !self.thread.is_finished()
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.stop.take();
        if self.down.recv_timeout(LAST_FRAME_WAIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            terminal::give_up();
        }
        let said = self.screen.last_panic().filter(|_| std::thread::panicking());
        self.screen.restore();
        if let Some(said) = said {
            self.screen.line(&said);
        }
    }
}
