//! `/api/status`: the picture. `/api/events`: each picture as it comes, as server-sent events.
//!
//! A picture is written down once for all readers, at most four times a second. A reader that is
//! slow misses pictures: it holds a place, never a queue. One that takes nothing is hung up on.

use std::any::Any;
use std::convert::Infallible;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::dev::Extensions;
use actix_web::{HttpRequest, HttpResponse, web};
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

/// A reader that takes nothing for so long is hung up on; above [`KEEP_ALIVE`], as one that is well
/// takes something that often.
const STALL_MAX: Duration = Duration::from_secs(30);

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

/// The connection that a request came over.
struct Connection(TcpStream);

/// Keeps a handle to each connection, by which it can be closed from outside the server.
pub(super) fn note_connection(connection: &dyn Any, of_connection: &mut Extensions) {
    let stream = connection.downcast_ref::<actix_web::rt::net::TcpStream>();
    // Out of file descriptors: the connection is served and cannot be hung up on.
    if let Some(Ok(handle)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
        of_connection.insert(Connection(handle.into()));
    }
}

async fn events(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let place = Arc::clone(&shared.feed.places).try_acquire_owned();
    let (Ok(place), Some(receiver)) = (place, shared.feed.subscribe()) else {
        return HttpResponse::ServiceUnavailable()
            .insert_header(("Retry-After", "10"))
            .body(format!("{FEEDS_MAX} readers are served already\n"));
    };
    let connection = request.conn_data::<Connection>().and_then(|c| c.0.try_clone().ok());
    let hang_up = move || {
        tracing::debug!("a reader of the page took nothing for 30 s");
        // It may have gone away by itself.
        let _ = connection.map(|connection| connection.shutdown(Shutdown::Both));
    };
    let pictures = stream(receiver, place, hang_up);
    HttpResponse::Ok().content_type("text/event-stream").streaming(pictures)
}

/// Pictures until nothing follows; the place is given back with the stream. Calls `hang_up` once
/// the reader has taken nothing for [`STALL_MAX`].
fn stream(
    receiver: watch::Receiver<Event>,
    place: OwnedSemaphorePermit,
    hang_up: impl FnOnce() + 'static,
) -> impl Stream<Item = Result<web::Bytes, Infallible>> {
    // Told when a picture is asked for and when it is given: between a gift and the next question
    // it is the reader who keeps the other waiting.
    let (taken, takes) = watch::channel(());
    actix_web::rt::spawn(hang_up_when_stalled(takes, hang_up));
    futures::stream::unfold((receiver, taken, place), |(mut receiver, taken, place)| async move {
        taken.send_replace(());
        let bytes = match tokio::time::timeout(KEEP_ALIVE, receiver.changed()).await {
            Ok(Ok(())) => receiver.borrow_and_update().clone(),
            Ok(Err(_)) => return None,
            Err(_) => None,
        };
        // A comment: there is no picture yet, or no news.
        let bytes = bytes.unwrap_or_else(|| web::Bytes::from_static(b": waiting\n\n"));
        taken.send_replace(());
        Some((Ok(bytes), (receiver, taken, place)))
    })
}

async fn hang_up_when_stalled(mut takes: watch::Receiver<()>, hang_up: impl FnOnce()) {
    loop {
        match tokio::time::timeout(STALL_MAX, takes.changed()).await {
            Ok(Ok(())) => {}
            // The stream is gone.
            Ok(Err(_)) => return,
            Err(_) => return hang_up(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use futures::StreamExt;

    use super::*;

    #[actix::test]
    async fn a_reader_that_takes_nothing_is_hung_up_on_and_one_that_takes_is_not() {
        tokio::time::pause();
        let places = Arc::new(Semaphore::new(1));
        for (is_taking, expected) in [(true, false), (false, true)] {
            let (_events, receiver) = watch::channel(None);
            let is_hung_up = Rc::new(Cell::new(false));
            let (place, seen) = (Arc::clone(&places).try_acquire_owned(), Rc::clone(&is_hung_up));
            let mut pictures = Box::pin(stream(receiver, place.unwrap(), move || seen.set(true)));
            assert!(pictures.next().await.is_some());
            let until = tokio::time::Instant::now() + 4 * STALL_MAX;
            while is_taking && tokio::time::Instant::now() < until {
                assert!(pictures.next().await.is_some());
            }
            tokio::time::sleep(STALL_MAX - Duration::from_secs(1)).await;
            assert!(!is_hung_up.get(), "not before its time");
            if !is_taking {
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
            assert_eq!(is_hung_up.get(), expected);
            drop(pictures);
            assert_eq!(places.available_permits(), 1);
        }
    }
}
