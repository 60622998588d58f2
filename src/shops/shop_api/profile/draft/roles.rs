//! What operations are for: each is scored by its path, its words, its body and its answer.

use super::by_path::{
    SHIPPING, about_staff, before_the_noun, choose_payment, clear_cart, health, is_one_of,
    read_order, read_summary, remove_line, view_product,
};
use super::document::{Document, Goes, Operation};
use super::words::{has_any, words};
use crate::shop_api::profile::call::Method;

/// What an operation may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Health,
    ListProducts,
    ViewProduct,
    CreateCart,
    AddItem,
    ReadCart,
    ReadSummary,
    ApplyCoupon,
    Checkout,
    LatestOrder,
    ReadOrder,
    ClearCart,
    RemoveLine,
    Login,
    Register,
    SetAddress,
    ListShipping,
    ChooseShipping,
    BeginPayment,
    ChoosePayment,
}

/// Scores from which one is taken.
const TAKEN: i32 = 10;
/// Scores from which one is named to who must choose.
const NAMED: i32 = 5;
/// How many are named.
const NAMED_MAX: usize = 4;

/// Picks operations of a document.
#[derive(Debug)]
pub(super) struct Roles<'r, 'd> {
    document: &'r Document<'d>,
    /// The first texts of the path by which things are put into the cart.
    anchor: Vec<String>,
}

impl<'r, 'd> Roles<'r, 'd> {
    pub(super) fn new(document: &'r Document<'d>) -> Self {
        let mut roles = Self { document, anchor: Vec::new() };
        let first = roles.pick(Role::AddItem).or_else(|| roles.pick(Role::Checkout));
        roles.anchor = first.map(before_the_noun).unwrap_or_default();
        roles
    }

    /// The operation that fits best, where one fits.
    pub(super) fn pick(&self, role: Role) -> Option<&'r Operation<'d>> {
        let (score, best) = self.ranked(role).into_iter().next()?;
        (score >= TAKEN).then_some(best)
    }

    /// The operations that may fit, the likeliest first.
    pub(super) fn seen(&self, role: Role) -> Vec<String> {
        let ranked = self.ranked(role).into_iter().filter(|(score, _)| *score >= NAMED);
        ranked.take(NAMED_MAX).map(|(_, operation)| operation.shown()).collect()
    }

    fn ranked(&self, role: Role) -> Vec<(i32, &'r Operation<'d>)> {
        let list = if role == Role::ViewProduct { self.pick(Role::ListProducts) } else { None };
        let orders = || self.pick(Role::LatestOrder).filter(|_| role == Role::ReadOrder);
        let list = if role == Role::ReadOrder { orders() } else { list };
        let scored = self.document.operations.iter().filter_map(|operation| {
            let score = self.score(role, operation)?;
            let is_below = list.is_some_and(|list| is_one_of(list, operation));
            let below = if is_below { 5 } else { 0 };
            let score = score + below + self.near(operation) + about_staff(operation);
            (score > 0).then_some((score, operation))
        });
        let mut ranked: Vec<_> = scored.collect();
        // Of equals the shorter path, then the first.
        ranked.sort_by_key(|(score, operation)| (-score, operation.segments.len()));
        ranked
    }

    /// Whether it stands where the cart does.
    fn near(&self, operation: &Operation<'_>) -> i32 {
        let texts = before_the_noun(operation);
        let shared = texts.iter().zip(&self.anchor).take_while(|(a, b)| a == b).count();
        match (shared, self.anchor.len()) {
            (_, 0) => 0,
            (0, _) => -2,
            (shared, _) => i32::try_from(shared.min(3)).unwrap_or(3),
        }
    }

    fn score(&self, role: Role, op: &Operation<'d>) -> Option<i32> {
        let read = op.method == Method::Get;
        let write = matches!(op.method, Method::Post | Method::Put | Method::Patch);
        match role {
            Role::Health => (read && op.values() == 0).then(|| health(op)),
            Role::ListProducts => self.list_products(op),
            Role::ViewProduct => view_product(op),
            Role::CreateCart => (op.method == Method::Post).then(|| self.create_cart(op)),
            Role::AddItem => write.then(|| self.add_item(op)),
            Role::ReadCart => read.then(|| self.read_cart(op)),
            Role::ReadSummary => read.then(|| read_summary(op)),
            Role::ApplyCoupon => write.then(|| self.apply_coupon(op)),
            Role::Checkout => write.then(|| self.checkout(op)),
            Role::LatestOrder => (read && !op.ends_in_value()).then(|| self.latest_order(op)),
            Role::ReadOrder => (read && op.ends_in_value()).then(|| read_order(op)),
            Role::ClearCart => clear_cart(op),
            Role::RemoveLine => remove_line(op),
            Role::Login => (op.method == Method::Post).then(|| self.account(op, &LOGIN)),
            Role::Register => (op.method == Method::Post).then(|| self.account(op, &REGISTER)),
            Role::SetAddress => write.then(|| self.set_address(op)),
            Role::ListShipping => read.then(|| self.on_cart(op, &SHIPPING)),
            Role::ChooseShipping => write.then(|| self.on_cart(op, &SHIPPING)),
            Role::BeginPayment => write.then(|| self.on_cart(op, &["payment"])),
            Role::ChoosePayment => (write && op.values() > 0).then(|| choose_payment(op)),
        }
    }

    /// Whether its body or its parameters name one of these.
    pub(super) fn names(&self, op: &Operation<'d>, wanted: &[&str]) -> bool {
        let query = op.parameters.iter().filter(|parameter| parameter.goes == Goes::Query);
        let mut query = query.map(|parameter| parameter.name);
        let values = op.segments.iter().filter_map(|segment| segment.value.as_deref());
        if query.any(|name| has_any(&words(name), wanted))
            || values.clone().any(|name| has_any(&words(name), wanted))
        {
            return true;
        }
        let Some((_, body)) = op.body else { return false };
        let places = self.document.schemas.places(body, 3, true);
        let mut names = places.iter().filter_map(|place| place.path.last());
        names.any(|name| has_any(&words(name), wanted))
    }

    pub(super) fn document(&self) -> &'r Document<'d> {
        self.document
    }
}

const LOGIN: [&str; 6] = ["login", "token", "session", "authenticate", "auth", "emailpass"];
const REGISTER: [&str; 4] = ["register", "registration", "customer", "user"];
