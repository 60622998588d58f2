//! Coupons in an answer: the shop's words for kinds and discounts are the profile's to translate.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound};
use domain::ids::CouponId;
use domain::money::Cents;
use domain::offer::{Coupon, CouponKind, Discount};
use ports::shop_api::{ShopCoupon, ShopReply};

use super::Unparsable;
use super::value::At;
use crate::shop_api::profile::{CouponFields, CouponsAnswer, DiscountKind, Field};

/// The wallet in an answer; coupons whose discount the profile ignores are left out.
pub(super) fn read_wallet<'v>(
    fields: &'v CouponsAnswer,
    coupon: &CouponFields,
    at: At<'v>,
) -> Result<ShopReply, Unparsable> {
    let eligible = at.each(&fields.eligible, |item| read_coupon(coupon, item, None))?;
    let ineligible = match &fields.ineligible {
        // A shop may leave the list out.
        Some(list) if at.is_there(list) => {
            at.each(list, |item| read_coupon(coupon, item, fields.reason.as_ref()))?
        }
        Some(_) | None => Vec::new(),
    };
    Ok(ShopReply::Coupons {
        eligible: eligible.into_iter().flatten().collect(),
        ineligible: ineligible.into_iter().flatten().collect(),
    })
}

fn read_coupon(
    fields: &CouponFields,
    at: At<'_>,
    reason: Option<&Field>,
) -> Result<Option<ShopCoupon>, Unparsable> {
    let id = CouponId::new(at.id(&fields.id)?);
    let Some(discount) = read_discount(fields, at)? else { return Ok(None) };
    let kind = at.text(&fields.kind)?;
    let kind = *fields
        .kinds
        .get(&kind)
        .ok_or_else(|| at.unfit(&fields.kind, "a word that the profile's `kinds` does not have"))?;
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
    let kind = fields.discount_types.get(&word).ok_or_else(|| {
        let problem = "a word that the profile's `discount_types` does not have";
        at.unfit(&fields.discount_type, problem)
    })?;
    Ok(match kind {
        DiscountKind::Percent => Some(Discount::PercentOff(at.percent(&fields.value)?)),
        DiscountKind::Fixed => Some(Discount::FixedOff(at.price(&fields.value)?)),
        DiscountKind::Bogo => Some(Discount::BuyOneGetOne(at.percent(&fields.value)?)),
        DiscountKind::FreeShipping => Some(Discount::FreeShipping),
        DiscountKind::Ignore => None,
    })
}

/// A moment in UTC: with an offset, without one (UTC then), or a date (its last second).
pub(super) fn read_time(field: &Field, at: At<'_>) -> Result<Option<NaiveDateTime>, Unparsable> {
    let Some(text) = at.optional_text(field)? else { return Ok(None) };
    let text = text.trim();
    let moment = DateTime::parse_from_rfc3339(text)
        .map(|moment| moment.naive_utc())
        .or_else(|_| {
            DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").map(|m| m.naive_utc())
        })
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f"))
        .ok()
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(23, 59, 59));
    // Whole microseconds: what both databases keep.
    moment.map(|moment| Some(moment.trunc_subsecs(6))).ok_or_else(|| at.unfit(field, "no date"))
}
