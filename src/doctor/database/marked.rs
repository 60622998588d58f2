//! Whether the shop's own rows say that a run was simulated, where both are in one database.

use store::shop_rows::{self, MarkError, Marking, ShopNames};
use store::survey::{Server, Tables};

use super::AREA;
use crate::config::Settings;
use crate::doctor::finding::{Finding, Findings};
use crate::{database, known_runs};

/// Where a shop's tables are by custom; `cartload shop mark` says another.
const SHOP_SCHEMA: &str = "public";
/// How the marks among the changes are called.
const MARKS: &str = "marked as simulated";

/// Tells it of the newest run; nothing where the database has no run, or no shop.
pub(super) async fn tell(settings: &Settings, server: &Server, findings: &mut Findings) {
    let is_ours = matches!(server.tables, Ok(Tables::Ours { pending: 0, .. }));
    if !is_ours || settings.store.schema == SHOP_SCHEMA {
        return;
    }
    match unmarked(settings).await {
        Ok(Some(0)) => {
            findings.push(Finding::ok(AREA, "marked", "the shop's rows of the newest run say so"));
        }
        Ok(Some(rows)) => {
            let says =
                format!("{rows} of the shop's rows of the newest run say is_simulated = false");
            findings.push(Finding::warn(AREA, "marked", says, "`cartload shop mark --yes`"));
        }
        Ok(None) => {}
        Err(why) => findings.push(Finding::skip(AREA, "marked", format!("not counted: {why}"))),
    }
}

/// How many rows of the newest run would be marked; `None` where there is nothing to be marked.
async fn unmarked(settings: &Settings) -> Result<Option<u64>, String> {
    let admin = database::open_to_read(settings).await.map_err(|error| error.to_string())?;
    let counted = async {
        let Ok(newest) = known_runs::find(&admin, None).await else { return Ok(None) };
        let names = ShopNames::new(SHOP_SCHEMA).map_err(|error| error.to_string())?;
        let marking = Marking {
            names,
            ours: settings.store.schema.clone(),
            runs: Some(vec![newest.run_id]),
            times: false,
            apply: false,
        };
        match shop_rows::mark(&admin, marking).await {
            Ok(marked) => {
                let marks =
                    marked.changes.iter().filter(|(change, _)| change.what.ends_with(MARKS));
                Ok(Some(marks.map(|(_, rows)| rows).sum()))
            }
            Err(MarkError::Nothing(_) | MarkError::NotShared | MarkError::OwnSchema(_)) => Ok(None),
            Err(MarkError::Store(error)) => Err(error.to_string()),
        }
    };
    let outcome = counted.await;
    admin.close().await;
    outcome
}
