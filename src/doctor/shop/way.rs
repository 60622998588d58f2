//! The way to the shop: name, connection, TLS, redirects, its clock, who closes first, and whether
//! its health check knows what its probe knows.

use std::net::SocketAddr;
use std::time::Duration;

use actors::ports::shop_api::ShopCall;
use chrono::{NaiveDateTime, Utc};
use shops::shop_api::http::inspection::{Head, Line};
use tokio::task::JoinHandle;

use super::visitor::{Visitor, fix};
use super::{AREA, Shop};
use crate::doctor::finding::{Finding, Findings};

/// Signed tokens are back-dated by 30 s: a shop further behind takes them for those of the future.
const BEHIND_MAX_S: f64 = 25.0;
/// `Date` has whole seconds, and a busy machine is late.
const CLOCK_GRAIN_S: f64 = 2.0;
/// An idle connection is watched for so long after the profile would have given it up.
const IDLE_SPARE: Duration = Duration::from_millis(500);
/// And no longer than this.
const IDLE_MAX: Duration = Duration::from_secs(8);
/// Where many services say that they are up.
const HEALTH: &str = "/health";
/// Addresses that are named.
const NAMED_MAX: usize = 3;

/// A connection that was looked at, and what its answers said.
pub(super) struct Seen {
    health: Option<Head>,
    /// When the shop closed it, idle since its last answer; `None`: it did not stay open.
    closed: Option<JoinHandle<Option<Duration>>>,
}

/// Connects past the adapter; nothing where that is not to be, or fails: the probe says why then.
pub(super) async fn look(shop: &Shop, findings: &mut Findings) -> Option<Seen> {
    if shop.setup.is_through_proxy() {
        let why = "the shop is reached through a proxy: the way beyond it is not seen";
        findings.push(Finding::skip(AREA, "address", why));
        return None;
    }
    let limit = Duration::from_millis(shop.profile().timeouts.connect_ms);
    let mut line = Line::open(&shop.setup, limit).await.ok()?;
    findings.push(address(&shop.setup.shown_address(), &line));
    let root = line.get(&shop.setup.root_path(), limit).await;
    shop.heard.count();
    let root = match root {
        Ok(root) => root,
        Err(_) => return Some(Seen { health: None, closed: None }),
    };
    findings.extend(redirect(&root));
    findings.extend(clock(&root, Utc::now().naive_utc()));
    let mut is_kept = root.is_kept;
    let mut health = None;
    if is_kept {
        shop.heard.count();
        health = line.get(HEALTH, limit).await.ok();
        is_kept = health.as_ref().is_some_and(|health| health.is_kept);
    }
    let interim = root.interim.iter().chain(health.iter().flat_map(|health| &health.interim));
    findings.push(told_of_interim(&interim.copied().collect::<Vec<u16>>()));
    let watched = watched(shop);
    let closed = is_kept.then(|| actix_rt::spawn(line.closed_within(watched)));
    Some(Seen { health, closed })
}

/// How long an idle connection is watched.
fn watched(shop: &Shop) -> Duration {
    let keeps = Duration::from_secs_f64(shop.profile().keep_alive_s);
    (keeps + IDLE_SPARE).min(IDLE_MAX)
}

fn address(url: &str, line: &Line) -> Finding {
    let named = line.addresses.iter().take(NAMED_MAX).map(SocketAddr::to_string);
    let named = named.collect::<Vec<_>>().join(", ");
    let tls = line.tls.as_ref().map_or_else(|| "no TLS".to_owned(), Clone::clone);
    let took = line.took.as_secs_f64() * 1_000.0;
    Finding::ok(AREA, "address", format!("{url} is {named}; connected in {took:.0} ms, {tls}"))
}

fn redirect(root: &Head) -> Option<Finding> {
    let to = root.location.as_ref().filter(|_| (300..400).contains(&root.status))?;
    // A page for people may lead from / to another path of the same shop; the API is elsewhere.
    let (scheme, rest) = to.split_once("://")?;
    let host = rest.split('/').next().unwrap_or_default();
    let says = format!("the address answers {} and leads to {scheme}://{host}", root.status);
    let fix = format!("redirects are not followed: `--api {scheme}://{host}` where that is it");
    Some(Finding::warn(AREA, "redirect", says, fix))
}

fn clock(root: &Head, now: NaiveDateTime) -> Option<Finding> {
    let theirs = root.date?;
    let ahead = (theirs - now).as_seconds_f64() + root.half_way.as_secs_f64();
    let fix = "set the clock of the one that is wrong (ntp): tokens are judged by it";
    Some(match ahead {
        behind if behind < -BEHIND_MAX_S => {
            let says = format!("the shop's clock is {:.0} s behind this machine's", -behind);
            Finding::warn(AREA, "clock", says, fix)
        }
        ahead if ahead > BEHIND_MAX_S => {
            let says = format!("the shop's clock is {ahead:.0} s ahead of this machine's");
            Finding::warn(AREA, "clock", says, fix)
        }
        near if near.abs() <= CLOCK_GRAIN_S => {
            Finding::ok(AREA, "clock", "the shop's clock and this machine's agree")
        }
        near => Finding::ok(AREA, "clock", format!("the shop's clock differs by {near:.0} s")),
    })
}

fn told_of_interim(interim: &[u16]) -> Finding {
    match interim {
        [] => Finding::ok(AREA, "interim", "no interim answers came"),
        some => {
            let some = some.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            let says = format!("interim answers came ({some}): they are taken out");
            Finding::ok(AREA, "interim", says)
        }
    }
}

/// Asks the profile's probe; whether the shop is there.
pub(super) async fn probe(shop: &Shop, visitor: &mut Visitor, findings: &mut Findings) -> bool {
    match visitor.ask(ShopCall::Probe).await {
        Ok(_) => {
            let took = visitor.took().as_secs_f64() * 1_000.0;
            findings.push(Finding::ok(AREA, "probe", format!("answered well, in {took:.0} ms")));
            true
        }
        Err(error) => {
            let fix = fix(&error, shop.profile(), None);
            findings.push(Finding::fail(AREA, "probe", error.to_string(), fix));
            error.is_answer()
        }
    }
}

/// Whether health and probe say the same, and who closes an idle connection first.
pub(super) async fn idle(shop: &Shop, seen: Seen, findings: &mut Findings) {
    let probe_failed = findings.is(AREA, "probe", crate::doctor::finding::State::Fail);
    let health = seen.health.as_ref().map(|health| health.status);
    findings.push(match health {
        Some(status @ 200..=299) if probe_failed => {
            let says = format!("GET {HEALTH} is {status} and the probe fails");
            let fix = "the service runs, what it needs (its database) does not: do not watch it \
                       by that path";
            Finding::warn(AREA, "health", says, fix)
        }
        Some(status @ 200..=299) => {
            Finding::ok(AREA, "health", format!("GET {HEALTH} is {status}, as the probe"))
        }
        Some(status) => Finding::ok(AREA, "health", format!("GET {HEALTH} is {status}: none")),
        None => Finding::skip(AREA, "health", "the connection was closed before it was asked"),
    });
    let Some(closed) = seen.closed else {
        let says = "the shop closes each connection after one answer";
        let fix =
            "let it keep connections alive: each request costs one, and a port of this machine";
        findings.push(Finding::warn(AREA, "keep_alive", says, fix));
        return;
    };
    let keeps = Duration::from_secs_f64(shop.profile().keep_alive_s);
    let closed = closed.await.ok().flatten();
    findings.push(kept_alive(closed, keeps, watched(shop)));
}

fn kept_alive(closed: Option<Duration>, keeps: Duration, watched: Duration) -> Finding {
    let keeps_s = keeps.as_secs_f64();
    match closed.filter(|closed| *closed < keeps) {
        Some(closed) => {
            let closed = closed.as_secs_f64();
            let says = format!(
                "the shop closes idle connections after {closed:.1} s, the profile keeps them \
                 {keeps_s} s"
            );
            let shorter = (closed * 0.75 * 10.0).floor() / 10.0;
            let fix = format!(
                "`keep_alive_s: {shorter:.1}` in the profile: a request that crosses \
                               the close is lost"
            );
            Finding::warn(AREA, "keep_alive", says, fix)
        }
        None => {
            let says = match closed {
                Some(closed) => format!("idle connections are kept {:.1} s", closed.as_secs_f64()),
                None => {
                    format!("idle connections are kept for {:.1} s at least", watched.as_secs_f64())
                }
            };
            let says = format!("{says}; this side closes first, after {keeps_s} s");
            Finding::ok(AREA, "keep_alive", says)
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::doctor::finding::State;

    fn head(status: u16) -> Head {
        Head {
            status,
            interim: Vec::new(),
            location: None,
            date: None,
            half_way: Duration::ZERO,
            server: None,
            is_kept: true,
        }
    }

    #[test]
    fn a_clock_further_behind_than_tokens_are_back_dated_is_told() {
        let now = NaiveDateTime::default();
        let state = |seconds| {
            let date = Some(now + TimeDelta::seconds(seconds));
            clock(&Head { date, ..head(200) }, now).unwrap().state
        };
        assert_eq!(
            [-26, -25, 0, 25, 26].map(state),
            [State::Warn, State::Ok, State::Ok, State::Ok, State::Warn]
        );
        assert!(clock(&head(200), now).is_none());
    }

    #[test]
    fn a_redirect_to_another_origin_is_told_and_one_within_the_shop_is_not() {
        let to =
            |location: &str| redirect(&Head { location: Some(location.to_owned()), ..head(308) });
        let finding = to("https://www.shop.example/x").unwrap();
        assert!(
            finding.fix.unwrap().contains("--api https://www.shop.example"),
            "{}",
            finding.says
        );
        assert!(to("/docs").is_none());
        assert!(redirect(&head(308)).is_none());
    }

    #[test]
    fn a_shop_that_closes_before_this_side_would_is_told() {
        let (keeps, watched) = (Duration::from_secs(4), Duration::from_millis(4_500));
        let state = |closed: Option<u64>| {
            kept_alive(closed.map(Duration::from_millis), keeps, watched).state
        };
        assert_eq!(state(Some(3_999)), State::Warn);
        assert_eq!(state(Some(4_000)), State::Ok);
        assert_eq!(state(None), State::Ok);
        let finding = kept_alive(Some(Duration::from_secs(2)), keeps, watched);
        assert!(finding.fix.unwrap().contains("keep_alive_s: 1.5"));
    }
}
