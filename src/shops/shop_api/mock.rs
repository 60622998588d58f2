//! `--mock-api`: answers made in this process, at once, without HTTP and without faults.
//!
//! Each HTTP session has a mock of its own; agents keep to one, so a cart never moves. No cart
//! outlives its checkout or clearing.

mod basket;
mod wallets;

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque, vec_deque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDateTime;
use domain::catalog::{Catalog, Product};
use domain::flow::Order;
use domain::ids::{AgentId, CouponId, FlowId, OrderId, ProductId, StoreId};
use domain::lost_order::PlacedOrder;
use domain::offer::{Coupon, CouponUse};
use domain::permit::Permit;
use futures::future::LocalBoxFuture;
use ports::entropy::Entropy;
use ports::shop_api::{
    Answered, ApiError, ApiErrorKind, CartMode, CatalogMode, IdempotencyMode, OrderReads, Page,
    PageBy, Paging, Part, Refusal, RequestCounts, ShopApi, ShopApiFactory, ShopCall, ShopReply,
    ShopRequest, ShopTraits, WalletMode,
};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use self::basket::Basket;
use self::wallets::Wallets;
use super::http::OnSent;
use crate::prices::Prices;

/// Products asked for in one list.
const PAGE_SIZE: u32 = 100;
/// Orders of an agent that it shows.
const ORDERS_KEPT: usize = 20;
/// As the call timeout of a shop over HTTP.
const SETTLES_IN: Duration = Duration::from_secs(10);

/// What the mock sells; shared by all HTTP sessions.
#[derive(Clone, Debug)]
pub struct MockGoods {
    /// Products.
    pub catalog: Arc<Catalog>,
    /// Branches.
    pub stores: Vec<StoreId>,
    /// Coupon definitions.
    pub coupons: Arc<[Coupon]>,
    /// How prices are made.
    pub prices: Prices,
}

/// One HTTP session's mock of a shop.
pub struct MockShop {
    session: Rc<MockSession>,
}

struct MockSession {
    goods: MockGoods,
    on_sent: OnSent,
    /// The carts that hold something, and each agent's latest orders; of the session's agents.
    shoppers: RefCell<Shoppers>,
    /// Each run differs (Q9.7).
    rng: RefCell<Xoshiro256PlusPlus>,
}

#[derive(Default)]
struct Shoppers {
    baskets: HashMap<AgentId, Basket>,
    /// The newest last.
    orders: HashMap<AgentId, VecDeque<Ordered>>,
    wallets: Wallets,
}

struct Ordered {
    order: Order,
    flow: Option<FlowId>,
}

impl MockShop {
    /// A shop with these goods.
    pub fn new(goods: MockGoods, on_sent: OnSent, rng: Xoshiro256PlusPlus) -> Self {
        let (shoppers, rng) = (RefCell::default(), RefCell::new(rng));
        let session = MockSession { goods, on_sent, shoppers, rng };
        Self { session: Rc::new(session) }
    }

    /// Builds the mocks of a run's HTTP sessions; `on_sent` counts calls as if they were sent.
    pub fn factory(goods: MockGoods, on_sent: OnSent) -> ShopApiFactory {
        Arc::new(move |session| {
            let rng = Entropy::System.stream("mock", &session.to_string());
            Box::new(Self::new(goods.clone(), Arc::clone(&on_sent), rng)) as Box<dyn ShopApi>
        })
    }

    /// What flows must know of it.
    pub fn traits() -> ShopTraits {
        ShopTraits {
            catalog: CatalogMode::Live,
            wallet: WalletMode::Engine,
            coupons: CouponUse::SingleUse,
            idempotency: IdempotencyMode::Honoured,
            first_visit: false,
            selects_store: true,
            carts: CartMode::Kept,
            is_real: false,
            orders: OrderReads {
                lists: true,
                names_flows: true,
                shows_one: true,
                finds: false,
                finds_by_refs: false,
                shown_for: None,
                settles_in: SETTLES_IN,
                is_own: false,
            },
            paging: Paging { by: PageBy::Offset, size: PAGE_SIZE, first: 1 },
            clears: true,
            removes: true,
            searches: true,
            requests: RequestCounts::default(),
        }
    }
}

impl ShopApi for MockShop {
    fn call(
        &self,
        permit: Permit,
        request: ShopRequest,
    ) -> LocalBoxFuture<'static, Result<Answered, ApiError>> {
        let session = Rc::clone(&self.session);
        Box::pin(async move { session.call(permit, request) })
    }
}

impl MockSession {
    fn call(&self, permit: Permit, request: ShopRequest) -> Result<Answered, ApiError> {
        let now: Instant = tokio::time::Instant::now().into_std();
        let call = request.call.name();
        let error = |kind, sent_at| ApiError {
            call,
            part: Part::Whole,
            kind,
            detail: None,
            sent_at,
            failed_at: now,
        };
        if !permit.is_sendable(now) {
            return Err(error(ApiErrorKind::PermitExpired, None));
        }
        (self.on_sent)(now);
        let (agent, flow) = request.caller.map(|c| (c.agent_id, c.flow_id)).unzip();
        self.answer(agent, flow.flatten(), request.call, request.simulated_at)
            .map(|reply| Answered::new(reply, now, now))
            .map_err(|kind| error(kind, Some(now)))
    }

    fn answer(
        &self,
        agent: Option<AgentId>,
        flow: Option<FlowId>,
        call: ShopCall,
        at: Option<NaiveDateTime>,
    ) -> Result<ShopReply, ApiErrorKind> {
        match call {
            ShopCall::Probe => Ok(ShopReply::Done),
            ShopCall::ListStores => Ok(ShopReply::Stores(self.goods.stores.clone())),
            ShopCall::ListProducts { category, page } => {
                Ok(self.page(self.goods.catalog.list(category.as_deref()), &page, at))
            }
            ShopCall::SearchProducts { text, page } => {
                Ok(self.page(self.goods.catalog.search(&text), &page, at))
            }
            ShopCall::ViewProduct { product } => {
                Ok(ShopReply::Product(vec![self.product(&product.id, at)?]))
            }
            ShopCall::FirstVisit => {
                caller(agent)?;
                Ok(ShopReply::Done)
            }
            ShopCall::SelectStore { store } => {
                let agent = caller(agent)?;
                if !self.goods.stores.contains(&store) {
                    return Err(ApiErrorKind::UnexpectedStatus(404));
                }
                let had_basket = self.shoppers.borrow_mut().baskets.remove(&agent).is_some();
                Ok(ShopReply::StoreSelected { cart_cleared: had_basket })
            }
            ShopCall::AddItem { product, quantity } => {
                self.add(caller(agent)?, &self.product(&product.id, at)?, quantity)
            }
            ShopCall::RemoveItem { product } => self.remove(&caller(agent)?, &product.id),
            ShopCall::ReadCart => {
                let items = self.with_basket(&caller(agent)?, |basket| basket.lines());
                Ok(ShopReply::Cart { items })
            }
            ShopCall::ReadSummary => {
                let final_total = self.with_basket(&caller(agent)?, |basket| basket.final_total());
                Ok(ShopReply::Summary { final_total })
            }
            ShopCall::EligibleCoupons => {
                let (agent, shoppers) = (caller(agent)?, self.shoppers.borrow());
                let cart = shoppers.baskets.get(&agent).map(Basket::cart).cloned();
                let cart = cart.unwrap_or_default();
                Ok(shoppers.wallets.shown(&agent, &cart, &self.goods.coupons))
            }
            ShopCall::ApplyCoupon { coupon } => self.apply(&caller(agent)?, &coupon),
            ShopCall::GrantWallet { coupons } => {
                let (agent, mut shoppers) = (caller(agent)?, self.shoppers.borrow_mut());
                shoppers.wallets.grant(agent, &coupons, &self.goods.coupons);
                Ok(ShopReply::Done)
            }
            ShopCall::Checkout => self.checkout(caller(agent)?, flow),
            ShopCall::FindOrder { .. } => Ok(ShopReply::OrderFound(None)),
            ShopCall::LatestOrders { most } => {
                let orders = self.with_orders(&caller(agent)?, |orders| {
                    orders.rev().take(most as usize).map(Ordered::placed).collect()
                });
                Ok(ShopReply::LatestOrders { orders, shop_clock: None })
            }
            ShopCall::ReadOrder { order: id } => self
                .with_orders(&caller(agent)?, |mut orders| {
                    orders.find(|ordered| ordered.order.id == id).map(|found| found.order.clone())
                })
                .map(|order| ShopReply::OrderShown(Box::new(order)))
                .ok_or(ApiErrorKind::UnexpectedStatus(404)),
            ShopCall::ClearCart => {
                let removed = self.shoppers.borrow_mut().baskets.remove(&caller(agent)?);
                let items_removed = removed.map_or(0, |basket| basket.lines() as u64);
                Ok(ShopReply::CartCleared { items_removed })
            }
        }
    }

    /// A product at the price of this hour.
    fn product(&self, id: &ProductId, at: Option<NaiveDateTime>) -> Result<Product, ApiErrorKind> {
        let found = self.goods.catalog.products.iter().find(|product| product.id == *id);
        let found = found.ok_or(ApiErrorKind::Refused(Refusal::ProductGone))?;
        Ok(self.goods.prices.shown(found, at))
    }

    /// A page of the products that match, at the prices of this hour.
    fn page<'g>(
        &self,
        matching: impl Iterator<Item = &'g Product>,
        page: &Page,
        at: Option<NaiveDateTime>,
    ) -> ShopReply {
        let matching: Vec<&Product> = matching.collect();
        let on_it = matching.iter().skip(page.offset as usize).take(page.limit as usize);
        let products: Vec<Product> =
            on_it.map(|product| self.goods.prices.shown(product, at)).collect();
        let came = u32::try_from(products.len()).unwrap_or(u32::MAX);
        ShopReply::Products { products, came, total: Some(matching.len() as u64), next: None }
    }

    fn add(
        &self,
        agent: AgentId,
        product: &Product,
        quantity: u32,
    ) -> Result<ShopReply, ApiErrorKind> {
        if !product.in_stock {
            return Err(ApiErrorKind::Refused(Refusal::Stock));
        }
        if quantity == 0 {
            return Err(ApiErrorKind::Invalid(422));
        }
        self.shoppers.borrow_mut().baskets.entry(agent).or_default().add(product, quantity);
        Ok(ShopReply::ItemAdded { unit_price: product.price })
    }

    fn remove(&self, agent: &AgentId, product: &ProductId) -> Result<ShopReply, ApiErrorKind> {
        let mut shoppers = self.shoppers.borrow_mut();
        let basket = shoppers.baskets.get_mut(agent);
        match basket.is_some_and(|basket| basket.remove(product)) {
            true => Ok(ShopReply::Done),
            false => Err(ApiErrorKind::Refused(Refusal::ProductGone)),
        }
    }

    fn apply(&self, agent: &AgentId, coupon: &CouponId) -> Result<ShopReply, ApiErrorKind> {
        let mut shoppers = self.shoppers.borrow_mut();
        let Some(coupon) = shoppers.wallets.held(agent, coupon, &self.goods.coupons) else {
            return Err(ApiErrorKind::Refused(Refusal::Coupon));
        };
        let Some(basket) = shoppers.baskets.get_mut(agent) else {
            return Err(ApiErrorKind::Refused(Refusal::CartEmpty));
        };
        basket.apply(coupon);
        Ok(ShopReply::Done)
    }

    fn checkout(&self, agent: AgentId, flow: Option<FlowId>) -> Result<ShopReply, ApiErrorKind> {
        let mut shoppers = self.shoppers.borrow_mut();
        let Some(basket) = shoppers.baskets.remove(&agent) else {
            return Err(ApiErrorKind::Refused(Refusal::CartEmpty));
        };
        let drawn = uuid::Builder::from_random_bytes(self.rng.borrow_mut().random());
        let id = OrderId::new(format!("mock-{}", drawn.into_uuid()));
        let order = basket.into_order(id);
        let used = order.coupons.iter().flatten().cloned().collect::<Vec<_>>();
        shoppers.wallets.use_up(&agent, &used, &self.goods.coupons);
        let orders = shoppers.orders.entry(agent).or_default();
        orders.push_back(Ordered { order: order.clone(), flow });
        if orders.len() > ORDERS_KEPT {
            orders.pop_front();
        }
        Ok(ShopReply::OrderPlaced(Box::new(order)))
    }

    /// What `read` says of the agent's orders, the oldest first.
    fn with_orders<T>(
        &self,
        agent: &AgentId,
        read: impl FnOnce(vec_deque::Iter<'_, Ordered>) -> T,
    ) -> T {
        read(self.shoppers.borrow().orders.get(agent).unwrap_or(&VecDeque::new()).iter())
    }

    /// What `read` says of the agent's basket, an empty one where there is none.
    fn with_basket<T>(&self, agent: &AgentId, read: impl FnOnce(&Basket) -> T) -> T {
        match self.shoppers.borrow().baskets.get(agent) {
            Some(basket) => read(basket),
            None => read(&Basket::default()),
        }
    }
}

impl Ordered {
    /// As a list shows it.
    fn placed(&self) -> PlacedOrder {
        PlacedOrder {
            id: self.order.id.clone(),
            final_total: Some(self.order.final_total.clone()),
            flow: self.flow.map(|flow| flow.to_string()),
            charges: None,
            placed_at: None,
        }
    }
}

fn caller(agent: Option<AgentId>) -> Result<AgentId, ApiErrorKind> {
    agent.ok_or(ApiErrorKind::Unauthorized(401))
}
