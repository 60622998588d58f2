//! The coupons that counted in an order. An order that was placed stays one, whatever these lists
//! look like: where they do not fit, which ones counted is unknown, and that is said.

use domain::ids::CouponId;
use domain::money::Cents;
use domain::shop_notes::{Misread, Outcome};

use super::value::At;
use crate::shop_api::profile::{Field, OrderCoupons};

/// Each coupon of the lists once; or what does not fit. A list may be missing where another is
/// there, or where nothing was taken off.
pub(super) fn read_counted<'v>(
    fields: &'v OrderCoupons,
    at: At<'v>,
    discounts: Cents,
) -> Result<Option<Vec<CouponId>>, Misread> {
    let lists: Vec<&Field> = fields.every_list().collect();
    let there: Vec<&Field> = lists.iter().copied().filter(|list| at.is_there(list)).collect();
    if there.is_empty() {
        let Some(list) = lists.first().filter(|_| discounts > Cents::ZERO) else { return Ok(None) };
        return Err(misread(list.as_str(), "a list", "nothing"));
    }
    let mut counted: Vec<CouponId> = Vec::new();
    for list in there {
        let Ok(items) = at.list(list) else {
            return Err(misread(list.as_str(), "a list", at.kind(list)));
        };
        for (index, item) in items.iter().enumerate() {
            let item = at.item(list, index, item);
            let coupon = item
                .id(&fields.id)
                .map(CouponId::new)
                .map_err(|wrong| misread(&wrong.field, "an id", item.kind(&fields.id)))?;
            if !counted.contains(&coupon) {
                counted.push(coupon);
            }
        }
    }
    Ok(Some(counted))
}

fn misread(path: &str, expected: &str, came: &str) -> Misread {
    let (path, expected, came) = (path.to_owned(), expected.to_owned(), came.to_owned());
    Misread { path, expected, came, id: None, outcome: Outcome::CouponsUnknown }
}
