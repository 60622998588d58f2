//! What a ramp needs of settings and shop where nobody has it at hand: agents, products, a branch.

use std::sync::Arc;

use actors::coordinator::start::catalogue::Pages;
use actors::coordinator::start::outlook::{Outlook, VisitMix};
use actors::domain::catalog::Product;
use actors::domain::ids::{OwnerToken, RunId, StoreId};
use actors::domain::permit::Permit;
use actors::ports::pacing::{Pacing, SystemPacing};
use actors::ports::shop_api::{Caller, ShopApi, ShopCall, ShopReply, ShopRequest, ShopTraits};
use shops::shop_api::http::{HttpShop, ShopSetup};

use super::field::now;
use super::{Ramp, Wish};
use crate::config::Settings;
use crate::config::plan::PlanParts;
use crate::presets;

/// Pages of the catalogue that are read.
const PAGES_MAX: usize = 3;

/// All of it.
pub(in crate::doctor) struct Loaded {
    callers: Vec<Caller>,
    products: Vec<Product>,
    store: Option<StoreId>,
    codes: Vec<actors::domain::ids::CouponId>,
    mix: VisitMix,
    outlook: Outlook,
    /// Requests that it took.
    pub(in crate::doctor) requests: u64,
}

/// Loads it; an error in words.
pub(in crate::doctor) async fn load(
    settings: &Settings,
    setup: &Arc<ShopSetup>,
) -> anyhow::Result<Loaded> {
    let traits = setup.profile().traits();
    let count = settings.population.agents.unwrap_or(presets::AGENTS_GENERATED);
    let personas = presets::personas(count, &[], &mut rand::rng())?;
    let coupons = presets::coupons(&settings.offers)?.of(traits.wallet);
    let codes = coupons.iter().map(|coupon| coupon.id.clone()).collect();
    let plan = settings.plan(PlanParts {
        run_id: RunId::fresh(),
        owner: OwnerToken::fresh(),
        now: SystemPacing.wall(),
        behavior: presets::behavior(&settings.population.preset)?,
        shop: traits,
        coupons,
    })?;
    let callers: Vec<Caller> = personas
        .iter()
        .map(|persona| Caller {
            agent_id: persona.agent_id.clone(),
            user_id: persona.user_id,
            flow_id: None,
        })
        .collect();
    let mut look = Look { shop: HttpShop::new(Arc::clone(setup)), callers: &callers, requests: 0 };
    let store = look.store(settings, &traits).await?;
    let products = look.products(&traits).await?;
    let requests = look.requests;
    let (mix, outlook) = (VisitMix::of(&plan, &personas), Outlook::of(&plan, &personas));
    Ok(Loaded { callers, products, store, codes, mix, outlook, requests })
}

impl Loaded {
    /// The ramp of it.
    pub(in crate::doctor) fn ramp<'a>(
        &'a self,
        settings: &Settings,
        setup: Arc<ShopSetup>,
        wish: &'a Wish,
    ) -> Ramp<'a> {
        Ramp {
            setup,
            callers: self.callers.clone(),
            products: &self.products,
            codes: self.codes.clone(),
            store: self.store.clone(),
            mix: self.mix,
            outlook: self.outlook,
            rate: settings.rate.per_second,
            scale: settings.time.scale,
            wish,
        }
    }
}

/// The first agent looks around.
struct Look<'a> {
    shop: HttpShop,
    callers: &'a [Caller],
    requests: u64,
}

impl Look<'_> {
    async fn ask(&mut self, call: ShopCall) -> anyhow::Result<ShopReply> {
        let mut request = ShopRequest::new(self.callers.first().cloned(), call);
        loop {
            self.requests += 1;
            let answered = self.shop.call(Permit::unlimited(now()), request.clone()).await?;
            if !matches!(answered.reply, ShopReply::Next | ShopReply::NextOrders(_)) {
                return Ok(answered.reply);
            }
            request.continues = true;
        }
    }

    async fn store(
        &mut self,
        settings: &Settings,
        traits: &ShopTraits,
    ) -> anyhow::Result<Option<StoreId>> {
        if traits.first_visit {
            self.ask(ShopCall::FirstVisit).await?;
        }
        if !traits.selects_store {
            return Ok(None);
        }
        if let Some(store) = settings.shop.store_id.as_deref() {
            return Ok(Some(StoreId::new(store)));
        }
        match self.ask(ShopCall::ListStores).await? {
            ShopReply::Stores(stores) => Ok(stores.first().cloned()),
            _ => Ok(None),
        }
    }

    async fn products(&mut self, traits: &ShopTraits) -> anyhow::Result<Vec<Product>> {
        let mut pages = Pages::new(traits.paging);
        for _ in 0..PAGES_MAX {
            let Some(call) = pages.next() else { break };
            let ShopReply::Products { products, came, total, next } = self.ask(call).await? else {
                break;
            };
            pages.take(products, came, (total, next));
        }
        Ok(pages.into_products())
    }
}
