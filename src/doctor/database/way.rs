//! The way to a server: whether it leads there, who could listen, what stands between; and the
//! other way, of the migrations.

use store::StoreOpenError;
use store::survey::{Between, Encryption, MigrateServer, ServerSurvey, SupabaseDoor};

use super::{AREA, not_reached, server};
use crate::config::Settings;
use crate::doctor::finding::{Finding, Findings};

/// A question and its answer take a row's time to write some six times over.
const SLOW_MS: u128 = 250;

/// Tells of the way; answers whether it leads there.
pub(super) fn tell(settings: &Settings, survey: &ServerSurvey, findings: &mut Findings) -> bool {
    findings.push(reached(survey));
    findings.push(tls(&survey.encryption));
    let Ok(server) = &survey.server else {
        let why = "not looked at: the database was not reached";
        findings.push(Finding::skip(AREA, "tables", why));
        return false;
    };
    let is_said = settings.store.migrate_url.is_some();
    findings.push(pooler(server.between, survey.supabase, is_said));
    true
}

fn reached(survey: &ServerSurvey) -> Finding {
    let server = match (&survey.server, &survey.encryption) {
        (Ok(server), _) => server,
        (Err(_), Err(_)) => return Finding::skip(AREA, "reached", "not tried: see `tls`"),
        (Err(error), Ok(_)) => return not_reached(error),
    };
    let ms = server.round_trip.as_millis();
    let says = format!(
        "PostgreSQL {} at {}:{}, database {}, as {}, {ms} ms away",
        server.version, survey.host, survey.port, server.database, server.user
    );
    match ms {
        ms if ms > SLOW_MS => {
            let fix = "run near the database: each flow is written in a few round trips";
            Finding::warn(AREA, "reached", says, fix)
        }
        _ => Finding::ok(AREA, "reached", says),
    }
}

fn tls(encryption: &Result<Encryption, StoreOpenError>) -> Finding {
    let fix = "sslmode=verify-full in the URL, and sslrootcert=FILE for a CA that is not public";
    match encryption {
        Err(error) => {
            let (says, fix) = error.says_and_fix();
            Finding::fail(AREA, "tls", says, fix)
        }
        Ok(Encryption::PlainLocal) => {
            Finding::ok(AREA, "tls", "plain text, which does not leave this machine")
        }
        Ok(Encryption::Plain) => {
            Finding::warn(AREA, "tls", "rows travel in plain text: whoever listens reads", fix)
        }
        Ok(Encryption::Unchecked) => {
            let says = "encrypted, but whoever answers is believed: sslmode=require, no CA";
            Finding::warn(AREA, "tls", says, fix)
        }
        Ok(Encryption::Checked(Some(path))) => {
            let says = format!("certificate and name are checked by {}", path.display());
            Finding::ok(AREA, "tls", says)
        }
        Ok(Encryption::Checked(None)) => {
            Finding::ok(AREA, "tls", "certificate and name are checked by the platform's CAs")
        }
    }
}

fn pooler(between: Between, supabase: Option<SupabaseDoor>, is_said: bool) -> Finding {
    match (between, supabase) {
        (_, Some(SupabaseDoor::Session)) | (Between::SessionPooler, _) => {
            let says = "a session pooler: each connection holds one of its few for good";
            let fix = "the transaction pooler (Supabase: port 6543 of the same host)";
            Finding::warn(AREA, "pooler", says, fix)
        }
        (Between::TransactionPooler, _) | (_, Some(SupabaseDoor::Transaction)) => {
            let says = match is_said {
                true => "a transaction pooler, and migrations go another way",
                false => "a transaction pooler: flows and migrations are made for it",
            };
            Finding::ok(AREA, "pooler", says)
        }
        (Between::Nothing, Some(SupabaseDoor::Direct)) => {
            let says = "none: the direct door of Supabase, which has IPv6 alone";
            Finding::ok(AREA, "pooler", says)
        }
        (Between::Nothing, None) => Finding::ok(AREA, "pooler", "none stands between"),
    }
}

/// Tells of the way of the migrations, where there is another.
pub(super) fn tell_migrations(survey: &ServerSurvey, schema: &str, findings: &mut Findings) {
    let Some(migrate) = &survey.migrate else { return };
    if survey.server.as_ref().is_err_and(|error| error.is_of_the_login()) {
        let why = "not tried: the run's own login was refused";
        findings.push(Finding::skip(AREA, "migrate_url", why));
        return;
    }
    let finding = match &migrate.server {
        Ok(server) => migrations(&migrate.host, server, schema),
        Err(error) => {
            let (says, fix) = error.says_and_fix();
            let fix = format!("CARTLOAD_MIGRATE_URL: {fix}");
            Finding::fail(AREA, "migrate_url", says, fix)
        }
    };
    findings.push(finding);
}

fn migrations(host: &str, server: &MigrateServer, schema: &str) -> Finding {
    let fix = "CARTLOAD_MIGRATE_URL is the session or direct URL of the run's own database";
    match &server.is_same {
        Ok(false) => {
            let says = format!("{host}: another database than the run's");
            return Finding::fail(AREA, "migrate_url", says, fix);
        }
        Err(_) => {
            let says = format!("{host} answers; whether it is the run's database is not known");
            return Finding::skip(AREA, "migrate_url", says);
        }
        Ok(true) => {}
    }
    if let Ok(rights) = &server.rights
        && let Some((says, fix)) = server::missing_to_migrate(rights, schema)
    {
        return Finding::fail(AREA, "migrate_url", format!("{host}: {says}"), fix);
    }
    match server.between {
        Between::TransactionPooler => {
            let says = format!("{host}: a transaction pooler stands before it too");
            Finding::warn(AREA, "migrate_url", says, fix)
        }
        Between::Nothing | Between::SessionPooler => {
            Finding::ok(AREA, "migrate_url", format!("{host} is the run's database"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;

    #[test]
    fn what_is_not_checked_is_told_and_what_does_not_leave_the_machine_is_fine() {
        for (encryption, state) in [
            (Encryption::PlainLocal, State::Ok),
            (Encryption::Checked(None), State::Ok),
            (Encryption::Checked(Some("ca.pem".into())), State::Ok),
            (Encryption::Plain, State::Warn),
            (Encryption::Unchecked, State::Warn),
        ] {
            assert_eq!(tls(&Ok(encryption.clone())).state, state, "{encryption:?}");
        }
        let prefer = StoreOpenError::PreferRefused { host: "db.example.com".into() };
        let finding = tls(&Err(prefer));
        assert_eq!(finding.state, State::Fail);
        assert!(finding.fix.unwrap().contains("verify-full"));
    }

    #[test]
    fn a_session_pooler_is_told_wherever_it_stands() {
        let session = SupabaseDoor::Session;
        for (between, door, state) in [
            (Between::Nothing, None, State::Ok),
            (Between::Nothing, Some(SupabaseDoor::Direct), State::Ok),
            (Between::TransactionPooler, Some(SupabaseDoor::Transaction), State::Ok),
            (Between::Nothing, Some(session), State::Warn),
            (Between::SessionPooler, None, State::Warn),
        ] {
            assert_eq!(pooler(between, door, false).state, state, "{between:?} {door:?}");
        }
    }
}
