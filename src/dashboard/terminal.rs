//! The operator's terminal: taken, given back, and given back whatever happens.
//!
//! One process has one terminal, so what is known of it is one static: whoever ends the process (a
//! signal asked once too often) gives it back without knowing the dashboard.

use std::io::{self, BufWriter, IsTerminal, Stderr, Write};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use crossterm::cursor::{Hide, Show};
use crossterm::execute;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{TerminalOptions, Viewport};
use rustix::process::{Signal, getpgrp, kill_current_process_group};
use rustix::termios::{tcgetpgrp, tcgetwinsize};

/// How the terminal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// It is as the shell left it.
    Free,
    /// It is ours: raw, on the alternate screen, without a cursor.
    Ours,
    /// The process ends: nobody draws any more.
    GivenUp,
}

static HOLD: Mutex<Hold> = Mutex::new(Hold::Free);

/// A process that ends waits this long for a frame that is being drawn to a slow terminal.
const LAST_FRAME_WAIT: Duration = Duration::from_secs(1);

/// What draws on the alternate screen of stderr: stdout is for data, also while a dashboard is up.
pub type Drawing = ratatui::Terminal<CrosstermBackend<BufWriter<Stderr>>>;

/// Whether a dashboard can be drawn and hear keys: stderr and stdin are one's own terminal, this
/// process is in its foreground, and it can do more than print lines.
pub fn is_usable() -> bool {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    io::stderr().is_terminal() && io::stdin().is_terminal() && !is_dumb && is_foreground()
}

/// Whether the terminal listens to this process: not in the background of a shell.
pub fn is_foreground() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|foreground| foreground == getpgrp())
}

fn hold() -> MutexGuard<'static, Hold> {
    HOLD.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Takes the terminal; `None` where the process is about to end.
pub fn take() -> io::Result<Option<Drawing>> {
    let mut hold = hold();
    if *hold == Hold::GivenUp {
        return Ok(None);
    }
    // A shell that had the terminal meanwhile has set its own modes: raw is asked for anew.
    let _ = disable_raw_mode();
    enable_raw_mode()?;
    *hold = Hold::Ours;
    execute!(io::stderr(), EnterAlternateScreen, Hide)?;
    Ok(Some(empty(size()?)?))
}

/// A cleared screen. Of a fixed size: ratatui would ask the terminal for its cursor at each change
/// of size, and wait for an answer that the thread of keys may have read.
fn empty(size: Rect) -> io::Result<Drawing> {
    execute!(io::stderr(), Clear(ClearType::All))?;
    let backend = CrosstermBackend::new(BufWriter::new(io::stderr()));
    let options = TerminalOptions { viewport: Viewport::Fixed(size) };
    ratatui::Terminal::with_options(backend, options)
}

fn size() -> io::Result<Rect> {
    let size = tcgetwinsize(io::stderr())?;
    Ok(Rect::new(0, 0, size.ws_col, size.ws_row))
}

/// Draws everything anew the next time.
pub fn clear(drawing: &mut Drawing) -> io::Result<()> {
    let hold = hold();
    if *hold == Hold::Ours {
        *drawing = empty(size()?)?;
    }
    Ok(())
}

/// Draws, if the terminal is ours, at its present size.
pub fn draw(drawing: &mut Drawing, view: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
    let hold = hold();
    if *hold == Hold::Ours {
        let size = size()?;
        if drawing.get_frame().area() != size {
            *drawing = empty(size)?;
        }
        drawing.draw(view)?;
    }
    Ok(())
}

/// Gives the terminal back as it was. A second call does nothing.
pub fn give_back() {
    let mut hold = hold();
    if *hold == Hold::Ours {
        *hold = Hold::Free;
        restore();
    }
}

/// Gives the terminal back for good, for a process that ends at once: a frame that hangs in a
/// terminal nobody reads does not keep it.
pub fn give_up() {
    let deadline = Instant::now() + LAST_FRAME_WAIT;
    loop {
        match HOLD.try_lock() {
            Ok(mut hold) => {
                let was = std::mem::replace(&mut *hold, Hold::GivenUp);
                return if was == Hold::Ours {
                    restore()
                };
            }
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(_) => return restore(),
        }
    }
}

fn restore() {
    // The shell that put this process in the background has the terminal and its modes already, and
    // would stop a process that sets others.
    if is_foreground() {
        // There is nowhere to complain: the terminal may be gone.
        let _ = disable_raw_mode();
        let _ = execute!(io::stderr(), Show, LeaveAlternateScreen);
        let _ = io::stderr().flush();
    }
}

/// What Ctrl-C does in a terminal that is not raw: everybody in the foreground is interrupted.
pub fn interrupt() {
    signal_group(Signal::INT);
}

/// What Ctrl-Z does: everybody in the foreground stops until the shell lets them go on. Where
/// nobody could ever do that the system ignores it.
pub fn stop() {
    signal_group(Signal::TSTP);
}

fn signal_group(signal: Signal) {
    if let Err(error) = kill_current_process_group(signal) {
        tracing::warn!(%error, ?signal, "the key could not be passed on as a signal");
    }
}
