//! The shop's routes by name: what faults, rate limits and the ledger are keyed by.

use actix_web::http::Method;
use serde::{Deserialize, Serialize};

/// One row of the shop's table of calls; the words are those of the steps in shop profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// GET /health
    Health,
    /// GET /api/stores
    ListStores,
    /// GET /api/auth/me
    FirstVisit,
    /// PUT /api/user/store
    SelectStore,
    /// GET /api/products
    ListProducts,
    /// GET /api/products/{id}
    ViewProduct,
    /// POST /api/cart/items
    AddItem,
    /// DELETE /api/cart/items/{product_id}
    RemoveItem,
    /// GET /api/cart
    ReadCart,
    /// GET /api/cart/summary
    ReadSummary,
    /// GET /api/coupons/eligible
    EligibleCoupons,
    /// POST /api/cart/coupons
    ApplyCoupon,
    /// PUT /api/coupons/wallet
    GrantWallet,
    /// POST /api/orders
    Checkout,
    /// GET /api/orders
    ListOrders,
    /// GET /api/orders/{id}
    ViewOrder,
    /// DELETE /api/cart
    ClearCart,
    /// Anything else.
    Unknown,
}

impl Route {
    /// The route of a request.
    pub fn of(method: &Method, path: &str) -> Self {
        match (method.as_str(), path) {
            ("GET", "/health") => Self::Health,
            ("GET", "/api/stores") => Self::ListStores,
            ("GET", "/api/auth/me") => Self::FirstVisit,
            ("PUT", "/api/user/store") => Self::SelectStore,
            ("GET", "/api/products") => Self::ListProducts,
            ("GET", "/api/cart") => Self::ReadCart,
            ("GET", "/api/cart/summary") => Self::ReadSummary,
            ("DELETE", "/api/cart") => Self::ClearCart,
            ("POST", "/api/cart/items") => Self::AddItem,
            ("GET", "/api/coupons/eligible") => Self::EligibleCoupons,
            ("POST", "/api/cart/coupons") => Self::ApplyCoupon,
            ("PUT", "/api/coupons/wallet") => Self::GrantWallet,
            ("POST", "/api/orders") => Self::Checkout,
            ("GET", "/api/orders") => Self::ListOrders,
            ("DELETE", _) if path.starts_with("/api/cart/items/") => Self::RemoveItem,
            ("GET", _) if path.starts_with("/api/products/") => Self::ViewProduct,
            ("GET", _) if path.starts_with("/api/orders/") => Self::ViewOrder,
            _ => Self::Unknown,
        }
    }

    /// Whether the "as found" shop fails here for dev tokens: every store, cart, eligible and order
    /// route with a caller.
    pub fn breaks_on_dev_tokens(self) -> bool {
        match self {
            Self::SelectStore
            | Self::AddItem
            | Self::RemoveItem
            | Self::ReadCart
            | Self::ReadSummary
            | Self::EligibleCoupons
            | Self::ApplyCoupon
            | Self::GrantWallet
            | Self::Checkout
            | Self::ListOrders
            | Self::ViewOrder
            | Self::ClearCart => true,
            Self::Health
            | Self::ListStores
            | Self::FirstVisit
            | Self::ListProducts
            | Self::ViewProduct
            | Self::Unknown => false,
        }
    }
}
