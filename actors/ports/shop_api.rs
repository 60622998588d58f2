//! The shop: what may be asked of it, what it answers, and the ways in which it fails.
//!
//! Every call consumes a [`Permit`]; there is no way to reach the shop without one. An adapter
//! belongs to one HTTP session and is built inside its arbiter, so it need not be `Send`.

mod error;
pub mod stranger;
mod traits;
pub mod way;

use std::time::Instant;

use futures::future::LocalBoxFuture;
use uuid::Uuid;

use chrono::NaiveDateTime;
use domain::catalog::{Goods, Product};
use domain::flow::{Order, ShopRefs};
use domain::ids::{AgentId, CouponId, FlowId, OrderId, StoreId};
use domain::lost_order::PlacedOrder;
use domain::money::Cents;
use domain::offer::Coupon;
use domain::permit::Permit;
use domain::shop_notes::Misread;

pub use error::{ApiError, ApiErrorKind, Doubt, Refusal};
pub use traits::{
    CartMode, CatalogMode, IdempotencyMode, OrderReads, PageBy, Paging, RequestCounts, ShopTraits,
    WalletMode,
};

/// One HTTP session's way to the shop.
pub trait ShopApi: 'static {
    /// Sends one request, once: retries are the caller's, each with a permit of its own.
    fn call(
        &self,
        permit: Permit,
        request: ShopRequest,
    ) -> LocalBoxFuture<'static, Result<Answered, ApiError>>;
}

/// Builds the adapter of one HTTP session; called inside the session's arbiter.
pub type ShopApiFactory =
    std::sync::Arc<dyn Fn(domain::ids::SessionId) -> Box<dyn ShopApi> + Send + Sync>;

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The agent (dev tokens).
    pub agent_id: AgentId,
    /// Its user at the shop (JWT `sub`).
    pub user_id: Uuid,
    /// The flow, for cart writes and checkout; `None` outside of one.
    pub flow_id: Option<FlowId>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct ShopRequest {
    /// Who calls; `None` for calls without auth.
    pub caller: Option<Caller>,
    /// What is asked.
    pub call: ShopCall,
    /// The simulated hour that it belongs to, for shops whose prices go by it; `None` outside of a
    /// cycle.
    pub simulated_at: Option<NaiveDateTime>,
    /// Whether it goes on with what the same caller asked last: at the part that failed, or at the
    /// one after [`ShopReply::Next`].
    pub continues: bool,
}

impl ShopRequest {
    /// Asked from its first part on, in no simulated hour.
    pub fn new(caller: Option<Caller>, call: ShopCall) -> Self {
        Self { caller, call, simulated_at: None, continues: false }
    }
}

/// What may be done about a request whose answer was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// It is all of its step: its call says it.
    #[default]
    Whole,
    /// It may be sent again.
    Repeatable,
    /// It may be sent again only where it was provably not sent.
    Once,
    /// It places the order: as [`ShopCall::Checkout`].
    PlacesOrder,
}

/// What may be asked: one variant for each step of a shop's profile (config/shops).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShopCall {
    /// Is the shop there, its database included?
    Probe,
    /// The branches.
    ListStores,
    /// Optional first call of an agent; creates its user.
    FirstVisit,
    /// Choose the branch.
    SelectStore {
        /// As listed.
        store: StoreId,
    },
    /// A page of products.
    ListProducts {
        /// Only this category.
        category: Option<String>,
        /// Which.
        page: Page,
    },
    /// A page of the products that answer to a text.
    SearchProducts {
        /// What is searched for.
        text: String,
        /// Which.
        page: Page,
    },
    /// One product.
    ViewProduct {
        /// Which.
        product: Goods,
    },
    /// Into the cart.
    AddItem {
        /// Which.
        product: Goods,
        /// At least 1.
        quantity: u32,
    },
    /// Out of the cart, all units of it.
    RemoveItem {
        /// Which.
        product: Goods,
    },
    /// The cart as the shop has it.
    ReadCart,
    /// What the cart costs.
    ReadSummary,
    /// Which coupons may be used.
    EligibleCoupons,
    /// Put a coupon on the cart.
    ApplyCoupon {
        /// Which.
        coupon: CouponId,
    },
    /// Hand over a wallet (idempotent; `wallet: engine`).
    GrantWallet {
        /// All of the agent's unexpired coupons.
        coupons: Vec<CouponId>,
    },
    /// Order what is in the cart.
    Checkout,
    /// The order of one cart, where it has become one.
    FindOrder {
        /// Which.
        refs: ShopRefs,
    },
    /// The newest orders, or those that name the calling flow.
    LatestOrders {
        /// At most.
        most: u32,
    },
    /// One order, with its lines and discounts.
    ReadOrder {
        /// Which.
        order: OrderId,
    },
    /// Empty the cart.
    ClearCart,
}

impl ShopCall {
    /// The step's name in profiles, metrics and messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::ListStores => "list_stores",
            Self::FirstVisit => "first_visit",
            Self::SelectStore { .. } => "select_store",
            Self::ListProducts { .. } => "list_products",
            Self::SearchProducts { .. } => "search_products",
            Self::ViewProduct { .. } => "view_product",
            Self::AddItem { .. } => "add_item",
            Self::RemoveItem { .. } => "remove_item",
            Self::ReadCart => "read_cart",
            Self::ReadSummary => "read_summary",
            Self::EligibleCoupons => "eligible_coupons",
            Self::ApplyCoupon { .. } => "apply_coupon",
            Self::GrantWallet { .. } => "grant_wallet",
            Self::Checkout => "checkout",
            Self::FindOrder { .. } => "find_order",
            Self::LatestOrders { .. } => "latest_order",
            Self::ReadOrder { .. } => "read_order",
            Self::ClearCart => "clear_cart",
        }
    }

    /// Whether sending it twice does no more than sending it once, at any shop.
    pub fn is_repeatable(&self) -> bool {
        !matches!(self, Self::AddItem { .. } | Self::ApplyCoupon { .. } | Self::Checkout)
    }
}

/// A page of a list of products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Products on it.
    pub limit: u32,
    /// Products before it, from 0.
    pub offset: u32,
    /// Its number, from the shop's first.
    pub number: u32,
    /// What the page before it said; `None` of the first.
    pub cursor: Option<String>,
}

impl Page {
    /// The one with at most `limit` products, after `offset` of them.
    pub fn after(offset: u32, limit: u32) -> Self {
        Self { limit, offset, number: 1 + offset.checked_div(limit).unwrap_or(0), cursor: None }
    }
}

/// An answer with its times.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What the shop said.
    pub reply: ShopReply,
    /// When the request left.
    pub sent_at: Instant,
    /// When the body was complete.
    pub answered_at: Instant,
    /// What in it did not fit the shop's profile; the reply is of use without.
    pub misreads: Vec<Misread>,
    /// Whether a request was sent for it; a cart that is only forgotten costs none.
    pub was_sent: bool,
}

impl Answered {
    /// An answer of which everything fits.
    pub fn new(reply: ShopReply, sent_at: Instant, answered_at: Instant) -> Self {
        Self { reply, sent_at, answered_at, misreads: Vec::new(), was_sent: true }
    }

    /// What is known without a request.
    pub fn unsent(reply: ShopReply, at: Instant) -> Self {
        Self { was_sent: false, ..Self::new(reply, at, at) }
    }
}

/// What the shop answers, one variant per kind of body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShopReply {
    /// A part of the step is done; the next one wants a permit of its own.
    Next,
    /// As `Next`; that part places the order. What the order can be asked for by must be kept
    /// before it is sent.
    NextOrders(ShopRefs),
    /// A 2xx whose body is of no interest (probe, first visit, apply, grant).
    Done,
    /// The branches' ids, in the shop's order.
    Stores(Vec<StoreId>),
    /// The branch is chosen.
    StoreSelected {
        /// Whether the change emptied the cart.
        cart_cleared: bool,
    },
    /// A page of products.
    Products {
        /// The page, without what does not fit.
        products: Vec<Product>,
        /// How many items the page has, with what does not fit.
        came: u32,
        /// How many there are in all, where the shop says.
        total: Option<u64>,
        /// What the next page is asked for by, where the shop says.
        next: Option<String>,
    },
    /// One product: it, or each of its variants.
    Product(Vec<Product>),
    /// What was added.
    ItemAdded {
        /// Price of one unit.
        unit_price: Cents,
    },
    /// What the cart holds.
    Cart {
        /// Lines in it.
        items: usize,
    },
    /// What the cart costs.
    Summary {
        /// To pay.
        final_total: Cents,
    },
    /// The wallet, sorted by the shop.
    Coupons {
        /// May be used now.
        eligible: Vec<ShopCoupon>,
        /// May not.
        ineligible: Vec<ShopCoupon>,
    },
    /// The order.
    OrderPlaced(Box<Order>),
    /// One order.
    OrderShown(Box<Order>),
    /// The order of the cart that was asked for; `None`: it has become none.
    OrderFound(Option<PlacedOrder>),
    /// The agent's newest orders, the newest first.
    LatestOrders {
        /// They.
        orders: Vec<PlacedOrder>,
        /// What the shop's clock showed as it answered; `None` where it did not say.
        shop_clock: Option<NaiveDateTime>,
    },
    /// The cart is empty.
    CartCleared {
        /// Lines that were in it, where the shop says.
        items_removed: u64,
    },
}

/// A coupon as the shop shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopCoupon {
    /// Its definition.
    pub coupon: Coupon,
    /// When it expires, UTC; `None` where the shop does not say.
    pub expires_at: Option<NaiveDateTime>,
    /// Why it may not be used, for ineligible ones.
    pub reason: Option<String>,
}
