//! What the shop sells, in an answer: products, or the variants of each, which are what is bought.

use std::collections::BTreeMap;

use domain::catalog::{Handle, Product};
use domain::ids::ProductId;
use domain::money::Cents;
use domain::shop_notes::{Misread, Outcome};
use ports::shop_api::{CatalogMode, ShopReply};

use super::sifter::Sifter;
use super::value::At;
use super::{Reading, Unparsable};
use crate::shop_api::profile::{Field, ItemFields, ProductsAnswer, VariantFields};

/// What stands between the name of a product and that of its variant.
const BETWEEN_NAMES: &str = " / ";

/// A page of a list; where products are completed one by one it needs to show their ids alone.
pub(super) fn read_page<'v>(
    fields: &'v ProductsAnswer,
    (item, catalog): (&'v ItemFields, CatalogMode),
    at: At<'v>,
) -> Result<Reading, Unparsable> {
    let (mut sifter, mut unfit) = (Sifter::default(), Vec::new());
    let listed = sifter.take(at, &fields.list, &item.id, |at| match catalog {
        CatalogMode::Viewed => listed_only(item, at).map(|product| vec![product]),
        CatalogMode::Live | CatalogMode::Cached => {
            let (goods, misreads) = read_goods(item, at)?;
            unfit.extend(misreads);
            Ok(goods)
        }
    })?;
    let products: Vec<Product> = listed.into_iter().flatten().collect();
    let (came, mut misreads) = sifter.end()?;
    misreads.append(&mut unfit);
    let came = u32::try_from(came).unwrap_or(u32::MAX);
    // A list whose total cannot be read is one all the same.
    let total = fields.total.as_ref().map(|field| at.optional_whole(field)).transpose();
    let total = total.unwrap_or_else(|wrong| {
        misreads.push(wrong.misread(Outcome::LeftOut));
        None
    });
    let next = fields.next.as_ref().and_then(|field| at.optional_text(field).ok().flatten());
    let next = next.filter(|next| !next.is_empty());
    Ok((ShopReply::Products { products, came, total: total.flatten(), next }, misreads).into())
}

/// A product of which no more is known than that it is there.
fn listed_only(fields: &ItemFields, at: At<'_>) -> Result<Product, Unparsable> {
    Ok(Product {
        id: ProductId::new(at.id(&fields.id)?),
        name: String::new(),
        category: String::new(),
        brand: None,
        price: Cents::ZERO,
        in_stock: true,
        handle: Handle { variant_of: None, kept: kept(&fields.keep, at)? },
    })
}

/// A product, or each of its variants that fits, and those that do not; none that fits where it has
/// some is no product.
pub(super) fn read_goods(
    fields: &ItemFields,
    at: At<'_>,
) -> Result<(Vec<Product>, Vec<Misread>), Unparsable> {
    let id = ProductId::new(at.id(&fields.id)?);
    let brand = fields.brand.as_ref().map(|field| at.optional_text(field)).transpose()?;
    let price = |field: Option<&Field>| field.map(|field| at.price(field)).transpose();
    let variants = fields.variants.as_ref();
    let own_price = match variants.is_some_and(|variants| variants.price.is_some()) {
        true => None,
        false => price(fields.price.as_ref())?,
    };
    let product = Product {
        id,
        name: at.text(&fields.name)?,
        category: at.text(&fields.category)?,
        brand: brand.flatten().filter(|brand| !brand.is_empty()),
        price: own_price.unwrap_or_default(),
        in_stock: is_in_stock(fields.in_stock.as_ref(), &fields.in_stock_words, (at, true))?,
        handle: Handle { variant_of: None, kept: kept(&fields.keep, at)? },
    };
    let Some(variants) = variants else { return Ok((vec![product], Vec::new())) };
    let (mut goods, mut misreads, mut first) = (Vec::new(), Vec::new(), None);
    for (index, value) in at.list(&variants.list)?.iter().enumerate() {
        match read_variant(variants, &product, at.item(&variants.list, index, value)) {
            Ok(variant) => goods.push(variant),
            Err(wrong) => {
                misreads.push(wrong.misread(Outcome::LeftOut));
                first.get_or_insert(wrong);
            }
        }
    }
    match first {
        Some(wrong) if goods.is_empty() => Err(wrong),
        Some(_) | None => Ok((goods, misreads)),
    }
}

fn read_variant(
    fields: &VariantFields,
    product: &Product,
    at: At<'_>,
) -> Result<Product, Unparsable> {
    let name = fields.name.as_ref().map(|field| at.optional_text(field)).transpose()?;
    let name = name.flatten().filter(|name| !name.is_empty() && *name != product.name);
    let name = match name {
        Some(name) if name.starts_with(&product.name) => name,
        Some(name) => format!("{}{BETWEEN_NAMES}{name}", product.name),
        None => product.name.clone(),
    };
    let price = fields.price.as_ref().map(|field| at.price(field)).transpose()?;
    let words = &fields.in_stock_words;
    let mut kept_of_both = product.handle.kept.clone();
    kept_of_both.extend(kept(&fields.keep, at)?);
    Ok(Product {
        id: ProductId::new(at.id(&fields.id)?),
        name,
        price: price.unwrap_or(product.price),
        in_stock: is_in_stock(fields.in_stock.as_ref(), words, (at, product.in_stock))?,
        handle: Handle { variant_of: Some(product.id.clone()), kept: kept_of_both },
        ..product.clone()
    })
}

/// A yes or no, units, or one of the words for yes; `absent` where there is nothing.
fn is_in_stock(
    field: Option<&Field>,
    words: &[String],
    (at, absent): (At<'_>, bool),
) -> Result<bool, Unparsable> {
    match field {
        Some(field) if !words.is_empty() => {
            let word = at.optional_text(field)?;
            Ok(word.map_or(absent, |word| words.contains(&word)))
        }
        field => at.flag_or(field, absent),
    }
}

fn kept(
    fields: &BTreeMap<String, Field>,
    at: At<'_>,
) -> Result<BTreeMap<String, String>, Unparsable> {
    let mut kept = BTreeMap::new();
    for (name, field) in fields {
        if let Some(value) = at.optional_text(field)? {
            kept.insert(name.clone(), value);
        }
    }
    Ok(kept)
}
