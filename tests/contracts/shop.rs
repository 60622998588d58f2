//! A shop of a contract: what it knows, and its books.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::cart::{Cart, Line, Totals};
use super::goods::{Code, Product, goods};
use super::operations::Refusal;

/// What a shop is like.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    pub ids: Ids,
    pub paging: Paging,
    /// Products have variants, which are what is bought.
    #[serde(default)]
    pub variants: bool,
    pub shipping: i64,
    /// On goods and shipping.
    #[serde(default)]
    pub tax_percent: i64,
    /// What an order needs beside goods.
    #[serde(default)]
    pub needs: BTreeSet<Need>,
    /// A cart is named by whoever has its id; else it is its session's.
    #[serde(default)]
    pub carts_by_id: bool,
    /// A second order of an ordered cart answers the first.
    #[serde(default)]
    pub repeats: bool,
    /// Of what is asked for too much, what there is gets added.
    #[serde(default)]
    pub partial_adds: bool,
    /// Codes stay where the lines are cleared.
    #[serde(default)]
    pub codes_outlive_lines: bool,
    /// A code is taken whether it takes something off or not.
    #[serde(default)]
    pub idle_codes: bool,
}

/// What ids look like: `{n}` is a number, `{mark}` something that nobody guesses.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ids {
    product: String,
    #[serde(default)]
    variant: String,
    cart: String,
    line: String,
    /// `{cart}` is its cart's.
    order: String,
    #[serde(default)]
    session: String,
}

/// How a list is cut.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    pub by: By,
    /// Products a page where nobody says how many.
    pub limit: usize,
    pub cap: usize,
    /// The number of the first page.
    #[serde(default)]
    pub first: usize,
    /// More than the cap is refused; else it is cut.
    #[serde(default)]
    pub is_strict: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    #[default]
    Offset,
    Page,
    Cursor,
    /// Not at all: whatever is asked for, it is the whole list.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    Shipping,
    Payment,
    Customer,
    Arranged,
}

impl Ids {
    pub fn product(&self, n: usize) -> String {
        filled(&self.product, n)
    }

    pub fn variant(&self, n: usize) -> String {
        filled(&self.variant, n)
    }
}

fn filled(pattern: &str, n: usize) -> String {
    // Multiplied with an odd number: another one for each.
    let mark = (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    pattern.replace("{n}", &n.to_string()).replace("{mark}", &format!("{mark:016X}"))
}

/// A session.
#[derive(Clone, Debug, Default)]
pub struct Session {
    pub csrf: String,
    /// Whose account is logged in.
    pub email: Option<String>,
}

/// An order in the books.
#[derive(Clone, Debug)]
pub struct PlacedOrder {
    /// As the client sees it.
    pub id: String,
    pub cart: Cart,
    pub totals: Totals,
    /// What its client calls it.
    pub reference: Option<String>,
}

/// What a shop knows.
#[derive(Debug)]
pub struct Shop {
    pub rules: Rules,
    pub products: Vec<Product>,
    pub codes: Vec<Code>,
    /// By id.
    pub carts: BTreeMap<String, Cart>,
    /// The open cart of each owner, where carts are sessions'.
    pub open: BTreeMap<String, String>,
    pub sessions: BTreeMap<String, Session>,
    /// Passwords by e-mail.
    pub accounts: BTreeMap<String, String>,
    pub orders: Vec<PlacedOrder>,
    /// Orders by the key that their client gave.
    pub keys: BTreeMap<String, usize>,
    /// Where each cursor goes on.
    pub cursors: BTreeMap<String, usize>,
    /// Refusals of business so far.
    pub refused: BTreeMap<Refusal, usize>,
    /// How often each product was put into a cart.
    pub added: BTreeMap<String, usize>,
    made: usize,
}

impl Shop {
    pub fn new(rules: Rules) -> Self {
        let (products, codes) = goods(&rules.ids, rules.variants);
        Self {
            rules,
            products,
            codes,
            carts: BTreeMap::new(),
            open: BTreeMap::new(),
            sessions: BTreeMap::new(),
            accounts: BTreeMap::new(),
            orders: Vec::new(),
            keys: BTreeMap::new(),
            cursors: BTreeMap::new(),
            refused: BTreeMap::new(),
            added: BTreeMap::new(),
            made: 0,
        }
    }

    fn next(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    /// A new session, by its token.
    pub fn open_session(&mut self, email: Option<String>) -> String {
        let n = self.next();
        let token = filled(&self.rules.ids.session, n);
        let csrf = filled("{mark}", n + 1_000_000);
        self.sessions.insert(token.clone(), Session { csrf, email });
        token
    }

    /// Whose the carts of a session are.
    pub fn owner(&self, session: Option<&str>) -> String {
        let Some(token) = session else { return String::new() };
        let of = self.sessions.get(token);
        of.and_then(|session| session.email.clone()).unwrap_or_else(|| token.to_owned())
    }

    pub fn open_cart(&mut self, owner: &str, email: Option<String>) -> String {
        let n = self.next();
        let id = filled(&self.rules.ids.cart, n);
        let (owner, own) = (owner.to_owned(), id.clone());
        if !self.rules.carts_by_id {
            self.open.insert(owner.clone(), id.clone());
        }
        self.carts.insert(id.clone(), Cart { id: own, owner, email, ..Cart::default() });
        id
    }

    pub fn cart(&mut self, id: &str) -> &mut Cart {
        self.carts.get_mut(id).expect("a cart that was looked for")
    }

    /// Where a variant is: of which product, and which of its variants.
    pub fn place(&self, variant: &str) -> Option<(usize, usize)> {
        let places = self.products.iter().enumerate();
        let mut places = places.filter_map(|(p, product)| {
            let v = product.variants.iter().position(|it| it.id == variant)?;
            Some((p, v))
        });
        places.next()
    }

    /// Puts so much of it into a cart.
    pub fn put(&mut self, cart: &str, (p, v): (usize, usize), quantity: u32) {
        let n = self.next();
        let id = filled(&self.rules.ids.line, n);
        let product = &self.products[p];
        let variant = &product.variants[v];
        *self.added.entry(product.id.clone()).or_default() += 1;
        let line = Line {
            id,
            product: product.id.clone(),
            variant: variant.id.clone(),
            name: product.name.clone(),
            quantity,
            unit_price: variant.price,
        };
        let cart = self.carts.get_mut(cart).expect("a cart that was looked for");
        cart.has_payment = false;
        match cart.lines.iter_mut().find(|it| it.variant == line.variant) {
            Some(same) => same.quantity += quantity,
            None => cart.lines.push(line),
        }
    }

    /// Orders a cart for which all is there.
    pub fn order(&mut self, cart: &str, reference: Option<String>) -> usize {
        let (index, n) = (self.orders.len(), self.next());
        let id = filled(&self.rules.ids.order, n).replace("{cart}", cart);
        let ordered = self.carts.get_mut(cart).expect("a cart that was looked for");
        ordered.order = Some(index);
        let (cart, totals) = (ordered.clone(), ordered.totals(&self.rules));
        for line in &cart.lines {
            let (p, v) = self.place(&line.variant).expect("what is in a cart is for sale");
            self.products[p].variants[v].stock -= line.quantity;
        }
        self.open.retain(|_, open| *open != cart.id);
        self.orders.push(PlacedOrder { id, cart, totals, reference });
        index
    }

    /// The first line of which there is not enough.
    pub fn short(&self, cart: &str) -> Option<&Line> {
        self.carts[cart].lines.iter().find(|line| {
            let place = self.place(&line.variant);
            place.is_none_or(|(p, v)| self.products[p].variants[v].stock < line.quantity)
        })
    }

    /// An order as templates see it.
    pub fn order_shown(&self, index: usize) -> Value {
        let order = &self.orders[index];
        let mut shown = order.cart.shown(&self.rules);
        shown["id"] = order.id.as_str().into();
        shown["number"] = (index + 1).into();
        shown["cart"] = order.cart.id.as_str().into();
        shown["reference"] = order.reference.clone().into();
        shown
    }

    pub fn cart_shown(&self, id: &str) -> Value {
        json!({"cart": self.carts[id].shown(&self.rules)})
    }

    /// How many open carts hold something.
    pub fn carts_with_items(&self) -> usize {
        let carts = self.carts.values();
        carts.filter(|cart| cart.order.is_none() && !cart.lines.is_empty()).count()
    }
}
