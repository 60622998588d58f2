//! A drill of the DbWriter: what strikes the next attempts to write a flow.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::ports::store::{StoreError, StoreFuture};

/// What strikes, and how often still; shared by the writes under way on the writer's thread.
#[derive(Clone, Debug, Default)]
pub struct WriteDrill(Rc<Cell<Option<Pending>>>);

#[derive(Clone, Copy, Debug)]
struct Pending {
    what: Strike,
    left: u32,
}

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// It takes so much longer.
    Delay(Duration),
    /// There is no database: it is tried again.
    Unavailable,
    /// The database says no for good.
    Refused,
}

impl WriteDrill {
    /// Strikes the next `count` attempts, in the place of any drill before.
    pub fn set(&self, what: Strike, count: u32) {
        self.0.set(Some(Pending { what, left: count }));
    }

    /// This attempt, or what strikes it.
    pub fn over<T: Send + 'static>(&self, attempt: StoreFuture<T>) -> StoreFuture<T> {
        let Some(pending) = self.0.take() else { return attempt };
        let Some(left) = pending.left.checked_sub(1) else { return attempt };
        self.0.set(Some(Pending { left, ..pending }));
        match pending.what {
            Strike::Delay(time) => Box::pin(async move {
                tokio::time::sleep(time).await;
                attempt.await
            }),
            Strike::Unavailable => {
                Box::pin(std::future::ready(Err(StoreError::Unavailable("a drill".to_owned()))))
            }
            Strike::Refused => {
                Box::pin(std::future::ready(Err(StoreError::Refused("a drill".to_owned()))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix::test]
    async fn so_many_attempts_are_struck_and_the_next_is_not() {
        tokio::time::pause();
        let drill = WriteDrill::default();
        let write = || drill.over(Box::pin(std::future::ready(Ok(7))));
        assert_eq!(write().await.unwrap(), 7);
        drill.set(Strike::Refused, 2);
        assert!(matches!(write().await, Err(StoreError::Refused(_))));
        assert!(matches!(write().await, Err(StoreError::Refused(_))));
        assert_eq!(write().await.unwrap(), 7);
        drill.set(Strike::Delay(Duration::from_secs(9)), 1);
        let begin = tokio::time::Instant::now();
        assert_eq!((write().await.unwrap(), begin.elapsed().as_secs()), (7, 9));
    }
}
