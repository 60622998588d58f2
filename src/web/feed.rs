//! `/api/status`: the picture. `/api/events`: each picture as it comes, as server-sent events.
//!
//! A picture is written down once for all readers, at most four times a second. A reader that is
//! slow misses pictures: it holds a place, never a queue. One that takes nothing is hung up on by
//! its connection (`src/web/connection.rs`).

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, web};
use actors::coordinator::status::RunStatus;
use futures::Stream;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::{LiveRun, Shared};
use crate::run_report::frozen::{Advice, advice};

/// Readers of `/api/events` at once.
pub const FEEDS_MAX: usize = 32;
/// From one picture to the next, at least.
const INTERVAL: Duration = Duration::from_millis(250);
/// A stream without news says so, for proxies and readers that wonder.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The newest picture as an event; `None` before the first.
type Event = Option<web::Bytes>;

/// The newest picture, written down, and who reads along.
pub(super) struct Feed {
    /// `None` once nothing follows.
    events: Mutex<Option<watch::Sender<Event>>>,
    last: Mutex<Option<Instant>>,
    places: Arc<Semaphore>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            events: Mutex::new(Some(watch::channel(None).0)),
            last: Mutex::default(),
            places: Arc::new(Semaphore::new(FEEDS_MAX)),
        }
    }
}

impl Feed {
    /// When the newest picture came.
    pub(super) fn last(&self) -> Option<Instant> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, status: &RunStatus) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let picture = Picture { frozen: advice(status), status };
        let Ok(json) = serde_json::to_string(&picture) else { return };
        let event = web::Bytes::from(format!("event: status\ndata: {json}\n\n"));
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(events) = &*events {
            events.send_replace(Some(event));
        }
    }

    /// Every stream ends after its last picture.
    fn close(&self) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn subscribe(&self) -> Option<watch::Receiver<Event>> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.as_ref().map(|events| {
            let mut receiver = events.subscribe();
            // The one that is there is news to a reader that comes.
            receiver.mark_changed();
            receiver
        })
    }
}

/// What the page is told.
#[derive(Serialize)]
struct Picture<'a> {
    /// The run.
    status: &'a RunStatus,
    /// Why it is frozen, in words.
    frozen: Option<Advice>,
}

/// Writes down pictures of the run as soon as there is one, until `closed`.
pub(super) async fn keep(shared: &Shared, mut closed: oneshot::Receiver<()>) {
    let mut run = shared.run.clone();
    tokio::select! {
        _ = &mut closed => shared.feed.close(),
        Some(LiveRun { mut status, .. }) = wired(&mut run) => {
            loop {
                shared.feed.publish(&status.borrow_and_update().clone());
                let changed = async {
                    tokio::time::sleep(INTERVAL).await;
                    status.changed().await
                };
                tokio::select! {
                    _ = &mut closed => break,
                    changed = changed => if changed.is_err() { break },
                }
            }
            shared.feed.publish(&status.borrow_and_update().clone());
            shared.feed.close();
        }
    }
}

async fn wired(run: &mut watch::Receiver<Option<LiveRun>>) -> Option<LiveRun> {
    run.wait_for(Option::is_some).await.ok()?.clone()
}

/// The routes.
pub(super) fn configure(app: &mut web::ServiceConfig) {
    app.service(web::resource("/api/status").get(status));
    app.service(web::resource("/api/events").get(events));
}

async fn status(shared: web::Data<Shared>) -> HttpResponse {
    match &*shared.run.borrow() {
        Some(run) => HttpResponse::Ok().json(&*run.status.borrow()),
        None => HttpResponse::ServiceUnavailable().body("starting\n"),
    }
}

async fn events(shared: web::Data<Shared>) -> HttpResponse {
    let place = Arc::clone(&shared.feed.places).try_acquire_owned();
    let (Ok(place), Some(receiver)) = (place, shared.feed.subscribe()) else {
        return HttpResponse::ServiceUnavailable()
            .insert_header(("Retry-After", "10"))
            .body(format!("{FEEDS_MAX} readers are served already\n"));
    };
    let pictures = stream(receiver, place);
    HttpResponse::Ok().content_type("text/event-stream").streaming(pictures)
}

/// Pictures until nothing follows; the place is given back with the stream.
fn stream(
    receiver: watch::Receiver<Event>,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<web::Bytes, Infallible>> {
    futures::stream::unfold((receiver, place), |(mut receiver, place)| async move {
        let bytes = match tokio::time::timeout(KEEP_ALIVE, receiver.changed()).await {
            Ok(Ok(())) => receiver.borrow_and_update().clone(),
            Ok(Err(_)) => return None,
            Err(_) => None,
        };
        // A comment: there is no picture yet, or no news.
        let bytes = bytes.unwrap_or_else(|| web::Bytes::from_static(b": waiting\n\n"));
        Some((Ok(bytes), (receiver, place)))
    })
}
