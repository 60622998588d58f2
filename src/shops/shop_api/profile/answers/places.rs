//! Every place that answers are looked at in.

use super::{
    Answers, CouponFields, FoundAnswer, ItemFields, LatestOrderAnswer, LineFields, OrderAnswer,
    OrderCoupons, ProductsAnswer, VariantFields,
};
use crate::shop_api::profile::Field;

/// Places, in any order.
type Places<'a> = Vec<&'a Field>;

impl Answers {
    /// Every place of every answer.
    pub fn places(&self) -> Places<'_> {
        let mut all = Places::new();
        all.extend(self.stores.iter().flat_map(|stores| [&stores.list, &stores.id]));
        all.extend(self.store_selected.iter().flat_map(|selected| &selected.cart_cleared));
        all.extend(self.products.iter().flat_map(ProductsAnswer::places));
        all.extend(self.product.iter().map(|product| &product.root));
        all.extend(self.item.iter().flat_map(ItemFields::places));
        all.extend(self.item_added.iter().map(|added| &added.unit_price));
        all.extend(self.cart.iter().map(|cart| &cart.list));
        all.extend(self.summary.iter().map(|summary| &summary.final_total));
        all.extend(self.coupons.iter().flat_map(|coupons| {
            [&coupons.eligible].into_iter().chain(&coupons.ineligible).chain(&coupons.reason)
        }));
        all.extend(self.coupon_fields.iter().flat_map(CouponFields::places));
        all.extend(self.order.iter().flat_map(OrderAnswer::places));
        all.extend(self.latest_order.iter().flat_map(LatestOrderAnswer::places));
        all.extend(self.found.iter().flat_map(FoundAnswer::places));
        all.extend(self.cart_cleared.iter().flat_map(|cleared| &cleared.items_removed));
        all
    }
}

impl ProductsAnswer {
    fn places(&self) -> Places<'_> {
        [&self.list].into_iter().chain(&self.total).chain(&self.next).collect()
    }
}

impl ItemFields {
    fn places(&self) -> Places<'_> {
        let own = [&self.id, &self.name, &self.category].into_iter();
        let own = own.chain(&self.brand).chain(&self.price).chain(&self.in_stock);
        let variants = self.variants.iter().flat_map(VariantFields::places);
        own.chain(self.keep.values()).chain(variants).collect()
    }
}

impl VariantFields {
    fn places(&self) -> Places<'_> {
        let own = [&self.list, &self.id].into_iter().chain(&self.name).chain(&self.price);
        own.chain(&self.in_stock).chain(self.keep.values()).collect()
    }
}

impl CouponFields {
    fn places(&self) -> Places<'_> {
        let own = [&self.id, &self.kind, &self.target, &self.discount_type, &self.value];
        let own = own.into_iter().chain(&self.min_purchase).chain(&self.max_discount);
        own.chain(&self.expires).collect()
    }
}

impl OrderAnswer {
    fn places(&self) -> Places<'_> {
        let own = [&self.id, &self.final_total].into_iter().chain(&self.subtotal);
        let own = own.chain(&self.item_discounts).chain(&self.frontstore_discount);
        let own = own.chain(&self.discount_total).chain(&self.charges);
        let lines = self.lines.iter().flat_map(LineFields::places);
        own.chain(lines).chain(self.coupons.iter().flat_map(OrderCoupons::places)).collect()
    }
}

impl OrderCoupons {
    fn places(&self) -> Places<'_> {
        self.every_list().chain([&self.id]).collect()
    }
}

impl LineFields {
    fn places(&self) -> Places<'_> {
        let own = [&self.list, &self.id, &self.quantity].into_iter();
        own.chain(&self.unit_price).chain(&self.discount).chain(&self.line_total).collect()
    }
}

impl LatestOrderAnswer {
    fn places(&self) -> Places<'_> {
        let own = [&self.list, &self.id].into_iter().chain(&self.final_total);
        own.chain(&self.flow).chain(&self.placed_at).collect()
    }
}

impl FoundAnswer {
    fn places(&self) -> Places<'_> {
        let words = self.is.0.iter().map(|(field, _)| field);
        words.chain([&self.id]).chain(&self.final_total).chain(&self.charges).collect()
    }
}
