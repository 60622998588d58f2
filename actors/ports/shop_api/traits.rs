//! What flows and the Coordinator must know of a shop beyond its calls, as its profile says it.

use std::time::Duration;

use domain::flow::ShopCart;
use domain::offer::CouponUse;

use super::Page;

/// What the flow must know of a shop beyond its calls (from its profile).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShopTraits {
    /// Whether a product list costs a call each time or comes from the catalog read at the start.
    pub catalog: CatalogMode,
    /// Who assigns coupons.
    pub wallet: WalletMode,
    /// How often the shop takes one.
    pub coupons: CouponUse,
    /// Whether the shop takes a repeated checkout with one key once.
    pub idempotency: IdempotencyMode,
    /// Whether an agent's first flow of a run begins with a `FirstVisit`.
    pub first_visit: bool,
    /// Whether an agent selects a store before its first flow.
    pub selects_store: bool,
    /// Whether a flow meets what an earlier one left in its cart.
    pub carts: CartMode,
    /// Whether there is a shop behind the adapter at all; false under `--mock-api`, where no cart
    /// can be left behind.
    pub is_real: bool,
    /// How an order is found whose checkout was not answered.
    pub orders: OrderReads,
    /// How lists of products are asked for.
    pub paging: Paging,
    /// Whether a clear empties the cart that the shop knows; else the next flow has another one,
    /// and nothing is sent.
    pub clears: bool,
    /// Whether a product can be taken out of the cart again.
    pub removes: bool,
    /// Whether products can be searched for by a text.
    pub searches: bool,
    /// Requests of each step.
    pub requests: RequestCounts,
}

/// How lists of products are asked for, page after page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// What says which page.
    pub by: PageBy,
    /// Products asked for in each.
    pub size: u32,
    /// The number of the first page.
    pub first: u32,
}

/// What says which page of a list is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageBy {
    /// How many products come before it.
    #[default]
    Offset,
    /// Its number.
    Page,
    /// What the page before it said.
    Cursor,
    /// Nothing: there is one.
    None,
}

/// Requests that a step costs where nothing has to be fetched first, of those that plans count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestCounts {
    /// What a cart needs before its first add.
    pub cart: u32,
    /// `list_products`.
    pub list: u32,
    /// `view_product`.
    pub view: u32,
    /// `add_item`.
    pub add: u32,
    /// `eligible_coupons`.
    pub coupons: u32,
    /// `apply_coupon`.
    pub apply: u32,
    /// `checkout`.
    pub checkout: u32,
    /// `clear_cart`.
    pub clear: u32,
}

impl Default for RequestCounts {
    fn default() -> Self {
        let (list, view, add, coupons, apply) = (1, 1, 1, 1, 1);
        Self { cart: 0, list, view, add, coupons, apply, checkout: 1, clear: 1 }
    }
}

/// What a shop shows of an agent's orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderReads {
    /// Whether it lists them.
    pub lists: bool,
    /// Whether one in the list names its flow.
    pub names_flows: bool,
    /// Whether it shows one with its lines and discounts.
    pub shows_one: bool,
    /// Whether it can be asked for the order of one cart.
    pub finds: bool,
    /// Whether that needs what a cart's calls have left.
    pub finds_by_refs: bool,
    /// How long after it was placed a search that is refused proves that there is no order; `None`:
    /// it proves nothing.
    pub shown_for: Option<Duration>,
    /// How long it may go on with an order whose client has hung up: its call timeout.
    pub settles_in: Duration,
    /// Whether it lives in this process: what a process before it ordered went with that.
    pub is_own: bool,
}

impl ShopTraits {
    /// What an agent's flow finds in its cart where the one before left it so.
    pub fn cart_found(&self, left: ShopCart) -> ShopCart {
        match (self.carts, left) {
            (CartMode::Private, _) => ShopCart::Clean,
            // Such carts were made, empty, when this process was.
            (CartMode::Kept, ShopCart::Unknown) if !self.is_real => ShopCart::Clean,
            (CartMode::Kept, _) => left,
        }
    }

    /// Whether a flow that shops has a row before its first call: it may leave something at the
    /// shop, or hands over the wallet that it is told of when the row is written.
    pub fn opens_flows(&self) -> bool {
        self.is_real || self.wallet == WalletMode::Engine
    }

    /// Whether what flows leave in their carts outlives them and this process.
    pub fn keeps_carts(&self) -> bool {
        self.is_real && self.carts == CartMode::Kept
    }
}

/// Where product lists come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatalogMode {
    /// One call a list.
    Live,
    /// Read once at the start (shops with a limit on product routes).
    Cached,
    /// As `cached`; lists show ids, each product is viewed once.
    Viewed,
}

/// Who assigns coupons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WalletMode {
    /// cartload: definitions from config/coupons.ron, handed over by a `GrantWallet`.
    Engine,
    /// The shop; what its answers show is logged.
    Shop,
    /// Nobody: shoppers know codes (config/coupons.ron), which the shop judges.
    Codes,
    /// Nobody: there are none.
    None,
}

/// Whose a cart is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CartMode {
    /// The user's: what a flow leaves lies there when the next one comes.
    #[default]
    Kept,
    /// The flow's: each has one of its own, which begins empty.
    Private,
}

/// What a shop makes of `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdempotencyMode {
    /// A repeated checkout answers the first one's order.
    Honoured,
    /// Two checkouts may be two orders.
    Ignored,
}

impl Paging {
    /// The first page.
    pub fn first_page(self) -> Page {
        Page { number: self.first, ..Page::after(0, self.size) }
    }
}
