//! The catalogue, page after page: goes on by what came, never by what was asked for, and ends at
//! the total, where a page has nothing new, or at a bound.
//!
//! Pure: it says what to ask, and is told what came.

use std::collections::HashSet;

use crate::domain::catalog::{CatalogEnd, PartialCatalog, Product};
use crate::domain::ids::ProductId;
use crate::ports::shop_api::{Page, PageBy, Paging, ShopCall};

/// Products that are kept of a shop: each agent's shop is far smaller, and all are rows.
pub const PRODUCTS_MAX: usize = 50_000;
/// Bytes of ids, names, categories and brands that are kept of a shop.
pub const CATALOG_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Pages: 20 s at the usual rate.
const PAGES_MAX: u32 = 1_000;

/// The pages so far.
pub struct Pages {
    paging: Paging,
    pages: u32,
    /// What the last page says the next one is asked for by.
    cursor: Option<String>,
    /// Items of the pages, those that were listed twice or do not fit as well.
    came: u32,
    /// Of them: those that do not fit.
    left_out: u64,
    total: Option<u64>,
    known: HashSet<ProductId>,
    /// Products, each once, however many variants it has.
    listed: HashSet<ProductId>,
    products: Vec<Product>,
    bytes: usize,
    end: Option<CatalogEnd>,
}

impl Pages {
    /// None so far, to be asked for so.
    pub fn new(paging: Paging) -> Self {
        Self {
            paging,
            pages: 0,
            cursor: None,
            came: 0,
            left_out: 0,
            total: None,
            known: HashSet::new(),
            listed: HashSet::new(),
            products: Vec::new(),
            bytes: 0,
            end: None,
        }
    }

    /// What is to be asked next; none at the end.
    pub fn next(&self) -> Option<ShopCall> {
        let page = Page {
            limit: self.paging.size,
            offset: self.came,
            number: self.paging.first.saturating_add(self.pages),
            cursor: self.cursor.clone(),
        };
        self.end.is_none().then_some(ShopCall::ListProducts { category: None, page })
    }

    /// A page came, with so many items, and said how many there are in all, and what the next one
    /// is asked for by.
    pub fn take(
        &mut self,
        products: Vec<Product>,
        came: u32,
        (total, next): (Option<u64>, Option<String>),
    ) {
        let items: HashSet<&ProductId> = products.iter().map(Product::product_id).collect();
        let left_out = u64::from(came).saturating_sub(items.len() as u64);
        let mut is_new = left_out > 0 && self.pages == 0;
        self.cursor = next;
        self.left_out += left_out;
        self.pages += 1;
        self.came = self.came.saturating_add(came);
        self.total = total.or(self.total);
        for product in products {
            if self.known.contains(&product.id) {
                continue;
            }
            is_new = true;
            self.bytes += bytes(&product);
            if self.products.len() == PRODUCTS_MAX || self.bytes > CATALOG_BYTES_MAX {
                self.end = Some(CatalogEnd::Full);
                return;
            }
            self.known.insert(product.id.clone());
            self.listed.insert(product.product_id().clone());
            self.products.push(product);
        }
        let listed = self.listed.len() as u64 + self.left_out;
        self.end = match self.total {
            Some(total) if listed >= total => Some(CatalogEnd::Whole),
            total if self.paging.by == PageBy::None => {
                Some(total.map_or(CatalogEnd::Whole, |_| CatalogEnd::OnePage))
            }
            total if self.paging.by == PageBy::Cursor && self.cursor.is_none() => {
                Some(total.map_or(CatalogEnd::Whole, |_| CatalogEnd::NoCursor))
            }
            Some(total) if u64::from(self.came) >= total && is_new => Some(CatalogEnd::Repeats),
            _ if came == 0 && self.total.is_none() => Some(CatalogEnd::Whole),
            _ if came == 0 => Some(CatalogEnd::Nothing),
            // Without a total that is how a list ends which knows no offset.
            None if !is_new => Some(CatalogEnd::Whole),
            Some(_) if !is_new => Some(CatalogEnd::NothingNew),
            _ if self.pages == PAGES_MAX => Some(CatalogEnd::Pages),
            Some(_) | None => None,
        };
    }

    /// What is to be said where it is not all that the shop has.
    pub fn partial(&self) -> Option<PartialCatalog> {
        let end = self.end.filter(|end| *end != CatalogEnd::Whole)?;
        Some(PartialCatalog {
            listed: self.listed.len() as u64,
            total: self.total,
            pages: self.pages,
            page_size: self.paging.size,
            end,
        })
    }

    /// What was listed, each product once.
    pub fn into_products(self) -> Vec<Product> {
        self.products
    }
}

fn bytes(product: &Product) -> usize {
    let brand = product.brand.as_ref().map_or(0, String::len);
    product.id.as_str().len() + product.name.len() + product.category.len() + brand
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Cents;

    fn product(number: u32) -> Product {
        Product {
            id: ProductId::new(format!("p-{number}")),
            name: "x".to_owned(),
            category: "c".to_owned(),
            brand: None,
            price: Cents(100),
            in_stock: true,
            handle: Default::default(),
        }
    }

    /// Reads a shop that answers an offset and a limit with these; answers the offsets asked.
    fn read(
        page_size: u32,
        shop: impl Fn(u32, u32) -> (Vec<Product>, u32, Option<u64>),
    ) -> (Pages, Vec<u32>) {
        let paging = Paging { by: PageBy::Offset, size: page_size, first: 1 };
        let (mut pages, mut asked) = (Pages::new(paging), Vec::new());
        while let Some(ShopCall::ListProducts { page, .. }) = pages.next() {
            asked.push(page.offset);
            let (products, came, total) = shop(page.offset, page.limit);
            pages.take(products, came, (total, None));
        }
        (pages, asked)
    }

    fn range(from: u32, most: u32, all: u32) -> (Vec<Product>, u32) {
        let products: Vec<Product> = (from..all.min(from + most)).map(product).collect();
        let came = u32::try_from(products.len()).unwrap();
        (products, came)
    }

    #[test]
    fn pages_go_on_by_what_came_until_the_total() {
        let (pages, asked) = read(100, |offset, _| {
            let (products, came) = range(offset, 10, 25);
            (products, came, Some(25))
        });
        assert_eq!((asked, pages.products.len()), (vec![0, 10, 20], 25));
        assert_eq!(pages.partial(), None);
        let (pages, asked) = read(10, |offset, limit| {
            let (products, came) = range(offset, limit, 20);
            (products, came, Some(20))
        });
        assert_eq!((asked, pages.products.len()), (vec![0, 10], 20), "page_size is the limit");
    }

    #[test]
    fn without_a_total_they_go_on_until_one_is_empty() {
        let (pages, asked) = read(100, |offset, _| {
            let (products, came) = range(offset, 10, 25);
            (products, came, None)
        });
        assert_eq!((asked, pages.products.len()), (vec![0, 10, 20, 25], 25));
        assert_eq!(pages.partial(), None);
    }

    #[test]
    fn a_list_that_knows_no_offset_is_read_once_and_ends_with_the_page_that_has_nothing_new() {
        let whole = |total: Option<u64>| move |_, _| (range(0, 72, 72).0, 72, total);
        let (pages, asked) = read(100, whole(Some(72)));
        assert_eq!((asked, pages.products.len(), pages.partial()), (vec![0], 72, None));
        let (pages, asked) = read(100, whole(None));
        assert_eq!((asked, pages.products.len(), pages.partial()), (vec![0, 72], 72, None));
        // Its first page is all that it ever shows.
        let (pages, asked) = read(100, |_, _| (range(0, 10, 72).0, 10, Some(72)));
        assert_eq!((asked, pages.products.len()), (vec![0, 10], 10));
        let partial = pages.partial().unwrap();
        assert_eq!((partial.listed, partial.total), (10, Some(72)));
        assert_eq!(partial.end, CatalogEnd::NothingNew);
    }

    #[test]
    fn a_total_that_is_never_reached_is_told_with_the_numbers() {
        let (pages, asked) = read(10, |offset, limit| {
            let (products, came) = range(offset, limit, 15);
            (products, came, Some(72))
        });
        assert_eq!(asked, [0, 10, 15]);
        let partial = pages.partial().unwrap();
        assert_eq!((partial.listed, partial.pages, partial.end), (15, 3, CatalogEnd::Nothing));
        let says = partial.says();
        assert!(says.contains("72") && says.contains("15"), "{says}");
    }

    #[test]
    fn products_that_were_listed_twice_are_no_others() {
        // Sorted anew for each page: the second begins before the end of the first.
        let (pages, asked) = read(10, |offset, limit| {
            let (products, came) = range(offset.saturating_sub(3), limit, 20);
            (products, came, Some(20))
        });
        assert_eq!((asked, pages.products.len()), (vec![0, 10], 17));
        assert_eq!(pages.partial().unwrap().end, CatalogEnd::Repeats);
    }

    #[test]
    fn items_that_do_not_fit_count_for_the_offset_and_the_total() {
        let (pages, asked) = read(10, |offset, limit| {
            let (mut products, came) = range(offset, limit, 20);
            products.retain(|product| product.id.as_str() != "p-3");
            (products, came, Some(20))
        });
        assert_eq!((asked, pages.products.len(), pages.partial()), (vec![0, 10], 19, None));
    }

    /// Reads pages of ten products; `asked` says what each was asked for by.
    fn read_by(
        by: PageBy,
        total: Option<u64>,
        asked: impl Fn(&Page) -> String,
    ) -> (Pages, Vec<String>) {
        let mut pages = Pages::new(Paging { by, size: 10, first: 1 });
        let mut words = Vec::new();
        while let Some(ShopCall::ListProducts { page, .. }) = pages.next() {
            words.push(asked(&page));
            let (products, came) = range(page.offset, 10, 25);
            let next = (page.offset + came < 25).then(|| format!("after {}", page.offset + came));
            pages.take(products, came, (total, next));
        }
        (pages, words)
    }

    #[test]
    fn pages_are_asked_for_by_their_number_or_by_what_the_one_before_said() {
        let (pages, asked) = read_by(PageBy::Page, Some(25), |page| page.number.to_string());
        assert_eq!((asked.join(" "), pages.partial()), ("1 2 3".to_owned(), None));
        let cursor = |page: &Page| page.cursor.clone().unwrap_or_default();
        let (pages, asked) = read_by(PageBy::Cursor, None, cursor);
        assert_eq!((asked.join(","), pages.partial()), (",after 10,after 20".to_owned(), None));
        let (pages, _) = read_by(PageBy::Cursor, Some(26), cursor);
        assert_eq!(pages.partial().unwrap().end, CatalogEnd::NoCursor);
    }

    #[test]
    fn one_page_is_all_where_the_profile_asks_for_one() {
        for (total, end) in [(None, None), (Some(10), None), (Some(25), Some(CatalogEnd::OnePage))]
        {
            let (pages, asked) = read_by(PageBy::None, total, |page| page.offset.to_string());
            assert_eq!((asked.len(), pages.partial().map(|partial| partial.end)), (1, end));
        }
    }

    #[test]
    fn a_product_counts_once_for_the_total_whatever_its_variants() {
        let mut pages = Pages::new(Paging { by: PageBy::Offset, size: 2, first: 1 });
        let variants = |of: u32| {
            (0..8).map(move |n| {
                let mut variant = product(of * 100 + n);
                variant.handle.variant_of = Some(ProductId::new(format!("of-{of}")));
                variant
            })
        };
        pages.take(variants(1).chain(variants(2)).collect(), 2, (Some(3), None));
        assert!(pages.next().is_some());
        pages.take(variants(3).collect(), 1, (Some(3), None));
        assert!(pages.next().is_none());
        assert_eq!((pages.partial(), pages.products.len()), (None, 24));
    }

    #[test]
    fn products_bytes_and_pages_are_bounded() {
        let most = u32::try_from(PRODUCTS_MAX).unwrap();
        for (all, end) in [(most, None), (most + 1, Some(CatalogEnd::Full))] {
            let (pages, _) = read(1_000, |offset, limit| {
                let (products, came) = range(offset, limit, all);
                (products, came, None)
            });
            assert_eq!(pages.products.len(), PRODUCTS_MAX);
            assert_eq!(pages.partial().map(|partial| partial.end), end);
        }
        let long = |offset: u32, _| {
            let mut product = product(offset);
            product.name = "n".repeat(1024 * 1024);
            (vec![product], 1, None)
        };
        let (pages, _) = read(1, long);
        assert_eq!(pages.partial().unwrap().end, CatalogEnd::Full);
        assert!(pages.products.len() == 15, "{}", pages.products.len());
        let (pages, asked) = read(1, |offset, _| (vec![product(offset)], 1, None));
        assert_eq!(pages.partial().unwrap().end, CatalogEnd::Pages);
        assert_eq!(asked.len(), PAGES_MAX as usize);
    }
}
