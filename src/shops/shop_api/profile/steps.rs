//! The steps of a shop, by name; what each sends is in [`Call`].

use std::collections::BTreeMap;

use ports::shop_api::ShopCall;
use serde::Deserialize;

use super::call::Call;
use super::template::Placeholder;

macro_rules! steps {
    ($($variant:ident $field:ident [$($placeholder:ident),*] $doc:literal),+ $(,)?) => {
        /// A step, as [`ShopCall::name`] calls it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum StepName {
            $(#[doc = $doc] $variant),+
        }

        /// Steps as they are written.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct WrittenSteps<T> {
            $(#[serde(default = "none")] $field: Option<T>),+
        }

        impl<T> WrittenSteps<T> {
            /// Each of them, read by `read`.
            pub(super) fn read<E>(
                self,
                read: impl Fn(StepName, T) -> Result<Step, E>,
            ) -> Result<Steps, E> {
                let mut steps = BTreeMap::new();
                $(if let Some(written) = self.$field {
                    steps.insert(StepName::$variant, read(StepName::$variant, written)?);
                })+
                Ok(Steps(steps))
            }
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
    };
}

steps! {
    Probe probe [] "Is the shop there, its database included?",
    ListStores list_stores [] "The branches.",
    FirstVisit first_visit [] "First call of an agent in a run; made where it is here.",
    SelectStore select_store [StoreId] "Choose the branch.",
    ListProducts list_products [Category, Limit, Offset, Page, Cursor] "A page of products.",
    SearchProducts search_products [SearchText, Limit, Offset, Page, Cursor] "Products by a text.",
    ViewProduct view_product [ProductId, VariantId] "One product.",
    AddItem add_item [ProductId, VariantId, Quantity] "Into the cart.",
    RemoveItem remove_item [ProductId, VariantId] "Out of the cart.",
    ReadCart read_cart [] "The cart.",
    ReadSummary read_summary [] "What the cart costs.",
    EligibleCoupons eligible_coupons [] "Which coupons may be used.",
    ApplyCoupon apply_coupon [CouponId, CouponCode] "Put a coupon on the cart.",
    GrantWallet grant_wallet [CouponIds] "Hand over a wallet.",
    Checkout checkout [] "Order the cart.",
    FindOrder find_order [] "The order of one cart.",
    LatestOrder latest_order [Limit] "The newest orders, or those of the calling flow.",
    ReadOrder read_order [OrderId] "One order, with its lines and discounts.",
    ClearCart clear_cart [] "Empty the cart.",
}

fn none<T>() -> Option<T> {
    None
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
            ShopCall::SearchProducts { .. } => Self::SearchProducts,
            ShopCall::ViewProduct { .. } => Self::ViewProduct,
            ShopCall::AddItem { .. } => Self::AddItem,
            ShopCall::RemoveItem { .. } => Self::RemoveItem,
            ShopCall::ReadCart => Self::ReadCart,
            ShopCall::ReadSummary => Self::ReadSummary,
            ShopCall::EligibleCoupons => Self::EligibleCoupons,
            ShopCall::ApplyCoupon { .. } => Self::ApplyCoupon,
            ShopCall::GrantWallet { .. } => Self::GrantWallet,
            ShopCall::Checkout => Self::Checkout,
            ShopCall::FindOrder { .. } => Self::FindOrder,
            ShopCall::LatestOrders { .. } => Self::LatestOrder,
            ShopCall::ReadOrder { .. } => Self::ReadOrder,
            ShopCall::ClearCart => Self::ClearCart,
        }
    }
}

/// The steps of a shop; one that a shop does not have is absent.
#[derive(Clone, Debug, Default)]
pub struct Steps(BTreeMap<StepName, Step>);

impl Steps {
    /// How `step` is asked.
    pub fn get(&self, step: StepName) -> Option<&Step> {
        self.0.get(&step)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (StepName, &Step)> {
        self.0.iter().map(|(name, step)| (*name, step))
    }
}

/// How one step is asked: its calls, one after the other. It is done when the last one is, whose
/// answer is the step's.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// At least one.
    pub calls: Vec<Call>,
}
