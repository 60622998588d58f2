//! What the shops of the contracts sell, and the codes they know: one file for all.

use serde::Deserialize;
use serde_json::{Value, json};

use super::shape::read;
use super::shop::Ids;
use super::template::amount;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Goods {
    products: usize,
    categories: Vec<String>,
    brands: Vec<String>,
    variants: Every,
    scarce: Every,
    stock: u32,
    codes: Vec<Code>,
}

/// So many of every so manyth.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Every {
    every: usize,
    count: u32,
}

/// A code that takes something off.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    pub code: String,
    #[serde(default)]
    pub percent: i64,
    #[serde(default)]
    pub off: i64,
    /// The least subtotal that it takes something off.
    #[serde(default)]
    pub from: i64,
    #[serde(default)]
    pub state: CodeState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeState {
    #[default]
    Valid,
    Draft,
    Ended,
}

/// A product.
#[derive(Clone, Debug)]
pub struct Product {
    pub id: String,
    pub name: String,
    pub category: String,
    pub brand: String,
    /// What of it is bought: one at least.
    pub variants: Vec<Variant>,
}

/// What is bought.
#[derive(Clone, Debug)]
pub struct Variant {
    pub id: String,
    pub name: String,
    pub price: i64,
    pub stock: u32,
}

/// The goods of a shop that names them so; without variants a product is bought itself.
pub fn goods(ids: &Ids, has_variants: bool) -> (Vec<Product>, Vec<Code>) {
    let goods: Goods = read("goods.ron", include_str!("goods.ron"));
    let mut number = 0;
    let mut product = |n: usize| {
        let count = if n.is_multiple_of(goods.variants.every) { goods.variants.count } else { 1 };
        let is_scarce = n.is_multiple_of(goods.scarce.every);
        let stock = if is_scarce { goods.scarce.count } else { goods.stock };
        let base = i64::try_from(n * 37 % 1900 + 101).unwrap();
        let id = ids.product(n);
        let variants = (0..if has_variants { count } else { 1 }).map(|v| {
            number += 1;
            let own = if has_variants { ids.variant(number) } else { id.clone() };
            Variant { id: own, name: format!("Kind {v}"), price: base + i64::from(v), stock }
        });
        Product {
            variants: variants.collect(),
            name: format!("Item {n}"),
            category: goods.categories[n % goods.categories.len()].clone(),
            brand: goods.brands[n % goods.brands.len()].clone(),
            id,
        }
    };
    ((1..=goods.products).map(&mut product).collect(), goods.codes)
}

impl Product {
    /// As templates see it.
    pub fn shown(&self) -> Value {
        let variants: Vec<Value> = self.variants.iter().map(Variant::shown).collect();
        json!({
            "id": self.id, "name": self.name, "category": self.category, "brand": self.brand,
            "price": variants[0]["price"], "in_stock": variants[0]["in_stock"],
            "stock": variants[0]["stock"], "variants": variants,
        })
    }
}

impl Variant {
    fn shown(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "price": amount(self.price),
            "stock": self.stock, "in_stock": self.stock > 0,
        })
    }
}
