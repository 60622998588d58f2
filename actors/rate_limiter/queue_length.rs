//! How many wait for a permit, for whoever draws it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The length of the line, written by the limiter and read by the status. An atomic: a message
/// would wait behind the very permits that it asks about.
#[derive(Clone, Debug, Default)]
pub struct QueueLength(Arc<AtomicU32>);

impl QueueLength {
    /// So many wait.
    pub fn set(&self, waiting: usize) {
        self.0.store(u32::try_from(waiting).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// How many waited when the line last moved.
    pub fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}
