//! The shop as agents would meet it: the way there, who it knows, what it shows, what it bears of
//! habits. Each step that only reads is made once; `first_visit` and `select_store`, with which
//! every run begins, are made for three agents, and change nothing that anybody buys.

mod auth;
mod goods;
mod heard;
mod ordering;
mod shapes;
mod users;
mod visitor;
mod way;

use std::sync::Arc;
use std::time::Duration;

use actors::coordinator::Outlook;
use actors::domain::catalog::{Catalog, Product};
use actors::domain::ids::{AgentId, StoreId};
use actors::ports::shop_api::ShopTraits;
use shops::practice_shop::RunningShop;
use shops::shop_api::http::{HttpShop, ShopSetup, ShopSetupError};
use shops::shop_api::profile::{Auth, Profile};
use uuid::Uuid;

use self::heard::Heard;
use self::visitor::Visitor;
use super::finding::{Area, Blame, Finding, Findings};
use super::population::People;
use crate::config::Settings;
use crate::config::shop::ShopTarget;
use crate::running::signals::Signal;
use crate::running::{self, RunError};
use crate::trial::door::Door;

/// A shop that asks for a longer pause is told of, not waited for.
const PATIENCE: Duration = Duration::from_secs(3);

const AREA: Area = Area::Shop;

/// A shop that was set up, and what was seen of it.
pub(super) struct Shop {
    /// How it is reached.
    pub(super) setup: Arc<ShopSetup>,
    practice: Option<RunningShop>,
    heard: Heard,
    /// Why nobody signs in; `None`: somebody may.
    no_secret: Option<String>,
    /// What it sells.
    pub(super) catalog: Catalog,
    /// Its branches.
    pub(super) stores: Vec<StoreId>,
    /// Units of one product, as far as it shows them.
    units: Option<u64>,
    /// A connection that is watched.
    line: Option<way::Seen>,
    /// The places in `People` of agents that it takes.
    pub(super) known: Vec<usize>,
}

impl Shop {
    /// Sets it up; what keeps a run from that is found.
    pub(super) fn set_up(settings: &Settings, findings: &mut Findings) -> Option<Self> {
        if settings.shop.target() == ShopTarget::Mock {
            findings.push(Finding::skip(AREA, "address", "--mock-api: nobody is asked"));
            return None;
        }
        let heard = Heard::default();
        let (reached, no_secret) = match running::reach(settings) {
            Err(RunError::ShopSetup(error @ ShopSetupError::NoSecret { .. })) => {
                let why = error.to_string();
                let (says, fix) = why.split_once("; ").unwrap_or((&why, "set its secret"));
                let finding = Finding::fail(AREA, "secret", says, fix);
                findings.push(finding.blamed_on(Blame::Settings));
                (running::reach(&without_secret(settings)?), Some(says.to_owned()))
            }
            reached => (reached, None),
        };
        match reached {
            Ok((setup, practice)) => Some(Self {
                setup: Arc::new(setup.observed(heard.observer())),
                practice,
                heard,
                no_secret,
                catalog: Catalog::default(),
                stores: Vec::new(),
                units: None,
                line: None,
                known: Vec::new(),
            }),
            Err(error) => {
                let fix = "correct the setting; `cartload config show` says where each comes from";
                let finding = Finding::fail(AREA, "setup", error.to_string(), fix);
                findings.push(match matches!(error, RunError::PracticeShop(_)) {
                    true => finding,
                    false => finding.blamed_on(Blame::Settings),
                });
                None
            }
        }
    }

    /// What its profile says of it.
    pub(super) fn traits(&self) -> ShopTraits {
        let mut traits = self.setup.profile().traits();
        traits.orders.is_own = self.practice.is_some();
        traits
    }

    /// Its profile.
    pub(super) fn profile(&self) -> &Profile {
        self.setup.profile()
    }

    /// Requests that it was asked so far.
    pub(super) fn requests(&self) -> u64 {
        self.heard.requests()
    }

    /// Looks at all that can be looked at without writing.
    pub(super) async fn look(
        &mut self,
        settings: &Settings,
        people: &People,
        findings: &mut Findings,
    ) {
        let line = way::look(self, findings).await;
        let mut visitor = self.visitor(people);
        if way::probe(self, &mut visitor, findings).await {
            self.look_around(settings, people, &mut visitor, findings).await;
        } else {
            let why = "the shop was not reached";
            for check in ["users", "goods", "coupons"] {
                findings.push(Finding::skip(AREA, check, why));
            }
        }
        self.line = line;
    }

    /// What is known only when all has been asked.
    pub(super) async fn conclude(&mut self, findings: &mut Findings) {
        if let Some(line) = self.line.take() {
            way::idle(self, line, findings).await;
        }
        let answers = self.heard.bodies(&["checkout", "read_order", "latest_order"]);
        shapes::of_orders(&answers, findings);
        findings.push(self.heard.limits());
    }

    async fn look_around(
        &mut self,
        settings: &Settings,
        people: &People,
        visitor: &mut Visitor,
        findings: &mut Findings,
    ) {
        self.stores = users::stores(settings, visitor, findings).await;
        if let Some(why) = &self.no_secret {
            findings.push(Finding::skip(AREA, "users", why.clone()));
        } else {
            let (known, refused) = users::meet(self, settings, people, visitor, findings).await;
            auth::compare(self, settings, people, refused.as_ref(), findings).await;
            self.known = known;
        }
        if self.known.is_empty() && self.profile().auth_strategies.values().any(needs_user) {
            let why = "no agent is known to the shop";
            for check in ["goods", "coupons"] {
                findings.push(Finding::skip(AREA, check, why));
            }
            return;
        }
        visitor.become_one(people, self.known.first().copied().unwrap_or(0));
        goods::look(self, visitor, findings).await;
        users::wallets(self, people, visitor, findings).await;
        users::orders(self, visitor, findings).await;
        shapes::look(self, visitor.misreads(), findings);
    }

    /// Whether what is on the shelves is enough for the run that is meant.
    pub(super) fn stock(&self, settings: &Settings, outlook: &Outlook, findings: &mut Findings) {
        goods::stock(self, settings, outlook, findings);
    }

    /// Makes one whole visit, with an order.
    pub(super) async fn order(
        &mut self,
        settings: &Settings,
        people: &People,
        findings: &mut Findings,
    ) -> Option<Signal> {
        ordering::order(self, settings, people, findings).await
    }

    /// Closes the practice shop, where it is open for this.
    pub(super) fn close(self, findings: &mut Findings) {
        let closed = self.practice.map_or(Ok(()), RunningShop::stop);
        if let Err(error) = closed {
            let says = format!("closing the practice shop: {error}");
            findings.push(Finding::fail(AREA, "setup", says, "this is a fault of the program"));
        }
    }

    /// The same shop, set up anew with other settings.
    fn again(&self, settings: &Settings) -> Result<ShopSetup, RunError> {
        self.unheard(settings).map(|setup| setup.observed(self.heard.observer()))
    }

    /// The same, where nobody hears the requests.
    pub(super) fn unheard(&self, settings: &Settings) -> Result<ShopSetup, RunError> {
        match self.practice.as_ref() {
            // Another in this process would be another shop.
            Some(practice) => running::reach_at(settings, practice.base_url()),
            None => running::reach(settings).map(|(setup, _)| setup),
        }
    }

    fn visitor(&self, people: &People) -> Visitor {
        let door = self.door(&self.setup, people);
        Visitor::new(door, Arc::clone(&self.setup), self.heard.clone())
    }

    fn door(&self, setup: &Arc<ShopSetup>, people: &People) -> Door {
        let first = people.personas.first();
        let nobody = || (AgentId::new("agent_001"), Uuid::nil());
        let who = first.map_or_else(nobody, |first| (first.agent_id.clone(), first.user_id));
        let shop = HttpShop::new(Arc::clone(setup));
        Door::new(shop, who, setup.profile()).with_patience(PATIENCE)
    }

    fn products(&self) -> &[Product] {
        &self.catalog.products
    }
}

/// The same settings with a way to sign in that needs no secret, if there is one.
fn without_secret(settings: &Settings) -> Option<Settings> {
    let ShopTarget::Remote { profile, .. } = settings.shop.target() else { return None };
    let profile = Profile::resolve(&profile).ok()?;
    let free = profile.auth_strategies.iter().find(|(_, auth)| auth.secret().is_none());
    let name = free?.0.clone();
    let mut settings = settings.clone();
    settings.shop.auth = Some(name);
    Some(settings)
}

fn needs_user(auth: &Auth) -> bool {
    !matches!(auth, Auth::None)
}
