//! Which shop is driven.

use std::path::PathBuf;

use actix_web::http::Uri;

use super::concern::concern;

concern!(
    /// `shop`: the target of all requests. Without an address it is the practice shop in this
    /// process, over real HTTP.
    Shop, "shop" {
        /// `shop.api`, default none, the shop's base URL; without credentials.
        api: Option<String> = None,
            flag "api" as Option<String>, place 10, (value_name = "URL")
                "Base URL of the shop [default: the practice shop, in this process]",
            env "CARTLOAD_API", unit "URL", decision "",
            allowed "http://host[:port][/path] or https://..., without user, password or query",
            check |url| url.as_deref().is_none_or(is_base_url);
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
        /// `shop.mock`, default false: answers come from inside the process, without HTTP (Q9.3).
        mock: bool = false,
            flag "mock-api" as bool, place 13, ()
                "Answer from inside the process: no HTTP",
            env "CARTLOAD_MOCK_API", unit "", decision "Q9.3",
            allowed "true or false", check |_| true;
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
    /// What these settings mean together.
    pub fn target(&self) -> ShopTarget {
        if self.mock {
            return ShopTarget::Mock;
        }
        match (&self.api, self.profile.as_deref()) {
            (None, None | Some("practice")) => ShopTarget::PracticeInProcess,
            (api, profile) => ShopTarget::Remote {
                api: api.clone(),
                profile: profile.unwrap_or("voiceoffers").to_owned(),
            },
        }
    }
}

fn is_base_url(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let has_host =
        uri.authority().is_some_and(|a| !a.as_str().contains('@') && !a.host().is_empty());
    matches!(uri.scheme_str(), Some("http" | "https")) && has_host && uri.query().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_has_a_scheme_and_a_host_and_no_credentials() {
        for url in ["http://127.0.0.1:8080", "https://shop.example/v2", "http://[::1]:80"] {
            assert!(is_base_url(url), "{url}");
        }
        for url in ["", "shop.example", "ftp://x", "http://", "http://u:p@h", "http://h/?a=b", "/x"]
        {
            assert!(!is_base_url(url), "{url}");
        }
    }

    #[test]
    fn the_practice_shop_serves_where_nothing_else_is_named() {
        let shop = |api: Option<&str>, profile: Option<&str>, mock| Shop {
            api: api.map(str::to_owned),
            profile: profile.map(str::to_owned),
            store_id: None,
            auth: None,
            ca_file: None,
            mock,
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
