//! What can be asked of any shop. Each answers what it found, or why not.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::cart::Cart;
use super::goods::{CodeState, Product};
use super::shop::{By, Need, Shop};
use super::template::as_text;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// The answer says it all.
    Say,
    List,
    View,
    BeginSession,
    Register,
    Login,
    /// A customer's own data, for who is logged in.
    Join,
    OpenCart,
    /// The cart, or nothing where there is none.
    ViewCart,
    /// The cart, which must be there.
    NeedCart,
    Add,
    RemoveLine,
    Clear,
    ApplyCode,
    RemoveCode,
    SetCustomer,
    ChooseShipping,
    BeginPayment,
    Arrange,
    Release,
    Complete,
    /// One order, by its id, cart or reference; or the cart that becomes it.
    FindOrder,
    /// Those of a cart, a reference, or of who is logged in; newest first.
    ListOrders,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    Stock,
    Gone,
    CartUnknown,
    CartDone,
    CartEmpty,
    NoShipping,
    NoPayment,
    NoCustomer,
    NotArranged,
    Arranged,
    CodeUnknown,
    CodeIneligible,
    CodeDraft,
    CodeEnded,
    OrderUnknown,
    PageTooLarge,
    CursorUnknown,
    AccountTaken,
    EmailConflict,
    LoggedIn,
    WrongPassword,
    Unauthorized,
    Csrf,
    NoKey,
    NoRoute,
}

/// A refusal, and what there is to say with it.
#[derive(Debug)]
pub struct Refused {
    pub why: Refusal,
    pub found: Value,
}

/// What a call brings along.
pub struct Inputs<'a> {
    pub of: &'a BTreeMap<String, Value>,
    /// Whose call it is; an operation may open another.
    pub session: &'a mut Option<String>,
}

type Done = Result<Value, Refused>;

impl From<Refusal> for Refused {
    fn from(why: Refusal) -> Self {
        Self { why, found: json!({}) }
    }
}

impl Inputs<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.of.get(name).map(as_text)
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.text(name)?.parse().ok()
    }
}

impl Operation {
    /// Whether it is about who asks.
    pub fn is_personal(self) -> bool {
        !matches!(self, Self::Say | Self::List | Self::View)
    }
}

impl Shop {
    pub fn perform(&mut self, does: Operation, inputs: &mut Inputs<'_>) -> Done {
        match does {
            Operation::Say => Ok(json!({})),
            Operation::List => self.list(inputs),
            Operation::View => self.view(inputs),
            Operation::BeginSession => {
                let token = inputs.session.take().filter(|token| !token.is_empty());
                *inputs.session = Some(token.unwrap_or_else(|| self.open_session(None)));
                Ok(json!({}))
            }
            Operation::Register => self.register(inputs),
            Operation::Login => self.login(inputs),
            Operation::Join => {
                let email = self.email(inputs).ok_or(Refusal::Unauthorized)?;
                Ok(json!({"customer": {"email": email}}))
            }
            Operation::OpenCart => {
                let email = inputs.text("email");
                let owner = self.owner(inputs.session.as_deref());
                let id = self.open_cart(&owner, email);
                Ok(self.cart_shown(&id))
            }
            Operation::ViewCart => match self.cart_of(inputs, false) {
                Err(none) if none.why == Refusal::CartUnknown && !self.rules.carts_by_id => {
                    Ok(json!({"cart": null}))
                }
                found => Ok(self.cart_shown(&found?)),
            },
            Operation::NeedCart => {
                let id = self.cart_of(inputs, false)?;
                Ok(self.cart_shown(&id))
            }
            Operation::Add => self.add(inputs),
            Operation::RemoveLine => {
                let line = inputs.text("line");
                self.change(inputs, |cart| cart.lines.retain(|it| Some(&it.id) != line.as_ref()))
            }
            Operation::Clear => {
                let keeps_codes = self.rules.codes_outlive_lines;
                self.change(inputs, |cart| {
                    cart.lines.clear();
                    if !keeps_codes {
                        cart.codes.clear();
                    }
                })
            }
            Operation::ApplyCode => self.apply_code(inputs),
            Operation::RemoveCode => {
                let code = inputs.text("code");
                self.change(inputs, |cart| cart.codes.retain(|it| Some(&it.code) != code.as_ref()))
            }
            Operation::SetCustomer => self.set_customer(inputs),
            Operation::ChooseShipping => self.mark(inputs, |cart| cart.has_shipping = true),
            Operation::BeginPayment => self.mark(inputs, |cart| cart.has_payment = true),
            Operation::Arrange => self.arrange(inputs),
            Operation::Release => self.release(inputs),
            Operation::Complete => self.complete(inputs),
            Operation::FindOrder => self.find_order(inputs),
            Operation::ListOrders => self.list_orders(inputs),
        }
    }

    fn list(&mut self, inputs: &Inputs<'_>) -> Done {
        let paging = self.rules.paging.clone();
        let asked = inputs.number("limit").unwrap_or(paging.limit);
        if asked > paging.cap && paging.is_strict {
            return Err(Refusal::PageTooLarge.into());
        }
        let (limit, all) = (asked.min(paging.cap), self.products.len());
        let (offset, limit) = match paging.by {
            By::Offset => (inputs.number("offset").unwrap_or(0), limit),
            By::Page => {
                let page = inputs.number("page").unwrap_or(paging.first);
                (limit * page.saturating_sub(paging.first), limit)
            }
            By::Cursor => match inputs.text("cursor") {
                None => (0, limit),
                Some(cursor) => {
                    let known = self.cursors.get(&cursor).copied();
                    (known.ok_or(Refusal::CursorUnknown)?, limit)
                }
            },
            By::Nothing => (0, all),
        };
        let end = (offset + limit).min(all);
        let page = self.products.get(offset..end).unwrap_or_default();
        let products: Vec<Value> = page.iter().map(Product::shown).collect();
        let next = (paging.by == By::Cursor && end < all).then(|| {
            let cursor = format!("{:08x}", (end as u32).wrapping_mul(0x9E37_79B1));
            self.cursors.insert(cursor.clone(), end);
            cursor
        });
        let page = json!({"total": all, "offset": offset, "limit": limit, "next": next});
        Ok(json!({"products": products, "page": page}))
    }

    fn view(&self, inputs: &Inputs<'_>) -> Done {
        let id = inputs.text("product");
        let product = self.products.iter().find(|product| Some(&product.id) == id.as_ref());
        Ok(json!({"product": product.ok_or(Refusal::Gone)?.shown()}))
    }

    /// The e-mail of who is logged in.
    fn email(&self, inputs: &Inputs<'_>) -> Option<String> {
        self.sessions.get(inputs.session.as_ref()?)?.email.clone()
    }

    fn register(&mut self, inputs: &mut Inputs<'_>) -> Done {
        let (email, password) = credentials(inputs)?;
        if self.accounts.contains_key(&email) {
            return Err(Refusal::AccountTaken.into());
        }
        self.accounts.insert(email.clone(), password);
        if inputs.of.contains_key("begins") {
            *inputs.session = Some(self.open_session(Some(email)));
        }
        Ok(json!({}))
    }

    fn login(&mut self, inputs: &mut Inputs<'_>) -> Done {
        let (email, password) = credentials(inputs)?;
        if self.accounts.get(&email) != Some(&password) {
            return Err(Refusal::WrongPassword.into());
        }
        *inputs.session = Some(self.open_session(Some(email.clone())));
        Ok(json!({"customer": {"email": email}}))
    }

    /// The open cart that is meant, by its id.
    fn cart_of(&mut self, inputs: &Inputs<'_>, is_made: bool) -> Result<String, Refused> {
        if self.rules.carts_by_id {
            let id = inputs.text("cart").unwrap_or_default();
            let cart = self.carts.get(&id).ok_or(Refusal::CartUnknown)?;
            return match cart.order {
                Some(order) => {
                    let found = json!({"order": self.order_shown(order)});
                    Err(Refused { why: Refusal::CartDone, found })
                }
                None => Ok(id),
            };
        }
        let owner = self.owner(inputs.session.as_deref());
        match self.open.get(&owner) {
            Some(open) => Ok(open.clone()),
            None if is_made => {
                let email = self.email(inputs);
                Ok(self.open_cart(&owner, email))
            }
            None => Err(Refusal::CartUnknown.into()),
        }
    }

    /// Changes what is in a cart.
    fn change(&mut self, inputs: &Inputs<'_>, change: impl FnOnce(&mut Cart)) -> Done {
        let id = self.cart_of(inputs, true)?;
        let cart = self.cart(&id);
        if cart.is_arranged {
            return Err(Refusal::Arranged.into());
        }
        change(cart);
        cart.has_payment = false;
        Ok(self.cart_shown(&id))
    }

    /// Notes something about a cart.
    fn mark(&mut self, inputs: &Inputs<'_>, mark: impl FnOnce(&mut Cart)) -> Done {
        let id = self.cart_of(inputs, false)?;
        mark(self.cart(&id));
        Ok(self.cart_shown(&id))
    }

    fn add(&mut self, inputs: &Inputs<'_>) -> Done {
        let id = self.cart_of(inputs, true)?;
        if self.carts[&id].is_arranged {
            return Err(Refusal::Arranged.into());
        }
        let variant = inputs.text("variant").unwrap_or_default();
        let (p, v) = self.place(&variant).ok_or(Refusal::Gone)?;
        let quantity = inputs.number("quantity").map_or(1, |n| u32::try_from(n).unwrap());
        let held = self.carts[&id].lines.iter().find(|line| line.variant == variant);
        let held = held.map_or(0, |line| line.quantity);
        let there = self.products[p].variants[v].stock.saturating_sub(held);
        if quantity > there {
            let is_partial = self.rules.partial_adds && there > 0;
            if is_partial {
                self.put(&id, (p, v), there);
            }
            let mut found = self.cart_shown(&id);
            found["available"] = there.into();
            return Err(Refused { why: Refusal::Stock, found });
        }
        self.put(&id, (p, v), quantity);
        let mut found = self.cart_shown(&id);
        let mut lines = found["cart"]["lines"].as_array().into_iter().flatten();
        found["line"] = lines.find(|line| line["variant"] == *variant).cloned().unwrap_or_default();
        Ok(found)
    }

    fn apply_code(&mut self, inputs: &Inputs<'_>) -> Done {
        let id = self.cart_of(inputs, false)?;
        let wanted = inputs.text("code").unwrap_or_default();
        let code = self.codes.iter().find(|code| code.code == wanted).cloned();
        let subtotal = self.carts[&id].subtotal();
        let why = match &code {
            None => Some(Refusal::CodeUnknown),
            Some(code) => match code.state {
                CodeState::Draft => Some(Refusal::CodeDraft),
                CodeState::Ended => Some(Refusal::CodeEnded),
                CodeState::Valid if subtotal < code.from && !self.rules.idle_codes => {
                    Some(Refusal::CodeIneligible)
                }
                CodeState::Valid => None,
            },
        };
        match (why, code) {
            (None, Some(code)) => {
                let cart = self.cart(&id);
                cart.codes.retain(|it| it.code != wanted);
                cart.codes.push(code);
                cart.has_payment = false;
                Ok(self.cart_shown(&id))
            }
            (why, _) => {
                let why = why.unwrap_or(Refusal::CodeUnknown);
                Err(Refused { why, found: self.cart_shown(&id) })
            }
        }
    }

    fn set_customer(&mut self, inputs: &Inputs<'_>) -> Done {
        let email = inputs.text("email");
        if self.email(inputs).is_some() {
            return Err(Refusal::LoggedIn.into());
        }
        if email.as_ref().is_some_and(|email| self.accounts.contains_key(email)) {
            return Err(Refusal::EmailConflict.into());
        }
        self.mark(inputs, |cart| cart.email = email)
    }

    /// What a cart lacks to be ordered.
    fn lacks(&self, id: &str, needs: &[Need]) -> Result<(), Refused> {
        let cart = &self.carts[id];
        if cart.lines.is_empty() {
            return Err(Refusal::CartEmpty.into());
        }
        for need in self.rules.needs.iter().filter(|need| needs.contains(need)) {
            let (is_there, why) = match need {
                Need::Shipping => (cart.has_shipping, Refusal::NoShipping),
                Need::Payment => (cart.has_payment, Refusal::NoPayment),
                Need::Customer => (cart.email.is_some(), Refusal::NoCustomer),
                Need::Arranged => (cart.is_arranged, Refusal::NotArranged),
            };
            if !is_there {
                return Err(why.into());
            }
        }
        match self.short(id) {
            Some(line) => {
                let found = json!({"line": {"variant": line.variant, "name": line.name}});
                Err(Refused { why: Refusal::Stock, found })
            }
            None => Ok(()),
        }
    }

    fn arrange(&mut self, inputs: &Inputs<'_>) -> Done {
        let id = self.cart_of(inputs, false)?;
        if self.carts[&id].is_arranged {
            return Err(Refusal::Arranged.into());
        }
        self.lacks(&id, &[Need::Shipping, Need::Customer])?;
        self.mark(inputs, |cart| cart.is_arranged = true)
    }

    fn release(&mut self, inputs: &Inputs<'_>) -> Done {
        let id = self.cart_of(inputs, false)?;
        if !self.carts[&id].is_arranged {
            return Err(Refusal::NotArranged.into());
        }
        self.mark(inputs, |cart| cart.is_arranged = false)
    }

    fn complete(&mut self, inputs: &Inputs<'_>) -> Done {
        let key = inputs.text("key");
        if let Some(order) = key.as_ref().and_then(|key| self.keys.get(key)) {
            return Ok(json!({"order": self.order_shown(*order)}));
        }
        let id = match self.cart_of(inputs, false) {
            Err(done) if done.why == Refusal::CartDone && self.rules.repeats => {
                return Ok(done.found);
            }
            found => found?,
        };
        self.lacks(&id, &[Need::Shipping, Need::Payment, Need::Customer, Need::Arranged])?;
        let order = self.order(&id, inputs.text("reference"));
        self.keys.extend(key.map(|key| (key, order)));
        Ok(json!({"order": self.order_shown(order)}))
    }

    /// Whether an order is one of those asked for.
    fn is_meant(&self, index: usize, inputs: &Inputs<'_>) -> bool {
        let order = &self.orders[index];
        let fits = |name: &str, has: Option<&str>| {
            inputs.text(name).is_none_or(|wanted| Some(wanted.as_str()) == has)
        };
        fits("order", Some(&order.id))
            && fits("cart", Some(&order.cart.id))
            && fits("reference", order.reference.as_deref())
    }

    fn find_order(&self, inputs: &Inputs<'_>) -> Done {
        let found = (0..self.orders.len()).rfind(|index| self.is_meant(*index, inputs));
        if let Some(index) = found {
            return Ok(json!({"order": self.order_shown(index)}));
        }
        let open = inputs.text("order").filter(|id| self.carts.contains_key(id));
        Ok(self.cart_shown(&open.ok_or(Refusal::OrderUnknown)?))
    }

    fn list_orders(&self, inputs: &Inputs<'_>) -> Done {
        let limit = inputs.number("limit").unwrap_or(20);
        let is_own = inputs.of.contains_key("own");
        let owner = self.owner(inputs.session.as_deref());
        if is_own && owner.is_empty() {
            return Err(Refusal::Unauthorized.into());
        }
        let all = (0..self.orders.len()).rev();
        let meant = all.filter(|index| {
            self.is_meant(*index, inputs) && (!is_own || self.orders[*index].cart.owner == owner)
        });
        let orders: Vec<Value> = meant.take(limit).map(|index| self.order_shown(index)).collect();
        Ok(json!({"orders": orders}))
    }
}

fn credentials(inputs: &Inputs<'_>) -> Result<(String, String), Refused> {
    let said = inputs.text("email").zip(inputs.text("password"));
    said.ok_or(Refusal::WrongPassword.into())
}
