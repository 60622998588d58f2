//! What came of a ramp, as findings: the knee, the window, what broke, and what is to be done.

use actors::ports::shop_api::WalletMode;

use super::ramp::Went;
use super::verdict::{Bad, End, Verdict, Window};
use super::{AREA, Ramp};
use crate::doctor::finding::{Finding, Findings};

/// Of what the shop bears a run takes so much.
const SHARE: f64 = 0.9;
/// And the busiest cycle so much of the time between two ticks.
const TIME_SHARE: f64 = 0.9;
/// How many standard deviations more agents may shop in an hour than do in the mean.
const CHANCE: f64 = 1.5;
/// Simulated seconds of a cycle.
const CYCLE_S: f64 = 3_600.0;

pub(super) fn tell(ramp: &Ramp<'_>, went: &Went, findings: &mut Findings) {
    match &went.verdict {
        Some(verdict) => {
            findings.push(knee(ramp, verdict));
            verdict.window.iter().for_each(|window| findings.push(shut(ramp, window)));
            broken(ramp, verdict).into_iter().for_each(|finding| findings.push(finding));
        }
        None => {
            let by = went.signal.map_or("the end".to_owned(), |signal| signal.to_string());
            findings.push(Finding::skip(AREA, "knee", format!("{by} ended the ramp early")));
        }
    }
    steps(went, findings);
    left(went, findings);
}

/// The rate that the shop bears, in whole or in tenths.
fn shown(rate: f64) -> String {
    match rate {
        rate if rate < 10.0 => format!("{}", (rate * 10.0).floor() / 10.0),
        rate => format!("{:.0}", rate.floor()),
    }
}

/// A rate, and a pace at which the busiest cycle fits into it.
fn advice(ramp: &Ramp<'_>, bears: f64) -> String {
    let rate = recommended(bears);
    let interval = ramp.plan.interval.as_secs_f64();
    let needs = wants(ramp) / (rate * TIME_SHARE);
    let mut fix = format!("--rate {rate}");
    if interval > 0.0 && needs > interval {
        fix.push_str(&format!(" --time-scale {}", scale(needs)));
    }
    fix
}

/// What the busiest cycle may want, where it is among the first: agents come for the first time
/// then.
fn wants(ramp: &Ramp<'_>) -> f64 {
    let shop = &ramp.plan.shop;
    let visits = ramp.outlook.wanted / ramp.outlook.a_visit.max(1.0);
    let share = visits / ramp.people.personas.len().max(1) as f64;
    let chance = CHANCE * (visits * (1.0 - share.min(1.0))).sqrt();
    let is_granted = shop.wallet == WalletMode::Engine;
    let once = [shop.first_visit, shop.selects_store, is_granted].map(u32::from);
    (visits + chance) * (ramp.outlook.a_visit + f64::from(once.iter().sum::<u32>()))
}

/// Of what is borne, cut to what can be read.
fn recommended(bears: f64) -> f64 {
    let rate = SHARE * bears;
    let unit = match rate {
        rate if rate >= 10.0 => 1.0,
        rate if rate >= 1.0 => 10.0,
        _ => 100.0,
    };
    // 0.9 x 20 is 18.000000000000004 in floats, 0.9 x 10 may fall short as well.
    ((rate * unit + 1e-6).floor() / unit).max(0.01)
}

/// The pace at which a cycle takes at least so many seconds.
fn scale(seconds: f64) -> f64 {
    let ratio = CYCLE_S / seconds;
    let unit = if ratio >= 10.0 { 1.0 } else { 100.0 };
    ((ratio * unit).floor() / unit).max(0.01)
}

/// What the shop bears: the knee, or the window where that is less.
fn bears(verdict: &Verdict) -> Option<f64> {
    let window = verdict.window.as_ref().map(Window::rate);
    match (verdict.good, window) {
        (Some(good), Some(window)) => Some(good.min(window)),
        (good, window) => good.or(window),
    }
}

fn knee(ramp: &Ramp<'_>, verdict: &Verdict) -> Finding {
    let limit = ramp.plan.rate.limit();
    let runs_at = match limit {
        Some(limit) => format!("the run's limit is {limit}/s"),
        None => "the run has no limit".to_owned(),
    };
    let Some(good) = verdict.good else {
        let says = match (&verdict.bad, verdict.window) {
            (_, Some(_)) => {
                "not found: the shop says 429 before its answers take longer".to_owned()
            }
            (Some((rate, bad)), None) => {
                format!("not found: at {}/s {}", shown(*rate), why(bad))
            }
            (None, None) => "not found: the time was over, give more: --ramp-seconds".to_owned(),
        };
        return Finding::skip(AREA, "knee", says);
    };
    let unknown = match ramp.wish.orders {
        Some(_) => "",
        None => "; checkouts are not in it: --ramp orders",
    };
    let until = match verdict.end {
        End::Time => "; the time was over before it was known better: --ramp-seconds",
        End::Orders => "; no more orders may be placed: --ramp-orders",
        End::Found | End::Cap | End::Harm | End::Gone => "",
    };
    let bears = bears(verdict).unwrap_or(good);
    let is_within = limit.is_some_and(|limit| limit <= bears);
    match &verdict.bad {
        None => {
            let end = match verdict.end {
                End::Cap => format!("up to the cap of {}/s", shown(good)),
                End::Found | End::Time | End::Orders | End::Harm | End::Gone => {
                    format!("up to {}/s, the last rate that was tried,", shown(good))
                }
            };
            let says = format!("{end} answers take no twice as long; {runs_at}{until}{unknown}");
            match is_within || verdict.end == End::Cap {
                true => Finding::ok(AREA, "knee", says),
                false => Finding::warn(AREA, "knee", says, advice(ramp, bears)),
            }
        }
        Some((rate, bad)) => {
            let says = format!(
                "the shop bears {}/s; from {}/s on {}; {runs_at}{until}{unknown}",
                shown(good),
                shown(*rate),
                why(bad)
            );
            match is_within {
                true => Finding::ok(AREA, "knee", says),
                false => Finding::warn(AREA, "knee", says, advice(ramp, bears)),
            }
        }
    }
}

/// Why a rate is too high.
fn why(bad: &Bad) -> String {
    match bad {
        Bad::Doubled(doubled) => {
            let (from, to) = (doubled.from_s * 1_000.0, doubled.to_s * 1_000.0);
            let step = doubled.step;
            format!(
                "answers take twice as long ({step}: 95 % within {from:.0} ms one at a time, \
                 {to:.0} ms there)"
            )
        }
        Bad::Limited => "it says 429".to_owned(),
        Bad::Harm(_) => "something breaks".to_owned(),
        Bad::Unreached => {
            "all agents wait for answers, and nobody is left who could ask".to_owned()
        }
    }
}

/// What a shop that says 429 lets through.
fn shut(ramp: &Ramp<'_>, window: &Window) -> Finding {
    let Window { requests, seconds } = window;
    let often = match seconds {
        seconds if (55.0..=65.0).contains(seconds) => format!("{requests} requests a minute"),
        seconds => format!("{requests} requests in {seconds:.1} s"),
    };
    let rate = window.rate();
    let says = format!("the shop says 429 above {often}, {rate:.1}/s");
    match ramp.plan.rate.limit().is_some_and(|limit| limit <= rate) {
        true => Finding::ok(AREA, "window", says),
        false => Finding::warn(AREA, "window", says, advice(ramp, rate)),
    }
}

/// What broke.
fn broken(ramp: &Ramp<'_>, verdict: &Verdict) -> Option<Finding> {
    let Some((rate, Bad::Harm(harm))) = &verdict.bad else {
        return None;
    };
    let at = match verdict.good {
        Some(_) => format!("at {}/s", shown(*rate)),
        None => format!("at no more than {}/s", shown(*rate)),
    };
    let (after, is_gone) = match verdict.end {
        End::Gone => ("; asked more slowly it broke again", true),
        End::Harm => ("; asked more slowly it answers again", false),
        End::Found | End::Cap | End::Time | End::Orders => ("", false),
    };
    let says = format!("{at}: {harm}{after}; nothing more was tried");
    let fix = match bears(verdict).filter(|_| !is_gone) {
        Some(rate) => advice(ramp, rate),
        None => "look at the shop first; `cartload profile try --no-order` shows each request"
            .to_owned(),
    };
    Some(match is_gone {
        true => Finding::fail(AREA, "errors", says, fix),
        false => Finding::warn(AREA, "errors", says, fix),
    })
}

/// What each step took one at a time.
fn steps(went: &Went, findings: &mut Findings) {
    let Some(unloaded) = &went.unloaded else { return };
    let steps = unloaded.by_step();
    let steps = steps.iter().map(|(step, p95)| format!("{step} {:.0} ms", p95 * 1_000.0));
    let says =
        format!("one request at a time, 95 % within: {}", steps.collect::<Vec<_>>().join(", "));
    findings.push(Finding::ok(AREA, "steps", says));
}

/// What is left behind.
fn left(went: &Went, findings: &mut Findings) {
    let counts = went.counts;
    let orders = match (counts.orders, counts.unknown) {
        (0, 0) => "nothing was ordered".to_owned(),
        (orders, 0) => format!("{orders} REAL ORDERS were placed; cancel them at the shop"),
        (orders, unknown) => format!(
            "{orders} REAL ORDERS were placed, and {unknown} checkouts were not answered, which \
             may be orders too; cancel them at the shop"
        ),
    };
    let (carts, is_clean) = match (went.left, went.keeps_no_carts) {
        (0, false) => ("no cart is left behind".to_owned(), true),
        (0, true) => ("carts stay as they are: the profile's clear sends nothing".to_owned(), true),
        (carts, _) => (format!("{carts} carts could not be cleared"), false),
    };
    let says = format!("{orders}; {carts}");
    findings.push(match is_clean {
        true => Finding::ok(AREA, "left", says),
        false => Finding::warn(AREA, "left", says, "a run clears the carts of its agents first"),
    });
}
