//! Which shop is driven.

use std::collections::BTreeSet;
use std::path::PathBuf;

use actors::domain::behavior::PresetDefaults;
use serde_json::Value;
use shops::practice_shop::catalog::CatalogSize;
use shops::prices::Prices;
use shops::shop_api::http::proxy::ProxyUse;
use shops::shop_api::profile::Profile;

use super::concern::concern;
use super::shop_url::ShopUrl;

concern!(
    /// `shop`: the target of all requests. Without an address it is the practice shop in this
    /// process, over real HTTP.
    Shop, "shop" {
        /// `shop.api`, default none, the shop's base URL; without credentials.
        api: Option<ShopUrl> = None,
            flag "api" as Option<ShopUrl>, place 10, (value_name = "URL")
                "Base URL of the shop [default: the practice shop, in this process]",
            env "CARTLOAD_API", unit "URL", decision "",
            allowed "http://host[:port][/path] or https://..., with a port from 1 to 65535, \
                     without user, password, query or fragment",
            check |url| url.as_ref().is_none_or(ShopUrl::is_sound);
        /// `shop.profile`, default `practice` without an address and `voiceoffers` with one: the
        /// name of a built-in profile or a file.
        profile: Option<String> = None,
            flag "profile" as Option<String>, place 11, (value_name = "NAME|FILE")
                "Which shop that is [default: practice; voiceoffers with --api]",
            env "CARTLOAD_PROFILE", unit "", decision "",
            allowed "the name of a built-in profile, or the path of a .ron file",
            check |name| name.as_deref().is_none_or(|name| !name.trim().is_empty());
        /// `shop.store_id`, default none (agents are spread over the shop's stores).
        store_id: Option<String> = None,
            flag "store-id" as Option<String>, place 12, (value_name = "ID")
                "The store all agents select [default: they are spread over all]",
            env "CARTLOAD_STORE_ID", unit "", decision "",
            allowed "a store's id exactly as the shop lists it",
            check |id| id.as_deref().is_none_or(|id| !id.trim().is_empty() && id.len() <= 200);
        /// `shop.auth`, default none (the profile's choice): one of the profile's ways to sign in.
        auth: Option<String> = None,
            flag "auth" as Option<String>, place 12, (value_name = "NAME")
                "How the shop is told who calls: one of the profile's auth_strategies [default: \
                 the profile's]",
            env "CARTLOAD_SHOP_AUTH", unit "", decision "",
            allowed "the name of one of the profile's auth_strategies, or none",
            check |name| name.as_deref().is_none_or(|name| !name.trim().is_empty());
        /// `shop.ca_file`, default none (the platform's roots): certificates that the shop's TLS is
        /// checked against, PEM.
        ca_file: Option<PathBuf> = None,
            env "CARTLOAD_SHOP_CA_FILE", unit "file", decision "",
            allowed "the path of a PEM file, or none", check |_| true;
        /// `shop.proxy`, default `warn`: what HTTP_PROXY, HTTPS_PROXY and ALL_PROXY are to requests
        /// to the shop.
        proxy: ProxyUse = ProxyUse::Warn,
            env "CARTLOAD_SHOP_PROXY", unit "", decision "",
            allowed "warn (not used, which is said), ignore, or environment (used, by CONNECT)",
            check |_| true;
        /// `shop.mock`, default false: answers come from inside the process, without HTTP (Q9.3).
        mock: bool = false,
            flag "mock-api" as bool, place 13, ()
                "Answer from inside the process: no HTTP",
            env "CARTLOAD_MOCK_API", unit "", decision "Q9.3",
            allowed "true or false", check |_| true;
        /// `shop.practice_prices`, default what the preset says (`lifelike`: calendar), or `fixed`:
        /// how the practice shop of this process and the mock make their prices.
        practice_prices: Prices = Prices::Fixed,
            flag "practice-prices" as Option<Prices>, place 14, (value_name = "fixed|calendar")
                "Prices of the practice shop: always the same, or with promotions by the week \
                 [default: calendar with the preset lifelike, else fixed]",
            env "CARTLOAD_PRACTICE_PRICES", unit "", decision "",
            allowed Prices::ALLOWED, check |_| true;
        /// `shop.practice_catalog`, default `small`: what the practice shop of this process and the
        /// mock sell.
        practice_catalog: CatalogSize = CatalogSize::Small,
            flag "practice-catalog" as Option<CatalogSize>, place 14, (value_name = "small|large")
                "What the practice shop sells: 72 products, or 1,000 [default: small]",
            env "CARTLOAD_PRACTICE_CATALOG", unit "", decision "",
            allowed CatalogSize::ALLOWED, check |_| true;
    }
);

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShopTarget {
    /// Nowhere: the mock answers.
    Mock,
    /// The practice shop, started in this process on a free loopback port.
    PracticeInProcess,
    /// A shop that is there already.
    Remote {
        /// Its base URL; `None`: the profile names it.
        api: Option<String>,
        /// The profile's name or file.
        profile: String,
    },
}

impl Shop {
    /// The variables that profiles have their secrets from: those in the binary and the one in use.
    /// One that cannot be read is told of when the shop is opened.
    pub fn variables(&self) -> BTreeSet<String> {
        let in_binary = Profile::builtin_names().filter_map(|name| Profile::builtin(name).ok());
        let own = self.profile.as_deref().and_then(|name| Profile::resolve(name).ok());
        in_binary.chain(own).flat_map(|profile| profile.variables()).collect()
    }

    /// Takes what the preset says of the setting `key`, and answers it; `None` where it says
    /// nothing.
    pub(super) fn take(&mut self, key: &str, preset: &PresetDefaults) -> Option<Value> {
        let moves = preset.calendar_prices.filter(|_| key == "shop.practice_prices")?;
        self.practice_prices = if moves { Prices::Calendar } else { Prices::Fixed };
        serde_json::to_value(self.practice_prices).ok()
    }

    /// What these settings mean together.
    pub fn target(&self) -> ShopTarget {
        if self.mock {
            return ShopTarget::Mock;
        }
        match (&self.api, self.profile.as_deref()) {
            (None, None | Some("practice")) => ShopTarget::PracticeInProcess,
            (api, profile) => ShopTarget::Remote {
                api: api.as_ref().map(|api| api.as_str().to_owned()),
                profile: profile.unwrap_or("voiceoffers").to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_practice_shop_serves_where_nothing_else_is_named() {
        let shop = |api: Option<&str>, profile: Option<&str>, mock| Shop {
            api: api.map(|api| api.parse().unwrap()),
            profile: profile.map(str::to_owned),
            store_id: None,
            auth: None,
            ca_file: None,
            proxy: ProxyUse::Warn,
            mock,
            practice_prices: Prices::Fixed,
            practice_catalog: CatalogSize::Small,
        };
        assert_eq!(shop(None, None, false).target(), ShopTarget::PracticeInProcess);
        assert_eq!(shop(None, Some("practice"), false).target(), ShopTarget::PracticeInProcess);
        assert_eq!(shop(Some("http://h"), None, true).target(), ShopTarget::Mock);
        assert_eq!(
            shop(Some("http://h"), None, false).target(),
            ShopTarget::Remote { api: Some("http://h".into()), profile: "voiceoffers".into() }
        );
        assert_eq!(
            shop(Some("http://h"), Some("practice"), false).target(),
            ShopTarget::Remote { api: Some("http://h".into()), profile: "practice".into() }
        );
    }
}
