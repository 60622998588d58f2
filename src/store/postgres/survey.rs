//! What a server says of itself: each question for itself, so that one without an answer hides no
//! other; nothing but SELECTs.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::connect::{Connector, Inquiry};
use super::explain::is_supabase_direct;
use super::{room, share::Seen, wish};
use crate::open_error::StoreOpenError;
use crate::survey::{
    Between, MigrateServer, MigrateSurvey, Probed, Rights, SchemaRights, Server, ServerSettings,
    ServerSurvey, SupabaseDoor, Tables,
};
use crate::tls;
use crate::url::PostgresUrl;
use crate::{PoolChoice, StoreOptions};

/// How often the clock is asked; the quickest answer counts.
const CLOCK_LOOKS: usize = 3;
/// Where diesel remembers what was applied.
const VERSIONS: &str = "__diesel_schema_migrations";
/// Every table of the migrations.
const TABLES: [&str; 14] = [
    "runs",
    "agents",
    "products",
    "coupons",
    "offer_cycles",
    "coupon_assignments",
    "cycles",
    "shopping_sessions",
    "shopping_session_events",
    "orders",
    "order_items",
    "coupon_interactions",
    "incidents",
    "seals",
];

/// Looks at the server of this URL, and at that of the migrations.
pub(crate) async fn survey(url: &PostgresUrl, options: &StoreOptions) -> ServerSurvey {
    let connector = connector(url, options);
    let (server, identity) = match &connector {
        Ok(connector) => look(connector, options).await,
        Err(error) => (Err(error.clone()), None),
    };
    let migrate = match (&options.migrate_url, &server) {
        // Most often it is the same user: a pooler would count a second refusal.
        (Some(url), Err(error)) if error.is_of_the_login() => {
            Some(MigrateSurvey { host: url.host(), server: Err(error.clone()) })
        }
        (Some(url), Ok(_) | Err(_)) => Some(MigrateSurvey {
            host: url.host(),
            server: look_at_migrations(url, options, identity).await,
        }),
        (None, _) => None,
    };
    ServerSurvey {
        host: url.host(),
        port: url.port(),
        encryption: tls::encryption(url, options.ca_file.as_deref()),
        supabase: SupabaseDoor::of(url),
        server,
        migrate,
    }
}

/// Whether this is a host of Supabase's that has IPv6 alone.
pub(crate) fn is_direct(host: &str) -> bool {
    is_supabase_direct(host)
}

fn connector(url: &PostgresUrl, options: &StoreOptions) -> Probed<Connector> {
    Ok(Connector::new(url, tls::settings(url, options.ca_file.as_deref())?))
}

/// What it answers, and what it is to be known by.
async fn look(
    connector: &Connector,
    options: &StoreOptions,
) -> (Probed<Box<Server>>, Option<String>) {
    let opened = Instant::now();
    let first = match connector.inquire().await {
        Ok(first) => first,
        Err(error) => return (Err(error), None),
    };
    let server = of(connector, &first, opened, options).await;
    let identity = identity(&first).await.ok().flatten();
    first.close().await;
    (server.map(Box::new), identity)
}

async fn of(
    connector: &Connector,
    first: &Inquiry,
    opened: Instant,
    options: &StoreOptions,
) -> Probed<Server> {
    let about = "SELECT current_setting('server_version'), current_database(), current_user";
    let about = first.row(about).await?;
    let text = |n: usize| about.get(n).cloned().flatten().unwrap_or_default();
    let clock = clock(first).await;
    let between = room::between(connector, first, opened).await;
    let seen = match room::is_said_pooled(connector, options.migrate_url.is_some()) {
        true => Seen::Pooled,
        false if between == Between::TransactionPooler => Seen::Pooled,
        false => room::of(first, &connector.question).await,
    };
    let wish = wish(options);
    let schema = &options.schema;
    Ok(Server {
        version: text(0),
        database: text(1),
        user: text(2),
        round_trip: clock.as_ref().map_or_else(|_| opened.elapsed(), |(took, _)| *took),
        between,
        tables: tables(first, schema).await,
        rights: rights(first, schema).await,
        pool: Ok(PoolChoice { size: wish.share(seen), why: wish.why(seen).to_string() }),
        free: seen.room().map(|room| room.free),
        ahead_s: clock.map(|(_, ahead)| ahead),
        settings: settings(first).await,
        bytes: bytes(first).await,
    })
}

async fn look_at_migrations(
    url: &PostgresUrl,
    options: &StoreOptions,
    of_the_run: Option<String>,
) -> Probed<MigrateServer> {
    let connector = connector(url, options)?;
    let opened = Instant::now();
    let first = connector.inquire().await?;
    let between = room::between(&connector, &first, opened).await;
    let rights = rights(&first, &options.schema).await;
    let is_same = match (identity(&first).await, of_the_run) {
        (Ok(Some(its)), Some(of_the_run)) => Ok(its == of_the_run),
        (Err(error), _) => Err(error),
        (Ok(_), None) | (Ok(None), Some(_)) => Err(unanswered(&connector, "whose database it is")),
    };
    first.close().await;
    Ok(MigrateServer { is_same, between, rights })
}

fn unanswered(connector: &Connector, what: &str) -> StoreOpenError {
    let cause = format!("it does not say {what}");
    StoreOpenError::Unanswered { host: connector.host().to_owned(), cause }
}

/// Known by the start of its process and the database's number: both a pooler passes on.
async fn identity(inquiry: &Inquiry) -> Probed<Option<String>> {
    let sql = "SELECT pg_postmaster_start_time() || ' ' || oid FROM pg_database
               WHERE datname = current_database()";
    inquiry.ask(sql).await
}

/// The quickest answer, and by how much the server is ahead.
async fn clock(inquiry: &Inquiry) -> Probed<(Duration, f64)> {
    let mut best: Option<(Duration, f64)> = None;
    for _ in 0..CLOCK_LOOKS {
        let (asked, begun) = (Utc::now(), Instant::now());
        let said = inquiry.ask("SELECT extract(epoch FROM clock_timestamp())").await?;
        let took = begun.elapsed();
        let Some(says) = said.and_then(|text| text.parse::<f64>().ok()) else { continue };
        if best.is_none_or(|(quickest, _)| took < quickest) {
            best = Some((took, ahead(asked, took, says)));
        }
    }
    let none = || StoreOpenError::Other { cause: "the server does not say what time it is".into() };
    best.ok_or_else(none)
}

/// Seconds that a clock is ahead which said `says` within `took` after `asked`.
fn ahead(asked: DateTime<Utc>, took: Duration, says: f64) -> f64 {
    let half = TimeDelta::from_std(took / 2).unwrap_or_default();
    let micros = (asked + half).timestamp_micros();
    says - std::time::Duration::from_micros(u64::try_from(micros).unwrap_or(0)).as_secs_f64()
}

async fn tables(inquiry: &Inquiry, schema: &str) -> Probed<Tables> {
    let of_ours = format!(
        "SELECT bool_or(c.relname = '{VERSIONS}')::text,
                string_agg(c.relname, ',' ORDER BY c.relname) FILTER (WHERE c.relname IN ({}))
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = '{schema}' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
        names()
    );
    let row = inquiry.row(&of_ours).await?;
    let is_versioned = row.first().cloned().flatten().as_deref() == Some("true");
    let found = listed(row.get(1).cloned().flatten());
    if !is_versioned {
        return Ok(Tables::of(None, found));
    }
    let versions = format!("SELECT string_agg(version, ',') FROM \"{schema}\".{VERSIONS}");
    let applied = listed(inquiry.ask(&versions).await?);
    Ok(Tables::of(Some(&applied), found))
}

async fn rights(inquiry: &Inquiry, schema: &str) -> Probed<Rights> {
    let sql = format!(
        "SELECT has_database_privilege(current_database(), 'CREATE')::text,
           n.oid::text,
           has_schema_privilege(n.oid, 'USAGE')::text,
           has_schema_privilege(n.oid, 'CREATE')::text,
           (SELECT string_agg(c.relname, ',' ORDER BY c.relname) FROM pg_class c
            WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND c.relname IN ({names})
              AND NOT (has_table_privilege(c.oid, 'SELECT')
                       AND has_table_privilege(c.oid, 'INSERT')
                       AND has_table_privilege(c.oid, 'UPDATE')
                       AND has_table_privilege(c.oid, 'DELETE'))),
           (SELECT string_agg(c.relname, ',' ORDER BY c.relname) FROM pg_class c
            WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND c.relname IN ({names})
              AND NOT pg_has_role(c.relowner, 'USAGE'))
         FROM (SELECT 1) AS one LEFT JOIN pg_namespace n ON n.nspname = '{schema}'",
        names = names()
    );
    let row = inquiry.row(&sql).await?;
    let text = |n: usize| row.get(n).cloned().flatten();
    let says_yes = |n: usize| text(n).as_deref() == Some("true");
    let schema = text(1).map(|_| SchemaRights {
        uses: says_yes(2),
        creates: says_yes(3),
        closed: listed(text(4)),
        of_others: listed(text(5)),
    });
    Ok(Rights { creates_schemas: says_yes(0), schema })
}

async fn settings(inquiry: &Inquiry) -> Probed<ServerSettings> {
    let sql = "SELECT current_setting('synchronous_commit'),
                      current_setting('default_transaction_read_only'),
                      pg_is_in_recovery()::text,
                      current_setting('server_encoding'),
                      (SELECT setting FROM pg_settings WHERE name = 'statement_timeout')";
    let row = inquiry.row(sql).await?;
    let text = |n: usize| row.get(n).cloned().flatten().unwrap_or_default();
    let timeout = text(4).parse().ok().filter(|ms| *ms > 0).map(Duration::from_millis);
    Ok(ServerSettings {
        synchronous_commit: text(0),
        is_read_only: text(1) == "on",
        is_standby: text(2) == "true",
        encoding: text(3),
        statement_timeout: timeout,
    })
}

async fn bytes(inquiry: &Inquiry) -> Probed<u64> {
    let said = inquiry.ask("SELECT pg_database_size(current_database())").await?;
    Ok(said.and_then(|text| text.parse().ok()).unwrap_or(0))
}

fn names() -> String {
    TABLES.map(|name| format!("'{name}'")).join(", ")
}

fn listed(text: Option<String>) -> Vec<String> {
    text.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_read_in_the_middle_of_the_round_trip() {
        let asked = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let took = Duration::from_millis(400);
        for (says, seconds) in
            [(1_800_000_000.2, 0.0), (1_800_000_002.2, 2.0), (1_799_999_999.2, -1.0)]
        {
            assert!((ahead(asked, took, says) - seconds).abs() < 1e-3, "{says}");
        }
    }

    #[test]
    fn every_table_of_the_migrations_is_known_by_name() {
        let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        let mut made = 0;
        for entry in std::fs::read_dir(home).unwrap() {
            let Ok(sql) = std::fs::read_to_string(entry.unwrap().path().join("up.sql")) else {
                continue;
            };
            for line in sql.lines().filter_map(|line| line.strip_prefix("CREATE TABLE ")) {
                let name = line.split([' ', '(']).next().unwrap();
                assert!(TABLES.contains(&name), "{name}");
                made += 1;
            }
        }
        assert_eq!(made, TABLES.len());
    }
}
