//! An order in an answer. One that was placed stays one: a figure that cannot be read is reckoned
//! from the others and named; without an id, what was paid or what was bought there is nothing to
//! keep.

use domain::flow::{Order, OrderLine};
use domain::ids::{OrderId, ProductId};
use domain::money::{Amount, Cents, Exact};
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
    let final_total = at.amount(&fields.final_total)?;
    let lines = match &fields.lines {
        Some(line) => at.each(&line.list, |item| reckoned.line(line, item))?,
        None => Vec::new(),
    };
    let charges = reckoned.keep(read_charges(&fields.charges, at));
    let subtotal = fields.subtotal.as_ref().map(|field| at.amount(field)).transpose()?;
    let mut discount =
        |field: &Option<Field>| field.as_ref().and_then(|field| reckoned.keep(at.discount(field)));
    let discounts = [
        discount(&fields.item_discounts),
        discount(&fields.frontstore_discount),
        discount(&fields.discount_total),
    ];
    let subtotal = subtotal.unwrap_or_else(|| match fields.lines {
        Some(_) => goods(&lines),
        None => Paid::subtotal_without_lines(&final_total, charges.as_ref(), &discounts),
    });
    let paid = Paid { subtotal: &subtotal, final_total: &final_total };
    let (charges, [item_discounts, frontstore_discount, discount_total]) =
        paid.complete(charges, discounts);
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
        lacks_lines: fields.lines.is_none(),
        coupons,
        misread,
    };
    Ok((Box::new(order), reckoned.misreads))
}

/// What the lines are worth before discounts.
fn goods(lines: &[OrderLine]) -> Amount {
    let worth = |line: &OrderLine| {
        line.unit_price.exact().times(i32::try_from(line.quantity).unwrap_or(i32::MAX))
    };
    let nothing = Exact::cents(Cents::ZERO);
    Amount::reckoned(lines.iter().map(worth).fold(nothing, Exact::plus))
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
        let product_id = ProductId::new(at.id(&fields.id)?);
        let quantity = at.units(&fields.quantity)?;
        let unit_price = match &fields.unit_price {
            Some(field) => at.amount(field)?,
            None => unit_price_of(fields, quantity, at)?,
        };
        let goods = unit_price.exact().times(i32::try_from(quantity).unwrap_or(i32::MAX));
        let discount = fields.discount.as_ref().map(|field| self.keep(at.discount(field)));
        // One that the profile does not name is none.
        let discount =
            discount.unwrap_or_else(|| fields.line_total.is_none().then(Amount::default));
        let line_total = fields.line_total.as_ref().and_then(|field| self.keep(at.amount(field)));
        let without = |taken: &Amount| Amount::reckoned(goods.minus(off(taken)));
        let (discount, line_total) = match (discount, line_total) {
            (Some(discount), Some(line_total)) => (discount, line_total),
            (None, Some(line_total)) => (without(&line_total), line_total),
            (Some(discount), None) => {
                let line_total = without(&discount);
                (discount, line_total)
            }
            (None, None) => (Amount::default(), Amount::reckoned(goods)),
        };
        Ok(OrderLine { product_id, quantity, unit_price, discount, line_total })
    }
}

/// What is taken off, which some shops write below zero.
fn off(amount: &Amount) -> Exact {
    amount.exact().magnitude()
}

/// What one costs, to as many places as there are: a shop may round each price and charge lines.
fn unit_price_of(fields: &LineFields, quantity: u32, at: At<'_>) -> Result<Amount, Unparsable> {
    let Some(field) = &fields.line_total else { return Err(Unparsable::unmapped("unit_price")) };
    let off_line = fields.discount.as_ref().and_then(|field| at.discount(field).ok());
    let nothing = Exact::cents(Cents::ZERO);
    let worth = at.amount(field)?.exact().plus(off_line.as_ref().map_or(nothing, off));
    let part = worth.over(quantity);
    Amount::read(&part.to_string()).map_err(|_| at.unfit(field, super::Fault::TooMuch))
}

/// What an order without these is none.
struct Paid<'a> {
    subtotal: &'a Amount,
    final_total: &'a Amount,
}

impl Paid<'_> {
    /// What the goods must have been worth where neither they nor their worth is shown.
    fn subtotal_without_lines(
        final_total: &Amount,
        charges: Option<&Amount>,
        [item, front, total]: &[Option<Amount>; 3],
    ) -> Amount {
        let nothing = || Exact::cents(Cents::ZERO);
        let part = |part: &Option<Amount>| part.as_ref().map_or_else(nothing, off);
        let discount = total.as_ref().map_or_else(|| part(item).plus(part(front)), off);
        let charges = charges.map_or_else(nothing, Amount::exact);
        Amount::reckoned(final_total.exact().plus(discount).minus(charges))
    }

    /// Charges, and the discounts on lines, on the rest and both, each that is not there reckoned
    /// from the others.
    fn complete(
        &self,
        charges: Option<Amount>,
        discounts: [Option<Amount>; 3],
    ) -> (Amount, [Amount; 3]) {
        let [item, front, total] = discounts;
        let (subtotal, paid) = (self.subtotal.exact(), self.final_total.exact());
        let parts = item.as_ref().zip(front.as_ref());
        let parts = parts.map(|(item, front)| off(item).plus(off(front)));
        let known_total = total.as_ref().map(off).or(parts);
        let charges = charges.unwrap_or_else(|| {
            let discount = known_total.unwrap_or(Exact::cents(Cents::ZERO));
            Amount::reckoned(paid.minus(subtotal).plus(discount))
        });
        let total = total.unwrap_or_else(|| {
            let taken_off = subtotal.plus(charges.exact()).minus(paid);
            Amount::reckoned(known_total.unwrap_or(taken_off))
        });
        let rest = |other: Option<&Amount>| {
            Amount::reckoned(off(&total).minus(other.map_or(Exact::cents(Cents::ZERO), off)))
        };
        // Where neither part is known it is one discount on the whole.
        let front = front.unwrap_or_else(|| rest(item.as_ref()));
        let item = item.unwrap_or_else(|| rest(Some(&front)));
        (charges, [item, front, total])
    }
}

/// All of them together; one that the order does not have is nothing.
pub(super) fn read_charges(fields: &[Field], at: At<'_>) -> Result<Amount, Unparsable> {
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
