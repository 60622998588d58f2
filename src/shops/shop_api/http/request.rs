//! From a call to a request, as the profile says. Values are percent-encoded where they go into a
//! path, a query or a header, so no id can change what is asked.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use awc::ClientRequest;
use awc::http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use ports::shop_api::{Caller, ShopCall, ShopRequest};

use super::setup::ShopSetup;
use super::token::TokenCache;
use crate::shop_api::profile::{
    Body, Fill, Filled, Method, Name, Placeholder, Request, StepName, Template,
};

/// All but what RFC 3986 calls unreserved.
const IN_URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How a simulated hour is written.
const SIMULATED_AT: &str = "%Y-%m-%dT%H:%M:%S";

/// What cookies go along to a path.
type Cookies<'f> = &'f dyn Fn(&str) -> Option<String>;

/// The request of a call, and its body: `None` for methods that have none.
pub(super) fn build(
    (setup, client, tokens): (&ShopSetup, &awc::Client, &RefCell<TokenCache>),
    request: &ShopRequest,
    (call, step): (&Request, Option<StepName>),
    (fill, cookies): (Fill<'_, '_>, Cookies<'_>),
) -> Result<(ClientRequest, Option<Vec<u8>>), String> {
    let target = path_and_query(call, fill)?;
    let url = setup.base_url().with_path(&target);
    let mut prepared = client
        .request(method(call.method), url)
        .no_decompress()
        .insert_header((HOST, setup.base_url().host_header()))
        .insert_header((ACCEPT, "application/json"))
        .insert_header((ACCEPT_ENCODING, "gzip"));
    if call.auth {
        let unix_s = chrono::Utc::now().timestamp();
        let caller = request.caller.as_ref();
        let header = setup.tokens().header(&mut tokens.borrow_mut(), caller, unix_s)?;
        if let Some(header) = header {
            prepared = prepared.insert_header((AUTHORIZATION, header));
        }
    }
    let of_profile = setup.profile().headers.iter();
    let of_profile = of_profile.filter(|header| {
        step.is_none_or(|step| header.on.contains(&step))
            && !call.headers.contains_key(&header.name)
    });
    let of_profile = of_profile.map(|header| (&header.name, &header.value));
    for (name, value) in of_profile.chain(&call.headers) {
        let encode = |value: &str| utf8_percent_encode(value, CONTROLS).to_string();
        if let Ok(value) = value.render(fill, &encode) {
            prepared = prepared.insert_header((name.as_str(), value));
        }
    }
    if let Some(cookies) = cookies(&target) {
        prepared = prepared.insert_header((COOKIE, cookies));
    }
    let body = match &call.body {
        // An empty body says so with `Content-Length: 0` where the method may have one.
        Body::Empty => match call.method {
            Method::Get | Method::Delete => None,
            Method::Post | Method::Put | Method::Patch => Some(Vec::new()),
        },
        Body::Form(fields) => {
            prepared = prepared.insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded"));
            Some(pairs(fields, fill).into_bytes())
        }
        body @ (Body::Json(_) | Body::Graphql { .. }) => {
            prepared = prepared.insert_header((CONTENT_TYPE, "application/json"));
            let json = body.render(fill).map_err(no_value)?;
            Some(json.unwrap_or_default().to_string().into_bytes())
        }
    };
    Ok((prepared, body))
}

/// Path and query as they are sent, with `instead` where a value `is_hidden`.
pub(super) fn shown(
    call: &Request,
    fill: Fill<'_, '_>,
    (is_hidden, instead): (&dyn Fn(&str) -> bool, &'static str),
) -> String {
    let fill = |name: &Name| match name {
        Name::Own(own) if is_hidden(own) => Some(Filled::Text(Cow::Borrowed(instead))),
        Name::Own(_) | Name::BuiltIn(_) => fill(name),
    };
    let target = path_and_query(call, &fill).unwrap_or_default();
    target.replace(&encoded(instead), instead)
}

fn path_and_query(call: &Request, fill: Fill<'_, '_>) -> Result<String, String> {
    let mut url = call.path.render(fill, &encoded).map_err(no_value)?;
    let query = pairs(&call.query, fill);
    if !query.is_empty() {
        url.push('?');
        url.push_str(&query);
    }
    Ok(url)
}

fn encoded(value: &str) -> String {
    utf8_percent_encode(value, IN_URL).to_string()
}

/// `a=b&c=d`; no value, no pair.
fn pairs(fields: &BTreeMap<String, Template>, fill: Fill<'_, '_>) -> String {
    let pairs = fields.iter().filter_map(|(name, template)| {
        let value = template.render(fill, &str::to_owned).ok()?;
        Some(format!("{}={}", encoded(name), encoded(&value)))
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn no_value(name: Name) -> String {
    format!("the call has no {{{}}}", name.as_str())
}

/// What the caller or the call gives for a placeholder.
pub(super) fn built_in(request: &ShopRequest, placeholder: Placeholder) -> Option<Filled<'_>> {
    let caller = request.caller.as_ref();
    let of_caller = caller.and_then(|caller| caller_value(caller, placeholder));
    of_caller.or_else(|| call_value(request, placeholder))
}

fn method(method: Method) -> awc::http::Method {
    match method {
        Method::Get => awc::http::Method::GET,
        Method::Post => awc::http::Method::POST,
        Method::Put => awc::http::Method::PUT,
        Method::Patch => awc::http::Method::PATCH,
        Method::Delete => awc::http::Method::DELETE,
    }
}

/// What a header's template says of `caller`; `None` where a placeholder has no value.
pub(super) fn header_text(template: &Template, caller: Option<&Caller>) -> Option<String> {
    let fill = |name: &Name| match name {
        Name::BuiltIn(placeholder) => caller.and_then(|caller| caller_value(caller, *placeholder)),
        Name::Own(_) => None,
    };
    template.render(&fill, &|value| utf8_percent_encode(value, CONTROLS).to_string()).ok()
}

/// What the caller gives for a placeholder.
pub(super) fn caller_value(caller: &Caller, placeholder: Placeholder) -> Option<Filled<'_>> {
    let text = |text: String| Some(Filled::Text(Cow::Owned(text)));
    match placeholder {
        Placeholder::AgentId => Some(Filled::Text(Cow::Borrowed(caller.agent_id.as_str()))),
        Placeholder::UserId => text(caller.user_id.to_string()),
        Placeholder::FlowId => caller.flow_id.and_then(|flow| text(flow.to_string())),
        Placeholder::SimulatedAt
        | Placeholder::StoreId
        | Placeholder::Category
        | Placeholder::SearchText
        | Placeholder::Limit
        | Placeholder::Offset
        | Placeholder::Page
        | Placeholder::Cursor
        | Placeholder::ProductId
        | Placeholder::VariantId
        | Placeholder::OrderId
        | Placeholder::Quantity
        | Placeholder::CouponId
        | Placeholder::CouponCode
        | Placeholder::CouponIds => None,
    }
}

/// A value of its own that the call carries: of what is viewed or added, or of the order that is
/// asked for.
pub(super) fn kept<'r>(call: &'r ShopCall, name: &str) -> Option<&'r str> {
    let value = match call {
        ShopCall::ViewProduct { product }
        | ShopCall::AddItem { product, .. }
        | ShopCall::RemoveItem { product } => product.handle.kept.get(name),
        ShopCall::FindOrder { refs } => refs.0.get(name),
        ShopCall::Probe
        | ShopCall::ListStores
        | ShopCall::FirstVisit
        | ShopCall::SelectStore { .. }
        | ShopCall::ListProducts { .. }
        | ShopCall::SearchProducts { .. }
        | ShopCall::ReadCart
        | ShopCall::ReadSummary
        | ShopCall::EligibleCoupons
        | ShopCall::ApplyCoupon { .. }
        | ShopCall::GrantWallet { .. }
        | ShopCall::Checkout
        | ShopCall::LatestOrders { .. }
        | ShopCall::ReadOrder { .. }
        | ShopCall::ClearCart => None,
    };
    value.map(String::as_str)
}

/// What the call gives for a placeholder.
fn call_value(request: &ShopRequest, placeholder: Placeholder) -> Option<Filled<'_>> {
    let text = |text| Some(Filled::Text(Cow::Borrowed(text)));
    let number = |number: u32| Some(Filled::Number(u64::from(number)));
    match (&request.call, placeholder) {
        (_, Placeholder::SimulatedAt) => {
            let hour = request.simulated_at?.format(SIMULATED_AT).to_string();
            Some(Filled::Text(Cow::Owned(hour)))
        }
        (ShopCall::SelectStore { store }, Placeholder::StoreId) => text(store.as_str()),
        (ShopCall::ListProducts { category, .. }, Placeholder::Category) => {
            category.as_deref().and_then(text)
        }
        (ShopCall::SearchProducts { text: words, .. }, Placeholder::SearchText) => text(words),
        (
            ShopCall::ListProducts { page, .. } | ShopCall::SearchProducts { page, .. },
            Placeholder::Limit,
        ) => number(page.limit),
        (
            ShopCall::ListProducts { page, .. } | ShopCall::SearchProducts { page, .. },
            Placeholder::Offset,
        ) => number(page.offset),
        (
            ShopCall::ListProducts { page, .. } | ShopCall::SearchProducts { page, .. },
            Placeholder::Page,
        ) => number(page.number),
        (
            ShopCall::ListProducts { page, .. } | ShopCall::SearchProducts { page, .. },
            Placeholder::Cursor,
        ) => page.cursor.as_deref().and_then(text),
        (ShopCall::LatestOrders { most }, Placeholder::Limit) => number(*most),
        (ShopCall::ReadOrder { order }, Placeholder::OrderId) => text(order.as_str()),
        (
            ShopCall::ViewProduct { product }
            | ShopCall::AddItem { product, .. }
            | ShopCall::RemoveItem { product },
            Placeholder::ProductId,
        ) => text(product.product_id().as_str()),
        (
            ShopCall::ViewProduct { product }
            | ShopCall::AddItem { product, .. }
            | ShopCall::RemoveItem { product },
            Placeholder::VariantId,
        ) => text(product.id.as_str()),
        (ShopCall::AddItem { quantity, .. }, Placeholder::Quantity) => number(*quantity),
        (ShopCall::ApplyCoupon { coupon }, Placeholder::CouponId | Placeholder::CouponCode) => {
            text(coupon.as_str())
        }
        (ShopCall::GrantWallet { coupons }, Placeholder::CouponIds) => {
            Some(Filled::List(coupons.iter().map(|coupon| coupon.as_str()).collect()))
        }
        (_, _) => None,
    }
}
