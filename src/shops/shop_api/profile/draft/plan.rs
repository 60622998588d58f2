//! The calls of a draft: each step's, and those that leave behind what steps need.

use super::document::{Document, Operation};
use super::drafted::Drafted;
use super::fields;
use super::naming::{By, Paged};
use super::request::Asking;
use super::roles::{Role, Roles};
use super::wanted::{self, ID, TOKEN, Wanted};
use super::words::{has_any, words};
use crate::shop_api::profile::call::Method;

/// Times that values of setup calls are looked for in further ones.
const ROUNDS: usize = 3;

/// A step: its name, what it is for, whether no run can be without.
pub(super) const STEPS: [(&str, Role, bool); 10] = [
    ("list_products", Role::ListProducts, true),
    ("view_product", Role::ViewProduct, false),
    ("add_item", Role::AddItem, true),
    ("read_cart", Role::ReadCart, false),
    ("read_summary", Role::ReadSummary, false),
    ("apply_coupon", Role::ApplyCoupon, false),
    ("checkout", Role::Checkout, true),
    ("latest_order", Role::LatestOrder, false),
    ("read_order", Role::ReadOrder, false),
    ("clear_cart", Role::ClearCart, true),
];

/// A step of a draft.
#[derive(Debug)]
pub(super) struct Step<'r, 'd> {
    pub name: &'static str,
    /// Whose answer is the step's.
    pub operation: Option<&'r Operation<'d>>,
    pub calls: Vec<Drafted>,
}

/// The calls of a draft.
#[derive(Debug)]
pub(super) struct Plan<'r, 'd> {
    pub steps: Vec<Step<'r, 'd>>,
    /// What may be meant for a step that is not there.
    pub seen: Vec<(&'static str, bool, Vec<String>)>,
    pub run: Vec<Drafted>,
    pub agent: Vec<Drafted>,
    pub cart: Vec<Drafted>,
    /// The operations of the calls.
    pub used: Vec<&'r Operation<'d>>,
    pub paged: Paged,
}

/// Makes a plan.
pub(super) struct Planner<'r, 'd> {
    pub roles: &'r Roles<'r, 'd>,
    pub(super) plan: Plan<'r, 'd>,
}

impl<'r, 'd> Planner<'r, 'd> {
    pub(super) fn new(roles: &'r Roles<'r, 'd>) -> Self {
        let document = roles.document();
        let listed = roles.pick(Role::ListProducts);
        let paged = listed.map_or(Paged::NONE, |op| Paged::of(&document.schemas, op));
        let plan = Plan {
            steps: Vec::new(),
            seen: Vec::new(),
            run: Vec::new(),
            agent: Vec::new(),
            cart: Vec::new(),
            used: Vec::new(),
            paged,
        };
        Self { roles, plan }
    }

    pub(super) fn document(&self) -> &'r Document<'d> {
        self.roles.document()
    }

    /// The calls, once those of `agent` are known.
    pub(super) fn plan(mut self, agent: Vec<(Drafted, &'r Operation<'d>)>) -> Plan<'r, 'd> {
        for (call, operation) in agent {
            self.plan.agent.push(call);
            self.plan.used.push(operation);
        }
        for (name, role, needed) in STEPS {
            let step = if role == Role::Checkout {
                self.checkout()
            } else if role == Role::ClearCart {
                None
            } else {
                self.simple(name, role)
            };
            self.keep(name, role, needed, step);
        }
        self.cart();
        let cleared = self.clear();
        self.keep("clear_cart", Role::ClearCart, true, cleared);
        self.sum_of_cart();
        self.read_orders_alone();
        match self.probe() {
            Some(probe) => self.plan.steps.insert(0, probe),
            None => self.plan.seen.insert(0, ("probe", true, Vec::new())),
        }
        let at = |step: &Step<'_, '_>| STEPS.iter().position(|(name, ..)| *name == step.name);
        self.plan.steps.sort_by_key(at);
        for _ in 0..ROUNDS {
            self.look_for_values();
        }
        self.plan
    }

    fn keep(&mut self, name: &'static str, role: Role, needed: bool, step: Option<Step<'r, 'd>>) {
        let is_later = role == Role::ClearCart && self.plan.seen.iter().all(|s| s.0 != name);
        match step {
            Some(step) => {
                self.plan.seen.retain(|(known, ..)| *known != name);
                self.plan.used.extend(step.operation);
                self.plan.steps.push(step);
            }
            None if is_later || role != Role::ClearCart => {
                self.plan.seen.push((name, needed, self.roles.seen(role)));
            }
            None => {}
        }
    }

    /// A cart that shows what is to be paid is its own summary.
    fn sum_of_cart(&mut self) {
        let has = |name: &str| self.plan.steps.iter().any(|step| step.name == name);
        if has("read_summary") || !has("read_cart") {
            return;
        }
        let read = self.plan.steps.iter().find(|step| step.name == "read_cart");
        let Some(operation) = read.and_then(|step| step.operation) else { return };
        let Some(answer) = operation.answer else { return };
        let places = self.document().schemas.places(answer, 3, false);
        if fields::pick(&places, &wanted::TOTAL).is_some() {
            let calls = vec![self.draft(Role::ReadCart, operation)];
            let step = Step { name: "read_summary", operation: Some(operation), calls };
            self.keep("read_summary", Role::ReadSummary, false, Some(step));
        }
    }

    /// One order is read only where a list of them says which.
    fn read_orders_alone(&mut self) {
        if self.plan.steps.iter().any(|step| step.name == "latest_order") {
            return;
        }
        let Some(at) = self.plan.steps.iter().position(|step| step.name == "read_order") else {
            return;
        };
        let shown = self.plan.steps.remove(at).operation.map(Operation::shown);
        let why = shown.into_iter().map(|shown| format!("{shown}, which wants a latest_order"));
        self.plan.seen.push(("read_order", false, why.collect()));
    }

    pub(super) fn draft(&self, role: Role, operation: &Operation<'d>) -> Drafted {
        let is_orders = role == Role::LatestOrder;
        let schemas = &self.document().schemas;
        let paged = if is_orders { Paged::NONE } else { self.plan.paged };
        Asking::new(schemas, role, paged).call(operation)
    }

    fn simple(&self, name: &'static str, role: Role) -> Option<Step<'r, 'd>> {
        let operation = self.roles.pick(role)?;
        let mut call = self.draft(role, operation);
        if role == Role::ListProducts && operation.method == Method::Post {
            call.repeatable = true;
        }
        if role == Role::LatestOrder && !self.is_list(operation) {
            return None;
        }
        Some(Step { name, operation: Some(operation), calls: vec![call] })
    }

    fn is_list(&self, operation: &Operation<'d>) -> bool {
        let schemas = &self.document().schemas;
        operation.answer.is_some_and(|answer| fields::list(schemas, answer, &["order"]).is_some())
    }

    /// The order, and what a cart wants before it.
    fn checkout(&mut self) -> Option<Step<'r, 'd>> {
        let operation = self.roles.pick(Role::Checkout)?;
        let mut last = self.draft(Role::Checkout, operation);
        last.places_order = true;
        let key = operation.parameters.iter().find(|parameter| {
            let words = words(parameter.name);
            has_any(&words, &["idempotency"])
        });
        last.headers.extend(key.map(|key| (key.name.to_owned(), "{flow_id}".to_owned())));
        let says = |wanted: &[&str]| self.roles.names(operation, wanted);
        let mut calls = Vec::new();
        let of_cart = has_any(&operation.path_words(), &["cart", "checkout"]);
        let made = self.roles.pick(Role::CreateCart);
        let is_made = made.is_some_and(|op| self.roles.names(op, &["address", "postcode"]));
        let ways = [
            (Role::SetAddress, is_made || says(&["address", "postcode", "city"])),
            (Role::ChooseShipping, says(&["shipping", "delivery"])),
            (Role::BeginPayment, says(&["payment"])),
            (Role::ChoosePayment, says(&["payment"])),
        ];
        for (role, is_said) in ways {
            let Some(way) = self.roles.pick(role).filter(|_| of_cart && !is_said) else { continue };
            let is_begun = role == Role::ChoosePayment
                && !calls.iter().any(|call: &Drafted| way.path.len() > call.path.len());
            let is_again = is_begun
                || way.path == operation.path
                || self.plan.used.iter().any(|used| std::ptr::eq(*used, way));
            if is_again || has_any(&way.path_words(), &["webhook"]) {
                continue;
            }
            if role == Role::ChooseShipping {
                calls.extend(self.options(way));
            }
            let mut call = self.draft(role, way);
            call.repeatable = way.method == Method::Put;
            self.capture_for_next(&mut call, way, role);
            calls.push(call);
            self.plan.used.push(way);
        }
        calls.push(last);
        Some(Step { name: "checkout", operation: Some(operation), calls })
    }

    /// Leaves the id of what a payment begins for the call that goes on with it.
    fn capture_for_next(&self, call: &mut Drafted, operation: &Operation<'d>, role: Role) {
        let next = self.roles.pick(Role::ChoosePayment).filter(|_| role == Role::BeginPayment);
        let Some(next) = next else { return };
        let wanted = self.draft(Role::ChoosePayment, next).wants();
        let is_own = call.wants();
        let is_begun = |name: &String| {
            name.starts_with("payment") && name.ends_with("_id") && !is_own.contains(name)
        };
        let name = wanted.into_iter().find(is_begun);
        let place = operation.answer.and_then(|answer| self.id_in(answer, "payment", false));
        call.capture.extend(name.zip(place));
    }

    /// The list of ways to send it, with the first of them captured.
    fn options(&self, choose: &'r Operation<'d>) -> Option<Drafted> {
        let wanted = self.draft(Role::ChooseShipping, choose).wants();
        let is_choice = |name: &String| {
            let words = words(name);
            has_any(&words, &["option", "method", "shipping", "rate", "delivery"])
        };
        let name = wanted.into_iter().find(is_choice)?;
        let operation = self.roles.pick(Role::ListShipping)?;
        let listed =
            fields::list(&self.document().schemas, operation.answer?, &["option", "method"])?;
        let places = self.document().schemas.places(listed.item, 1, false);
        let id = fields::pick(&places, &ID)?;
        let mut call = self.draft(Role::ListShipping, operation);
        call.capture.push((name, first_of(&listed.place.written(), &id.written())));
        Some(call)
    }

    /// Where the id of a thing is in an answer.
    fn id_in(&self, answer: &'d serde_json::Value, noun: &str, by_token: bool) -> Option<String> {
        let schemas = &self.document().schemas;
        let root = fields::root(schemas, answer, noun, &[])?;
        let places = schemas.places(root.schema, 1, false);
        let token = Wanted { not: "", ..TOKEN };
        let found = if by_token { fields::pick(&places, &token) } else { None };
        let found = found.or_else(|| fields::pick(&places, &Wanted { not: "", ..ID }))?;
        Some(fields::below(&root, found))
    }

    /// A cart, where calls name one.
    fn cart(&mut self) {
        let calls = self.plan.steps.iter().flat_map(|step| &step.calls);
        if !calls.clone().any(|call| call.wants().contains(&"cart_id".to_owned())) {
            return;
        }
        let created = self.roles.pick(Role::CreateCart).map(|op| (Role::CreateCart, op));
        let read = || self.roles.pick(Role::ReadCart).filter(|op| op.values() == 0);
        let Some((role, operation)) = created.or_else(|| Some((Role::ReadCart, read()?))) else {
            return;
        };
        let by_token = self.plan.used.iter().any(|used| {
            let values = used.segments.iter().filter_map(|segment| segment.value.as_deref());
            let named = values.map(words).collect::<Vec<_>>();
            named.iter().any(|words| has_any(words, &["token"]) && words.len() < 3)
        });
        let mut call = self.draft(role, operation);
        let place = operation.answer.and_then(|answer| self.id_in(answer, "cart", by_token));
        if place.is_none() {
            call.notes.push("capture: the document does not say where the id is".to_owned());
        }
        let place = place.unwrap_or_else(|| "id".to_owned());
        call.capture.push(("cart_id".to_owned(), place));
        self.plan.cart.push(call);
        self.plan.used.push(operation);
        let checkout = self.plan.steps.iter_mut().find(|step| step.name == "checkout");
        let last = checkout.and_then(|step| step.calls.last_mut());
        if let Some(last) = last {
            last.forget.push("cart_id".to_owned());
        }
    }

    fn clear(&self) -> Option<Step<'r, 'd>> {
        let step = |operation, calls| Some(Step { name: "clear_cart", operation, calls });
        // A cart that is made anew needs no call to be empty.
        let is_made = self.plan.cart.iter().any(|call| call.method == Some(Method::Post));
        if is_made {
            return step(None, vec![Drafted::forgetting("cart_id")]);
        }
        if let Some(operation) = self.roles.pick(Role::ClearCart) {
            return step(Some(operation), vec![self.draft(Role::ClearCart, operation)]);
        }
        let (line, read) = (self.roles.pick(Role::RemoveLine)?, self.roles.pick(Role::ReadCart)?);
        let schemas = &self.document().schemas;
        let listed = fields::list(schemas, read.answer?, &["item", "line", "entry", "product"])?;
        let places = schemas.places(listed.item, 1, false);
        let id = fields::pick(&places, &ID)?.written();
        let mut call = self.draft(Role::RemoveLine, line);
        let list = listed.place.path.iter().map(|key| format!("['{key}']")).collect::<String>();
        call.each = Some(("line".to_owned(), format!("${list}[*]['{id}']")));
        step(Some(line), vec![self.draft(Role::ReadCart, read), call])
    }

    /// Whether the shop is there: its products, or what it has for that.
    fn probe(&self) -> Option<Step<'r, 'd>> {
        let listed = self.plan.steps.iter().find(|step| step.name == "list_products");
        if let Some(operation) = listed.and_then(|step| step.operation) {
            let mut call = self.draft(Role::ListProducts, operation);
            let paged = self.plan.paged;
            let texts = [
                ("{limit}", "1".to_owned()),
                ("{offset}", "0".to_owned()),
                ("{page}", paged.first.to_string()),
            ];
            call.query.retain(|(_, text)| text != "{cursor}" && text != "{category}");
            for (_, text) in &mut call.query {
                if let Some((_, plain)) = texts.iter().find(|(known, _)| known == text) {
                    text.clone_from(plain);
                }
            }
            call.body = None;
            call.notes.clear();
            let answer = operation.answer;
            let schemas = &self.document().schemas;
            let list = answer.and_then(|answer| fields::list(schemas, answer, &["product"]));
            call.requires.extend(list.map(|list| list.place.written()));
            return Some(Step { name: "probe", operation: Some(operation), calls: vec![call] });
        }
        let operation = self.roles.pick(Role::Health)?;
        let calls = vec![self.draft(Role::Health, operation)];
        Some(Step { name: "probe", operation: Some(operation), calls })
    }
}

/// The first of a list, and in it.
pub(super) fn first_of(list: &str, id: &str) -> String {
    if list == "." { format!("0.{id}") } else { format!("{list}.0.{id}") }
}

/// How pages are asked for, in the words of profiles.
pub(super) fn by_word(by: By) -> &'static str {
    match by {
        By::Offset => "offset",
        By::Page => "page",
        By::Cursor => "cursor",
        By::Nothing => "none",
    }
}
