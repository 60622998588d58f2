//! What there is to know about the server's connections: how many are free for this pool, and
//! whether the server can say so at all.

use std::time::Instant;

use super::connect::{Connector, Inquiry};
use super::share::{Room, Seen, Wish};
use crate::open_error::StoreOpenError;
use crate::survey::Between;

/// Where hosted poolers listen in transaction mode by custom.
const POOLER_PORT: u16 = 6543;
/// How often two open connections are asked who serves them: a pooler under way may give each
/// another server connection now and then.
const LOOKS: usize = 3;
/// Which server connection answers.
const SERVED_BY: &str = "SELECT pg_backend_pid()";
/// A clock of a server is not read more exactly than this while it is at work.
const AGE_SLACK_S: f64 = 0.5;

/// `FREE TOTAL`. Whoever may not see other users' connections sees their rows, with most columns
/// empty, and the server's own workers, which have a user but no database; `reserved_connections`
/// came with version 16. Connections named as this pool's are not counted: the answer is what there
/// would be without them.
pub(super) fn question(pool_name: &str) -> String {
    let name = pool_name.replace('\'', "''");
    format!(
        "WITH others AS (
           SELECT datid, usesysid FROM pg_stat_activity
           WHERE datid IS NOT NULL AND usesysid IS NOT NULL
             AND application_name IS DISTINCT FROM '{name}'
             AND COALESCE(backend_type, 'client backend') = 'client backend')
         SELECT GREATEST(0, LEAST(
           current_setting('max_connections')::int
             - current_setting('superuser_reserved_connections')::int
             - COALESCE(current_setting('reserved_connections', true), '0')::int
             - (SELECT count(*) FROM others),
           (SELECT d.datconnlimit - (SELECT count(*) FROM others o WHERE o.datid = d.oid)
            FROM pg_database d WHERE d.datname = current_database() AND d.datconnlimit >= 0),
           (SELECT r.rolconnlimit - (SELECT count(*) FROM others o WHERE o.usesysid = r.oid)
            FROM pg_roles r WHERE r.rolname = session_user AND r.rolconnlimit >= 0)))
           || ' ' || current_setting('max_connections')"
    )
}

/// What a server answered to [`question`].
pub(super) fn answer(text: &str) -> Option<Room> {
    let (free, total) = text.split_once(' ')?;
    Some(Room { free: free.parse().ok()?, total: total.parse().ok()? })
}

/// Connects, to tell the operator what is wrong, and looks around. Whether a pooler stands between
/// that nobody speaks of is looked for only where the wish depends on it.
pub(super) async fn look(
    connector: &Connector,
    wish: Wish,
    is_pooled: bool,
) -> Result<Seen, StoreOpenError> {
    let first = connector.inquire().await?;
    let is_pooled = is_said_pooled(connector, is_pooled);
    let seen = if is_pooled || !wish.is_modest() && shares(connector, &first).await {
        Seen::Pooled
    } else {
        of(&first, &connector.question).await
    };
    first.close().await;
    Ok(seen)
}

/// Whether an operator says, or the port, that a transaction pooler stands between.
pub(super) fn is_said_pooled(connector: &Connector, is_pooled: bool) -> bool {
    is_pooled || connector.port == POOLER_PORT
}

/// What the server says of its connections.
pub(super) async fn of(inquiry: &Inquiry, question: &str) -> Seen {
    let said = inquiry.ask(question).await;
    let room = said.ok().flatten().and_then(|text| answer(&text));
    room.map_or(Seen::Unread, Seen::Room)
}

/// Whether one server connection serves two of ours: then a pooler stands between.
async fn shares(connector: &Connector, first: &Inquiry) -> bool {
    // A server with one connection left has no second one, and no pooler.
    let Ok(second) = connector.inquire().await else { return false };
    let is_shared = serves_both(first, &second).await;
    second.close().await;
    is_shared
}

async fn serves_both(first: &Inquiry, second: &Inquiry) -> bool {
    for _ in 0..LOOKS {
        let (one, other) = (first.ask(SERVED_BY).await, second.ask(SERVED_BY).await);
        if matches!((one, other), (Ok(Some(one)), Ok(Some(other))) if one == other) {
            return true;
        }
    }
    false
}

/// What stands between, as far as it shows; `opened` is when `first` was begun to be opened.
///
/// A server connection that is older than ours, or serves a second one after the first was closed,
/// is a pooler's. One that never was lent before and stays with its client is not told from none.
pub(super) async fn between(connector: &Connector, first: &Inquiry, opened: Instant) -> Between {
    let Ok(second) = connector.inquire().await else { return Between::Nothing };
    let is_shared = serves_both(first, &second).await;
    let served = second.ask(SERVED_BY).await.ok().flatten();
    second.close().await;
    if is_shared {
        return Between::TransactionPooler;
    }
    let age = "SELECT extract(epoch FROM clock_timestamp() - backend_start)
               FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    let age = first.ask(age).await.ok().flatten().and_then(|text| text.parse::<f64>().ok());
    if age.is_some_and(|age| age > opened.elapsed().as_secs_f64() + AGE_SLACK_S) {
        return Between::SessionPooler;
    }
    let Ok(third) = connector.inquire().await else { return Between::Nothing };
    let is_lent_again = served.is_some() && third.ask(SERVED_BY).await.ok().flatten() == served;
    third.close().await;
    if is_lent_again { Between::SessionPooler } else { Between::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_two_numbers_and_anything_else_is_none() {
        assert_eq!(answer("57 60"), Some(Room { free: 57, total: 60 }));
        for text in ["", "57", "57 ", "57 60 3", "-1 60", "many 60"] {
            assert_eq!(answer(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_with_a_quote_stays_a_name() {
        assert!(question("o'hara").contains("'o''hara'"));
    }
}
