//! What the shop is being asked: one question at most for each kind of doubt, and the last failure
//! that came while it was open, which asks again.

use super::messages::OutageSignal;
use crate::ports::shop_api::Doubt;

/// The questions; `H` is what ends the asking of one.
#[derive(Debug)]
pub struct Questions<H> {
    connection: Asked<H>,
    silence: Asked<H>,
}

/// Those of one kind.
#[derive(Debug)]
struct Asked<H> {
    open: Option<(OutageSignal, H)>,
    again: Option<OutageSignal>,
}

impl<H> Default for Questions<H> {
    fn default() -> Self {
        let none = || Asked { open: None, again: None };
        Self { connection: none(), silence: none() }
    }
}

impl<H> Questions<H> {
    /// This is being asked from here on.
    pub fn begin(&mut self, signal: OutageSignal, asking: H) {
        let doubt = signal.doubt;
        self.of(doubt).open = Some((signal, asking));
    }

    /// Hands the failure back where it is to be asked about at once; keeps it while another of its
    /// kind is. Of several the newest is kept: what answers it answers all.
    pub fn later(&mut self, signal: OutageSignal) -> Option<OutageSignal> {
        let asked = self.of(signal.doubt);
        if asked.open.is_none() {
            return Some(signal);
        }
        if asked.again.as_ref().is_none_or(|again| again.failed_at < signal.failed_at) {
            asked.again = Some(signal);
        }
        None
    }

    /// The failure that is being asked about.
    pub fn open(&self, doubt: Doubt) -> Option<&OutageSignal> {
        let asked = match doubt {
            Doubt::Connection => &self.connection,
            Doubt::Silence => &self.silence,
        };
        asked.open.as_ref().map(|(signal, _)| signal)
    }

    /// Whether anything is asked.
    pub fn is_any_open(&self) -> bool {
        self.connection.open.is_some() || self.silence.open.is_some()
    }

    /// It is asked no more; what was asked, and by what.
    pub fn end(&mut self, doubt: Doubt) -> Option<(OutageSignal, H)> {
        self.of(doubt).open.take()
    }

    /// Takes the failure that came meanwhile.
    pub fn again(&mut self, doubt: Doubt) -> Option<OutageSignal> {
        self.of(doubt).again.take()
    }

    fn of(&mut self, doubt: Doubt) -> &mut Asked<H> {
        match doubt {
            Doubt::Connection => &mut self.connection,
            Doubt::Silence => &mut self.silence,
        }
    }
}
