//! An order in an answer. One that was placed stays one: a figure that cannot be read is reckoned
//! from the others and named; without an id, what was paid or what was bought there is nothing to
//! keep.

use domain::flow::{Order, OrderLine};
use domain::ids::{OrderId, ProductId};
use domain::money::{Amount, Cents};
use domain::shop_notes::{Misread, Outcome};

use super::value::At;
use super::{Unparsable, counted};
use crate::shop_api::profile::{Field, LineFields, OrderAnswer};

/// The order, and what of it was reckoned.
pub(super) fn read_order(
    fields: &OrderAnswer,
    at: At<'_>,
) -> Result<(Box<Order>, Vec<Misread>), Unparsable> {
    let mut reckoned = Reckoned::default();
    let id = OrderId::new(reckoned.order_id(&fields.id, at)?);
    let subtotal = at.amount(&fields.subtotal)?;
    let final_total = at.amount(&fields.final_total)?;
    let lines = at.each(&fields.lines, |item| reckoned.line(&fields.line, item))?;
    let charges = reckoned.keep(read_charges(&fields.charges, at));
    let item_discounts = reckoned.keep(at.discount(&fields.item_discounts));
    let frontstore_discount = reckoned.keep(at.discount(&fields.frontstore_discount));
    let discount_total = reckoned.keep(at.discount(&fields.discount_total));
    let paid = Paid { subtotal: subtotal.cents, final_total: final_total.cents };
    let figures = paid.complete(charges, [item_discounts, frontstore_discount, discount_total]);
    let (charges, [item_discounts, frontstore_discount, discount_total]) = figures;
    let coupons = fields.coupons.as_ref();
    let counted = coupons
        .map_or(Ok(None), |coupons| counted::read_counted(coupons, at, discount_total.cents));
    let (coupons, misread) = match counted {
        Ok(coupons) => (coupons, None),
        Err(misread) => (None, Some(misread)),
    };
    let order = Order {
        id,
        subtotal,
        item_discounts,
        frontstore_discount,
        discount_total,
        charges,
        final_total,
        lines,
        coupons,
        misread,
    };
    Ok((Box::new(order), reckoned.misreads))
}

/// What could not be read.
#[derive(Default)]
struct Reckoned {
    misreads: Vec<Misread>,
}

impl Reckoned {
    /// The figure, or its name among those to be reckoned.
    fn keep<T>(&mut self, read: Result<T, Unparsable>) -> Option<T> {
        read.map_err(|wrong| self.misreads.push(wrong.misread(Outcome::Reckoned))).ok()
    }

    /// The id; a NUL in it is replaced, since no row can hold it and the order is one all the same.
    fn order_id(&mut self, field: &Field, at: At<'_>) -> Result<String, Unparsable> {
        at.id(field).or_else(|wrong| {
            let id = at.text(field)?;
            if id.is_empty() {
                return Err(wrong);
            }
            self.misreads.push(wrong.misread(Outcome::Replaced));
            Ok(id)
        })
    }

    fn line(&mut self, fields: &LineFields, at: At<'_>) -> Result<OrderLine, Unparsable> {
        let product_id = ProductId::new(at.id(&fields.product_id)?);
        let quantity = at.units(&fields.quantity)?;
        let unit_price = at.amount(&fields.unit_price)?;
        let goods = unit_price.cents.times(quantity);
        let discount = self.keep(at.discount(&fields.discount));
        let line_total = self.keep(at.amount(&fields.line_total));
        let without = |taken: Option<&Amount>| {
            Amount::from((goods - taken.map_or(Cents::ZERO, |taken| taken.cents)).at_least_zero())
        };
        let (discount, line_total) = match (discount, line_total) {
            (Some(discount), Some(line_total)) => (discount, line_total),
            (None, Some(line_total)) => (without(Some(&line_total)), line_total),
            (Some(discount), None) => {
                let line_total = without(Some(&discount));
                (discount, line_total)
            }
            (None, None) => (Amount::default(), goods.into()),
        };
        Ok(OrderLine { product_id, quantity, unit_price, discount, line_total })
    }
}

/// What an order without these is none.
struct Paid {
    subtotal: Cents,
    final_total: Cents,
}

impl Paid {
    /// Charges, and the discounts on lines, on the rest and both, each that could not be read
    /// reckoned from the others.
    fn complete(
        &self,
        charges: Option<Amount>,
        discounts: [Option<Amount>; 3],
    ) -> (Amount, [Amount; 3]) {
        let cents = |amount: &Amount| amount.cents;
        let [item, front, total] = discounts;
        let parts = item.as_ref().zip(front.as_ref()).map(|(item, front)| item.cents + front.cents);
        let known_total = total.as_ref().map(cents).or(parts);
        let charges = charges.unwrap_or_else(|| {
            let discount = known_total.unwrap_or(Cents::ZERO);
            (self.final_total - self.subtotal + discount).at_least_zero().into()
        });
        let total = total.unwrap_or_else(|| {
            let taken_off = self.subtotal + charges.cents - self.final_total;
            known_total.unwrap_or_else(|| taken_off.at_least_zero()).into()
        });
        let rest = |other: Option<Cents>| -> Amount {
            (total.cents - other.unwrap_or(Cents::ZERO)).at_least_zero().into()
        };
        // Where neither part is known it is one discount on the whole.
        let front = front.unwrap_or_else(|| rest(item.as_ref().map(cents)));
        let item = item.unwrap_or_else(|| rest(Some(front.cents)));
        (charges, [item, front, total])
    }
}

/// All of them together; one that the order does not have is nothing.
fn read_charges(fields: &[Field], at: At<'_>) -> Result<Amount, Unparsable> {
    let mut charges = Vec::with_capacity(fields.len());
    for field in fields {
        charges.extend(at.optional_amount(field)?);
    }
    let last = fields.last();
    Amount::sum(&charges).ok_or_else(|| match last {
        Some(field) => at.unfit(field, super::Fault::TooMuch),
        None => Unparsable::unmapped("charges"),
    })
}
