//! The shop a run is driven against: a profile's, the practice shop in this process, or the mock.

use std::sync::Arc;

use actors::coordinator::messages::StartError;
use actors::domain::catalog::Catalog;
use actors::domain::offer::Coupon;
use actors::ports::shop_api::{ApiErrorKind, ShopApiFactory, ShopTraits, stranger, way};
use shops::practice_shop::{PracticeConfig, PracticeShop, RunningShop, catalog};
use shops::shop_api::http::proxy::{Named, Proxy, ProxyUse};
use shops::shop_api::http::{self, Credentials, OnSent, ShopOptions, ShopSetup, ShopSetupError};
use shops::shop_api::mock::{MockGoods, MockShop};
use shops::shop_api::profile::Profile;

use super::RunError;
use crate::config::Settings;
use crate::config::shop::ShopTarget;

/// A shop that can be called.
pub(super) struct Target {
    /// Builds the adapter of each HTTP session.
    pub(super) factory: ShopApiFactory,
    /// What it is like.
    pub(super) traits: ShopTraits,
    /// How it is told who calls, in words; `None` for the mock, which asks nobody.
    sign_in: Option<String>,
    /// The practice shop, where it runs in this process.
    pub(super) practice: Option<RunningShop>,
}

/// Opens what the settings name; `on_sent` hears of each request that leaves.
pub(super) fn open(
    settings: &Settings,
    coupons: &[Coupon],
    on_sent: OnSent,
) -> Result<Target, RunError> {
    match settings.shop.target() {
        ShopTarget::Mock => {
            let catalog = catalog::of(settings.shop.practice_catalog)?;
            let stores = catalog.stores.into_iter().map(|store| store.id).collect();
            let goods = MockGoods {
                catalog: Arc::new(Catalog { products: catalog.products }),
                stores,
                coupons: coupons.into(),
                prices: settings.shop.practice_prices,
            };
            let factory = MockShop::factory(goods, on_sent);
            let traits = MockShop::traits();
            Ok(Target { factory, traits, sign_in: None, practice: None })
        }
        ShopTarget::PracticeInProcess => {
            let practice = PracticeShop::start(practice(settings));
            let practice = practice.map_err(RunError::PracticeShop)?;
            let api = Some(practice.base_url());
            tracing::info!(url = %practice.base_url(), "the practice shop is open");
            let mut target = over_http(settings, "practice", api, on_sent)?;
            target.traits.orders.is_own = true;
            Ok(Target { practice: Some(practice), ..target })
        }
        ShopTarget::Remote { api, profile } => over_http(settings, &profile, api, on_sent),
    }
}

/// The practice shop of this process.
fn practice(settings: &Settings) -> PracticeConfig {
    PracticeConfig {
        prices: settings.shop.practice_prices,
        catalog: settings.shop.practice_catalog,
        ..PracticeConfig::default()
    }
}

/// A shop that nobody has called yet, and the practice shop where it is that in this process.
pub(crate) type Reached = (ShopSetup, Option<RunningShop>);

/// The shop that the settings name, as a run reaches it; in place of the mock the practice shop.
pub(crate) fn reach(settings: &Settings) -> Result<Reached, RunError> {
    let on_sent: OnSent = Arc::new(|_| {});
    match settings.shop.target() {
        ShopTarget::Mock | ShopTarget::PracticeInProcess => {
            let practice = PracticeShop::start(practice(settings));
            let practice = practice.map_err(RunError::PracticeShop)?;
            let setup = set_up(settings, "practice", Some(practice.base_url()), on_sent)?;
            Ok((setup, Some(practice)))
        }
        ShopTarget::Remote { api, profile } => {
            Ok((set_up(settings, &profile, api, on_sent)?, None))
        }
    }
}

/// The practice shop that is open at this address already.
pub(crate) fn reach_at(settings: &Settings, practice: String) -> Result<ShopSetup, RunError> {
    set_up(settings, "practice", Some(practice), Arc::new(|_| {}))
}

fn over_http(
    settings: &Settings,
    profile: &str,
    base_url: Option<String>,
    on_sent: OnSent,
) -> Result<Target, RunError> {
    let setup = set_up(settings, profile, base_url, on_sent)?;
    let traits = setup.profile().traits();
    let sign_in = Some(setup.profile().sign_in(settings.shop.auth.as_deref()));
    Ok(Target { factory: http::factory_of(setup), traits, sign_in, practice: None })
}

fn set_up(
    settings: &Settings,
    profile: &str,
    base_url: Option<String>,
    on_sent: OnSent,
) -> Result<ShopSetup, RunError> {
    let profile = Arc::new(Profile::resolve(profile)?);
    let options = ShopOptions {
        base_url,
        auth: settings.shop.auth.clone(),
        ca_file: settings.shop.ca_file.clone(),
    };
    let credentials = Credentials::from_environment(&profile, &options)?;
    let proxy = match options.base_url.as_deref().or(profile.base_url.as_deref()) {
        Some(url) => proxy(url, settings.shop.proxy)?,
        None => None,
    };
    Ok(ShopSetup::new(profile, &options, credentials, on_sent)?.through(proxy))
}

/// The proxy on the way to the shop at `url`; one that the environment names and the settings do
/// not use is said.
fn proxy(url: &str, proxy_use: ProxyUse) -> Result<Option<Proxy>, ShopSetupError> {
    let named = Named::of(url, &|name| std::env::var(name).ok());
    match (proxy_use, named) {
        (_, None) | (ProxyUse::Ignore, Some(_)) => Ok(None),
        (ProxyUse::Warn, Some(named)) => {
            tracing::warn!("{}", named.unused());
            Ok(None)
        }
        (ProxyUse::Environment, Some(named)) => {
            tracing::info!("the shop is reached through the proxy that {} names", named.variable);
            Proxy::try_from(&named).map(Some)
        }
    }
}

impl Target {
    /// Why a run did not begin, with what is to be done where the way to the shop is wrong, or the
    /// shop did not take its agents.
    pub(super) fn explain(&self, error: RunError) -> RunError {
        let RunError::Start(StartError::Shop(refused)) = &error else { return error };
        let known = stranger::advice(&refused.to_string()).or_else(|| way::advice(refused));
        let Some(advice) = known else { return error };
        let is_refused = matches!(refused.kind, ApiErrorKind::Unauthorized(_));
        let advice = match self.sign_in.as_ref().filter(|_| is_refused) {
            Some(sign_in) => format!("{sign_in}; where that is right, {}", stranger::IMPORT),
            None => advice,
        };
        RunError::Unwelcome { refused: Box::new(StartError::Shop(refused.clone())), advice }
    }
}
