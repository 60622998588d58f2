//! Carts and what they come to, in whole numbers of the smallest unit.

use serde_json::{Value, json};

use super::goods::Code;
use super::shop::{Need, Rules};
use super::template::amount;

/// A cart, open or ordered.
#[derive(Clone, Debug, Default)]
pub struct Cart {
    pub id: String,
    /// The session or the account that it is of.
    pub owner: String,
    pub email: Option<String>,
    pub lines: Vec<Line>,
    pub codes: Vec<Code>,
    pub has_shipping: bool,
    pub has_payment: bool,
    /// Its customer is at the till: its lines stay as they are.
    pub is_arranged: bool,
    /// The index of its order.
    pub order: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct Line {
    pub id: String,
    pub product: String,
    pub variant: String,
    pub name: String,
    pub quantity: u32,
    pub unit_price: i64,
}

/// What a cart comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub subtotal: i64,
    /// What each code takes off.
    pub codes: Vec<(String, i64)>,
    pub discount: i64,
    pub shipping: i64,
    pub tax: i64,
    pub total: i64,
}

impl Line {
    pub fn total(&self) -> i64 {
        self.unit_price * i64::from(self.quantity)
    }

    fn shown(&self) -> Value {
        json!({
            "id": self.id, "product": self.product, "variant": self.variant, "name": self.name,
            "quantity": self.quantity, "unit_price": amount(self.unit_price),
            "total": amount(self.total()),
        })
    }
}

impl Cart {
    pub fn subtotal(&self) -> i64 {
        self.lines.iter().map(Line::total).sum()
    }

    /// Each code counts on the whole subtotal; all of them take off no more than it.
    pub fn totals(&self, rules: &Rules) -> Totals {
        let (subtotal, mut left) = (self.subtotal(), self.subtotal());
        let mut takes = |code: &Code| {
            let is_due = subtotal >= code.from;
            let off = if is_due { percent(subtotal, code.percent) + code.off } else { 0 };
            let off = off.min(left);
            left -= off;
            (code.code.clone(), off)
        };
        let codes: Vec<(String, i64)> = self.codes.iter().map(&mut takes).collect();
        let is_shipped = !rules.needs.contains(&Need::Shipping) || self.has_shipping;
        let shipping = if is_shipped && !self.lines.is_empty() { rules.shipping } else { 0 };
        let tax = percent(left + shipping, rules.tax_percent);
        let discount = subtotal - left;
        Totals { subtotal, codes, discount, shipping, tax, total: left + shipping + tax }
    }

    /// As templates see it.
    pub fn shown(&self, rules: &Rules) -> Value {
        let mut shown = self.totals(rules).shown();
        let lines: Vec<Value> = self.lines.iter().map(Line::shown).collect();
        shown["units"] = self.lines.iter().map(|line| line.quantity).sum::<u32>().into();
        shown["lines"] = lines.into();
        shown["id"] = self.id.as_str().into();
        shown["email"] = self.email.clone().into();
        shown["owner"] = self.owner.as_str().into();
        shown["is_arranged"] = self.is_arranged.into();
        shown
    }
}

impl Totals {
    pub fn shown(&self) -> Value {
        let code = |(code, off): &(String, i64)| json!({"code": code, "amount": amount(*off)});
        json!({
            "subtotal": amount(self.subtotal), "discount": amount(self.discount),
            "shipping": amount(self.shipping), "tax": amount(self.tax),
            "total": amount(self.total),
            "codes": self.codes.iter().map(code).collect::<Vec<Value>>(),
        })
    }
}

/// So many percent, half a unit up.
fn percent(of: i64, percent: i64) -> i64 {
    (of * percent + 50) / 100
}

#[test]
fn a_cart_comes_to_what_its_lines_codes_shipping_and_tax_do() {
    let line = |unit_price, quantity| Line {
        id: String::new(),
        product: String::new(),
        variant: String::new(),
        name: String::new(),
        quantity,
        unit_price,
    };
    let code = |percent, off, from| Code {
        code: "C".to_owned(),
        percent,
        off,
        from,
        state: super::goods::CodeState::Valid,
    };
    let rules = Rules { shipping: 1000, tax_percent: 25, ..Rules::default() };
    let mut cart = Cart { lines: vec![line(299, 2)], ..Cart::default() };
    cart.codes = vec![code(10, 0, 0), code(0, 500, 10_000)];
    let totals = cart.totals(&rules);
    assert_eq!((totals.subtotal, totals.discount, totals.shipping), (598, 60, 1000));
    assert_eq!((totals.tax, totals.total), (385, 1923));
    cart.lines.push(line(9_402, 1));
    assert_eq!(cart.totals(&rules).discount, 1_500);
    cart.codes = vec![code(0, 90_000, 0)];
    assert_eq!(cart.totals(&rules).discount, 10_000);
    let rules = Rules { needs: [Need::Shipping].into(), ..rules };
    assert_eq!(cart.totals(&rules).total, 0);
    cart.has_shipping = true;
    assert_eq!(cart.totals(&rules).total, 1_250);
}
