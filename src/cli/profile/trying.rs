//! `cartload profile try`: one visit by a profile, line by line, and the code of what came of it.

use std::path::PathBuf;
use std::sync::Arc;

use actors::domain::ids::{AgentId, StoreId};
use clap::Args;
use uuid::Uuid;

use crate::cli::run::hear;
use crate::cli::{ExitCode, Failure, GlobalArgs, Result, output};
use crate::config::shop_url::ShopUrl;
use crate::config::{Layer, Settings};
use crate::trial::{self, Asked, Report, Say};
use crate::{presets, running};

pub(super) const EXAMPLES: &str = "\
Examples:
  cartload profile try my.ron --api https://shop.example              places ONE REAL ORDER
  cartload profile try my.ron --api https://shop.example --no-order   stops before the checkout
  cartload profile try medusa --api http://127.0.0.1:9000 --coupons codes.ron --json
  cartload profile try practice            the practice shop, in this process

Nobody is asked first: where the checkout works, something is ordered. What was ordered is said at
the end, so that it can be cancelled. At most five requests a second.";

/// Visit a shop once by a profile.
#[derive(Clone, Debug, Args)]
pub struct TryArgs {
    /// The profile: a file, or the name of one in the binary
    #[arg(value_name = "FILE|NAME")]
    profile: String,
    /// Base URL of the shop [default: the profile's]
    #[arg(long, value_name = "URL")]
    api: Option<ShopUrl>,
    /// Who comes
    #[arg(long, value_name = "ID", default_value = "agent_001")]
    agent: String,
    /// Its user at the shop, where tokens name one [default: made from the agent's id]
    #[arg(long, value_name = "UUID")]
    user: Option<Uuid>,
    /// One of the profile's auth_strategies [default: the profile's]
    #[arg(long, value_name = "NAME")]
    auth: Option<String>,
    /// The store that is selected [default: the first]
    #[arg(long, value_name = "ID")]
    store_id: Option<String>,
    /// Coupons; of codes the first is applied [default: offers.coupons_file]
    #[arg(long, value_name = "FILE")]
    coupons: Option<PathBuf>,
    /// Stop before the checkout: nothing is ordered
    #[arg(long)]
    no_order: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(super) fn execute(global: &GlobalArgs, args: &TryArgs) -> Result {
    let settings = Settings::load(global.sources(args.layer())?)?;
    hear(&settings);
    let reached = running::reach(&settings)?;
    let wallet = reached.0.profile().wallet;
    let asked = Asked {
        agent: AgentId::new(&args.agent),
        user: args.user.unwrap_or_else(|| {
            Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("cartload/{}", args.agent).as_bytes())
        }),
        store: settings.shop.store_id.as_deref().map(StoreId::new),
        coupons: presets::coupons(&settings.offers)?.of(wallet).to_vec(),
        auth: settings.shop.auth.clone(),
        orders: !args.no_order,
    };
    let say: Say = match args.json {
        true => Arc::new(|_| {}),
        // A reader that went away ends no visit: what was put into a cart must come out.
        false => Arc::new(|line| drop(output::data(line))),
    };
    let system = actix_rt::System::new();
    let ended = system.block_on(trial::visit(&asked, reached, say))?;
    let report = &ended.report;
    output::data(&if args.json { serde_json::to_string(report)? } else { text(report) })?;
    match (ended.signal, report.works, args.json) {
        (Some(signal), _, _) => Ok(signal.into()),
        (None, true, _) => Ok(ExitCode::Ok),
        (None, false, true) => Ok(ExitCode::Shop),
        (None, false, false) => {
            let count = report.problems.len();
            let what = if count == 1 { "1 thing does" } else { &format!("{count} things do") };
            let says = format!("profile {}: {what} not work", report.profile);
            Err(Failure::new(ExitCode::Shop, says))
        }
    }
}

impl TryArgs {
    fn layer(&self) -> Layer {
        let mut layer = Layer::default();
        layer.shop.profile = Some(Some(self.profile.clone()));
        layer.shop.mock = Some(false);
        layer.shop.api = self.api.clone().map(Some);
        layer.shop.auth = self.auth.clone().map(Some);
        layer.shop.store_id = self.store_id.clone().map(Some);
        layer.offers.coupons_file = self.coupons.clone().map(Some);
        layer
    }
}

/// What stands below the lines.
fn text(report: &Report) -> String {
    let mut lines = vec![String::new()];
    let mut list = |title: &str, items: &mut dyn Iterator<Item = String>| {
        let items: Vec<String> = items.map(|item| format!("  - {item}")).collect();
        if !items.is_empty() {
            lines.push(title.to_owned());
            lines.extend(items);
        }
    };
    list("Notes:", &mut report.notes.iter().cloned());
    let orders = report.ordered.iter();
    let mut orders = orders.map(|order| format!("{}, {} to pay", order.id, order.final_total));
    list("Ordered; cancel it at the shop:", &mut orders);
    list("What does not work:", &mut report.problems.iter().cloned());
    if report.ordered.is_empty() {
        lines.push("Nothing was ordered.".to_owned());
    }
    if report.works {
        lines.push("Everything that a run needs works.".to_owned());
    }
    lines.join("\n")
}
