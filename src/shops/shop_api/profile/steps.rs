//! How each step is asked: method, path, query, body, and which statuses are success.

use std::collections::BTreeMap;

use ports::shop_api::ShopCall;
use serde::Deserialize;

use super::body::BodyTemplate;
use super::field::Field;
use super::template::{Placeholder, Template};

macro_rules! steps {
    ($($variant:ident $field:ident [$($placeholder:ident),*] $doc:literal),+ $(,)?) => {
        /// A step, as [`ShopCall::name`] calls it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum StepName {
            $(#[doc = $doc] $variant),+
        }

        /// The steps of a shop; one that a shop does not have is absent.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Steps {
            $(#[doc = $doc] pub $field: Option<Step>),+
        }

        impl StepName {
            /// Each of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in profiles.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($field)),+
                }
            }

            /// What its templates may ask for, beside the caller.
            pub fn placeholders(self) -> &'static [Placeholder] {
                match self {
                    $(Self::$variant => &[$(Placeholder::$placeholder),*]),+
                }
            }
        }

        impl Steps {
            /// How `step` is asked.
            pub fn get(&self, step: StepName) -> Option<&Step> {
                match step {
                    $(StepName::$variant => self.$field.as_ref()),+
                }
            }
        }
    };
}

steps! {
    Probe probe [] "Is the shop there, its database included?",
    ListStores list_stores [] "The branches.",
    FirstVisit first_visit [] "First call of an agent in a run; made where it is here.",
    SelectStore select_store [StoreId] "Choose the branch.",
    ListProducts list_products [Category, Limit, Offset] "A page of products.",
    ViewProduct view_product [ProductId] "One product.",
    AddItem add_item [ProductId, Quantity] "Into the cart.",
    ReadCart read_cart [] "The cart.",
    ReadSummary read_summary [] "What the cart costs.",
    EligibleCoupons eligible_coupons [] "Which coupons may be used.",
    ApplyCoupon apply_coupon [CouponId] "Put a coupon on the cart.",
    GrantWallet grant_wallet [CouponIds] "Hand over a wallet.",
    Checkout checkout [] "Order the cart.",
    LatestOrder latest_order [Limit] "The newest orders, or those of the calling flow.",
    ReadOrder read_order [OrderId] "One order, with its lines and discounts.",
    ClearCart clear_cart [] "Empty the cart.",
}

impl StepName {
    /// The step of a call.
    pub fn of(call: &ShopCall) -> Self {
        match call {
            ShopCall::Probe => Self::Probe,
            ShopCall::ListStores => Self::ListStores,
            ShopCall::FirstVisit => Self::FirstVisit,
            ShopCall::SelectStore { .. } => Self::SelectStore,
            ShopCall::ListProducts { .. } => Self::ListProducts,
            ShopCall::ViewProduct { .. } => Self::ViewProduct,
            ShopCall::AddItem { .. } => Self::AddItem,
            ShopCall::ReadCart => Self::ReadCart,
            ShopCall::ReadSummary => Self::ReadSummary,
            ShopCall::EligibleCoupons => Self::EligibleCoupons,
            ShopCall::ApplyCoupon { .. } => Self::ApplyCoupon,
            ShopCall::GrantWallet { .. } => Self::GrantWallet,
            ShopCall::Checkout => Self::Checkout,
            ShopCall::LatestOrders { .. } => Self::LatestOrder,
            ShopCall::ReadOrder { .. } => Self::ReadOrder,
            ShopCall::ClearCart => Self::ClearCart,
        }
    }
}

/// How one step is asked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The method.
    pub method: Method,
    /// Below the base URL, beginning with `/`; values are percent-encoded.
    pub path: Template,
    /// Query parameters; one whose placeholder has no value is left out.
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    /// The JSON body; absent: an empty one.
    #[serde(default)]
    pub body: Option<BodyTemplate>,
    /// Whether the caller proves who it is; default yes.
    #[serde(default = "yes")]
    pub auth: bool,
    /// The statuses that are success; default 200.
    #[serde(default = "ok_200")]
    pub ok: Vec<u16>,
    /// What a success's body must have, and not as `false`: a page of HTML with a 200 is none.
    #[serde(default)]
    pub requires: Vec<Field>,
}

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

fn yes() -> bool {
    true
}

fn ok_200() -> Vec<u16> {
    vec![200]
}
