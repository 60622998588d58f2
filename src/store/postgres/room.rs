//! What there is to know about the server's connections: how many are free for this pool, and
//! whether the server can say so at all.

use super::connect::{Connector, Inquiry};
use super::share::{Room, Seen, Wish};
use crate::open_error::StoreOpenError;

/// Where hosted poolers listen in transaction mode by custom.
const POOLER_PORT: u16 = 6543;
/// How often two open connections are asked who serves them: a pooler under way may give each
/// another server connection now and then.
const LOOKS: usize = 3;

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
    let is_pooled = is_pooled || connector.port() == POOLER_PORT;
    let seen = if is_pooled || !wish.is_modest() && shares(connector, &first).await {
        Seen::Pooled
    } else {
        let said = first.ask(&connector.question).await;
        let room = said.ok().flatten().and_then(|text| answer(&text));
        room.map_or(Seen::Unread, Seen::Room)
    };
    first.close().await;
    Ok(seen)
}

/// Whether one server connection serves two of ours: then a pooler stands between.
async fn shares(connector: &Connector, first: &Inquiry) -> bool {
    // A server with one connection left has no second one, and no pooler.
    let Ok(second) = connector.inquire().await else { return false };
    let mut is_shared = false;
    for _ in 0..LOOKS {
        let served_by = "SELECT pg_backend_pid()";
        let (one, other) = (first.ask(served_by).await, second.ask(served_by).await);
        is_shared = matches!((one, other), (Ok(Some(one)), Ok(Some(other))) if one == other);
        if is_shared {
            break;
        }
    }
    second.close().await;
    is_shared
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
