//! Every question, asked of a run that never lived and of one with rows for each of them: a column
//! that is misspelt or of another type than its row says is found here, on both databases.

use actors::domain::cycle::{Cycle, ReplayNumber};
use actors::domain::event::{CouponInteraction, CouponStep, EventKind};
use actors::domain::flow::{EndReason, FlowStatus, OrderOutcome};
use actors::domain::ids::{CohortName, CouponId, RunId};
use actors::domain::incident::{Incident, IncidentKind};
use actors::domain::money::{Cents, Percent};
use actors::domain::offer::{Coupon, CouponKind, Discount};
use chrono::TimeDelta;
use questions::ledger::Books;
use questions::{
    Ask, agents, attempts, baskets, campaigns, conduct, coupons, cycles, exposures, hours,
    incidents, orders, pace, patterns, population, products, replays, runs, seals, shoppers,
    visits,
};
use serde_json::{Value, json};
use store::Admin;

use super::rig::Rig;
use crate::support::flows::{
    Owned, arc, assignment, batch, bought, cycle, key, new_run, products as goods, redemption,
    start, wall,
};

/// Asks each of the questions; answers what it asks, with its rows as text.
macro_rules! answers {
    ($admin:expr, $($question:expr,)+) => {
        vec![$({
            let question = $question;
            let says = format!("{}, {}", question.says(), stringify!($question));
            let rows = $admin.ask(question).await.unwrap_or_else(|e| panic!("{says}: {e}"));
            let rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
            (says, rows)
        },)+]
    };
}

async fn all(admin: &Admin, run: RunId) -> Vec<(String, Vec<String>)> {
    let until = start() + TimeDelta::days(20);
    let ends = ("agent_000", "agent_003");
    let mut rows = of_conduct(admin, run).await;
    rows.extend(of_patterns(admin, run).await);
    rows.extend(answers![
        admin,
        agents::visits(run),
        agents::coupons(run),
        agents::attempts(run),
        agents::by_cohort(run),
        agents::assigned(run),
        agents::redeemed(run),
        agents::personas(),
        agents::halves(run, 24),
        attempts::closed(run),
        attempts::handed_out(run),
        baskets::lines(run),
        baskets::units(run),
        baskets::returns(run, 8),
        baskets::repeats(run),
        baskets::products(run),
        campaigns::redeeming(run, 168, 336),
        coupons::life(run, until),
        coupons::steps(run),
        coupons::refusals(run, 12),
        coupons::ended(run, until),
        coupons::lags(run),
        cycles::buckets(run, 200),
        cycles::attempted(run),
        exposures::of(run),
        hours::by_day(run, 8),
        hours::by_hour_of_day(run, 8),
        hours::by_hour_of_week(run, 8),
        hours::lived(run),
        hours::closed(run),
        hours::last_closed(run),
        incidents::kinds(run),
        incidents::first(run, 40),
        incidents::buckets(run, 200),
        incidents::notes(run),
        orders::counts(run),
        orders::unknown(run),
        pace::views(run),
        pace::gaps(run),
        population::means(),
        population::words(),
        products::categories(run),
        products::known(run),
        replays::rows(run, 1, (1, 1)),
        runs::all(),
        runs::of(run),
        runs::hours(),
        seals::entries(run),
        shoppers::names(run),
        shoppers::visits(run, ends, wall(900)),
        shoppers::coupons(run, ends),
        shoppers::budgets(ends),
        visits::by_day(run, 8),
        visits::by_hour_of_day(run, 8),
        visits::ended_by_hour_of_week(run, 8),
        visits::steps(run),
        visits::ends(run),
    ]);
    rows
}

async fn of_patterns(admin: &Admin, run: RunId) -> Vec<(String, Vec<String>)> {
    answers![
        admin,
        patterns::second_orders(run, 8),
        patterns::single_orders(run, 8),
        patterns::retained(run, 6, 26),
        patterns::product_units(run),
        patterns::spending(run),
        patterns::discount_depths(run),
        patterns::prices(run, 8),
    ]
}

async fn of_conduct(admin: &Admin, run: RunId) -> Vec<(String, Vec<String>)> {
    let until = start() + TimeDelta::days(20);
    let ends = ("agent_000", "agent_003");
    answers![
        admin,
        conduct::by_size(run),
        conduct::prices(run),
        conduct::sold(run, 8),
        conduct::shown(run, 8),
        conduct::steps(run),
        conduct::pages(run),
        conduct::lines(run, ends),
        conduct::visits(run, ends),
        conduct::carts(run, ends),
        conduct::depths(run, until),
        conduct::with_coupon(run),
    ]
}

/// Of three agents two cycles that count, one of them broken before, and one a fortnight later.
async fn lived(rig: &Rig) -> Owned {
    let mut run = new_run();
    run.settings = json!({ "offers": { "wallet_cap": 20 }, "experiment": { "name": "x", "arms": [
        { "name": "bold", "share": 0.5, "overrides": { "offers.wallet_cap": 8 } },
    ] } });
    let owned = Owned { run: run.run_id, owner: run.owner };
    rig.store.open_run(run).await.unwrap();
    rig.store.record_seen(owned.run, goods(), vec![a_tenth_off("c-meat")], wall(1)).await.unwrap();
    let held = assignment(owned.run, 0, 0, "c-meat", 0);
    let offers = batch(owned, vec![held.clone(), assignment(owned.run, 0, 1, "c-fish", 0)]);
    rig.store.assign_offers(offers).await.unwrap();
    for (number, replay, broken) in [(0, 0, false), (1, 0, true), (1, 1, false), (340, 0, false)] {
        for agent in 0..3 {
            let mut flow = bought(key(owned, number, replay, agent), false);
            flow.key.cohort = (agent == 1).then(|| CohortName::new("bold"));
            flow.events[0].kind = EventKind::ViewProduct;
            flow.events[1].kind = EventKind::ViewProduct;
            flow.events[1].simulated_at =
                flow.events[0].simulated_at + TimeDelta::milliseconds(27_350);
            flow.events[0].payload = json!({ "price_cents": 450 });
            if agent == 2 {
                (flow.status, flow.end_reason) = (FlowStatus::Abandoned, EndReason::Frozen);
                (flow.order, flow.failure) = (None, Some("the shop said no".into()));
                flow.order_outcome = Some(OrderOutcome::Unknown);
            }
            if (number, agent) == (0, 0) {
                flow.coupons.push(redemption(&held, flow.simulated_end));
                let refused = CouponInteraction {
                    reusable: false,
                    step: CouponStep::Rejected,
                    reason: Some("not with meat".into()),
                    ..redemption(&held, flow.simulated_end)
                };
                flow.coupons.push(refused);
            }
            rig.store.commit_flow(arc(flow)).await.unwrap();
        }
        rig.store.record_cycle(cycle(owned, number, replay, broken)).await.unwrap();
    }
    let exposed = json!({ "arms": { "bold": ["agent_001"] }, "fixed": [] });
    note(rig, owned, IncidentKind::Exposure, exposed).await;
    note(rig, owned, IncidentKind::Freeze, json!({ "drill": true, "boundary": 1 })).await;
    note(rig, owned, IncidentKind::Replay, json!({ "first": 1, "last": 1, "replay": 1 })).await;
    owned
}

fn a_tenth_off(id: &str) -> Coupon {
    Coupon {
        id: CouponId::new(id),
        kind: CouponKind::Category,
        target: Some("meat".into()),
        discount: Discount::PercentOff(Percent(1_000)),
        min_purchase: Cents(0),
        max_discount: None,
    }
}

async fn note(rig: &Rig, owned: Owned, kind: IncidentKind, detail: Value) {
    let incident = Incident {
        run_id: owned.run,
        cycle: Cycle(1),
        replay: ReplayNumber::ORIGINAL,
        kind,
        agent_id: None,
        http_session: None,
        message: "it was so".into(),
        detail,
        simulated_at: start(),
        recorded_at: wall(5),
    };
    rig.store.record_incident(incident).await.unwrap();
}

pub async fn each_is_answered_of_a_run_that_never_lived(rig: &Rig) {
    let Some(admin) = &rig.admin else { return };
    assert_eq!(all(admin, RunId::fresh()).await.len(), QUESTIONS);
    assert_eq!(admin.at_once(Books(RunId::fresh())).await.unwrap(), None);
    let owned = rig.run().await;
    assert_eq!(all(admin, owned.run).await.len(), QUESTIONS);
    let books = admin.at_once(Books(owned.run)).await.unwrap().unwrap();
    assert!(books.attempts.is_empty() && books.findings.iter().all(|(.., rows)| rows.is_empty()));
}

pub async fn each_is_answered_with_rows_of_a_run_that_lived(rig: &Rig) {
    let Some(admin) = &rig.admin else { return };
    let owned = lived(rig).await;
    for (says, rows) in all(admin, owned.run).await {
        assert!(!rows.is_empty(), "{says}: no row, so that nobody knows whether it can be read");
    }
    let books = admin.at_once(Books(owned.run)).await.unwrap().unwrap();
    let of = [books.attempts.len(), books.flows.len(), books.events.len(), books.orders.len()];
    assert_eq!(of, [4, 8, 4, 4]);
    assert_eq!(books.holders.len(), 2);
}

pub async fn both_databases_count_a_gap_and_a_redemption_alike(rig: &Rig) {
    let Some(admin) = &rig.admin else { return };
    let owned = lived(rig).await;
    let gaps = admin.ask(pace::gaps(owned.run)).await.unwrap();
    assert_eq!(gaps.iter().map(|row| (row.value, row.seen)).collect::<Vec<_>>(), [(273, 9)]);
    let lags = admin.ask(coupons::lags(owned.run)).await.unwrap();
    assert_eq!(lags.iter().map(|row| (row.value, row.seen)).collect::<Vec<_>>(), [(0, 1)]);
    let rows = admin.ask(replays::rows(owned.run, 1, (1, 1))).await.unwrap().remove(0);
    assert_eq!((rows.replayed, rows.broken, rows.crashed, rows.stopped), (3, 3, 0, 0));
    let bold = admin.ask(agents::by_cohort(owned.run)).await.unwrap().remove(1);
    assert_eq!(
        (bold.agent_id.as_str(), bold.cohort.as_str(), bold.orders),
        ("agent_001", "bold", 3)
    );
}

/// A wallet of eight may hold eight: the arm's limit is that of its rows, the run's of all others.
pub async fn a_wallet_is_held_to_the_limit_of_its_arm(rig: &Rig) {
    let Some(admin) = &rig.admin else { return };
    let owned = lived(rig).await;
    let coupon = |agent: usize, n: usize| assignment(owned.run, 1, agent, &format!("c-{n}"), 9);
    for (agent, cohort) in [(1, Some("bold")), (3, None)] {
        let coupons = (0..9).map(|n| coupon(agent, n)).collect();
        let mut offers = batch(owned, coupons);
        offers.offer_cycle = 1;
        offers.cycle = Cycle(9 + u32::try_from(agent).unwrap());
        let cohort = cohort.map(CohortName::new);
        offers.cohorts.extend(cohort.map(|cohort| (crate::support::flows::agent(agent), cohort)));
        rig.store.assign_offers(offers).await.unwrap();
    }
    let books = admin.at_once(Books(owned.run)).await.unwrap().unwrap();
    let (.., over) = books.findings.iter().find(|(name, ..)| *name == "wallet_over_cap").unwrap();
    let found: Vec<(&str, &str)> =
        over.iter().map(|row| (row.subject.as_str(), row.found.as_str())).collect();
    assert_eq!(found, [("agent_001", "10 open, 8 are allowed")]);
}

#[test]
fn every_question_there_is_is_among_them() {
    let (here, mut found) = (include_str!("questions.rs"), 0);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/questions");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(room) = path.file_name().unwrap().to_str().unwrap().strip_suffix(".rs") else {
            continue;
        };
        for asked in std::fs::read_to_string(&path).unwrap().split("\npub fn ").skip(1) {
            let (signature, _) = asked.split_once('{').unwrap();
            if signature.contains("-> Question<") {
                let call = format!("{room}::{}(", signature.split_once('(').unwrap().0);
                assert!(here.contains(&call), "{call}...) is asked in no test");
                found += 1;
            }
        }
    }
    assert_eq!(found, QUESTIONS);
}

/// How many there are.
const QUESTIONS: usize = 74;
