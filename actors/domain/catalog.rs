//! What the shop sells, as seen by a shopper.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::ids::ProductId;
use super::money::Cents;

/// One thing that the shop sells: a product, or a variant of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The shop's id; a variant's own where it is one.
    pub id: ProductId,
    /// Shown name.
    pub name: String,
    /// Category; coupons and preferences match it exactly.
    pub category: String,
    /// Brand; `None` where the shop names none.
    pub brand: Option<String>,
    /// Price of one unit.
    pub price: Cents,
    /// Whether the shop says it can be bought.
    pub in_stock: bool,
    /// What else the shop's calls about it say.
    #[serde(default, skip_serializing_if = "Handle::is_plain")]
    pub handle: Handle,
}

/// What the shop's calls about a product say beside its id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handle {
    /// The product that it is a variant of; `None`: it is no variant.
    pub variant_of: Option<ProductId>,
    /// Further values of its, by the names that the profile gives them (`keep`).
    pub kept: BTreeMap<String, String>,
}

impl Handle {
    /// Whether the id alone says which.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// A thing that the shop sells, as calls name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goods {
    /// Its id.
    pub id: ProductId,
    /// What else they say.
    pub handle: Handle,
}

impl Goods {
    /// The product's id, be it this or what this is a variant of.
    pub fn product_id(&self) -> &ProductId {
        self.handle.variant_of.as_ref().unwrap_or(&self.id)
    }
}

impl From<ProductId> for Goods {
    fn from(id: ProductId) -> Self {
        Self { id, handle: Handle::default() }
    }
}

impl Product {
    /// As calls name it.
    pub fn goods(&self) -> Goods {
        Goods { id: self.id.clone(), handle: self.handle.clone() }
    }

    /// The product's id, be it this or what this is a variant of.
    pub fn product_id(&self) -> &ProductId {
        self.handle.variant_of.as_ref().unwrap_or(&self.id)
    }

    /// Whether its name, category or brand holds this text of small letters, whatever their case.
    pub fn answers_to(&self, small: &str) -> bool {
        let holds = |of: &str| of.to_lowercase().contains(small);
        holds(&self.name) || holds(&self.category) || self.brand.as_deref().is_some_and(holds)
    }
}

/// How the reading of a catalogue ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatalogEnd {
    /// At the shop's end of it.
    Whole,
    /// At a page without products, below the total that the shop says.
    Nothing,
    /// At a page that had been listed before, below the total that the shop says.
    NothingNew,
    /// At the total that the shop says, with some listed twice.
    Repeats,
    /// At the bound of what is kept.
    Full,
    /// At the bound of what is asked.
    Pages,
    /// At the one page that the profile asks for, below the total that the shop says.
    OnePage,
    /// At a page that named no next one, below the total that the shop says.
    NoCursor,
}

/// A catalogue that is not all that the shop has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialCatalog {
    /// Products that are kept.
    pub listed: u64,
    /// How many the shop says it has.
    pub total: Option<u64>,
    /// Pages that were asked for.
    pub pages: u32,
    /// Products asked for in each.
    pub page_size: u32,
    /// How it ended.
    pub end: CatalogEnd,
}

impl PartialCatalog {
    /// In words, with what may be done.
    pub fn says(&self) -> String {
        let Self { listed, pages, page_size, .. } = self;
        let of = self.total.map_or(String::new(), |total| format!(" of {total}"));
        let why = match self.end {
            CatalogEnd::Whole => "it is whole",
            CatalogEnd::Nothing => "the last page was empty; the shop's total counts others too",
            CatalogEnd::NothingNew => {
                "the last page had nothing new; does the shop take the `offset` of the profile's \
                 list_products?"
            }
            CatalogEnd::Repeats => "some were listed twice, and others not at all",
            CatalogEnd::Full => "no more than 50,000 products and 16 MiB of their texts are kept",
            CatalogEnd::Pages => "no more pages are asked for; raise `paging.size` in the profile",
            CatalogEnd::OnePage => "the profile's `paging` asks for one page",
            CatalogEnd::NoCursor => "the last page named no next one",
        };
        format!(
            "the catalogue is short: {listed}{of} products came in {pages} pages of {page_size}: \
             {why}"
        )
    }
}

/// Every product the shop listed at the start of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// In the shop's order.
    pub products: Vec<Product>,
}

impl Catalog {
    /// The products of `category`, or all of them for `None`, in the shop's order.
    pub fn list(&self, category: Option<&str>) -> impl Iterator<Item = &Product> {
        self.products.iter().filter(move |p| category.is_none_or(|c| p.category == c))
    }

    /// The products that answer to a text, in the shop's order: those whose name, category or brand
    /// holds it, whatever the case.
    pub fn search(&self, text: &str) -> impl Iterator<Item = &Product> {
        let text = text.to_lowercase();
        self.products.iter().filter(move |product| product.answers_to(&text))
    }

    /// Whether it holds more products than these many, the variants of one counted once.
    pub fn is_more_than(&self, products: usize) -> bool {
        // Without variants, and of a list that is whole, no set is made.
        self.products.len() > products
            && self.products.iter().map(Product::product_id).collect::<HashSet<_>>().len()
                > products
    }

    /// Whether any product belongs to `category`.
    pub fn has_category(&self, category: &str) -> bool {
        self.products.iter().any(|p| p.category == category)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(id: &str, variant_of: Option<&str>) -> Product {
        Product {
            id: ProductId::new(id),
            name: id.to_owned(),
            category: "Dairy".to_owned(),
            brand: None,
            price: Cents(100),
            in_stock: true,
            handle: Handle { variant_of: variant_of.map(ProductId::new), ..Handle::default() },
        }
    }

    #[test]
    fn a_text_finds_what_is_called_so_or_is_of_that_category_or_brand() {
        let mut products = vec![product("Milk", None), product("bread", None)];
        products[1].category = "Bakery".to_owned();
        products[1].brand = Some("Golden".to_owned());
        let catalog = Catalog { products };
        for (text, found) in [("milk", 1), ("AIRY", 1), ("gold", 1), ("", 2), ("fish", 0)] {
            assert_eq!(catalog.search(text).count(), found, "{text}");
        }
    }

    #[test]
    fn variants_of_a_product_count_once_against_a_list() {
        let products =
            vec![product("s", Some("shirt")), product("m", Some("shirt")), product("milk", None)];
        let catalog = Catalog { products };
        assert!(catalog.is_more_than(1));
        assert!(!catalog.is_more_than(2) && !catalog.is_more_than(3));
    }
}
