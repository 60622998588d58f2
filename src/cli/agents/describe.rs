//! `cartload agents describe`: reads the agents and says who they are; writes nothing.

use std::collections::BTreeSet;

use actors::domain::ids::RunId;
use actors::ports::store::StoreError;
use questions::{Ask, products};
use shops::practice_shop::catalog;
use store::Admin;
use store::admin::AgentFilter;

use super::DescribeArgs;
use crate::cli::{ExitCode, Failure, Result, output};
use crate::config::Settings;
use crate::config::shop::ShopTarget;
use crate::personas::describe::{Given, Population};
use crate::{database, presets};

/// Does it.
pub fn describe(settings: &Settings, args: &DescribeArgs) -> Result {
    let behavior = presets::behavior(&settings.population.preset)?;
    let experiment = settings.arms(&behavior)?;
    let (personas, shop_categories) = actix_rt::System::new().block_on(async {
        let admin = database::open_to_read(settings).await?;
        let personas = admin.list_agents(AgentFilter::default()).await?;
        let categories = shop_categories(settings, &admin).await?;
        admin.close().await;
        Ok::<_, Failure>((personas, categories))
    })?;
    let population = Population::of(&Given {
        personas: &personas,
        behavior: &behavior,
        experiment: experiment.as_ref(),
        offers: &settings.offers.policy(),
        shop_categories: shop_categories.as_ref(),
    });
    output::data(&if args.json {
        serde_json::to_string_pretty(&population)?
    } else {
        population.text()
    })?;
    Ok(ExitCode::Ok)
}

/// What the shop has: the practice shop's are known, another shop's are those that the newest run
/// saw; `None` where no run has.
async fn shop_categories(settings: &Settings, admin: &Admin) -> Result<Option<BTreeSet<String>>> {
    match settings.shop.target() {
        ShopTarget::Mock | ShopTarget::PracticeInProcess => {
            let products = catalog::builtin()?.products;
            Ok(Some(products.into_iter().map(|product| product.category).collect()))
        }
        ShopTarget::Remote { .. } => match admin.list_runs().await?.first() {
            Some(run) => Ok(Some(seen(admin, run.run_id).await?).filter(|seen| !seen.is_empty())),
            None => Ok(None),
        },
    }
}

async fn seen(admin: &Admin, run: RunId) -> Result<BTreeSet<String>, StoreError> {
    let rows = admin.ask(products::categories(run)).await?;
    Ok(rows.into_iter().map(|row| row.category).collect())
}
