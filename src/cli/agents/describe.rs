//! `cartload agents describe`: reads the agents and says who they are; writes nothing.

use std::collections::BTreeSet;

use actors::domain::ids::RunId;
use actors::ports::store::StoreError;
use questions::{Ask, products};
use shops::practice_shop::catalog;
use store::Admin;
use store::admin::{AgentFilter, KnownRun};

use super::DescribeArgs;
use crate::cli::{ExitCode, Failure, Result, output};
use crate::config::Settings;
use crate::config::shop::ShopTarget;
use crate::personas::describe::{Catalogue, Given, Population};
use crate::{database, presets};

/// Does it.
pub fn describe(settings: &Settings, args: &DescribeArgs) -> Result {
    let behavior = presets::behavior(&settings.population.preset)?;
    let experiment = settings.arms(&behavior)?;
    let (personas, catalogue) = actix_rt::System::new().block_on(async {
        let admin = database::open_to_read(settings).await?;
        let personas = admin.list_agents(AgentFilter::default()).await?;
        let catalogue = catalogue(settings, &admin).await?;
        admin.close().await;
        Ok::<_, Failure>((personas, catalogue))
    })?;
    let population = Population::of(&Given {
        personas: &personas,
        behavior: &behavior,
        experiment: experiment.as_ref(),
        offers: &settings.offers.policy(),
        catalogue: &catalogue,
    });
    output::data(&if args.json {
        serde_json::to_string_pretty(&population)?
    } else {
        population.text()
    })?;
    Ok(ExitCode::Ok)
}

/// What the shop has that is configured: the practice shop's goods are known, another shop's are
/// those that the newest run there saw.
async fn catalogue(settings: &Settings, admin: &Admin) -> Result<Catalogue> {
    let (api, profile) = match settings.shop.target() {
        ShopTarget::Mock | ShopTarget::PracticeInProcess => {
            let products = catalog::of(settings.shop.practice_catalog)?.products;
            return Ok(Catalogue {
                of: "the practice shop (no other is configured: --api or CARTLOAD_API)".to_owned(),
                categories: Some(products.into_iter().map(|product| product.category).collect()),
            });
        }
        ShopTarget::Remote { api, profile } => (api, profile),
    };
    let shop = api.clone().unwrap_or_else(|| format!("the shop of profile {profile}"));
    let is_there = |run: &&KnownRun| {
        let said = |key: &str| run.settings["shop"][key].as_str().map(str::to_owned);
        said("api") == api && (api.is_some() || said("profile").as_ref() == Some(&profile))
    };
    let Some(run) = admin.list_runs().await?.iter().find(is_there).map(|run| run.run_id) else {
        return Ok(Catalogue { of: shop, categories: None });
    };
    let categories = Some(seen(admin, run).await?).filter(|seen| !seen.is_empty());
    Ok(Catalogue { of: format!("{shop}, as run {run} saw it"), categories })
}

async fn seen(admin: &Admin, run: RunId) -> Result<BTreeSet<String>, StoreError> {
    let rows = admin.ask(products::categories(run)).await?;
    Ok(rows.into_iter().map(|row| row.category).collect())
}
