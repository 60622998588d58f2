//! What is to be done where the shop does not take the agents as its users.
//!
//! Judged by the words of an [`ApiError`](super::ApiError) as it is shown: causes of a freeze are
//! kept as such words only.

/// How the shop's own agents become the run's.
pub const IMPORT: &str = "import the shop's agents with `cartload agents import --replace \
     --from-table public.agents` (for a store in SQLite: `--from URL --table public.agents`)";

/// What to do; `None` where the failure is not about the caller.
pub fn advice(said: &str) -> Option<String> {
    let (call, said) = said.split_once(": ")?;
    let said = said.to_lowercase();
    let is_of_user = ["user", "customer", "account"].iter().any(|word| said.contains(word));
    let comes_first = matches!(call, "first_visit" | "select_store");
    if said.starts_with("401, ") || said.starts_with("403, ") {
        return Some(format!(
            "how the shop is told who calls: --auth, and a secret that must be the server's own; \
             where both are right the shop does not know these agents as its users: {IMPORT}"
        ));
    }
    let is_foreign_key = said.contains("foreignkey") || said.contains("foreign key");
    let is_unknown = said.starts_with("500, ") && is_foreign_key && (comes_first || is_of_user)
        || said.starts_with("unexpected status 404") && is_of_user;
    is_unknown.then(|| format!("the shop does not know these agents as its users: {IMPORT}"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::shop_api::{ApiError, ApiErrorKind, Part};

    fn said(call: &'static str, kind: ApiErrorKind, detail: &str) -> String {
        let (detail, failed_at) = (Some(detail.to_owned()), Instant::now());
        ApiError { call, part: Part::Whole, kind, detail, sent_at: None, failed_at }.to_string()
    }

    #[test]
    fn a_refused_or_unknown_user_is_told_from_other_failures() {
        use ApiErrorKind::{ServerError, Unauthorized, UnexpectedStatus};
        let key = "(psycopg.errors.ForeignKeyViolation) user_preferences_user_id_fkey";
        for (call, kind, detail) in [
            ("select_store", ServerError(500), key),
            ("first_visit", ServerError(500), "FOREIGN KEY constraint failed"),
            ("add_item", ServerError(500), "violates foreign key constraint carts_user_id_fkey"),
            ("select_store", UnexpectedStatus(404), "User not found"),
            ("first_visit", UnexpectedStatus(404), "no such customer"),
            ("list_products", Unauthorized(401), "Invalid token: Signature verification failed"),
            ("add_item", Unauthorized(403), "forbidden"),
        ] {
            let advice = advice(&said(call, kind, detail));
            assert!(
                advice.is_some_and(|a| a.contains("cartload agents import")),
                "{call} {detail}"
            );
        }
        for (call, kind, detail) in [
            ("checkout", ServerError(500), "foreign key shopping_session_id_fkey"),
            ("select_store", ServerError(500), "Internal Server Error"),
            ("select_store", UnexpectedStatus(404), "Store not found"),
            ("probe", ApiErrorKind::ConnectRefused, "user refused"),
            ("list_products", UnexpectedStatus(405), "user"),
        ] {
            assert_eq!(advice(&said(call, kind, detail)), None, "{call} {detail}");
        }
        assert_eq!(advice("panic"), None);
    }
}
