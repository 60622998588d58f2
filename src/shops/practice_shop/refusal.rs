//! The ways in which the shop says no, in the bodies of the API it imitates.
//!
//! Handled 500s leak SQL on purpose: the shop imitated does, and its callers must cut and redact.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Value, json};

/// An answer that is not what was asked for.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// 401.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// 400.
    #[error("{0}")]
    BadRequest(String),
    /// 403.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 404.
    #[error("{0}")]
    NotFound(&'static str),
    /// 422 with one entry a field.
    #[error("the request is invalid")]
    Invalid(Vec<FieldProblem>),
    /// 413: the body is above 64 KiB.
    #[error("Request body is larger than 64 KiB")]
    TooLarge,
    /// 408: the body did not come.
    #[error("Request body did not arrive within 5 s")]
    TooSlow,
    /// 503: a bound of the practice shop is reached.
    #[error("{0}")]
    Full(&'static str),
    /// 500 with what the application would say.
    #[error("{0}")]
    Broken(String),
}

/// One entry of a 422.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FieldProblem {
    /// As `missing`, `int_parsing`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// As `["body", "quantity"]`.
    pub loc: Vec<String>,
    /// For people.
    pub msg: String,
    /// What was given.
    pub input: Value,
}

impl Refusal {
    /// A 422 about one field.
    pub fn invalid(kind: &'static str, loc: [&str; 2], msg: &str, input: Value) -> Self {
        let loc = loc.into_iter().filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Self::Invalid(vec![FieldProblem { kind, loc, msg: msg.to_owned(), input }])
    }

    /// The 500 of a violated foreign key on a user that has never visited.
    pub fn unknown_user(user: &str) -> Self {
        Self::Broken(format!(
            "(psycopg2.errors.ForeignKeyViolation) insert or update on table \"user_preferences\" \
             violates foreign key constraint \"user_preferences_user_id_fkey\" DETAIL: Key \
             (user_id)=({user}) is not present in table \"users\". [SQL: INSERT INTO \
             user_preferences (id, user_id) VALUES (%(id)s, %(user_id)s)] [parameters: \
             {{'user_id': '{user}'}}]"
        ))
    }

    /// The 500 of a violated foreign key on the session id.
    pub fn unknown_session(table: &str, session: &str) -> Self {
        Self::Broken(format!(
            "(psycopg2.errors.ForeignKeyViolation) insert or update on table \"{table}\" violates \
             foreign key constraint \"{table}_shopping_session_id_fkey\" DETAIL: Key \
             (shopping_session_id)=({session}) is not present in table \"shopping_sessions\". \
             [SQL: INSERT INTO {table} (id, user_id, shopping_session_id) VALUES (%(id)s, \
             %(user_id)s, %(shopping_session_id)s)] [parameters: {{'shopping_session_id': \
             '{session}'}}]"
        ))
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Full(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let detail = match self {
            Self::Invalid(problems) => json!(problems),
            Self::Unauthorized(_)
            | Self::BadRequest(_)
            | Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::TooLarge
            | Self::TooSlow
            | Self::Full(_)
            | Self::Broken(_) => json!(self.to_string()),
        };
        HttpResponse::build(self.status_code()).json(json!({ "detail": detail }))
    }
}
