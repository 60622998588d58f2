//! What a server that lets in says: tables, rights, connections, clock, and what it is set to.

use std::time::Duration;

use store::survey::{Probed, Rights, Server, ServerSettings, Tables};
use store::{PoolChoice, StoreOpenError};

use super::{AREA, file, unanswered};
use crate::doctor::finding::{Finding, Findings};

/// Fewer connections make flows of 372 agents wait for each other at an ordinary hour.
const POOL_FEW: u32 = 4;
/// The shop's rows bear the server's time, a run's this machine's: lost orders are searched by it.
const CLOCK_APART_S: f64 = 5.0;
/// One attempt of the store takes no longer; a statement that is ended before cannot succeed.
const STATEMENT_MIN: Duration = Duration::from_secs(10);
/// A free project of Supabase becomes read-only at 500 MB.
const SUPABASE_FREE_BYTES: u64 = 500 << 20;
/// From four fifths of that it is worth a look.
const SUPABASE_TIGHT_BYTES: u64 = SUPABASE_FREE_BYTES / 5 * 4;

/// What is known of it beside its own answers.
#[derive(Clone, Copy)]
pub(super) struct Host {
    pub(super) is_supabase: bool,
    /// Migrations are another user's.
    pub(super) is_migrated_elsewhere: bool,
}

/// Tells of all of it.
pub(super) fn tell(server: &Server, host: Host, schema: &str, findings: &mut Findings) {
    findings.push(tables(&server.tables, schema));
    findings.push(rights(server, host, schema));
    findings.push(connections(&server.pool, server.free));
    findings.push(match &server.ahead_s {
        Ok(ahead) => clock(*ahead),
        Err(error) => Finding::skip(AREA, "clock", unanswered(error)),
    });
    match &server.settings {
        Ok(settings) => {
            findings.push(writable(settings, &server.database));
            findings.push(sync(settings, &server.database));
            findings.push(encoding(settings));
            findings.push(timeout(settings, &server.user));
        }
        Err(error) => findings.push(Finding::skip(AREA, "writable", unanswered(error))),
    }
    findings.push(match &server.bytes {
        Ok(bytes) => room(*bytes, host.is_supabase),
        Err(error) => Finding::skip(AREA, "room", unanswered(error)),
    });
}

fn tables(tables: &Probed<Tables>, schema: &str) -> Finding {
    match tables {
        Ok(Tables::None) => {
            let says = format!("schema {schema} will be made with them");
            Finding::ok(AREA, "tables", says)
        }
        Ok(Tables::Ours { pending, unknown }) => file::tables(*pending, *unknown),
        Ok(Tables::Foreign(names)) => {
            let cause = format!("it has tables {} that no cartload made", names.join(", "));
            let error = StoreOpenError::SchemaInUse { schema: schema.to_owned(), cause };
            let (says, fix) = error.says_and_fix();
            Finding::fail(AREA, "tables", says, fix)
        }
        Err(error) => Finding::skip(AREA, "tables", unanswered(error)),
    }
}

fn rights(server: &Server, host: Host, schema: &str) -> Finding {
    let rights = match &server.rights {
        Ok(rights) => rights,
        Err(error) => return Finding::skip(AREA, "rights", unanswered(error)),
    };
    let is_to_migrate = match &server.tables {
        Ok(Tables::Ours { pending, .. }) => *pending > 0,
        Ok(Tables::None | Tables::Foreign(_)) | Err(_) => true,
    };
    let is_to_migrate = is_to_migrate && !host.is_migrated_elsewhere;
    let to_migrate = is_to_migrate.then(|| missing_to_migrate(rights, schema)).flatten();
    match missing_to_write(rights, schema, &server.user).or(to_migrate) {
        Some((says, fix)) => Finding::fail(AREA, "rights", says, fix),
        None => {
            let says = format!("{} may do in schema {schema} what a run does", server.user);
            Finding::ok(AREA, "rights", says)
        }
    }
}

/// What a run lacks, and how it is granted.
fn missing_to_write(rights: &Rights, schema: &str, user: &str) -> Option<(String, String)> {
    let of = rights.schema.as_ref()?;
    if !of.uses {
        let says = format!("{user} may not use schema {schema}");
        return Some((says, format!("GRANT USAGE ON SCHEMA {schema} TO {user}")));
    }
    if of.closed.is_empty() {
        return None;
    }
    let says = format!("{user} may not read and write {}", of.closed.join(", "));
    let all = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA";
    Some((says, format!("GRANT {all} {schema} TO {user}")))
}

/// What a migration lacks, and how it is granted.
pub(super) fn missing_to_migrate(rights: &Rights, schema: &str) -> Option<(String, String)> {
    let Some(of) = &rights.schema else {
        return (!rights.creates_schemas).then(|| {
            let says = format!("schema {schema} is not there, and this user may not create it");
            let fix = format!("CREATE SCHEMA {schema} AUTHORIZATION the_user, as its owner");
            (says, fix)
        });
    };
    if !of.creates {
        let says = format!("this user may not create tables in schema {schema}");
        return Some((says, format!("GRANT CREATE ON SCHEMA {schema} TO the_user")));
    }
    if of.of_others.is_empty() {
        return None;
    }
    let says = format!("tables of another user cannot be migrated: {}", of.of_others.join(", "));
    Some((says, "CARTLOAD_MIGRATE_URL with their owner's name".to_owned()))
}

fn connections(pool: &Probed<PoolChoice>, free: Option<u32>) -> Finding {
    let choice = match pool {
        Ok(choice) => choice,
        Err(error) => return Finding::skip(AREA, "connections", unanswered(error)),
    };
    let says = format!("a run has {choice}");
    match (free, choice.size) {
        (Some(free), size) if size < POOL_FEW || free < POOL_FEW => {
            let fix = "end what holds them, raise max_connections, or go through a pooler";
            Finding::warn(AREA, "connections", says, fix)
        }
        (Some(_) | None, _) => Finding::ok(AREA, "connections", says),
    }
}

fn clock(ahead_s: f64) -> Finding {
    if ahead_s.abs() <= CLOCK_APART_S {
        let says = format!("{ahead_s:+.1} s against this machine's");
        return Finding::ok(AREA, "clock", says);
    }
    let is = if ahead_s > 0.0 { "ahead of" } else { "behind" };
    let says = format!("the server is {:.0} s {is} this machine", ahead_s.abs());
    let fix = "set both clocks (ntp): the shop's rows and the run's are compared by time";
    Finding::warn(AREA, "clock", says, fix)
}

fn writable(settings: &ServerSettings, database: &str) -> Finding {
    if settings.is_standby {
        let fix = "name the primary: this server only follows it";
        return Finding::fail(AREA, "writable", "a standby takes no writes", fix);
    }
    if settings.is_read_only {
        let fix = format!(
            "ALTER DATABASE {database} SET default_transaction_read_only = off; a host sets it \
             where the disk is full"
        );
        return Finding::fail(AREA, "writable", "default_transaction_read_only is on", fix);
    }
    Finding::ok(AREA, "writable", "a primary that takes writes")
}

fn sync(settings: &ServerSettings, database: &str) -> Finding {
    match settings.synchronous_commit.as_str() {
        "off" => {
            let says = "synchronous_commit is off: a crash of the server takes flows that were \
                        acknowledged";
            let fix = format!("ALTER DATABASE {database} SET synchronous_commit = on");
            Finding::warn(AREA, "sync", says, fix)
        }
        level => Finding::ok(AREA, "sync", format!("synchronous_commit is {level}")),
    }
}

fn encoding(settings: &ServerSettings) -> Finding {
    match settings.encoding.as_str() {
        "UTF8" => Finding::ok(AREA, "encoding", "UTF8"),
        other => {
            let says = format!("{other}: names of products that it lacks letters for are refused");
            let fix = "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0";
            Finding::warn(AREA, "encoding", says, fix)
        }
    }
}

fn timeout(settings: &ServerSettings, user: &str) -> Finding {
    match settings.statement_timeout {
        Some(limit) if limit < STATEMENT_MIN => {
            let says = format!("statement_timeout ends a statement after {} ms", limit.as_millis());
            let fix = format!("ALTER ROLE {user} SET statement_timeout = 0");
            Finding::warn(AREA, "timeout", says, fix)
        }
        Some(limit) => {
            let says = format!("statement_timeout is {} s", limit.as_secs());
            Finding::ok(AREA, "timeout", says)
        }
        None => Finding::ok(AREA, "timeout", "no statement_timeout"),
    }
}

fn room(bytes: u64, is_supabase: bool) -> Finding {
    let says = format!("the database takes {} MiB", bytes >> 20);
    match is_supabase && bytes >= SUPABASE_TIGHT_BYTES {
        true => {
            let fix =
                "a free project becomes read-only at 500 MB: `cartload purge`, or another plan";
            Finding::warn(AREA, "room", says, fix)
        }
        false => Finding::ok(AREA, "room", format!("{says}; what is free it does not say")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;
    use store::survey::SchemaRights;

    #[test]
    fn clocks_apart_are_told_from_just_beyond_the_border() {
        for (ahead, state) in [
            (0.0, State::Ok),
            (CLOCK_APART_S, State::Ok),
            (-CLOCK_APART_S, State::Ok),
            (CLOCK_APART_S + 0.1, State::Warn),
            (-CLOCK_APART_S - 0.1, State::Warn),
        ] {
            assert_eq!(clock(ahead).state, state, "{ahead}");
        }
        assert!(clock(90.0).says.contains("90 s ahead of"));
        assert!(clock(-90.0).says.contains("90 s behind"));
    }

    #[test]
    fn what_a_user_lacks_is_told_as_the_statement_that_grants_it() {
        let all = SchemaRights { uses: true, creates: true, closed: vec![], of_others: vec![] };
        let with = |schema| Rights { creates_schemas: false, schema: Some(schema) };
        let lacks = |rights: &Rights| {
            let found = missing_to_write(rights, "cartload", "ann");
            found.or_else(|| missing_to_migrate(rights, "cartload")).map(|(_, fix)| fix)
        };
        assert_eq!(lacks(&with(all.clone())), None);
        assert_eq!(lacks(&Rights { creates_schemas: true, schema: None }), None);
        for (rights, fix) in [
            (Rights::default(), "CREATE SCHEMA cartload"),
            (with(SchemaRights { uses: false, ..all.clone() }), "GRANT USAGE ON SCHEMA"),
            (with(SchemaRights { creates: false, ..all.clone() }), "GRANT CREATE ON SCHEMA"),
            (with(SchemaRights { closed: vec!["runs".into()], ..all.clone() }), "GRANT SELECT"),
            (with(SchemaRights { of_others: vec!["runs".into()], ..all }), "MIGRATE_URL"),
        ] {
            let said = lacks(&rights);
            assert!(said.as_ref().is_some_and(|said| said.contains(fix)), "{said:?}: {fix}");
        }
    }

    #[test]
    fn a_free_project_is_told_before_it_is_full() {
        assert_eq!(room(SUPABASE_TIGHT_BYTES, true).state, State::Warn);
        assert_eq!(room(SUPABASE_TIGHT_BYTES - 1, true).state, State::Ok);
        assert_eq!(room(u64::MAX, false).state, State::Ok);
    }

    #[test]
    fn a_statement_that_is_ended_before_an_attempt_is_told() {
        let set = |limit| ServerSettings {
            synchronous_commit: "on".into(),
            is_read_only: false,
            is_standby: false,
            encoding: "UTF8".into(),
            statement_timeout: limit,
        };
        let state = |limit| timeout(&set(limit), "ann").state;
        assert_eq!(state(None), State::Ok);
        assert_eq!(state(Some(STATEMENT_MIN)), State::Ok);
        assert_eq!(state(Some(STATEMENT_MIN - Duration::from_millis(1))), State::Warn);
    }
}
