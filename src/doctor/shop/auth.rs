//! The profile's ways to sign in, compared: which the shop takes, and which of them a run would
//! use.

use std::sync::Arc;

use actors::ports::shop_api::{ApiError, ApiErrorKind, ShopCall, stranger};
use shops::shop_api::profile::StepName;

use super::users::is_of_caller;
use super::visitor::Visitor;
use super::{AREA, Shop};
use crate::config::Settings;
use crate::doctor::finding::{Finding, Findings};
use crate::doctor::population::People;

/// What came of one way.
enum Came {
    Taken,
    Refused(ApiError),
    NoSecret,
}

/// Tries each other way of the profile with one request.
pub(super) async fn compare(
    shop: &Shop,
    settings: &Settings,
    people: &People,
    refused: Option<&ApiError>,
    findings: &mut Findings,
) {
    let profile = shop.profile();
    let used = settings.shop.auth.as_deref().unwrap_or(&profile.auth);
    let is_used_taken = !refused.is_some_and(is_of_token);
    let mut said = Vec::new();
    let mut taken = None;
    for name in profile.auth_strategies.keys().filter(|name| *name != used) {
        let word = match try_one(shop, settings, people, name).await {
            Came::Taken => {
                taken.get_or_insert(name);
                "is taken too".to_owned()
            }
            Came::Refused(error) => format!("is not ({})", error.kind),
            Came::NoSecret => "was not tried: no secret".to_owned(),
        };
        said.push(format!("{name} {word}"));
    }
    let said = said.iter().map(|said| format!("; {said}")).collect::<String>();
    findings.push(match (is_used_taken, taken) {
        (true, _) => Finding::ok(AREA, "auth", format!("{used} is taken{said}")),
        (false, Some(other)) => {
            let says = format!("{used} is not taken{said}");
            Finding::fail(AREA, "auth", says, format!("`--auth {other}`"))
        }
        (false, None) => {
            let fix = profile.sign_in(settings.shop.auth.as_deref());
            Finding::fail(AREA, "auth", format!("{used} is not taken{said}"), fix)
        }
    });
}

/// Whether it is the token that was refused, and not the user that it names.
fn is_of_token(error: &ApiError) -> bool {
    let is_failure = matches!(error.kind, ApiErrorKind::ServerError(_));
    matches!(error.kind, ApiErrorKind::Unauthorized(_))
        || is_failure && stranger::advice(&error.to_string()).is_none()
}

async fn try_one(shop: &Shop, settings: &Settings, people: &People, name: &str) -> Came {
    let mut settings = settings.clone();
    settings.shop.auth = Some(name.to_owned());
    let Ok(setup) = shop.again(&settings) else { return Came::NoSecret };
    let setup = Arc::new(setup);
    let door = shop.door(&setup, people);
    let mut visitor = Visitor::new(door, setup, shop.heard.clone());
    let call = match () {
        () if visitor.has(StepName::ReadCart) => ShopCall::ReadCart,
        () if visitor.has(StepName::EligibleCoupons) => ShopCall::EligibleCoupons,
        () => {
            let page = visitor.profile().traits().paging.first_page();
            ShopCall::ListProducts { category: None, page }
        }
    };
    match visitor.ask(call).await {
        Err(error) if is_of_caller(&error) => Came::Refused(error),
        Ok(_) | Err(_) => Came::Taken,
    }
}
