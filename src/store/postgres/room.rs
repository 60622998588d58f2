//! How many connections the server has left for this pool.

use super::connect::Connector;

/// Connections left, its own question's included: an ordinary user cannot have the reserved ones.
const FREE: &str = "
SELECT current_setting('max_connections')::int
  - current_setting('superuser_reserved_connections')::int
  - (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') + 1";

/// The size wanted, or what the server has free, with a warning; never below 1.
pub(super) async fn lowered(connector: &Connector, wanted: u32) -> u32 {
    let free = match connector.ask(FREE).await {
        Ok(answer) => answer.and_then(|text| text.parse::<i64>().ok()),
        Err(error) => {
            tracing::debug!(%error, "the server does not say how many connections it has free");
            None
        }
    };
    let Some(free) = free else { return wanted };
    let free = u32::try_from(free.max(1)).unwrap_or(u32::MAX);
    if free < wanted {
        tracing::warn!(
            wanted,
            free,
            "the server has fewer connections free than the pool may have: the pool is lowered"
        );
    }
    wanted.min(free)
}
