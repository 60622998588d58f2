//! Every value that there is for a call: its own, captured, or set by the profile.

use ports::shop_api::ShopRequest;
use serde_json::Value;

use super::Memory;
use crate::shop_api::http::request::{self, built_in};
use crate::shop_api::http::setup::ShopSetup;
use crate::shop_api::profile::{Around, Call, Filled, Name};

/// All values that there are for a call.
pub(in crate::shop_api::http) struct Known<'k> {
    pub(in crate::shop_api::http) setup: &'k ShopSetup,
    pub(in crate::shop_api::http) memory: &'k Memory,
    pub(in crate::shop_api::http) request: &'k ShopRequest,
    pub(in crate::shop_api::http) call: Option<&'k Call>,
}

impl Known<'_> {
    fn own(&self, name: &str) -> Option<Value> {
        let each = self.call.and_then(|call| call.each.as_ref());
        let items = self.memory.pending.as_ref().and_then(|pending| pending.each.as_ref());
        if each.is_some_and(|each| *each.name == *name) {
            return items?.front().cloned();
        }
        if let Some(value) = request::kept(&self.request.call, name) {
            return Some(value.into());
        }
        let kept = self.memory.cart.get(name).or_else(|| self.memory.agent.get(name)).cloned();
        kept.or_else(|| self.setup.run_values().get(name).cloned())
    }
}

impl Around for Known<'_> {
    fn value(&self, name: &Name) -> Option<Filled<'_>> {
        match name {
            Name::BuiltIn(placeholder) => built_in(self.request, *placeholder),
            Name::Own(own) => self.own(own).map(Filled::Json).or_else(|| {
                self.setup.var(own, self.request).map(|text| Filled::Text(text.into()))
            }),
        }
    }

    fn header(&self, _: &str) -> Option<String> {
        None
    }

    fn cookie(&self, name: &str) -> Option<String> {
        self.memory.cookies.get(name)
    }
}
