//! The signals that end a ramp early.

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use crate::running::signals::Signal;

/// Hears them from now on; the process is not ended by them.
pub(super) struct Signals {
    interrupts: Stream,
    terminations: Stream,
    hang_ups: Stream,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupts: signal(SignalKind::interrupt())?,
            terminations: signal(SignalKind::terminate())?,
            hang_ups: signal(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupts.recv() => Signal::Interrupted,
            _ = self.terminations.recv() => Signal::Terminated,
            _ = self.hang_ups.recv() => Signal::HungUp,
        }
    }
}
