//! The ways in which a call fails, and the questions that callers ask of a failure.

use std::fmt;
use std::time::{Duration, Instant};

use domain::shop_notes::{Misread, Outcome};

use super::Part;

/// What stands for the whole answer where it is no answer.
const WHOLE: [&str; 2] = ["body", "head"];

/// A call that did not lead to the answer asked for.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{call}: {kind}{}", detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default())]
pub struct ApiError {
    /// The step's name.
    pub call: &'static str,
    /// Which part of the step it was.
    pub part: Part,
    /// What happened.
    pub kind: ApiErrorKind,
    /// What the shop or the network said, cut to 200 characters, redacted.
    pub detail: Option<String>,
    /// When the request left; `None` when it provably never did.
    pub sent_at: Option<Instant>,
    /// When it was known to have failed.
    pub failed_at: Instant,
}

/// The ways in which a call fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiErrorKind {
    /// The permit was too old to be sent under P3: take another, nothing was sent.
    PermitExpired,
    /// A business refusal: behaviour, not failure.
    Refused(Refusal),
    /// 429.
    RateLimited {
        /// What Retry-After asked for, capped at 60 s.
        retry_after: Option<Duration>,
    },
    /// 401 or 403.
    Unauthorized(u16),
    /// 422.
    Invalid(u16),
    /// 5xx from the application.
    ServerError(u16),
    /// 502 or 503 without the application's JSON: the edge says that the application is down.
    EdgeDown(u16),
    /// Any other status that the profile names no meaning for.
    UnexpectedStatus(u16),
    /// A 2xx whose body does not hold what the profile says.
    Unparsable {
        /// The field, as `order.totals.final_total`.
        field: String,
    },
    /// More than 1 MiB.
    BodyTooLarge,
    /// The body ended early.
    BodyTruncated,
    /// Nobody listens.
    ConnectRefused,
    /// No connection within the limit, which the detail names.
    ConnectTimeout,
    /// The name does not resolve.
    Dns,
    /// No trust or no TLS.
    Tls,
    /// No complete answer within the limit, which the detail names.
    CallTimeout,
    /// The connection broke, possibly after the request was sent.
    Disconnected,
    /// The connection broke before it took one byte of the request.
    Unsent,
    /// The shop had given up an idle connection (408) as the request went out over it: it has
    /// probably not seen the request, which proves nothing.
    StaleConnection,
}

/// Why a shop says no for reasons of business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The product is gone.
    ProductGone,
    /// Not enough stock.
    Stock,
    /// The coupon is unknown, expired or not in the wallet.
    Coupon,
    /// Nothing in the cart.
    CartEmpty,
    /// No store selected.
    NoStore,
    /// The payment was declined.
    Payment,
    /// Any other refusal that the profile names.
    Other,
}

impl Refusal {
    /// The word used in payloads.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProductGone => "product_gone",
            Self::Stock => "stock",
            Self::Coupon => "coupon",
            Self::CartEmpty => "cart_empty",
            Self::NoStore => "no_store",
            Self::Payment => "payment",
            Self::Other => "other",
        }
    }
}

/// What a failure makes one doubt of the whole shop (Q5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Nobody is there: no connection, or an edge without its application.
    Connection,
    /// Somebody may be there: a call ran out of time.
    Silence,
}

impl ApiError {
    /// Whether it is of a request that places an order, where its call is a checkout.
    pub fn may_place_order(&self) -> bool {
        matches!(self.part, Part::Whole | Part::PlacesOrder)
    }

    /// Whether it says that the whole shop may be gone, and why.
    pub fn doubt(&self) -> Option<Doubt> {
        match self.kind {
            ApiErrorKind::ConnectRefused
            | ApiErrorKind::ConnectTimeout
            | ApiErrorKind::Dns
            | ApiErrorKind::Tls
            | ApiErrorKind::EdgeDown(_) => Some(Doubt::Connection),
            ApiErrorKind::CallTimeout => Some(Doubt::Silence),
            ApiErrorKind::PermitExpired
            | ApiErrorKind::Refused(_)
            | ApiErrorKind::RateLimited { .. }
            | ApiErrorKind::Unauthorized(_)
            | ApiErrorKind::Invalid(_)
            | ApiErrorKind::ServerError(_)
            | ApiErrorKind::UnexpectedStatus(_)
            | ApiErrorKind::Unparsable { .. }
            | ApiErrorKind::BodyTooLarge
            | ApiErrorKind::BodyTruncated
            | ApiErrorKind::Disconnected
            | ApiErrorKind::Unsent
            | ApiErrorKind::StaleConnection => None,
        }
    }

    /// Whether the shop answered, whatever it said: any status but that of an edge without its
    /// application.
    pub fn shows_life(&self) -> bool {
        match self.kind {
            ApiErrorKind::Refused(_)
            | ApiErrorKind::RateLimited { .. }
            | ApiErrorKind::Unauthorized(_)
            | ApiErrorKind::ServerError(_)
            | ApiErrorKind::UnexpectedStatus(_)
            | ApiErrorKind::Unparsable { .. }
            | ApiErrorKind::BodyTooLarge
            | ApiErrorKind::BodyTruncated
            | ApiErrorKind::StaleConnection => true,
            // 0: no status, the request could not be made.
            ApiErrorKind::Invalid(status) => status != 0,
            ApiErrorKind::PermitExpired
            | ApiErrorKind::EdgeDown(_)
            | ApiErrorKind::ConnectRefused
            | ApiErrorKind::ConnectTimeout
            | ApiErrorKind::Dns
            | ApiErrorKind::Tls
            | ApiErrorKind::CallTimeout
            | ApiErrorKind::Disconnected
            | ApiErrorKind::Unsent => false,
        }
    }

    /// Whether it speaks against this HTTP session's connections (Q3.5).
    pub fn is_session_fault(&self) -> bool {
        matches!(
            self.kind,
            ApiErrorKind::ConnectRefused
                | ApiErrorKind::ConnectTimeout
                | ApiErrorKind::Tls
                | ApiErrorKind::CallTimeout
                | ApiErrorKind::Disconnected
        )
    }

    /// What did not fit, where it is one part of an answer and not the whole.
    pub fn misfit(&self, outcome: Outcome) -> Option<Misread> {
        let ApiErrorKind::Unparsable { field } = &self.kind else { return None };
        if WHOLE.contains(&field.as_str()) {
            return None;
        }
        let came = self.detail.clone().unwrap_or_else(|| "not so".to_owned());
        let (path, expected) = (field.clone(), "as the profile says".to_owned());
        Some(Misread { path, expected, came, id: None, outcome })
    }

    /// Whether the shop said no for reasons of business.
    pub fn is_refused(&self) -> bool {
        matches!(self.kind, ApiErrorKind::Refused(_))
    }

    /// Whether it is the shop's own answer to a request that it worked on: 2xx to 4xx but 429.
    pub fn is_answer(&self) -> bool {
        match self.kind {
            ApiErrorKind::Refused(_)
            | ApiErrorKind::Unauthorized(_)
            | ApiErrorKind::Invalid(_)
            | ApiErrorKind::Unparsable { .. } => true,
            ApiErrorKind::UnexpectedStatus(status) => status < 500,
            ApiErrorKind::PermitExpired
            | ApiErrorKind::RateLimited { .. }
            | ApiErrorKind::ServerError(_)
            | ApiErrorKind::EdgeDown(_)
            | ApiErrorKind::BodyTooLarge
            | ApiErrorKind::BodyTruncated
            | ApiErrorKind::ConnectRefused
            | ApiErrorKind::ConnectTimeout
            | ApiErrorKind::Dns
            | ApiErrorKind::Tls
            | ApiErrorKind::CallTimeout
            | ApiErrorKind::Disconnected
            | ApiErrorKind::Unsent
            | ApiErrorKind::StaleConnection => false,
        }
    }

    /// Whether the request provably never reached the shop.
    pub fn is_provably_unsent(&self) -> bool {
        matches!(
            self.kind,
            ApiErrorKind::ConnectRefused
                | ApiErrorKind::ConnectTimeout
                | ApiErrorKind::Dns
                | ApiErrorKind::PermitExpired
                | ApiErrorKind::Unsent
        )
    }

    /// Whether a checkout that ended so may have placed its order: it was sent, and not answered
    /// well enough to know.
    pub fn may_have_ordered(&self) -> bool {
        let is_unknown = match self.kind {
            ApiErrorKind::CallTimeout
            | ApiErrorKind::Disconnected
            | ApiErrorKind::BodyTruncated
            | ApiErrorKind::BodyTooLarge
            | ApiErrorKind::Unparsable { .. }
            | ApiErrorKind::ServerError(_)
            | ApiErrorKind::EdgeDown(_)
            | ApiErrorKind::StaleConnection
            // Neither a success nor a refusal that the profile names: it may be either.
            | ApiErrorKind::UnexpectedStatus(_) => true,
            ApiErrorKind::PermitExpired
            | ApiErrorKind::Refused(_)
            | ApiErrorKind::RateLimited { .. }
            | ApiErrorKind::Unauthorized(_)
            | ApiErrorKind::Invalid(_)
            | ApiErrorKind::ConnectRefused
            | ApiErrorKind::ConnectTimeout
            | ApiErrorKind::Dns
            | ApiErrorKind::Tls
            | ApiErrorKind::Unsent => false,
        };
        is_unknown && self.sent_at.is_some()
    }

    /// Whether trying again may help at all.
    pub fn is_transient(&self) -> bool {
        match self.kind {
            ApiErrorKind::RateLimited { .. }
            | ApiErrorKind::ServerError(_)
            | ApiErrorKind::EdgeDown(_)
            | ApiErrorKind::BodyTruncated
            | ApiErrorKind::ConnectRefused
            | ApiErrorKind::ConnectTimeout
            | ApiErrorKind::Dns
            | ApiErrorKind::Tls
            | ApiErrorKind::CallTimeout
            | ApiErrorKind::Disconnected
            | ApiErrorKind::Unsent
            | ApiErrorKind::StaleConnection => true,
            ApiErrorKind::PermitExpired
            | ApiErrorKind::Refused(_)
            | ApiErrorKind::Unauthorized(_)
            | ApiErrorKind::Invalid(_)
            | ApiErrorKind::UnexpectedStatus(_)
            | ApiErrorKind::Unparsable { .. }
            | ApiErrorKind::BodyTooLarge => false,
        }
    }
}

impl fmt::Display for ApiErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PermitExpired => f.write_str("the permit expired before the request was sent"),
            Self::Refused(refusal) => write!(f, "refused ({})", refusal.as_str()),
            Self::RateLimited { retry_after: Some(wait) } => {
                write!(f, "429, retry after {} s", wait.as_secs())
            }
            Self::RateLimited { retry_after: None } => f.write_str("429"),
            Self::Unauthorized(status) => write!(f, "{status}, not authorised"),
            Self::Invalid(status) => write!(f, "{status}, the shop finds the request invalid"),
            Self::ServerError(status) => write!(f, "{status}, server error"),
            Self::EdgeDown(status) => write!(f, "{status} from the edge, the shop is down"),
            Self::UnexpectedStatus(status) => write!(f, "unexpected status {status}"),
            Self::Unparsable { field } => write!(f, "the answer has no usable `{field}`"),
            Self::BodyTooLarge => f.write_str("the answer is larger than 1 MiB"),
            Self::BodyTruncated => f.write_str("the answer ended early"),
            Self::ConnectRefused => f.write_str("connection refused"),
            Self::ConnectTimeout => f.write_str("no connection in time"),
            Self::Dns => f.write_str("the host name does not resolve"),
            Self::Tls => f.write_str("TLS failed"),
            Self::CallTimeout => f.write_str("no answer in time"),
            Self::Disconnected => f.write_str("the connection broke"),
            Self::Unsent => f.write_str("the connection broke before anything was sent"),
            Self::StaleConnection => f.write_str("the shop had closed the idle connection"),
        }
    }
}
