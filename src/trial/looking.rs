//! Looking around: two pages of the list, and one product.

use std::collections::BTreeSet;

use actors::domain::catalog::Product;
use actors::domain::ids::ProductId;
use actors::ports::shop_api::{CatalogMode, Page, PageBy, ShopCall, ShopReply};
use shops::shop_api::profile::StepName;

use super::visit::{Away, TRIED_MAX, Visit};

/// Two pages, and one product; what can be had of it, the best first.
pub(super) async fn look_around(visit: &mut Visit<'_>) -> Result<Vec<Product>, Away> {
    let paging = visit.traits.paging;
    let page = paging.first_page();
    let first = visit.expect(ShopCall::ListProducts { category: None, page }).await?;
    let Some(ShopReply::Products { products, came, total, next }) = first else {
        return Ok(Vec::new());
    };
    if products.is_empty() {
        let why = match came {
            0 => "the list is empty: is `answers.products.list` where the products are?",
            _ => "nothing in the list fits `answers.item`: see the notes",
        };
        visit.trouble(format!("list_products: {why}"));
        return Ok(Vec::new());
    }
    let known: BTreeSet<ProductId> =
        products.iter().map(|product| product.product_id().clone()).collect();
    turn_the_page(visit, &known, (came, total, next)).await?;
    view(visit, products).await
}

async fn turn_the_page(
    visit: &mut Visit<'_>,
    known: &BTreeSet<ProductId>,
    (came, total, next): (u32, Option<u64>, Option<String>),
) -> Result<(), Away> {
    let paging = visit.traits.paging;
    let is_more = total.is_none_or(|total| u64::from(came) < total);
    let (limit, offset, by) = (paging.size, came, paging.by);
    match by {
        PageBy::None => {
            if let Some(total) = total.filter(|_| is_more) {
                let says = "the profile's `paging` asks for one page";
                visit.note(format!("list_products: {came} of {total} products came, and {says}"));
            }
            return Ok(());
        }
        PageBy::Cursor if next.is_none() && total.is_some() && is_more => {
            let says = "the page names no next one: is `answers.products.next` right?";
            visit.trouble(format!("list_products: {says}"));
            return Ok(());
        }
        PageBy::Cursor if next.is_none() => return Ok(()),
        PageBy::Offset | PageBy::Page | PageBy::Cursor => {}
    }
    if !is_more {
        return Ok(());
    }
    if came < limit && total.is_some() {
        let says = format!("{came} products came where {limit} were asked for");
        visit.note(format!("list_products: {says}: write `size: {came}` in `paging`"));
    }
    let number = paging.first.saturating_add(1);
    let page = Page { limit, offset, number, cursor: next };
    let second = visit.expect(ShopCall::ListProducts { category: None, page }).await?;
    let Some(ShopReply::Products { products, came, .. }) = second else { return Ok(()) };
    let is_new = products.iter().any(|product| !known.contains(product.product_id()));
    if !is_new && (total.is_some() || came > 0) {
        let by = match by {
            PageBy::Offset => "{offset}",
            PageBy::Page => "{page}, and is `paging.first` right",
            PageBy::Cursor | PageBy::None => "{cursor}",
        };
        let says = format!(
            "list_products: the second page brings nothing new: does the shop take the call's \
             {by}? (for a list without pages write `paging: (by: none, ..)`)"
        );
        // Without a total it is how a list ends that knows no pages.
        match total {
            Some(_) => visit.trouble(says),
            None => visit.note(says),
        }
    }
    Ok(())
}

/// Looks at a product, where the shop shows one.
async fn view(visit: &mut Visit<'_>, listed: Vec<Product>) -> Result<Vec<Product>, Away> {
    let (mut can_be_had, others): (Vec<_>, Vec<_>) =
        listed.into_iter().partition(|product| product.in_stock);
    can_be_had.extend(others);
    if !visit.profile.has(StepName::ViewProduct) {
        return Ok(can_be_had);
    }
    let is_viewed = visit.traits.catalog == CatalogMode::Viewed;
    let looked_at = if is_viewed { TRIED_MAX } else { 1 };
    let mut viewed = Vec::new();
    for product in can_be_had.iter().take(looked_at) {
        let call = ShopCall::ViewProduct { product: product.goods() };
        let Some(ShopReply::Product(goods)) = visit.expect(call).await? else { continue };
        match goods.iter().find(|seen| seen.id == product.id) {
            Some(seen) if !is_viewed && seen.price != product.price => visit.note(format!(
                "{}: {} in the list, {} when it is viewed",
                product.id, product.price, seen.price
            )),
            None if !is_viewed => {
                let seen: Vec<&str> = goods.iter().map(|seen| seen.id.as_str()).collect();
                let seen = seen.join(", ");
                visit.trouble(format!("view_product: {} was asked for, {seen} came", product.id));
            }
            Some(_) | None => {}
        }
        viewed.extend(goods);
        if is_viewed && viewed.iter().any(|product| product.in_stock) {
            viewed.sort_by_key(|product| !product.in_stock);
            break;
        }
    }
    Ok(if is_viewed { viewed } else { can_be_had })
}
