//! A flow whose order may be at the shop without a row, as it is read; and what is written of it
//! once the order is found.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Nullable, Text, Timestamp};
use domain::cycle::Cycle;
use domain::event::{CouponInteraction, CouponStep};
use domain::flow::{EndReason, FlowKey, FlowRecord, FlowStatus, OrderOutcome, ShopCart};
use domain::ids::{
    AgentId, CohortName, CouponId, FlowId, Incarnation, OwnerToken, RunId, SessionId, StoreId,
};
use domain::lost_order::LostFlow;
use domain::money::Cents;
use domain::offer::Wallet;
use ports::store::{FoundOrder, SettledOrder};

use super::{count, read, replay};
use crate::error::Fault;

/// One such flow.
#[derive(Clone, Debug, QueryableByName)]
pub struct LostFlowRow {
    #[diesel(sql_type = Text)]
    flow_id: String,
    #[diesel(sql_type = Text)]
    run_id: String,
    #[diesel(sql_type = Text)]
    owner_token: String,
    #[diesel(sql_type = Integer)]
    cycle: i32,
    #[diesel(sql_type = Integer)]
    replay: i32,
    #[diesel(sql_type = Text)]
    agent_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    cohort: Option<String>,
    #[diesel(sql_type = Integer)]
    http_session: i32,
    #[diesel(sql_type = Integer)]
    incarnation: i32,
    #[diesel(sql_type = Integer)]
    resumes: i32,
    #[diesel(sql_type = Timestamp)]
    simulated_at: NaiveDateTime,
    #[diesel(sql_type = Nullable<Timestamp>)]
    simulated_end: Option<NaiveDateTime>,
    #[diesel(sql_type = Timestamp)]
    opened_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    recorded_at: NaiveDateTime,
    #[diesel(sql_type = Nullable<Text>)]
    store_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    shop_refs: Option<String>,
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Nullable<Timestamp>)]
    until: Option<NaiveDateTime>,
}

impl LostFlowRow {
    /// The flow.
    pub fn parse(self) -> Result<LostFlow, Fault> {
        Ok(LostFlow {
            key: FlowKey {
                flow_id: FlowId(read("shopping_sessions.flow_id", &self.flow_id)?),
                run_id: RunId(read("shopping_sessions.run_id", &self.run_id)?),
                owner: OwnerToken(read("runs.owner_token", &self.owner_token)?),
                cycle: Cycle(count(self.cycle)),
                replay: replay(self.replay),
                agent_id: AgentId::new(&self.agent_id),
                cohort: self.cohort.map(CohortName::new),
                http_session: SessionId(u8::try_from(self.http_session).unwrap_or(u8::MAX)),
                incarnation: Incarnation(count(self.incarnation)),
                resumes: replay(self.resumes),
                simulated_at: self.simulated_at,
                opened_at: self.opened_at,
            },
            user_id: read("agents.user_id", &self.user_id)?,
            store_id: self.store_id.map(StoreId::new),
            simulated_end: self.simulated_end.unwrap_or(self.simulated_at),
            // What cannot be read asks for nothing: the order stays unknown.
            refs: self
                .shop_refs
                .and_then(|refs| serde_json::from_str(&refs).ok())
                .unwrap_or_default(),
            seen_at: self.recorded_at,
            until: self.until,
        })
    }
}

/// The part of a flow's record that was lost: its order, and the coupons that it redeemed.
pub fn found_record(
    settled: &SettledOrder,
    found: &FoundOrder,
    coupons: &[CouponId],
    wallet: &Wallet,
) -> FlowRecord {
    let flow = &settled.flow;
    let redeemed = |coupon: &CouponId| CouponInteraction {
        coupon_id: coupon.clone(),
        assignment_id: wallet.holds(coupon).map(|held| held.id),
        step: CouponStep::Redeemed,
        reason: None,
        simulated_at: flow.simulated_end,
        // The shop has taken it, as often as it may have been taken before.
        reusable: true,
    };
    FlowRecord {
        key: flow.key.clone(),
        opened: true,
        status: FlowStatus::Completed,
        end_reason: EndReason::Done,
        shop_cart: ShopCart::Clean,
        store_id: flow.store_id.clone(),
        simulated_end: flow.simulated_end,
        ended_at: settled.at,
        calls: 0,
        cart_units: 0,
        cart_total: Cents::ZERO,
        failure: None,
        events: Vec::new(),
        coupons: coupons.iter().map(redeemed).collect(),
        seen_assignments: Vec::new(),
        seen_coupons: Vec::new(),
        order: Some(found.order.clone()),
        order_outcome: Some(OrderOutcome::Found),
    }
}
