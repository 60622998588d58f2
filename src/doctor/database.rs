//! Where flows go, a line a question: the survey of the store, held against what a run needs.
//!
//! The run's own pool is not opened; with a password that is refused one login is tried, not more.

mod file;
mod marked;
mod server;
mod way;

use store::{StoreOpenError, Survey};

use super::finding::{Area, Finding, Findings};
use crate::config::Settings;
use crate::database;

const AREA: Area = Area::Database;

/// Looks at all of it; answers whether the run's database can be asked further.
pub(super) async fn look(settings: &Settings, findings: &mut Findings) -> bool {
    if settings.store.mock {
        findings.push(Finding::skip(AREA, "reached", "--mock-db writes to no database"));
        return true;
    }
    let survey = match database::survey(settings).await {
        Ok(survey) => survey,
        Err(error) => {
            findings.push(not_reached(&error));
            return false;
        }
    };
    match survey {
        Survey::File(file) => file::tell(settings, &file, findings),
        Survey::Server(survey) => {
            let is_reached = way::tell(settings, &survey, findings);
            if let Ok(server) = &survey.server {
                let schema = &settings.store.schema;
                let host = server::Host {
                    is_supabase: survey.supabase.is_some(),
                    is_migrated_elsewhere: survey.migrate.is_some(),
                };
                server::tell(server, host, schema, findings);
                marked::tell(settings, server, findings).await;
            }
            way::tell_migrations(&survey, &settings.store.schema, findings);
            is_reached
        }
    }
}

/// Why a run would not begin.
fn not_reached(error: &StoreOpenError) -> Finding {
    let (says, fix) = error.says_and_fix();
    Finding::fail(AREA, "reached", says, fix)
}

/// A question that was not answered.
fn unanswered(error: &StoreOpenError) -> String {
    format!("not told: {}", error.says_and_fix().0)
}

/// `1 migration`, `2 migrations`.
fn counted(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
