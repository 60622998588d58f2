//! One channel's task: looks at the run, gathers, delivers, tries again. It never keeps the run
//! waiting: it only reads the latest picture.

use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actors::coordinator::status::RunStatus;
use backon::{ExponentialBuilder, Retryable};
use futures::future::LocalBoxFuture;
use tokio::sync::{oneshot, watch};

use super::gathering::{Bundle, Gathering};
use super::worth::{Lookout, RunEnd, end_of_run};

/// One try to deliver, at most.
const TRY_MAX: Duration = Duration::from_secs(10);
/// Pause before the second try; doubled and jittered for each further one.
const RETRY_AFTER_MIN: Duration = Duration::from_secs(1);
/// No pause is longer.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(30);
/// Tries after the first; then the message waits for the next interval.
const RETRIES: usize = 4;

/// Where alerts go.
pub trait Channel {
    /// Its name in messages.
    fn name(&self) -> &'static str;

    /// Delivers one message.
    fn deliver<'a>(&'a self, bundle: &'a Bundle) -> LocalBoxFuture<'a, Result<(), DeliveryError>>;
}

/// Why a message was not delivered; neither URL nor password is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The same may go well later.
    #[error("{0}")]
    Passing(
        /// What failed, redacted.
        String,
    ),
    /// The other side will not have it.
    #[error("{0}")]
    Final(
        /// What it said, redacted.
        String,
    ),
}

type Delivery = LocalBoxFuture<'static, Result<(), (Bundle, DeliveryError)>>;

/// Tells over `channel` what happens until the run's end has been told.
pub(super) async fn tell(
    channel: Rc<dyn Channel>,
    mut gathering: Gathering,
    mut status: watch::Receiver<RunStatus>,
    mut ended: oneshot::Receiver<RunEnd>,
) {
    let mut lookout = Lookout::default();
    let mut delivery: Option<Delivery> = None;
    let mut is_watched = true;
    let end = loop {
        gathering.add(lookout.look(&status.borrow_and_update()));
        let due = gathering.due(now()).filter(|_| delivery.is_none());
        tokio::select! {
            end = &mut ended => break end.ok(),
            changed = status.changed(), if is_watched => is_watched = changed.is_ok(),
            outcome = done(&mut delivery), if delivery.is_some() => {
                delivery = None;
                note(channel.name(), outcome, &mut gathering);
            }
            () = sleep_until(due), if due.is_some() => {
                let bundle = gathering.take(now(), &status.borrow());
                delivery = bundle.map(|bundle| delivered(Rc::clone(&channel), bundle));
            }
        }
    };
    if delivery.is_some() {
        note(channel.name(), done(&mut delivery).await, &mut gathering);
    }
    let last = status.borrow_and_update().clone();
    gathering.add(lookout.look(&last));
    gathering.add(end.map(|end| end_of_run(&last, &end)));
    if let Some(bundle) = gathering.take(now(), &last) {
        note(channel.name(), delivered(Rc::clone(&channel), bundle).await, &mut gathering);
    }
}

/// Waits for the delivery under way.
async fn done(delivery: &mut Option<Delivery>) -> Result<(), (Bundle, DeliveryError)> {
    match delivery {
        Some(delivery) => delivery.await,
        None => Ok(()),
    }
}

/// Tries until it is delivered, refused for good, or tried too often.
fn delivered(channel: Rc<dyn Channel>, bundle: Bundle) -> Delivery {
    Box::pin(async move {
        let policy = ExponentialBuilder::default()
            .with_min_delay(RETRY_AFTER_MIN)
            .with_max_delay(RETRY_AFTER_MAX)
            .with_max_times(RETRIES)
            .with_jitter();
        let once = || bounded(channel.deliver(&bundle));
        let outcome =
            once.retry(policy).when(|error| matches!(error, DeliveryError::Passing(_))).await;
        outcome.map_err(|error| (bundle, error))
    })
}

async fn bounded(
    tried: impl Future<Output = Result<(), DeliveryError>>,
) -> Result<(), DeliveryError> {
    let late = |_| Err(DeliveryError::Passing("no answer within 10 s".to_owned()));
    tokio::time::timeout(TRY_MAX, tried).await.unwrap_or_else(late)
}

/// A failure is a warning; what may still go well waits for the next message.
fn note(channel: &str, outcome: Result<(), (Bundle, DeliveryError)>, gathering: &mut Gathering) {
    let Err((bundle, error)) = outcome else { return };
    match error {
        DeliveryError::Passing(why) => {
            tracing::warn!(channel, "alerts are not delivered yet: {why}");
            gathering.put_back(bundle);
        }
        DeliveryError::Final(why) => {
            let alerts = bundle.alerts.len();
            tracing::error!(channel, alerts, "alerts are refused and given up: {why}");
        }
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

async fn sleep_until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due.into()).await;
    }
}
