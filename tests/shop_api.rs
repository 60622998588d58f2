//! Reaching a shop over real sockets: what is sent, what is read, and what each failure is called.

#![expect(clippy::unwrap_used, reason = "helpers of tests stand outside of test functions")]

mod answers;
mod faults;
mod framing;
pub mod fuzz;
mod misfits;
mod mock;
mod proxy;
mod requests;
mod scripts;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use actors::domain::ids::{AgentId, FlowId, ProductId, SessionId};
use actors::domain::permit::Permit;
use actors::ports::shop_api::{
    Answered, ApiError, ApiErrorKind, Caller, Page, ShopApi, ShopCall, ShopReply, ShopRequest,
};
use shops::shop_api::http::{Credentials, ShopOptions, factory};
use shops::shop_api::profile::Profile;
use uuid::Uuid;

/// The practice profile with time limits that a test can wait for.
fn profile() -> Profile {
    profile_with("practice", &[])
}

fn profile_with(name: &str, changes: &[(&str, &str)]) -> Profile {
    let mut text = Profile::builtin_text(name).unwrap().to_owned();
    let limits = ("connect_ms: 2000, call_ms: 10000", "connect_ms: 300, call_ms: 400");
    for (from, to) in [limits].iter().chain(changes) {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    Profile::parse("test.ron", &text).unwrap()
}

/// A way to the shop at `base_url`, and how many requests it has sent.
struct Way {
    shop: Box<dyn ShopApi>,
    sent: Arc<AtomicUsize>,
}

fn way(base_url: &str) -> Way {
    way_with(profile(), base_url, Credentials::default(), None)
}

fn way_with(
    profile: Profile,
    base_url: &str,
    credentials: Credentials,
    ca_file: Option<&str>,
) -> Way {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let on_sent = Arc::new(move |_: Instant| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let ca_file = ca_file.map(Into::into);
    let options = ShopOptions { base_url: Some(base_url.to_owned()), auth: None, ca_file };
    let factory = factory(Arc::new(profile), &options, credentials, on_sent);
    let factory = factory.unwrap_or_else(|error| panic!("{error}"));
    Way { shop: factory(SessionId(0)), sent }
}

impl Way {
    async fn call(&self, call: ShopCall) -> Result<Answered, ApiError> {
        self.call_as(Some(caller()), call).await
    }

    async fn call_as(&self, caller: Option<Caller>, call: ShopCall) -> Result<Answered, ApiError> {
        let permit = Permit::unlimited(Instant::now());
        self.shop.call(permit, ShopRequest::new(caller, call)).await
    }

    /// All parts of a call, each with a permit of its own; a part that fails ends it.
    async fn whole(&self, call: ShopCall) -> Result<ShopReply, ApiError> {
        self.go_on(ShopRequest::new(Some(caller()), call)).await
    }

    /// From where the call before has come to.
    async fn go_on(&self, mut request: ShopRequest) -> Result<ShopReply, ApiError> {
        loop {
            let permit = Permit::unlimited(Instant::now());
            let reply = self.shop.call(permit, request.clone()).await?.reply;
            if reply != ShopReply::Next {
                return Ok(reply);
            }
            request.continues = true;
        }
    }

    async fn reply(&self, call: ShopCall) -> ShopReply {
        self.call(call).await.unwrap_or_else(|error| panic!("{error}")).reply
    }

    async fn kind(&self, call: ShopCall) -> ApiErrorKind {
        self.call(call).await.unwrap_err().kind
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

fn caller() -> Caller {
    Caller {
        agent_id: AgentId::new("agent_001"),
        user_id: Uuid::from_u128(7),
        flow_id: Some(FlowId(Uuid::from_u128(9))),
    }
}

fn add() -> ShopCall {
    ShopCall::AddItem { product: ProductId::new("p1").into(), quantity: 2 }
}

fn list() -> ShopCall {
    ShopCall::ListProducts { category: None, page: Page::after(0, 100) }
}
