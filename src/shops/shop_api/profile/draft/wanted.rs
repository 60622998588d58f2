//! What shops call the values that a profile must find.

use super::schema::Kind;

/// What a value is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Words that must be there, joined by `+`, the last of them in the last key; the likeliest
    /// first.
    pub named: &'static str,
    /// Words that say it is something else.
    pub not: &'static str,
    pub kinds: fn(Kind) -> bool,
}

/// Its own id.
pub(super) const ID: Wanted = Wanted {
    named: "id uuid key variant code token number",
    not: "parent category customer user tax external cart store seller channel region currency \
        address payment shipping account session company market affiliate locale country \
        language zone brand",
    kinds: |kind| matches!(kind, Kind::Text | Kind::Whole | Kind::Number),
};
/// What it is called.
pub(super) const NAME: Wanted = Wanted {
    named: "name title label description",
    not: "category brand vendor seller image media file meta seo tax manufacturer option \
        customer author collection unit tag user type",
    kinds: |kind| kind == Kind::Text,
};
/// What it is one of.
pub(super) const CATEGORY: Wanted = Wanted {
    named: "category category+name category+title product+type collection+title taxon+name",
    not: "id parent image seo meta url slug media description href tax",
    kinds: |kind| kind == Kind::Text,
};
/// Who makes it.
pub(super) const BRAND: Wanted = Wanted {
    named: "brand brand+name manufacturer manufacturer+name vendor",
    not: "image id url slug media number description link meta",
    kinds: |kind| kind == Kind::Text,
};
/// What one of it costs.
pub(super) const PRICE: Wanted = Wanted {
    named: "price calculated+price price+amount price+value unit+price current+price price+gross \
        sale+price amount price+cent+amount price+total",
    not: "old compare list original regular msrp min max minimum tax maximum percentage tier \
        currency code type date id cost display previous discount saving reference formatted \
        purchase option shipping rate decimal quantity rule valid deposit before lowest net \
        position mode round status custom",
    kinds: Kind::may_be_amount,
};
/// Whether it can be bought.
pub(super) const STOCK: Wanted = Wanted {
    named: "in+stock available purchasable availability stock inventory+quantity \
        available+quantity stock+quantity available+stock inventory",
    not: "date at on from until min max back price option id",
    kinds: |kind| matches!(kind, Kind::YesNo | Kind::Whole | Kind::Number),
};
/// How many.
pub(super) const QUANTITY: Wanted = Wanted {
    named: "quantity count amount",
    not: "max min price total tax discount stock available refund",
    kinds: |kind| matches!(kind, Kind::Whole | Kind::Number | Kind::Text),
};
/// What is to be paid in the end.
pub(super) const TOTAL: Wanted = Wanted {
    named: "final+total grand+total total total+price total+amount order+total amount+total \
        total+gross total+cent+amount payable price+gross amount",
    not: "tax discount shipping delivery item sub net count quantity paid refund line original \
        weight display currency fee gift credit promotion adjustment included payment raw \
        position page coupon display pre before reference rate",
    kinds: Kind::may_be_amount,
};
/// What the lines come to.
pub(super) const SUBTOTAL: Wanted = Wanted {
    named: "sub+total item+total item+sub+total",
    not: "discount tax shipping original display currency raw fulfillment gift quantity count \
        cart",
    kinds: Kind::may_be_amount,
};
/// What is taken off.
pub(super) const DISCOUNT: Wanted = Wanted {
    named: "discount+total discount+amount discount coupon+total",
    not: "tax shipping item sub display currency raw code type gift list percentage id name",
    kinds: Kind::may_be_amount,
};
/// What sending it costs.
pub(super) const SHIPPING: Wanted = Wanted {
    named: "shipping+total shipping+cost shipping+amount shipping+price shipping+fee \
        delivery+total delivery+fee delivery+cost shipping ship+total",
    not: "tax discount address method original display raw id sub currency",
    kinds: Kind::may_be_amount,
};
/// The tax.
pub(super) const TAX: Wanted = Wanted {
    named: "additional+tax+total tax+total tax+amount tax vat",
    not: "shipping item included original display rate id discount raw gift net currency \
        number code line before pre zone status type provider mode round calculation",
    kinds: Kind::may_be_amount,
};
/// How many there are in all.
pub(super) const COUNT: Wanted = Wanted {
    named: "count total+count total+item total total+element total+result total+product",
    not: "page price tax amount min max discount selected",
    kinds: |kind| matches!(kind, Kind::Whole | Kind::Number),
};
/// Where the next page begins.
pub(super) const NEXT: Wanted = Wanted {
    named: "next+cursor end+cursor next+token next cursor",
    not: "previous prev start href url link",
    kinds: |kind| kind == Kind::Text,
};
/// When.
pub(super) const PLACED_AT: Wanted = Wanted {
    named: "placed+at created+at completed+at order+date created",
    not: "updated canceled cancelled by birth item line",
    kinds: |kind| kind == Kind::Text,
};
/// A token of who has logged in.
pub(super) const TOKEN: Wanted = Wanted {
    named: "access+token token jwt id+token session+token",
    not: "refresh type expire csrf context",
    kinds: |kind| kind == Kind::Text,
};
