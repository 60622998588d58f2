//! What watches over a flow: a panic is caught, a flow that gets nowhere is cut. The flow is
//! dropped with its watch, whichever comes first.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;

use crate::panic_words::panic_words;
use crate::ports::pacing::Pacing;
use crate::rate_limiter::parked::ParkedTime;

use super::progress::{LOOK_INTERVAL_MIN, ProgressMark};

/// How a flow left its watch.
#[derive(Debug)]
pub enum Watched<T> {
    /// With what it answers.
    Ended(T),
    /// With a panic, and its words.
    Panicked(String),
    /// Not at all.
    Hung,
}

/// Runs the flow, which marks its `progress`, to whatever ends it.
pub async fn watched<T>(
    flow: impl Future<Output = T>,
    progress: ProgressMark,
    pacing: Arc<dyn Pacing>,
    parked: ParkedTime,
) -> Watched<T> {
    tokio::select! {
        biased;
        end = AssertUnwindSafe(flow).catch_unwind() => match end {
            Ok(answer) => Watched::Ended(answer),
            Err(panic) => Watched::Panicked(panic_words(panic.as_ref())),
        },
        () = hang(progress, pacing, parked) => Watched::Hung,
    }
}

/// Ends when the flow hangs.
async fn hang(progress: ProgressMark, pacing: Arc<dyn Pacing>, parked: ParkedTime) {
    loop {
        let now = pacing.now();
        let left = progress.left(now, parked.total(now));
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.max(LOOK_INTERVAL_MIN)).await;
    }
}
