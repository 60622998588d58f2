//! What a run saw of the shop's goods.

use diesel::QueryableByName;
use diesel::sql_types::Text;
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
