//! The arithmetic of an order, spelled out: subtotal - discount + charges = final total.

use actors::domain::cart::Cart;
use actors::domain::flow::Order;
use actors::domain::money::{Amount, Cents, Exact};
use serde::Serialize;
use shops::shop_api::profile::OrderAnswer;

/// Digits of the minor unit of most currencies.
const MINOR_DIGITS: u32 = 2;

/// An order's figures, and where each comes from.
#[derive(Clone, Debug, Serialize)]
pub struct Bill {
    /// The shop's id.
    pub id: String,
    /// Before discounts.
    pub subtotal: Figure,
    /// Off.
    pub discount: Figure,
    /// On top.
    pub charges: Figure,
    /// To pay.
    pub final_total: Figure,
    /// What was bought.
    pub lines: Vec<BillLine>,
    /// Whether the figures agree to the cent.
    pub agrees: bool,
    /// By how much the total differs from what the others make.
    pub differs_by: String,
}

/// A figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// It.
    pub amount: String,
    /// As the shop wrote it, where it did.
    pub written: Option<String>,
    /// Whether it was reckoned from the others, and so proves nothing.
    pub derived: bool,
    /// Where it comes from.
    pub from: &'static str,
}

/// A line of an order.
#[derive(Clone, Debug, Serialize)]
pub struct BillLine {
    /// What.
    pub product: String,
    /// Units.
    pub quantity: u32,
    /// Price of one.
    pub unit_price: String,
    /// To pay for it.
    pub line_total: String,
}

impl Figure {
    fn of(amount: &Amount, derived: Option<&'static str>) -> Self {
        Self {
            amount: amount.cents.to_string(),
            written: amount.text.clone().filter(|_| derived.is_none()).map(|text| {
                // Amounts in minor units are kept as `899e-2`.
                let minor = format!("e-{MINOR_DIGITS}");
                text.strip_suffix(&minor).map_or(text.clone(), |minor| format!("{minor} cents"))
            }),
            derived: derived.is_some(),
            from: derived.unwrap_or("as the shop says"),
        }
    }

    fn line(&self, sign: char, name: &str) -> String {
        let written = self.written.as_ref().filter(|written| **written != self.amount);
        let written = written.map_or(String::new(), |written| format!(": {written}"));
        format!("  {sign} {name:<12} {:>10}  {}{written}", self.amount, self.from)
    }
}

impl Bill {
    /// The bill of an order; `cart` is what was put in.
    pub(super) fn of(order: &Order, cart: &Cart, answer: Option<&OrderAnswer>) -> Self {
        let lacks_lines = order.lacks_lines;
        let order = order.clone().with_lines_of(cart);
        let says = |has: fn(&OrderAnswer) -> bool| answer.is_some_and(has);
        let says_subtotal = says(|answer| answer.subtotal.is_some());
        let says_discount = says(|answer| {
            let parts = answer.item_discounts.is_some() && answer.frontstore_discount.is_some();
            answer.discount_total.is_some() || parts
        });
        let subtotal = match (says_subtotal && !lacks_lines, lacks_lines) {
            (true, _) => None,
            (false, true) => Some("derived: what was put in, at the prices of then"),
            (false, false) => Some("derived: the sum of its lines"),
        };
        let discount = match says_discount && !lacks_lines {
            true => None,
            false => Some("derived: what is missing to the total"),
        };
        let charges = match says(|answer| !answer.charges.is_empty()) {
            true => None,
            false => Some("derived: the profile names no `charges`"),
        };
        let made = order.subtotal.exact().minus(order.discount_total.exact().magnitude());
        let differs = order.final_total.exact().minus(made.plus(order.charges.exact()));
        let line = |line: &actors::domain::flow::OrderLine| BillLine {
            product: line.product_id.to_string(),
            quantity: line.quantity,
            unit_price: line.unit_price.cents.to_string(),
            line_total: line.line_total.cents.to_string(),
        };
        Self {
            id: order.id.to_string(),
            subtotal: Figure::of(&order.subtotal, subtotal),
            discount: Figure::of(&order.discount_total, discount),
            charges: Figure::of(&order.charges, charges),
            final_total: Figure::of(&order.final_total, None),
            lines: order.lines.iter().map(line).collect(),
            agrees: differs.value.abs() < Exact::CENT,
            differs_by: differs.rounded().unwrap_or(Cents(i64::MAX)).to_string(),
        }
    }

    /// In lines.
    pub fn text(&self) -> String {
        let Self { subtotal, discount, charges, final_total, .. } = self;
        let mut lines = vec![format!("The order {}", self.id)];
        lines.extend(self.lines.iter().map(|line| {
            let BillLine { product, quantity, unit_price, line_total } = line;
            format!("    {quantity} x {product} at {unit_price}, {line_total} to pay for the line")
        }));
        lines.push(subtotal.line(' ', "subtotal"));
        lines.push(discount.line('-', "discount"));
        lines.push(charges.line('+', "charges"));
        lines.push(final_total.line('=', "final total"));
        let sum = format!(
            "    {} - {} + {} = {}",
            subtotal.amount, discount.amount, charges.amount, final_total.amount
        );
        let proves = match discount.derived {
            true => " (no proof: the discount is derived)",
            false => "",
        };
        lines.push(match self.agrees {
            true => format!("{sum}: agrees to the cent{proves}"),
            false => format!("{sum}: is wrong by {}", self.differs_by),
        });
        lines.join("\n")
    }
}
