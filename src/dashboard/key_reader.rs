//! The thread that reads keys.
//!
//! crossterm's own stream of events spins for good when the terminal goes away, and waits for the
//! rest of half an escape sequence: here the terminal is asked first, and only this thread waits.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::{self, Event};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc;

use super::keys::Key;
use super::terminal;

/// How soon the thread sees that it is not wanted any more.
const LOOK_UP: Duration = Duration::from_millis(250);
/// How long crossterm may look for a key of which there is something: with no time at all its
/// source on /dev/tty does not look.
const LOOK: Duration = Duration::from_millis(1);
/// Keys that may wait to be heard; who types faster is not understood.
const KEYS_WAITING: usize = 16;

/// Keys as they come; the channel closes when the terminal is gone.
#[derive(Debug)]
pub struct KeyReader {
    /// Keys with a meaning.
    pub keys: mpsc::Receiver<Key>,
    is_wanted: Arc<AtomicBool>,
}

impl KeyReader {
    /// Starts to listen.
    pub fn start() -> io::Result<Self> {
        let (sender, keys) = mpsc::channel(KEYS_WAITING);
        let is_wanted = Arc::new(AtomicBool::new(true));
        let still_wanted = Arc::clone(&is_wanted);
        let thread = std::thread::Builder::new().name("keys".to_owned());
        thread.spawn(move || read(&sender, &still_wanted))?;
        Ok(Self { keys, is_wanted })
    }
}

impl Drop for KeyReader {
    fn drop(&mut self) {
        self.is_wanted.store(false, Ordering::Relaxed);
    }
}

fn read(keys: &mpsc::Sender<Key>, is_wanted: &AtomicBool) {
    while is_wanted.load(Ordering::Relaxed) {
        match input() {
            Input::Gone => return,
            Input::Nothing => continue,
            // Reading in the background would stop the whole process.
            Input::Something if !terminal::is_foreground() => std::thread::sleep(LOOK_UP),
            Input::Something => {
                while event::poll(LOOK).unwrap_or(false) {
                    let Ok(Event::Key(key)) = event::read() else { continue };
                    // A full channel means nobody looks: the key would come as a surprise later.
                    let _ = Key::of(key).map(|key| keys.try_send(key));
                }
            }
        }
    }
}

enum Input {
    Nothing,
    Something,
    Gone,
}

/// Waits a moment for something to read.
fn input() -> Input {
    let stdin = io::stdin();
    let mut asked = [PollFd::new(&stdin, PollFlags::IN)];
    let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK_UP.subsec_nanos()) };
    match poll(&mut asked, Some(&wait)) {
        Ok(0) | Err(rustix::io::Errno::INTR) => Input::Nothing,
        Err(_) => Input::Gone,
        Ok(_) if asked[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) => Input::Gone,
        // Some systems cannot poll a terminal; crossterm has its own way there.
        Ok(_) if asked[0].revents().contains(PollFlags::NVAL) => match event::poll(LOOK_UP) {
            Ok(true) => Input::Something,
            Ok(false) => Input::Nothing,
            Err(_) => Input::Gone,
        },
        Ok(_) => Input::Something,
    }
}
