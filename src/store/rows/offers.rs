//! Coupons, assignments and refreshes as rows, and products as seen.
//!
//! A discount is a kind and one number: hundredths of a percent, or cents for `fixed_off`.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::{Insertable, Queryable, Selectable};
use domain::catalog::Product;
use domain::ids::{AgentId, AssignmentId, CohortName, CouponId};
use domain::offer::{Assignment, Coupon, Discount};
use ports::store::OfferBatch;

use super::{Tags, count, integer, read, sealed_row};
use crate::error::Fault;
use crate::schema::{coupon_assignments, coupons, offer_cycles, products};

/// Of which attempt and when an assignment is written.
#[derive(Clone, Debug)]
pub struct AssignedBy {
    run_id: String,
    cycle: i32,
    replay: i32,
    is_replay: bool,
    cohorts: Cohorts,
    recorded_at: NaiveDateTime,
}

#[derive(Clone, Debug)]
enum Cohorts {
    ByAgent(BTreeMap<AgentId, CohortName>),
    Of(Option<String>),
}

impl AssignedBy {
    /// By a refresh.
    pub fn batch(batch: &OfferBatch) -> Self {
        Self {
            run_id: batch.run_id.to_string(),
            cycle: integer(batch.cycle.0),
            replay: integer(batch.replay.0),
            is_replay: batch.replay.is_replay(),
            cohorts: Cohorts::ByAgent(batch.cohorts.clone()),
            recorded_at: batch.recorded_at,
        }
    }

    /// By the shop, seen in a flow.
    pub fn flow(tags: &Tags, recorded_at: NaiveDateTime) -> Self {
        Self {
            run_id: tags.run_id.clone(),
            cycle: tags.cycle,
            replay: tags.replay,
            is_replay: tags.is_replay,
            cohorts: Cohorts::Of(tags.cohort.clone()),
            recorded_at,
        }
    }

    fn cohort_of(&self, agent: &AgentId) -> Option<&str> {
        match &self.cohorts {
            Cohorts::ByAgent(cohorts) => cohorts.get(agent).map(CohortName::as_str),
            Cohorts::Of(cohort) => cohort.as_deref(),
        }
    }
}

/// A row of the log of assignments as it is inserted.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = coupon_assignments, treat_none_as_default_value = false)]
pub struct AssignmentRow<'a> {
    assignment_id: String,
    run_id: &'a str,
    cycle: i32,
    replay: i32,
    is_replay: bool,
    is_simulated: bool,
    agent_id: &'a str,
    cohort: Option<&'a str>,
    coupon_id: &'a str,
    offer_cycle: i32,
    source: &'a str,
    simulated_at: NaiveDateTime,
    assigned_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    recorded_at: NaiveDateTime,
}

sealed_row!(AssignmentRow<'_>, in CouponAssignments:
    assignment_id, run_id, cycle, replay, is_replay, is_simulated, agent_id, cohort, coupon_id,
    offer_cycle, source, simulated_at, assigned_at, expires_at, recorded_at,
);

impl<'a> AssignmentRow<'a> {
    /// The row of one assignment.
    pub fn of(assignment: &'a Assignment, by: &'a AssignedBy) -> Self {
        Self {
            assignment_id: assignment.id.to_string(),
            run_id: &by.run_id,
            cycle: by.cycle,
            replay: by.replay,
            is_replay: by.is_replay,
            is_simulated: true,
            agent_id: assignment.agent_id.as_str(),
            cohort: by.cohort_of(&assignment.agent_id),
            coupon_id: assignment.coupon_id.as_str(),
            offer_cycle: integer(assignment.offer_cycle),
            source: assignment.source.as_str(),
            simulated_at: assignment.assigned_at,
            assigned_at: assignment.assigned_at,
            expires_at: assignment.expires_at,
            recorded_at: by.recorded_at,
        }
    }
}

/// An assignment read back for a wallet.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = coupon_assignments)]
pub struct HeldRow {
    assignment_id: String,
    agent_id: String,
    coupon_id: String,
    offer_cycle: i32,
    source: String,
    assigned_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    redeemed_flow_id: Option<String>,
}

impl HeldRow {
    /// Whether a visit has used it.
    pub fn is_used(&self) -> bool {
        self.redeemed_flow_id.is_some()
    }

    /// The assignment.
    pub fn parse(self) -> Result<Assignment, Fault> {
        Ok(Assignment {
            id: AssignmentId(read("coupon_assignments.assignment_id", &self.assignment_id)?),
            agent_id: AgentId::new(self.agent_id),
            coupon_id: CouponId::new(self.coupon_id),
            offer_cycle: count(self.offer_cycle),
            source: read("coupon_assignments.source", &self.source)?,
            assigned_at: self.assigned_at,
            expires_at: self.expires_at,
        })
    }
}

/// A refresh.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = offer_cycles, treat_none_as_default_value = false)]
pub struct OfferCycleRow {
    run_id: String,
    cycle: i32,
    replay: i32,
    is_replay: bool,
    is_simulated: bool,
    offer_cycle: i32,
    due_agents: i32,
    held_out: i32,
    assigned: i32,
    simulated_at: NaiveDateTime,
    recorded_at: NaiveDateTime,
}

sealed_row!(OfferCycleRow, in OfferCycles:
    run_id, cycle, replay, is_replay, is_simulated, offer_cycle, due_agents, held_out, assigned,
    simulated_at, recorded_at,
);

impl OfferCycleRow {
    /// The refresh's row.
    pub fn of(batch: &OfferBatch) -> Self {
        Self {
            run_id: batch.run_id.to_string(),
            cycle: integer(batch.cycle.0),
            replay: integer(batch.replay.0),
            is_replay: batch.replay.is_replay(),
            is_simulated: true,
            offer_cycle: integer(batch.offer_cycle),
            due_agents: integer(batch.due_agents),
            held_out: integer(batch.held_out),
            assigned: i32::try_from(batch.assignments.len()).unwrap_or(i32::MAX),
            simulated_at: batch.at,
            recorded_at: batch.recorded_at,
        }
    }
}

/// A product as seen.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = products, treat_none_as_default_value = false)]
pub struct ProductRow<'a> {
    run_id: &'a str,
    product_id: &'a str,
    name: &'a str,
    category: &'a str,
    brand: Option<&'a str>,
    price_cents: i64,
    in_stock: bool,
    is_simulated: bool,
    recorded_at: NaiveDateTime,
    last_seen_at: NaiveDateTime,
    variant_of: Option<&'a str>,
}

impl<'a> ProductRow<'a> {
    /// The product's row.
    pub fn of(product: &'a Product, run_id: &'a str, at: NaiveDateTime) -> Self {
        Self {
            run_id,
            product_id: product.id.as_str(),
            name: &product.name,
            category: &product.category,
            brand: product.brand.as_deref(),
            price_cents: product.price.0,
            in_stock: product.in_stock,
            is_simulated: true,
            recorded_at: at,
            last_seen_at: at,
            variant_of: product.handle.variant_of.as_ref().map(|id| id.as_str()),
        }
    }
}

/// A coupon definition as seen.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = coupons, treat_none_as_default_value = false)]
pub struct CouponRow<'a> {
    run_id: &'a str,
    coupon_id: &'a str,
    coupon_type: &'a str,
    target: Option<&'a str>,
    discount_type: &'a str,
    discount_value: i64,
    min_purchase_cents: i64,
    max_discount_cents: Option<i64>,
    is_simulated: bool,
    recorded_at: NaiveDateTime,
    last_seen_at: NaiveDateTime,
}

impl<'a> CouponRow<'a> {
    /// The coupon's row.
    pub fn of(coupon: &'a Coupon, run_id: &'a str, at: NaiveDateTime) -> Self {
        let (discount_type, discount_value) = match coupon.discount {
            Discount::PercentOff(percent) => ("percent_off", percent.0),
            Discount::FixedOff(cents) => ("fixed_off", cents.0),
            Discount::BuyOneGetOne(percent) => ("buy_one_get_one", percent.0),
            Discount::FreeShipping => ("free_shipping", 0),
        };
        Self {
            run_id,
            coupon_id: coupon.id.as_str(),
            coupon_type: coupon.kind.as_str(),
            target: coupon.target.as_deref(),
            discount_type,
            discount_value,
            min_purchase_cents: coupon.min_purchase.0,
            max_discount_cents: coupon.max_discount.map(|c| c.0),
            is_simulated: true,
            recorded_at: at,
            last_seen_at: at,
        }
    }
}
