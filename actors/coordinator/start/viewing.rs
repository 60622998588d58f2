//! A catalogue whose lists show ids alone: each product is viewed once, side by side over the HTTP
//! sessions. One that cannot be read is left out; a shop that is away ends the start.

use std::cell::Cell;
use std::time::Duration;

use futures::future::join_all;

use crate::coordinator::messages::StartError;
use crate::coordinator::plan::RunPlan;
use crate::coordinator::services::Services;
use crate::domain::catalog::Product;
use crate::domain::ids::SessionId;
use crate::domain::shop_notes::Misread;
use crate::ports::shop_api::{Caller, ShopCall, ShopReply};

use super::Look;
use super::catalogue::PRODUCTS_MAX;

/// How often it is said how far it has come.
const SAID_EVERY: Duration = Duration::from_secs(2);

/// What one session found, each product with its place in the list.
type Found = (Vec<(usize, Vec<Product>)>, Vec<Misread>);

/// Each of the listed products as the shop shows it, or its variants, in the order of the list; and
/// what did not fit.
pub(super) async fn all(
    services: &Services,
    plan: &RunPlan,
    caller: &Caller,
    listed: Vec<Product>,
) -> Result<(Vec<Product>, Vec<Misread>), StartError> {
    let (sessions, viewed) = (services.sessions.len().max(1), Cell::new(0_usize));
    let over = |number: usize| {
        let session = SessionId(u8::try_from(number).unwrap_or(u8::MAX));
        let look = Look::new(session, services, plan, caller.clone());
        let own = listed.iter().enumerate().skip(number).step_by(sessions);
        over(look, own, &viewed)
    };
    let mut viewing = std::pin::pin!(join_all((0..sessions).map(over)));
    let mut says = tokio::time::interval(SAID_EVERY);
    says.tick().await;
    let ended = loop {
        tokio::select! {
            ended = &mut viewing => break ended,
            _ = says.tick() => {
                let (done, all) = (viewed.get(), listed.len());
                tracing::info!("{done} of {all} products of the catalogue viewed");
            }
        }
    };
    let (mut products, mut misreads) = (Vec::new(), Vec::new());
    for found in ended {
        let (of_session, unfit) = found?;
        products.extend(of_session);
        misreads.extend(unfit);
    }
    products.sort_by_key(|(place, _)| *place);
    let mut products: Vec<Product> = products.into_iter().flat_map(|(_, goods)| goods).collect();
    products.truncate(PRODUCTS_MAX);
    Ok((products, misreads))
}

async fn over<'a>(
    mut look: Look,
    own: impl Iterator<Item = (usize, &'a Product)>,
    viewed: &Cell<usize>,
) -> Result<Found, StartError> {
    let mut found = Vec::new();
    for (place, product) in own {
        match look.ask(ShopCall::ViewProduct { product: product.goods() }).await {
            Ok(ShopReply::Product(goods)) => found.push((place, goods)),
            // What does not fit is among the misreads.
            Ok(_) => {}
            Err(StartError::Shop(error)) if error.doubt().is_none() => {
                tracing::debug!(product = product.id.as_str(), %error, "a product is left out");
            }
            Err(ended) => return Err(ended),
        }
        viewed.set(viewed.get() + 1);
    }
    Ok((found, look.notes.misreads().cloned().collect()))
}
