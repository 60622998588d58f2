//! The dashboard's thread: waits for keys, pictures, signals and time, and draws.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use actix::Recipient;
use actors::coordinator::command::{Command, CommandRefused, Done, Door};
use actors::coordinator::messages::Operate;
use actors::coordinator::status::RunStatus;
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use rustix::process::Signal;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::time::sleep_until;

use super::Parts;
use super::key_reader::KeyReader;
use super::keys::Key;
use super::state::{Act, State};
use super::terminal::{self, Drawing};

/// Drawn this often whatever happens (Q7.2).
const REFRESH: Duration = Duration::from_secs(5);
/// Pictures are looked at no sooner after one another: a run without a limit shows thousands a
/// second.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How soon a terminal is taken again that a shell has given back without a signal.
const TAKE_AGAIN: Duration = Duration::from_millis(500);

/// What the thread needs.
pub struct Show {
    /// What is shown, and who hears the keys.
    pub parts: Parts,
    /// Ends the thread.
    pub stopped: oneshot::Receiver<()>,
    /// Keys as they come.
    pub keys: KeyReader,
    /// The terminal; `None` while a shell has it.
    pub drawing: Option<Drawing>,
}

/// Shows until it is stopped, or as long as it can; the terminal is given back either way.
pub fn until_stopped(show: Show) {
    let screen = show.parts.screen.clone();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(Shown::new(show).until_stopped())
    }));
    terminal::give_back();
    match outcome {
        Ok(Ok(())) => {}
        // Nobody would see it on a terminal that is gone: messages go on into the file.
        Ok(Err(error)) => tracing::warn!(%error, "the dashboard ended; the run goes on"),
        Err(_) => {
            let said = screen.last_panic();
            screen.restore();
            screen.line(&said.unwrap_or_default());
            screen.line("warning: the dashboard ended; the run goes on, please report this");
        }
    }
}

/// The answer to a key: `None` if the Coordinator is gone.
type Answer = Option<Result<Done, CommandRefused>>;

struct Shown {
    show: Show,
    state: State,
    answers: FuturesUnordered<LocalBoxFuture<'static, Answer>>,
    drawn_at: Instant,
    looked_at: Instant,
}

impl Shown {
    fn new(mut show: Show) -> Self {
        let now = Instant::now();
        let status = show.parts.status.borrow_and_update().clone();
        let state = State::new(status, now);
        let answers = FuturesUnordered::new();
        Self { show, state, answers, drawn_at: now, looked_at: now }
    }

    async fn until_stopped(mut self) -> io::Result<()> {
        let mut resized = signal(SignalKind::window_change())?;
        let mut continued = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
        self.draw()?;
        while self.next(&mut resized, &mut continued).await? {}
        Ok(())
    }

    /// Waits for the next thing to happen; whether there is more.
    async fn next(&mut self, resized: &mut Signals, continued: &mut Signals) -> io::Result<bool> {
        let pause = if self.show.drawing.is_some() { REFRESH } else { TAKE_AGAIN };
        let refresh = (self.drawn_at + pause).into();
        let look_again = (self.looked_at + LOOK_AGAIN).into();
        tokio::select! {
            biased;
            _ = &mut self.show.stopped => return Ok(false),
            key = self.show.keys.keys.recv() => match key {
                Some(key) => self.press(key)?,
                None => return Err(io::Error::other("the terminal is gone")),
            },
            Some(answer) = self.answers.next() => {
                self.state.answer(answer, Instant::now());
                self.draw()?;
            }
            Some(()) = continued.recv() => self.take_again()?,
            Some(()) = resized.recv() => self.draw()?,
            () = sleep_until(refresh) => {
                if self.show.drawing.is_none() { self.take_again()? } else { self.draw()? }
            }
            Ok(()) = changed(&mut self.show.parts.status, look_again) => {
                let status = self.show.parts.status.borrow_and_update().clone();
                self.looked_at = Instant::now();
                if self.state.take_in(status, self.looked_at) {
                    self.draw()?;
                }
            }
        }
        Ok(true)
    }

    fn press(&mut self, key: Key) -> io::Result<()> {
        match self.state.press(key, Instant::now()) {
            Act::Ask(command) => {
                self.answers.push(Box::pin(ask(self.show.parts.coordinator.clone(), command)));
            }
            Act::Interrupt => terminal::interrupt(),
            Act::Suspend => {
                self.show.drawing = None;
                self.drawn_at = Instant::now();
                terminal::give_back();
                terminal::stop();
                return Ok(());
            }
            Act::Redraw => {
                if let Some(drawing) = &mut self.show.drawing {
                    terminal::clear(drawing)?;
                }
            }
            Act::Show => {}
        }
        self.draw()
    }

    /// The shell has let the process go on, in the foreground or not.
    fn take_again(&mut self) -> io::Result<()> {
        self.drawn_at = Instant::now();
        self.show.drawing = if terminal::is_foreground() { terminal::take()? } else { None };
        self.draw()
    }

    fn draw(&mut self) -> io::Result<()> {
        let Some(drawing) = &mut self.show.drawing else { return Ok(()) };
        let now = Instant::now();
        self.state.tick(now);
        self.state.messages = self.show.parts.screen.diverted().unwrap_or_default();
        let (state, look, view) = (&self.state, self.show.parts.look, self.show.parts.view);
        terminal::draw(drawing, |frame| view(frame, state, look))?;
        self.drawn_at = now;
        Ok(())
    }
}

/// The next picture, no sooner than `look_again`.
async fn changed(
    status: &mut watch::Receiver<RunStatus>,
    look_again: tokio::time::Instant,
) -> Result<(), watch::error::RecvError> {
    sleep_until(look_again).await;
    status.changed().await
}

/// In a future of its own: the next key is heard while the Coordinator is busy.
async fn ask(coordinator: Recipient<Operate>, command: Command) -> Answer {
    coordinator.send(Operate { command, door: Door::Key }).await.ok()
}
