//! Who shops: the agents of the database as a run would take them, or those it would make.

use std::collections::BTreeMap;

use actors::domain::catalog::Catalog;
use actors::domain::persona::{AgentStatus, Persona};
use store::TableError;
use store::admin::AgentFilter;

use super::finding::{Area, Finding, Findings};
use crate::config::Settings;
use crate::config::db_url::DbUrl;
use crate::personas::files::read_table;
use crate::personas::rejected::by_reason;
use crate::personas::{OnBroken, Reading};
use crate::{database, presets};

/// Where an operator's own shop keeps its agents by custom.
const SHOP_TABLE: &str = "public.agents";
/// Under this share of agents' categories at the shop a run says so too.
const CATEGORIES_KNOWN_MIN_PERCENT: usize = 50;
/// Categories and reasons that are named.
const NAMED_MAX: usize = 5;

const AREA: Area = Area::Population;

/// The agents of a run with these settings.
pub(super) struct People {
    /// At least one, but where the database's are all inactive.
    pub(super) personas: Vec<Persona>,
    /// Whether they are the database's.
    is_stored: bool,
}

/// The agents, and what is wrong with them by themselves.
pub(super) async fn gather(settings: &Settings, findings: &mut Findings) -> People {
    let stored = stored(settings).await;
    let wanted = settings.population.agents.and_then(|n| usize::try_from(n).ok());
    let people = match stored {
        Some(all) if !all.is_empty() => {
            let count = all.len();
            let is_active = |persona: &Persona| persona.status == AgentStatus::Active;
            let mut personas: Vec<Persona> = all.into_iter().filter(is_active).collect();
            findings.push(counted(personas.len(), count, wanted));
            personas.truncate(wanted.unwrap_or(usize::MAX));
            People { personas, is_stored: true }
        }
        Some(_) | None => {
            let made = settings.population.agents.unwrap_or(presets::AGENTS_GENERATED);
            let personas = presets::personas(made, &[], &mut rand::rng());
            let (personas, finding) = match personas {
                Ok(personas) => {
                    let says = format!("none are stored: a run makes {made} of its archetypes");
                    (personas, Finding::ok(AREA, "agents", says))
                }
                Err(error) => {
                    let fix = "this is a fault of the program";
                    (Vec::new(), Finding::fail(AREA, "agents", error.to_string(), fix))
                }
            };
            findings.push(finding);
            People { personas, is_stored: false }
        }
    };
    if let Some(finding) = import(settings, people.is_stored).await {
        findings.push(finding);
    }
    people
}

fn counted(active: usize, all: usize, wanted: Option<usize>) -> Finding {
    let says = format!("{active} of {all} stored agents are active");
    match (active, wanted) {
        (0, _) => {
            let fix = "`cartload agents set-status active --all`";
            Finding::fail(AREA, "agents", says, fix)
        }
        (active, Some(wanted)) if wanted > active => {
            let fix = "import or generate more, or take fewer: `--agents N`";
            Finding::warn(AREA, "agents", format!("{says}, and {wanted} are asked for"), fix)
        }
        _ => Finding::ok(AREA, "agents", says),
    }
}

/// The database's agents; `None` where it cannot be read: its own lines say why.
async fn stored(settings: &Settings) -> Option<Vec<Persona>> {
    let admin = database::open_to_read(settings).await.ok()?;
    let listed = admin.list_agents(AgentFilter::default()).await.ok();
    admin.close().await;
    listed
}

/// What an import of the shop's own table would do, where the run's database holds one.
async fn import(settings: &Settings, is_stored: bool) -> Option<Finding> {
    let url = settings.store.url.as_ref().filter(|url| DbUrl::is_postgres(url))?;
    let rows = match database::table(settings, url.expose(), SHOP_TABLE).await {
        Ok(rows) => rows,
        Err(TableError::Open(_) | TableError::Read(_)) => return None,
    };
    let rows_in_all = rows.len();
    let how = Reading::from(OnBroken::Skip);
    let import = "cartload agents import --replace --from-table public.agents";
    let imported = match read_table(SHOP_TABLE, rows, &how) {
        Ok(imported) => imported,
        Err(error) => {
            let says = format!("{SHOP_TABLE} cannot be imported as it is: {error}");
            let fix = format!("say what its columns mean: `{import} --mapping FILE.ron`");
            return Some(Finding::warn(AREA, "import", says, fix));
        }
    };
    let refused = imported.skipped.len();
    let taken = rows_in_all - refused;
    if refused > 0 {
        let reasons = by_reason(&imported.skipped);
        let said = reasons.iter().take(NAMED_MAX).map(|count| {
            let column = count.column.unwrap_or("row");
            format!("{} {column} {}", count.rows, count.reason)
        });
        let said = said.collect::<Vec<_>>().join(", ");
        let says = format!("{refused} of {rows_in_all} rows of {SHOP_TABLE} are refused: {said}");
        let fix = format!(
            "`{import} --mapping FILE.ron` with `normalise` and `clamp`, or `--skip-bad`; \
             `--dry-run` lists each"
        );
        return Some(Finding::warn(AREA, "import", says, fix));
    }
    let says = format!("all {taken} rows of {SHOP_TABLE} fit");
    Some(match is_stored {
        true => Finding::ok(AREA, "import", says),
        false => {
            let says =
                format!("{says}, and none were imported: a run would make agents of its own");
            Finding::warn(AREA, "import", says, format!("`{import}`"))
        }
    })
}

/// Whether what agents prefer is sold; nothing where the goods are not known.
pub(super) fn compare(people: &People, catalog: &Catalog, findings: &mut Findings) {
    if catalog.products.is_empty() {
        let why = "what the shop sells is not known";
        findings.push(Finding::skip(AREA, "categories", why));
        return;
    }
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    let wanted = people.personas.iter().flat_map(|persona| &persona.preferred_categories);
    let (mut known, mut all) = (0, 0);
    for category in wanted {
        all += 1;
        if catalog.has_category(category) {
            known += 1;
        } else {
            *missing.entry(category).or_default() += 1;
        }
    }
    let mut missing: Vec<(&str, usize)> = missing.into_iter().collect();
    missing.sort_by_key(|(_, agents)| std::cmp::Reverse(*agents));
    let named = missing.iter().take(NAMED_MAX).map(|(name, agents)| format!("{name} ({agents})"));
    let named = named.collect::<Vec<_>>().join(", ");
    let finding = match missing.len() {
        0 => Finding::ok(AREA, "categories", "the shop has every category that agents prefer"),
        count if known * 100 >= all * CATEGORIES_KNOWN_MIN_PERCENT => {
            let says = format!("the shop lacks {count} categories that agents prefer: {named}");
            Finding::ok(AREA, "categories", says)
        }
        count => {
            let fix = match people.is_stored {
                true => "import personas made for this shop, or map their categories",
                false => {
                    "import the shop's agents, or `cartload agents generate --categories A,B,...` \
                     with what it sells"
                }
            };
            let says = format!(
                "{known} of {all} preferences are sold; the shop lacks {count} categories: {named}"
            );
            Finding::warn(AREA, "categories", says, fix)
        }
    };
    findings.push(finding);
}
