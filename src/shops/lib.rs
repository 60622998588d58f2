//! Shops: the adapter that speaks HTTP to one, the one that answers in its place, and the practice
//! shop.

pub mod address;
pub mod coupon_book;
pub mod practice_shop;
pub mod prices;
mod pricing;
pub mod shop_api;
pub mod trust;
