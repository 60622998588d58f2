//! What the practice shop sells and where (config/practice_catalog.ron), with stable ids.
//!
//! An id is uuid v5 of a slug: the same product has the same id in every process and release.

use std::collections::HashMap;
use std::str::FromStr;

use domain::catalog::Product;
use domain::ids::{ProductId, StoreId};
use domain::money::Cents;
use serde::{Deserialize, Serialize};
use text::ron_text::{self, RonError};
use uuid::Uuid;

const SMALL: &str = include_str!("../../../config/practice_catalog.ron");
const LARGE: &str = include_str!("../../../config/practice_catalog_large.ron");

/// Which of the catalogues that ship with cartload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatalogSize {
    /// 72 products of 24 brands in 20 categories.
    #[default]
    Small,
    /// 1,000 products in 40 categories, those of the small one and its brands among them.
    Large,
}

impl CatalogSize {
    /// What a setting or a flag may say.
    pub const ALLOWED: &'static str = "small or large";
}

/// A word that names no catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed: {}", CatalogSize::ALLOWED)]
pub struct NoCatalog;

impl FromStr for CatalogSize {
    type Err = NoCatalog;

    fn from_str(word: &str) -> Result<Self, NoCatalog> {
        match word {
            "small" => Ok(Self::Small),
            "large" => Ok(Self::Large),
            _ => Err(NoCatalog),
        }
    }
}

/// A branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// uuid v5 of its slug.
    pub id: StoreId,
    /// Shown name.
    pub name: String,
}

/// Branches and products, each in the order of the file.
#[derive(Clone, Debug)]
pub struct PracticeCatalog {
    /// At least one.
    pub stores: Vec<Store>,
    /// At least one.
    pub products: Vec<Product>,
    product_index: HashMap<ProductId, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogFile {
    stores: Vec<(String, String)>,
    shelves: Vec<Shelf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shelf {
    category: String,
    /// Slug, name, brand, price.
    products: Vec<(String, String, String, String)>,
}

/// The small catalogue.
pub fn builtin() -> Result<PracticeCatalog, RonError> {
    of(CatalogSize::Small)
}

/// The catalogue of this size.
pub fn of(size: CatalogSize) -> Result<PracticeCatalog, RonError> {
    match size {
        CatalogSize::Small => parse("config/practice_catalog.ron", SMALL),
        CatalogSize::Large => parse("config/practice_catalog_large.ron", LARGE),
    }
}

impl PracticeCatalog {
    /// The position of a product.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.product_index.get(&ProductId::new(id)).copied()
    }

    /// The position of a branch.
    pub fn find_store(&self, id: &str) -> Option<usize> {
        self.stores.iter().position(|s| s.id.as_str() == id)
    }
}

fn slug_id(kind: &str, slug: &str) -> String {
    let name = format!("cartload/{kind}/{slug}");
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}

fn parse(origin: &str, text: &str) -> Result<PracticeCatalog, RonError> {
    let file: CatalogFile = ron_text::parse(origin, text)?;
    let error = |slug: &str, why: String| {
        let at = text.find(&format!("({slug:?}")).unwrap_or(0);
        let before = &text[..at];
        RonError {
            origin: origin.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
            problem: why,
        }
    };
    let stores: Vec<Store> = file
        .stores
        .into_iter()
        .map(|(slug, name)| Store { id: StoreId::new(slug_id("store", &slug)), name })
        .collect();
    let mut products = Vec::new();
    let mut product_index = HashMap::new();
    for Shelf { category, products: shelf } in file.shelves {
        for (slug, name, brand, price) in shelf {
            let price: Cents = price
                .parse()
                .map_err(|why| error(&slug, format!("product `{slug}`: price: {why}")))?;
            let id = ProductId::new(slug_id("product", &slug));
            if product_index.insert(id.clone(), products.len()).is_some() {
                return Err(error(&slug, format!("product `{slug}` is there twice")));
            }
            let (category, brand) = (category.clone(), Some(brand));
            products.push(Product {
                id,
                name,
                category,
                brand,
                price,
                in_stock: true,
                handle: Default::default(),
            });
        }
    }
    if stores.is_empty() || products.is_empty() {
        return Err(error("", "at least one store and one product are needed".to_owned()));
    }
    Ok(PracticeCatalog { stores, products, product_index })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use domain::offer::CouponKind;

    use super::*;

    fn catalog() -> PracticeCatalog {
        builtin().expect("the embedded catalog is valid")
    }

    #[test]
    fn the_builtin_catalog_has_the_real_shops_size_and_prices() {
        let catalog = catalog();
        assert_eq!((catalog.stores.len(), catalog.products.len()), (10, 72));
        let prices = || catalog.products.iter().map(|p| p.price);
        assert_eq!(prices().min(), Some(Cents(249)));
        assert_eq!(prices().max(), Some(Cents(3_700)));
        assert_eq!(prices().sum::<Cents>(), Cents(1_179).times(72), "the mean is 11.79");
    }

    #[test]
    fn the_categories_are_those_that_personas_prefer() {
        let catalog = catalog();
        let mut categories: Vec<&str> =
            catalog.products.iter().map(|p| p.category.as_str()).collect();
        categories.dedup();
        assert_eq!(
            categories.join(","),
            "Produce,Dairy,Bakery,Meat,Seafood,Frozen,Beverages,Snacks,Candy,Breakfast,Pantry,\
             Pasta,Canned Goods,Condiments,Baby,Pet,Cleaning,Paper Goods,Personal Care,Health"
        );
    }

    #[test]
    fn twenty_categories_hold_three_or_four_products_and_24_brands_three() {
        let catalog = catalog();
        let mut categories: BTreeMap<&str, usize> = BTreeMap::new();
        let mut brands: BTreeMap<&str, usize> = BTreeMap::new();
        for product in &catalog.products {
            *categories.entry(&product.category).or_default() += 1;
            *brands.entry(product.brand.as_deref().expect("each has a brand")).or_default() += 1;
        }
        assert_eq!((categories.len(), brands.len()), (20, 24));
        assert!(categories.values().all(|n| (3..=4).contains(n)), "{categories:?}");
        assert!(brands.values().all(|n| *n == 3), "{brands:?}");
    }

    #[test]
    fn every_coupon_is_good_for_something_that_is_sold() {
        let catalog = catalog();
        for coupon in crate::coupon_book::builtin().expect("the embedded book is valid") {
            let target = coupon.target.as_deref().unwrap_or_default();
            let helps = catalog.products.iter().any(|p| match coupon.kind {
                CouponKind::Frontstore => true,
                CouponKind::Category => p.category == target,
                CouponKind::Brand => p.brand.as_deref() == Some(target),
            });
            assert!(helps, "{coupon:?}");
        }
    }

    #[test]
    fn the_large_catalogue_sells_all_that_coupons_and_preferences_name() {
        let (small, large) = (catalog(), of(CatalogSize::Large).expect("it is valid"));
        let named = |catalog: &PracticeCatalog| {
            let products = catalog.products.iter();
            let categories = products.clone().map(|p| p.category.clone());
            let brands = products.filter_map(|p| p.brand.clone());
            (categories.collect::<BTreeSet<_>>(), brands.collect::<BTreeSet<_>>())
        };
        let (of_small, of_large) = (named(&small), named(&large));
        assert!(of_small.0.is_subset(&of_large.0) && of_small.1.is_subset(&of_large.1));
        assert_eq!((large.products.len(), of_large.0.len()), (1_000, 40));
        assert_eq!(large.stores, small.stores);
        let names: BTreeSet<_> = large.products.iter().map(|p| (&p.name, &p.brand)).collect();
        assert_eq!(names.len(), 1_000, "no two are called the same");
        let mut prices: Vec<Cents> = large.products.iter().map(|p| p.price).collect();
        prices.sort();
        for (rank, low, high) in [(100, 165, 195), (500, 490, 550), (900, 1_120, 1_280)] {
            assert!((Cents(low)..=Cents(high)).contains(&prices[rank]), "{rank}: {}", prices[rank]);
        }
    }

    #[test]
    fn words_name_catalogues_and_others_none() {
        assert_eq!("large".parse(), Ok(CatalogSize::Large));
        assert_eq!("small".parse(), Ok(CatalogSize::Small));
        assert_eq!("huge".parse::<CatalogSize>(), Err(NoCatalog));
    }

    #[test]
    fn ids_are_the_same_in_every_release() {
        let catalog = catalog();
        assert_eq!(catalog.products[0].name, "Organic Bananas");
        assert_eq!(catalog.products[0].id.as_str(), "a4fd6710-730c-5cac-8729-e01f62c9fc38");
        assert_eq!(catalog.find(catalog.products[0].id.as_str()), Some(0));
        assert_eq!(catalog.stores[0].id.as_str(), "8483c274-7ae5-54a2-ba61-8002e6a76f41");
        assert_eq!(catalog.find_store(catalog.stores[9].id.as_str()), Some(9));
    }

    #[test]
    fn a_bad_price_is_named_by_its_line() {
        let text = "(stores: [(\"a\", \"A\")], shelves: [\n (category: \"X\", products: [\n  \
                    (\"s\", \"S\", \"B\", \"1,5\"),\n ]),\n])";
        let error = parse("my.ron", text).expect_err("1,5 is no price");
        assert_eq!((error.line, error.column), (3, 3));
        assert!(error.problem.contains("`1,5`"), "{error}");
    }
}
