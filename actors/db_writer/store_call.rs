//! What a message to the [`DbWriter`](super::DbWriter) is: one call of the store.

use actix::prelude::*;

use crate::ports::store::{Store, StoreError, StoreFuture};

/// A message that is one call of the store: the writer makes it, again with the same ids where it
/// fails, and answers what the store did.
pub trait StoreCall: Message<Result = Result<Self::Reply, StoreError>> + Send + 'static {
    /// What the store answers.
    type Reply: Send + 'static;

    /// Whether it is about one flow: a drill strikes these, never what is written of the run.
    const IS_OF_A_FLOW: bool = false;

    /// Asks the store, once.
    fn ask(&self, store: &dyn Store) -> StoreFuture<Self::Reply>;

    /// The store has it.
    fn acknowledged(&self) {}
}
