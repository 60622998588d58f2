//! docs/profiles-reference.md: every key of the language is in it and nothing else is; what
//! docs/data.md says of the profiles.

mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::offer::{CouponKind, CouponUse};
use ports::shop_api::{CartMode, CatalogMode, IdempotencyMode, PageBy, Refusal, WalletMode};
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;

use super::answers::*;
use super::auth::{Auth, Jwt, SecretSource};
use super::call::{Method, WrittenCall};
use super::rules::WrittenRule;
use super::steps::WrittenSteps;
use super::written::{Cookies, WrittenPaging, WrittenProfile, WrittenSetup, WrittenVar};
use super::*;

const REFERENCE: &str = include_str!("../../../../docs/profiles-reference.md");

const DATA: &str = include_str!("../../../../docs/data.md");

/// The files whose structs are profiles.
const SOURCES: [&str; 7] = [
    include_str!("../profile.rs"),
    include_str!("answers.rs"),
    include_str!("auth.rs"),
    include_str!("call.rs"),
    include_str!("rules.rs"),
    include_str!("steps.rs"),
    include_str!("written.rs"),
];

/// What a type reads: the keys of a struct, the words of an enum.
struct Asked;

#[derive(Debug)]
enum Told {
    Names(&'static [&'static str]),
    Nothing,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Told {}

impl Error for Told {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Nothing
    }
}

impl<'de> Deserializer<'de> for Asked {
    type Error = Told;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Told> {
        Err(Told::Nothing)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Told> {
        Err(Told::Names(fields))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Told> {
        Err(Told::Names(variants))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

fn names<T: DeserializeOwned>() -> BTreeSet<String> {
    match T::deserialize(Asked) {
        Err(Told::Names(names)) => names.iter().map(|name| (*name).to_owned()).collect(),
        Err(Told::Nothing) | Ok(_) => panic!("neither keys nor words"),
    }
}

/// The keys of each struct, by the heading of its table.
fn keys() -> Vec<(&'static str, BTreeSet<String>)> {
    vec![
        ("top level", names::<WrittenProfile>()),
        ("vars", names::<WrittenVar>()),
        ("auth_strategies", names::<Auth>()),
        ("Jwt", names::<Jwt>()),
        ("secret", names::<SecretSource>()),
        ("timeouts", names::<Timeouts>()),
        ("paging", names::<WrittenPaging>()),
        ("setup", names::<WrittenSetup>()),
        ("steps", names::<WrittenSteps<Vec<WrittenCall>>>()),
        ("a call", names::<WrittenCall>()),
        ("refusals", names::<WrittenRule>()),
        ("answers", names::<Answers>()),
        ("answers.money", names::<Money>()),
        ("answers.stores", names::<StoresAnswer>()),
        ("answers.store_selected", names::<StoreSelectedAnswer>()),
        ("answers.products", names::<ProductsAnswer>()),
        ("answers.product", names::<ProductAnswer>()),
        ("answers.item", names::<ItemFields>()),
        ("answers.item.variants", names::<VariantFields>()),
        ("answers.item_added", names::<AddedAnswer>()),
        ("answers.cart", names::<CartAnswer>()),
        ("answers.summary", names::<SummaryAnswer>()),
        ("answers.coupons", names::<CouponsAnswer>()),
        ("answers.coupon_fields", names::<CouponFields>()),
        ("answers.order", names::<OrderAnswer>()),
        ("answers.order.lines", names::<LineFields>()),
        ("answers.order.coupons", names::<OrderCoupons>()),
        ("answers.latest_order", names::<LatestOrderAnswer>()),
        ("answers.found", names::<FoundAnswer>()),
        ("answers.cart_cleared", names::<ClearedAnswer>()),
    ]
}

/// The words of each enum, by the heading of its table.
fn words() -> Vec<(&'static str, BTreeSet<String>)> {
    vec![
        ("words of method", names::<Method>()),
        ("words of cookies", names::<Cookies>()),
        ("words of paging.by", names::<PageBy>()),
        ("words of money.unit", names::<MoneyUnit>()),
        ("words of idempotency", names::<IdempotencyMode>()),
        ("words of wallet", names::<WalletMode>()),
        ("words of coupons", names::<CouponUse>()),
        ("words of catalog", names::<CatalogMode>()),
        ("words of carts", names::<CartMode>()),
        ("words of refusal", names::<Refusal>()),
        ("words of coupon_fields.kinds", names::<CouponKind>()),
        ("words of coupon_fields.discount_types", names::<DiscountKind>()),
    ]
}

/// The rows of the reference's tables by heading, each its cells without backticks.
fn tables() -> BTreeMap<String, Vec<Vec<String>>> {
    let (mut tables, mut heading) = (BTreeMap::<String, Vec<Vec<String>>>::new(), String::new());
    for line in REFERENCE.lines() {
        if let Some((_, title)) = line.split_once("# ") {
            heading = title.replace('`', "");
        } else if line.starts_with("| `") {
            let cells = line.trim_matches('|').split(" | ");
            let cells = cells.map(|cell| cell.trim().replace('`', "")).collect();
            tables.entry(heading.clone()).or_default().push(cells);
        }
    }
    tables
}

#[test]
fn the_reference_has_every_key_and_word_of_the_language_and_no_other() {
    let mut tables = tables();
    let placeholders = Placeholder::ALL.iter().map(|p| format!("{{{}}}", p.as_str())).collect();
    let all = keys().into_iter().chain(words()).chain([("placeholders", placeholders)]);
    for (heading, there) in all {
        let rows = tables.remove(heading).unwrap_or_else(|| panic!("no table `{heading}`"));
        let told: Vec<&String> = rows.iter().map(|cells| &cells[0]).collect();
        let once: BTreeSet<String> = told.iter().map(|name| (*name).clone()).collect();
        assert_eq!(told.len(), once.len(), "{heading}: a row is there twice");
        assert_eq!(once, there, "docs/profiles-reference.md, {heading}; the code");
        let empty = rows.iter().find(|cells| cells.iter().any(String::is_empty));
        assert_eq!(empty, None, "{heading}: a cell says nothing");
    }
    tables.remove("where a value is");
    assert_eq!(tables.keys().collect::<Vec<_>>(), Vec::<&String>::new(), "tables of nothing");
}

#[test]
fn no_struct_of_the_language_is_without_a_table() {
    let strict = |text: &&str| text.matches("deny_unknown_fields").count();
    // One more: `headers` as format 1 has them.
    assert_eq!(SOURCES.iter().map(strict).sum::<usize>(), keys().len() + 1);
}

#[test]
fn the_reference_says_of_each_step_what_its_calls_may_name() {
    let tables = tables();
    for step in StepName::ALL {
        let row = tables["steps"].iter().find(|cells| cells[0] == step.as_str()).unwrap();
        let there: Vec<String> =
            step.placeholders().iter().map(|p| format!("{{{}}}", p.as_str())).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(" ") };
        assert_eq!(row[1], there, "{}", step.as_str());
    }
}

#[test]
fn the_page_about_data_says_which_figures_of_orders_are_reckoned() {
    let (_, section) = DATA.split_once("| reckoned in `orders`").unwrap();
    for name in Profile::builtin_names() {
        let profile = Profile::builtin(name).unwrap();
        let order = profile.answers.order.as_ref().unwrap();
        let line = order.lines.as_ref().unwrap();
        let told = |figures: &[(&str, &Option<Field>)]| {
            let absent = figures.iter().filter(|(_, field)| field.is_none());
            let absent: Vec<&str> = absent.map(|(figure, _)| *figure).collect();
            if absent.is_empty() { "nothing".to_owned() } else { absent.join(", ") }
        };
        let of_order = told(&[
            ("subtotal", &order.subtotal),
            ("item_discounts", &order.item_discounts),
            ("frontstore_discount", &order.frontstore_discount),
            ("discount_total", &order.discount_total),
        ]);
        let of_lines = told(&[
            ("unit_price", &line.unit_price),
            ("discount", &line.discount),
            ("line_total", &line.line_total),
        ]);
        let named = |row: &&str| row.starts_with('|') && row.contains(&format!("`{name}`"));
        let row = section.lines().take_while(|row| !row.is_empty()).find(named);
        let row = row.unwrap_or_else(|| panic!("no row of {name}"));
        assert!(row.ends_with(&format!("| {of_order} | {of_lines} |")), "{name}: {row}");
    }
}
