//! Whether the run that is asked for fits into its time.

use actors::coordinator::Outlook;
use actors::coordinator::plan::RunPlan;
use actors::domain::ids::{OwnerToken, RunId};
use actors::ports::shop_api::ShopTraits;
use chrono::Utc;

use super::finding::{Area, Finding, Findings};
use super::population::People;
use crate::config::plan::PlanParts;
use crate::config::{Origin, Settings};
use crate::presets;

/// Real seconds of a simulated hour, at scale 1.
const HOUR_S: f64 = 3600.0;
/// A cycle that is advised leaves so much of its time free.
const SPARE: f64 = 1.1;

const AREA: Area = Area::Plan;

/// What a run with these settings wants of the shop; nothing where there can be no run.
pub(super) fn look(
    settings: &Settings,
    shop: ShopTraits,
    rate_hint_per_s: Option<f64>,
    people: &People,
    findings: &mut Findings,
) -> Option<(RunPlan, Outlook)> {
    let plan = match plan(settings, shop) {
        Ok(plan) => plan,
        Err(problem) => {
            findings.push(Finding::fail(AREA, "settings", problem, "`cartload config check`"));
            return None;
        }
    };
    let outlook = Outlook::of(&plan, &people.personas);
    findings.push(pace(&plan, &outlook));
    findings.push(rate(settings, rate_hint_per_s));
    Some((plan, outlook))
}

fn plan(settings: &Settings, shop: ShopTraits) -> Result<RunPlan, String> {
    let behavior = presets::behavior(&settings.population.preset).map_err(|e| e.to_string())?;
    let coupons = presets::coupons(&settings.offers).map_err(|e| e.to_string())?;
    let parts = PlanParts {
        run_id: RunId::fresh(),
        owner: OwnerToken::fresh(),
        now: Utc::now().naive_utc(),
        behavior,
        shop,
        coupons: coupons.of(shop.wallet),
    };
    settings.plan(parts).map_err(|error| error.to_string())
}

/// Whether a busy cycle's requests fit between two ticks.
fn pace(plan: &RunPlan, outlook: &Outlook) -> Finding {
    let Outlook { a_visit, wanted, allowed, .. } = *outlook;
    let (Some(rate), false) = (plan.rate.limit(), plan.interval.is_zero()) else {
        let says = format!(
            "a busy cycle wants about {wanted:.0} requests, {a_visit:.1} a visit, and takes as \
             long as it takes"
        );
        return Finding::ok(AREA, "pace", says);
    };
    let interval_s = plan.interval.as_secs_f64();
    let says = format!(
        "a busy cycle wants about {wanted:.0} requests, {a_visit:.1} a visit: {:.0} s of {:.0} s \
         at {rate}/s",
        wanted / rate,
        interval_s
    );
    match allowed.is_some_and(|allowed| wanted > allowed) {
        false => Finding::ok(AREA, "pace", says),
        true => {
            let rate = (wanted * SPARE / interval_s).ceil();
            let fix = format!(
                "`--rate {rate}` where the shop bears that, `--time-scale {}`, or fewer agents",
                time_scale(wanted, plan.rate.limit().unwrap_or(rate))
            );
            Finding::warn(AREA, "pace", format!("{says}: late every busy cycle"), fix)
        }
    }
}

/// The scale at which so many requests fit between two ticks, with some time to spare.
pub(super) fn time_scale(wanted: f64, rate: f64) -> f64 {
    let scale = HOUR_S * rate / (wanted.max(1.0) * SPARE);
    if scale >= 1.0 { scale.floor() } else { (scale * 100.0).floor().max(1.0) / 100.0 }
}

/// Whether the limit is one that the shop is known to bear.
fn rate(settings: &Settings, hint: Option<f64>) -> Finding {
    let limit = settings.rate.per_second.limit();
    let said = limit.map_or_else(|| "no limit".to_owned(), |limit| format!("at most {limit}/s"));
    match hint.filter(|hint| limit.is_none_or(|limit| limit > *hint)) {
        Some(hint) => {
            let says = format!("{said}; the shop's profile says that it bears {hint}/s");
            Finding::warn(AREA, "rate", says, format!("`--rate {hint}`, or measure: `--ramp`"))
        }
        None => {
            let origin = match settings.origin_of("rate.per_second") {
                Origin::Profile { .. } => ", as the shop's profile says",
                Origin::Default
                | Origin::Preset { .. }
                | Origin::Flag { .. }
                | Origin::Environment { .. }
                | Origin::File { .. }
                | Origin::Checkpoint { .. } => "",
            };
            Finding::ok(AREA, "rate", format!("{said}{origin}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_that_is_advised_leaves_time_to_spare() {
        for (wanted, rate) in [(900.0, 12.0), (2_000.0, 50.0), (372.0, 1.0), (90_000.0, 1.0)] {
            let scale = time_scale(wanted, rate);
            let interval = HOUR_S / scale;
            assert!(wanted / rate <= interval, "{wanted} at {rate}: {scale}");
            assert!(wanted / rate >= interval * 0.3, "{wanted} at {rate}: {scale}");
        }
        assert_eq!(time_scale(0.0, 50.0).fract(), 0.0);
    }
}
