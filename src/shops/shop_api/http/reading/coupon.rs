//! Coupons in an answer: the shop's words for kinds and discounts are the profile's to translate.

use std::collections::BTreeMap;

use domain::ids::CouponId;
use domain::money::Cents;
use domain::offer::{Coupon, CouponKind, Discount};
use domain::shop_notes::Misread;
use ports::shop_api::{ShopCoupon, ShopReply};

use super::moment::read_time;
use super::sifter::Sifter;
use super::value::At;
use super::{Fault, Unparsable};
use crate::shop_api::profile::{CouponFields, CouponsAnswer, DiscountKind, Field};

/// The wallet in an answer, and what was left out; coupons whose discount the profile ignores are
/// left out without a word.
pub(super) fn read_wallet<'v>(
    fields: &'v CouponsAnswer,
    coupon: &CouponFields,
    at: At<'v>,
) -> Result<(ShopReply, Vec<Misread>), Unparsable> {
    let mut sifter = Sifter::default();
    let id = &coupon.id;
    let eligible = sifter.take(at, &fields.eligible, id, |item| read_coupon(coupon, item, None))?;
    let ineligible = match &fields.ineligible {
        // A shop may leave the list out.
        Some(list) if at.is_there(list) => {
            sifter.take(at, list, id, |item| read_coupon(coupon, item, fields.reason.as_ref()))?
        }
        Some(_) | None => Vec::new(),
    };
    let (_, misreads) = sifter.end()?;
    let eligible = eligible.into_iter().flatten().collect();
    let ineligible = ineligible.into_iter().flatten().collect();
    Ok((ShopReply::Coupons { eligible, ineligible }, misreads))
}

fn read_coupon(
    fields: &CouponFields,
    at: At<'_>,
    reason: Option<&Field>,
) -> Result<Option<ShopCoupon>, Unparsable> {
    let id = CouponId::new(at.id(&fields.id)?);
    let Some(discount) = read_discount(fields, at)? else { return Ok(None) };
    let kind = at.text(&fields.kind)?;
    let kind = word_of(&fields.kinds, &kind);
    let kind = *kind.ok_or_else(|| at.unfit(&fields.kind, Fault::NoKind))?;
    let target = at.optional_text(&fields.target)?.filter(|target| !target.is_empty());
    let target = match kind {
        CouponKind::Frontstore => None,
        CouponKind::Category | CouponKind::Brand => {
            Some(target.ok_or_else(|| at.missing(&fields.target))?)
        }
    };
    let optional_price = |field: &Option<Field>| match field {
        Some(field) => at.optional_price(field),
        None => Ok(None),
    };
    let optional_text = |field: Option<&Field>| match field {
        Some(field) => at.optional_text(field),
        None => Ok(None),
    };
    let expires_at = match &fields.expires {
        Some(field) => read_time(field, at)?,
        None => None,
    };
    let min_purchase = optional_price(&fields.min_purchase)?.unwrap_or(Cents::ZERO);
    let max_discount = optional_price(&fields.max_discount)?;
    let coupon = Coupon { id, kind, target, discount, min_purchase, max_discount };
    Ok(Some(ShopCoupon { coupon, expires_at, reason: optional_text(reason)? }))
}

fn read_discount(fields: &CouponFields, at: At<'_>) -> Result<Option<Discount>, Unparsable> {
    let word = at.text(&fields.discount_type)?;
    let kind = word_of(&fields.discount_types, &word);
    let kind = kind.ok_or_else(|| at.unfit(&fields.discount_type, Fault::NoDiscountType))?;
    Ok(match kind {
        DiscountKind::Percent => Some(Discount::PercentOff(at.percent(&fields.value)?)),
        DiscountKind::Fixed => Some(Discount::FixedOff(at.price(&fields.value)?)),
        DiscountKind::Bogo => Some(Discount::BuyOneGetOne(at.percent(&fields.value)?)),
        DiscountKind::FreeShipping => Some(Discount::FreeShipping),
        DiscountKind::Ignore => None,
    })
}

/// What the profile says of a word of the shop's; capitals do not matter where no other word is the
/// very same.
fn word_of<'w, T>(words: &'w BTreeMap<String, T>, said: &str) -> Option<&'w T> {
    let low = said.trim().to_lowercase();
    let alike = || words.iter().find(|(word, _)| word.to_lowercase() == low);
    words.get(said).or_else(|| alike().map(|(_, meant)| meant))
}
