//! The answer that waits in line, as actix delivers it.

use actix::dev::{MessageResponse, OneshotSender};
use actix::prelude::*;
use tokio::sync::oneshot;

use super::grant::Grant;
use super::messages::{Refused, TakePermit};

/// The answer to [`TakePermit`]: comes when it is the caller's turn, and leaves the line when the
/// caller does. A plain `ResponseFuture` would wait, and spend a permit, for nobody.
pub struct Granting(oneshot::Receiver<Result<Grant, Refused>>);

impl Granting {
    /// What will come through `granted`.
    pub(super) fn new(granted: oneshot::Receiver<Result<Grant, Refused>>) -> Self {
        Self(granted)
    }
}

impl<A: Actor> MessageResponse<A, TakePermit> for Granting {
    fn handle(mut self, _: &mut A::Context, caller: Option<OneshotSender<Result<Grant, Refused>>>) {
        let Some(mut caller) = caller else { return };
        match self.0.try_recv() {
            Ok(answer) => return drop(caller.send(answer)),
            Err(oneshot::error::TryRecvError::Closed) => {
                return drop(caller.send(Err(Refused::Gone)));
            }
            Err(oneshot::error::TryRecvError::Empty) => {}
        }
        actix::spawn(async move {
            tokio::select! {
                biased;
                () = caller.closed() => {}
                answer = &mut self.0 => {
                    // The caller may go away at this very moment: the grant gives itself back.
                    drop(caller.send(answer.unwrap_or(Err(Refused::Gone))));
                }
            }
        });
    }
}
