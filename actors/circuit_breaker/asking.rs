//! Asking the shop: sends the probes of one question until they tell.

use std::time::Instant;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;

use super::probe::NEWS_MAX;
use super::question::{Next, Question};
use crate::rate_limiter::messages::Place;
use crate::shop_door::{Probed, ShopDoor, Stage};

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A probe was answered.
    Answered,
    /// Nothing was.
    Gone,
    /// The limiter refuses: the run is frozen or ends anyway.
    Cut,
}

/// What is heard of a probe.
enum News {
    Sent,
    Ended(Probed),
}

/// Sends probes over these doors, in turn, and answers what came of them. Dropped when the answer
/// to another call has settled the question.
pub async fn ask(mut question: Question, doors: Vec<ShopDoor>, clock: impl Fn() -> Instant) -> End {
    let (tell, mut heard) = mpsc::channel(NEWS_MAX);
    let mut probes = FuturesUnordered::new();
    let mut asked = 0;
    loop {
        let now = clock();
        let look_again = match question.next(now) {
            Next::Gone => return End::Gone,
            Next::Wait(at) => at.map(|at| at.saturating_duration_since(now)),
            Next::Probe => {
                question.asks();
                probes.push(probe(asked, doors[asked % doors.len()].clone(), tell.clone()));
                asked += 1;
                continue;
            }
        };
        let alarm = async {
            match look_again {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        let (number, news) = tokio::select! {
            biased;
            Some(news) = heard.recv() => news,
            Some(()) = probes.next() => continue,
            () = alarm => continue,
        };
        match news {
            News::Sent => question.sent(number, clock()),
            News::Ended(Probed::Answered) => return End::Answered,
            News::Ended(Probed::NoPermit) => return End::Cut,
            News::Ended(Probed::Failed) => question.failed(number, clock()),
            News::Ended(Probed::Unsent) => question.unsent(number, clock()),
        }
    }
}

/// One probe; tells when it is sent, and how it ended.
async fn probe(number: usize, door: ShopDoor, tell: mpsc::Sender<(usize, News)>) {
    let say = |news| {
        // There is room for all that a question can have to tell.
        let _ = tell.try_send((number, news));
    };
    let watch = |stage| match stage {
        Stage::InLine => {}
        Stage::Sending => say(News::Sent),
    };
    let probed = door.probe(Place::Head, watch).await;
    say(News::Ended(probed));
}
