//! `--order`: one whole visit with one real order, as `cartload profile try` makes it.

use std::sync::Arc;

use actors::domain::ids::StoreId;
use actors::ports::shop_api::{IdempotencyMode, WalletMode};

use super::{AREA, Shop, shapes};
use crate::config::Settings;
use crate::doctor::finding::{Finding, Findings};
use crate::doctor::population::People;
use crate::presets;
use crate::running::signals::Signal;
use crate::trial::{self, Asked, Ended, Report};

/// Problems and notes that are told.
const TOLD_MAX: usize = 8;

/// Makes it in the name of the first agent that the shop takes.
pub(super) async fn order(
    shop: &mut Shop,
    settings: &Settings,
    people: &People,
    findings: &mut Findings,
) -> Option<Signal> {
    let Some(persona) = shop.known.first().and_then(|place| people.personas.get(*place)) else {
        let why = "no agent is known to the shop";
        findings.push(Finding::skip(AREA, "order", why));
        return None;
    };
    let wallet = shop.traits().wallet;
    let coupons = presets::coupons(&settings.offers);
    let asked = Asked {
        agent: persona.agent_id.clone(),
        user: persona.user_id,
        store: settings.shop.store_id.as_deref().map(StoreId::new),
        coupons: coupons.map(|book| book.of(wallet).to_vec()).unwrap_or_default(),
        auth: settings.shop.auth.clone(),
        orders: true,
    };
    let ended = match shop.again(settings) {
        Ok(setup) => trial::visit(&asked, (setup, None), Arc::new(|_| {})).await,
        Err(error) => Err(error),
    };
    let Ended { report, signal } = match ended {
        Ok(ended) => ended,
        Err(error) => {
            let fix = "look at whether the shop is up";
            findings.push(Finding::fail(AREA, "order", error.to_string(), fix));
            return None;
        }
    };
    findings.push(placed(&report));
    if wallet != WalletMode::None {
        findings.push(coupon(&report));
    }
    findings.push(idempotency(&report, shop.traits().idempotency));
    for misfit in report.misfits.iter().take(TOLD_MAX) {
        findings.push(Finding::warn(AREA, "shapes", misfit, shapes::FIX));
    }
    for problem in report.problems.iter().take(TOLD_MAX) {
        let (says, fix) = problem.rsplit_once("; ").unwrap_or((problem, "`cartload profile try`"));
        findings.push(Finding::warn(AREA, "step", says, fix));
    }
    signal
}

fn placed(report: &Report) -> Finding {
    let ordered = report.ordered.iter();
    let ordered: Vec<String> =
        ordered.map(|order| format!("{}, {} to pay", order.id, order.final_total)).collect();
    match (&report.order, ordered.as_slice()) {
        (Some(bill), all) if bill.agrees => {
            let says = format!("placed, and it adds up to the cent; cancel it: {}", all.join("; "));
            Finding::ok(AREA, "order", says)
        }
        (Some(bill), all) => {
            let says = format!(
                "it does not add up, by {}; cancel it: {}",
                bill.differs_by,
                all.join("; ")
            );
            let fix = "name in `answers.order.charges` what comes on top: `cartload profile try`";
            Finding::fail(AREA, "order", says, fix)
        }
        (None, _) => {
            let why = report.problems.first().cloned();
            let says = why.unwrap_or_else(|| "nothing was ordered".to_owned());
            Finding::fail(AREA, "order", says, "`cartload profile try` shows each answer")
        }
    }
}

fn coupon(report: &Report) -> Finding {
    let why = report.notes.iter().find(|note| note.contains("coupon"));
    match (&report.coupon, why) {
        (Some(coupon), None) => Finding::ok(AREA, "coupon", format!("{coupon} was taken")),
        (Some(coupon), Some(why)) => Finding::ok(AREA, "coupon", format!("{coupon}: {why}")),
        (None, why) => {
            let says = why.map_or("none was applied", String::as_str);
            let fix = "have they expired? renew them at the shop; a run goes on without";
            Finding::warn(AREA, "coupon", says, fix)
        }
    }
}

/// What the shop made of the same checkout again.
fn idempotency(report: &Report, says: IdempotencyMode) -> Finding {
    let what = "a second checkout after the order";
    let Some(second) = report.refusals.iter().find(|provoked| provoked.what == what) else {
        return Finding::skip(AREA, "idempotency", "no second checkout was tried");
    };
    let orders = report.ordered.len();
    let is_same = second.is_taken() && orders == 1;
    match (says, is_same, orders) {
        (_, _, 2..) => {
            let says = "the same checkout again placed a second order";
            let fix = "`idempotency: ignored` in the profile, and a read that finds orders";
            Finding::fail(AREA, "idempotency", says, fix)
        }
        (IdempotencyMode::Honoured, true, _) => {
            Finding::ok(AREA, "idempotency", "the same checkout again answers the first order")
        }
        (IdempotencyMode::Honoured, false, _) => {
            let says = "the profile says `honoured`, and the same checkout again is refused";
            let fix = "`idempotency: ignored` in the profile";
            Finding::warn(AREA, "idempotency", says, fix)
        }
        (IdempotencyMode::Ignored, ..) => {
            Finding::ok(AREA, "idempotency", "the same checkout again places no second order")
        }
    }
}
