//! What a run saw of the shop's goods.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use domain::ids::RunId;

use super::Question;

/// A category.
#[derive(Clone, Debug, QueryableByName)]
pub struct CategoryRow {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub category: String,
}

const CATEGORIES: &str = "SELECT DISTINCT category FROM products WHERE run_id = {run}";

/// The categories of the products that the run saw.
pub fn categories(run: RunId) -> Question<CategoryRow> {
    Question::new("categories of products", CATEGORIES).with("run", run)
}

/// A product as the run saw it last.
#[derive(Clone, Debug, QueryableByName)]
pub struct ProductRow {
    /// Its id at the shop.
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// Its category.
    #[diesel(sql_type = Text)]
    pub category: String,
    /// Its brand, where the shop names one.
    #[diesel(sql_type = Nullable<Text>)]
    pub brand: Option<String>,
    /// Its price.
    #[diesel(sql_type = BigInt)]
    pub price_cents: i64,
}

const KNOWN: &str =
    "SELECT product_id, category, brand, price_cents FROM products WHERE run_id = {run}";

/// The products that the run saw.
pub fn known(run: RunId) -> Question<ProductRow> {
    Question::new("products that a run saw", KNOWN).with("run", run)
}
