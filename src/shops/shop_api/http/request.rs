//! From a call to a request, as the profile says. Values are percent-encoded where they go into a
//! path, a query or a header, so no id can change what is asked.

use std::borrow::Cow;
use std::cell::RefCell;

use awc::ClientRequest;
use awc::http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use ports::shop_api::{Caller, ShopCall, ShopRequest};

use super::setup::ShopSetup;
use super::token::TokenCache;
use crate::shop_api::profile::{Filled, Method, Placeholder, Step, StepName, Template};

/// All but what RFC 3986 calls unreserved.
const IN_URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The request for a call, and its body: `None` for methods that have none.
pub(super) fn build(
    setup: &ShopSetup,
    client: &awc::Client,
    tokens: &RefCell<TokenCache>,
    request: &ShopRequest,
) -> Result<(ClientRequest, Option<Vec<u8>>), String> {
    let name = StepName::of(&request.call);
    let step = setup.profile().steps.get(name).ok_or("the profile does not have this step")?;
    let caller = request.caller.as_ref();
    let fill = |placeholder: Placeholder| {
        caller
            .and_then(|caller| caller_value(caller, placeholder))
            .or_else(|| call_value(&request.call, placeholder))
    };
    let url = setup.base_url().with_path(&path_and_query(step, &fill)?);
    let mut prepared = client
        .request(method(step.method), url)
        .no_decompress()
        .insert_header((HOST, setup.base_url().host_header()))
        .insert_header((ACCEPT, "application/json"))
        .insert_header((ACCEPT_ENCODING, "gzip"));
    if step.auth {
        let unix_s = chrono::Utc::now().timestamp();
        let header = setup.tokens().header(&mut tokens.borrow_mut(), caller, unix_s)?;
        if let Some(header) = header {
            prepared = prepared.insert_header((AUTHORIZATION, header));
        }
    }
    for header in setup.profile().headers.iter().filter(|header| header.on.contains(&name)) {
        if let Some(value) = header_text(&header.value, caller) {
            prepared = prepared.insert_header((header.name.as_str(), value));
        }
    }
    let body = match &step.body {
        Some(body) => {
            let body = body.render(&fill).map_err(no_value)?;
            prepared = prepared.insert_header((CONTENT_TYPE, "application/json"));
            Some(body.to_string().into_bytes())
        }
        // An empty body says so with `Content-Length: 0` where the method may have one.
        None => match step.method {
            Method::Get | Method::Delete => None,
            Method::Post | Method::Put | Method::Patch => Some(Vec::new()),
        },
    };
    Ok((prepared, body))
}

fn path_and_query<'r>(
    step: &Step,
    fill: &dyn Fn(Placeholder) -> Option<Filled<'r>>,
) -> Result<String, String> {
    let encode = |value: &str| utf8_percent_encode(value, IN_URL).to_string();
    let mut url = step.path.render(fill, &encode).map_err(no_value)?;
    let mut separator = '?';
    for (parameter, template) in &step.query {
        // No value, no parameter.
        let Ok(value) = template.render(fill, &str::to_owned) else { continue };
        url.push(separator);
        url.push_str(&encode(parameter));
        url.push('=');
        url.push_str(&encode(&value));
        separator = '&';
    }
    Ok(url)
}

fn no_value(placeholder: Placeholder) -> String {
    format!("the call has no {{{}}}", placeholder.as_str())
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
    let fill = |placeholder| caller.and_then(|caller| caller_value(caller, placeholder));
    template.render(&fill, &|value| utf8_percent_encode(value, CONTROLS).to_string()).ok()
}

/// What the caller gives for a placeholder.
pub(super) fn caller_value(caller: &Caller, placeholder: Placeholder) -> Option<Filled<'_>> {
    let text = |text: String| Some(Filled::Text(Cow::Owned(text)));
    match placeholder {
        Placeholder::AgentId => Some(Filled::Text(Cow::Borrowed(caller.agent_id.as_str()))),
        Placeholder::UserId => text(caller.user_id.to_string()),
        Placeholder::FlowId => caller.flow_id.and_then(|flow| text(flow.to_string())),
        Placeholder::StoreId
        | Placeholder::Category
        | Placeholder::Limit
        | Placeholder::Offset
        | Placeholder::ProductId
        | Placeholder::OrderId
        | Placeholder::Quantity
        | Placeholder::CouponId
        | Placeholder::CouponIds => None,
    }
}

/// What the call gives for a placeholder.
fn call_value(call: &ShopCall, placeholder: Placeholder) -> Option<Filled<'_>> {
    let text = |text| Some(Filled::Text(Cow::Borrowed(text)));
    let number = |number: u32| Some(Filled::Number(u64::from(number)));
    match (call, placeholder) {
        (ShopCall::SelectStore { store }, Placeholder::StoreId) => text(store.as_str()),
        (ShopCall::ListProducts { category, .. }, Placeholder::Category) => {
            category.as_deref().and_then(text)
        }
        (ShopCall::ListProducts { limit, .. }, Placeholder::Limit) => number(*limit),
        (ShopCall::LatestOrders { most }, Placeholder::Limit) => number(*most),
        (ShopCall::ReadOrder { order }, Placeholder::OrderId) => text(order.as_str()),
        (ShopCall::ListProducts { offset, .. }, Placeholder::Offset) => number(*offset),
        (
            ShopCall::ViewProduct { product } | ShopCall::AddItem { product, .. },
            Placeholder::ProductId,
        ) => text(product.as_str()),
        (ShopCall::AddItem { quantity, .. }, Placeholder::Quantity) => number(*quantity),
        (ShopCall::ApplyCoupon { coupon }, Placeholder::CouponId) => text(coupon.as_str()),
        (ShopCall::GrantWallet { coupons }, Placeholder::CouponIds) => {
            Some(Filled::List(coupons.iter().map(|coupon| coupon.as_str()).collect()))
        }
        (_, _) => None,
    }
}
