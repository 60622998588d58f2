//! Whose an order is, on both sides of each border.

use super::*;
use crate::cycle::{Cycle, ReplayNumber};
use crate::flow::ShopRefs;
use crate::ids::{AgentId, Incarnation, OwnerToken, RunId, SessionId};

/// So many milliseconds after the begin of the test, by our clock.
fn at(ms: i64) -> NaiveDateTime {
    NaiveDateTime::default() + TimeDelta::milliseconds(ms)
}

/// How far the shop's clock is before ours.
const AHEAD: TimeDelta = TimeDelta::hours(7);

fn flow(cycle: u32, opened_ms: i64, until_ms: Option<i64>) -> LostFlow {
    let (run_id, agent_id, cycle) = (RunId(Uuid::nil()), AgentId::new("a"), Cycle(cycle));
    LostFlow {
        key: FlowKey {
            flow_id: FlowId::of(
                (run_id, OwnerToken(Uuid::nil())),
                cycle,
                &agent_id,
                ReplayNumber::ORIGINAL,
            ),
            run_id,
            owner: OwnerToken(Uuid::nil()),
            cycle,
            replay: ReplayNumber::ORIGINAL,
            agent_id,
            cohort: None,
            http_session: SessionId(0),
            incarnation: Incarnation(0),
            resumes: ReplayNumber::ORIGINAL,
            simulated_at: at(0),
            opened_at: at(opened_ms),
        },
        user_id: Uuid::nil(),
        store_id: None,
        simulated_end: at(0),
        refs: ShopRefs::default(),
        seen_at: at(opened_ms),
        until: until_ms.map(at),
    }
}

fn order(id: &str, placed_ms: i64) -> PlacedOrder {
    let placed_at = Some(at(placed_ms) + AHEAD);
    PlacedOrder { id: OrderId::new(id), final_total: None, charges: None, flow: None, placed_at }
}

fn of(flow: &LostFlow, id: &str) -> PlacedOrder {
    PlacedOrder { flow: Some(flow.key.flow_id.to_string()), ..order(id, 0) }
}

fn list(orders: Vec<PlacedOrder>) -> OrderList {
    let (shop_clock, our_clock) = (Some(at(60_000) + AHEAD), at(60_000));
    OrderList { orders, shop_clock, our_clock, is_cut: false, names_flows: false }
}

/// Of a shop whose orders name their flow.
fn named(orders: Vec<PlacedOrder>) -> OrderList {
    OrderList { names_flows: true, ..list(orders) }
}

fn known(ids: &[&str]) -> HashSet<OrderId> {
    ids.iter().map(OrderId::new).collect()
}

fn proof(list: &OrderList, flow: &LostFlow) -> Proof {
    list.proof(flow, std::slice::from_ref(flow), &known(&[]))
}

fn is_nothing(proof: &Proof) -> bool {
    matches!(proof, Proof::Nothing(_))
}

#[test]
fn an_order_that_names_a_flow_is_its_own_and_no_other_is() {
    let (one, other) = (flow(1, 10_000, None), flow(2, 10_000, None));
    let both = named(vec![of(&other, "o2"), of(&one, "o1")]);
    assert_eq!(proof(&both, &one), Proof::Placed(of(&one, "o1")));
    assert_eq!(proof(&both, &other), Proof::Placed(of(&other, "o2")));
    assert_eq!(proof(&both, &flow(3, 10_000, None)), Proof::Absent);
    let shouted = of(&one, "o1").flow.map(|name| name.to_uppercase());
    let shouted = PlacedOrder { flow: shouted, ..of(&one, "o1") };
    assert_eq!(proof(&named(vec![shouted.clone()]), &one), Proof::Placed(shouted));
}

#[test]
fn an_order_without_a_name_where_orders_have_one_is_nobodys_and_leaves_its_time_in_doubt() {
    let one = flow(1, 10_000, Some(20_000));
    assert!(is_nothing(&proof(&named(vec![order("manual", 11_000)]), &one)));
    assert_eq!(proof(&named(vec![order("manual", 9_999)]), &one), Proof::Absent);
    assert_eq!(proof(&named(vec![order("manual", 22_000)]), &one), Proof::Absent);
    let in_a_row = named(vec![order("manual", 11_000)]);
    let in_a_row = in_a_row.proof(&one, std::slice::from_ref(&one), &known(&["manual"]));
    assert_eq!(in_a_row, Proof::Absent);
    let beside = named(vec![order("manual", 11_000), of(&one, "o1")]);
    assert_eq!(proof(&beside, &one), Proof::Placed(of(&one, "o1")));
}

#[test]
fn what_names_a_flow_twice_or_stands_in_another_row_proves_nothing() {
    let one = flow(1, 10_000, None);
    assert!(is_nothing(&proof(&named(vec![of(&one, "o1"), of(&one, "o2")]), &one)));
    let taken = named(vec![of(&one, "o1")]);
    assert!(is_nothing(&taken.proof(&one, std::slice::from_ref(&one), &known(&["o1"]))));
}

#[test]
fn a_shop_without_orders_has_none_of_any_flow() {
    assert_eq!(proof(&list(Vec::new()), &flow(1, 10_000, None)), Proof::Absent);
}

#[test]
fn without_a_name_the_one_order_since_the_flow_was_opened_is_its_own() {
    let one = flow(1, 10_000, None);
    let since = list(vec![order("mine", 10_000), order("before", 7_000)]);
    assert_eq!(proof(&since, &one), Proof::Placed(order("mine", 10_000)));
    let before = list(vec![order("before", 9_999)]);
    assert_eq!(proof(&before, &one), Proof::Absent);
    let two = list(vec![order("a", 12_000), order("b", 11_000)]);
    assert!(is_nothing(&proof(&two, &one)));
    let in_a_row = two.proof(&one, std::slice::from_ref(&one), &known(&["a"]));
    assert_eq!(in_a_row, Proof::Placed(order("b", 11_000)));
}

#[test]
fn without_a_name_an_order_after_the_agents_next_visit_began_is_not_the_flows() {
    let one = flow(1, 10_000, Some(20_000));
    // The shop's clock may be two seconds further on than its header says.
    let latest = list(vec![order("late", 21_999)]);
    assert_eq!(proof(&latest, &one), Proof::Placed(order("late", 21_999)));
    assert_eq!(proof(&list(vec![order("next", 22_000)]), &one), Proof::Absent);
}

#[test]
fn without_a_name_an_order_that_two_lost_flows_may_have_placed_is_neithers() {
    let lost = [flow(1, 10_000, Some(20_000)), flow(2, 20_000, None)];
    let between = list(vec![order("o", 21_000)]);
    for flow in &lost {
        assert!(is_nothing(&between.proof(flow, &lost, &known(&[]))));
    }
    let clear = list(vec![order("o2", 30_000), order("o1", 15_000)]);
    let proven = lost.each_ref().map(|flow| clear.proof(flow, &lost, &known(&[])));
    let placed = [order("o1", 15_000), order("o2", 30_000)].map(Proof::Placed);
    assert_eq!(proven, placed);
}

#[test]
fn a_shop_that_tells_neither_flow_nor_time_proves_nothing_but_that_there_is_none() {
    let one = flow(1, 10_000, None);
    let silent = PlacedOrder { placed_at: None, ..order("o", 0) };
    assert!(is_nothing(&proof(&list(vec![silent.clone()]), &one)));
    let all_known = list(vec![silent]).proof(&one, std::slice::from_ref(&one), &known(&["o"]));
    assert_eq!(all_known, Proof::Absent);
    let undated = OrderList { shop_clock: None, ..list(vec![order("o", 11_000)]) };
    assert!(is_nothing(&proof(&undated, &one)));
}

#[test]
fn a_list_that_ends_after_the_flow_began_does_not_prove_that_it_has_no_order() {
    let one = flow(1, 10_000, Some(20_000));
    let cut = |placed_ms| OrderList { is_cut: true, ..list(vec![order("o", placed_ms)]) };
    assert!(is_nothing(&proof(&cut(30_000), &one)));
    assert_eq!(proof(&cut(9_999), &one), Proof::Absent);
    let of_others = |placed_ms| {
        let other = of(&flow(9, 0, None), "x").flow;
        let orders = vec![PlacedOrder { flow: other, ..order("x", placed_ms) }];
        OrderList { is_cut: true, ..named(orders) }
    };
    assert!(is_nothing(&proof(&of_others(30_000), &one)));
    assert_eq!(proof(&of_others(9_000), &one), Proof::Absent);
}

#[test]
fn a_living_flow_takes_the_order_that_names_it_else_the_newest_since_it_began() {
    let one = flow(1, 10_000, None);
    let mine = |list: &OrderList| list.of_living_flow(&one.key.flow_id, one.key.opened_at);
    let other = flow(2, 0, None);
    assert_eq!(mine(&named(vec![of(&other, "x"), of(&one, "o")])), Some(of(&one, "o")));
    assert_eq!(mine(&named(vec![of(&other, "x")])), None);
    assert_eq!(mine(&named(vec![order("manual", 10_000)])), None);
    assert_eq!(mine(&list(vec![order("o", 10_000)])), Some(order("o", 10_000)));
    assert_eq!(mine(&list(vec![order("o", 9_999)])), None);
    let undated = PlacedOrder { placed_at: None, ..order("o", 0) };
    assert_eq!(mine(&list(vec![undated.clone()])), Some(undated));
    assert_eq!(mine(&list(Vec::new())), None);
}
