//! One contract for every store, written once and run against SQLite, Postgres, Postgres behind a
//! transaction pooler and the dry store.
//!
//! The dry store keeps no rows: where a case counts rows, [`Rig::rows`] answers `None` for it.

mod contention;
mod dead_runs;
mod flows;
mod lost_orders;
mod memories;
mod offers;
mod questions;
mod rig;
mod runs;

use rig::Rig;

/// One test per case and backend.
macro_rules! contract {
    ($($room:ident::$case:ident,)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let rig = super::Rig::sqlite().await;
                super::$room::$case(&rig).await;
                rig.close().await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let Some(rig) = super::Rig::postgres().await else { return };
                super::$room::$case(&rig).await;
                rig.close().await;
            })+
        }
        mod pgbouncer {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let Some(rig) = super::Rig::pgbouncer().await else { return };
                super::$room::$case(&rig).await;
                rig.close().await;
            })+
        }
        mod dry {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let rig = super::Rig::dry();
                super::$room::$case(&rig).await;
                rig.close().await;
            })+
        }
    };
}

contract! {
    flows::a_commit_writes_all_rows_once,
    flows::the_same_commit_again_is_already_there_and_adds_nothing,
    flows::a_different_ending_is_superseded,
    flows::a_flow_opens_twice_but_not_after_its_end,
    flows::a_failed_flow_ends_its_active_row,
    flows::a_failed_flow_without_a_row_is_inserted_with_its_events,
    flows::a_commit_whose_open_was_forgotten_ends_the_active_row,
    flows::only_the_owner_opens_commits_and_fails,
    flows::hundreds_of_commits_at_once_all_land,
    offers::a_coupon_is_redeemed_once_under_fifty_redeemers,
    offers::a_redemption_of_what_was_never_assigned_is_recorded_as_rejected,
    offers::a_wallet_holds_what_is_assigned_unexpired_and_unredeemed,
    offers::a_reusable_coupon_is_redeemed_again_and_a_used_one_is_told_apart,
    offers::an_assignment_seen_in_a_flow_is_in_the_next_wallet,
    offers::holdings_are_what_is_open_and_what_is_recent,
    offers::assigning_the_same_offers_again_writes_nothing,
    offers::only_the_owner_assigns,
    contention::fifty_redeemers_and_a_refresher_lose_no_race,
    lost_orders::a_flow_that_may_have_an_order_is_looked_for_until_it_is_settled,
    lost_orders::an_order_that_is_found_becomes_rows_of_its_flow_once,
    lost_orders::an_order_that_is_in_a_row_is_never_added_to_another_flow,
    lost_orders::an_order_without_lines_and_coupons_redeems_what_its_flow_had_applied,
    runs::the_same_run_opens_again_only_for_its_owner,
    runs::heartbeat_and_state_are_the_owners,
    runs::a_replay_ends_what_a_crash_left_open,
    runs::a_replay_counts_up_and_is_the_owners,
    runs::orphans_are_ended_and_their_carts_named,
    runs::a_cycle_is_recorded_once,
    runs::an_incident_is_recorded_once,
    runs::agents_come_back_as_they_were_in_order,
    dead_runs::rows_of_a_run_whose_owner_lives_are_left_alone,
    dead_runs::rows_of_a_dead_run_are_ended_once_with_one_incident,
    dead_runs::the_last_visit_of_each_agent_in_each_run_is_known,
    dead_runs::the_last_cycle_and_the_last_freeze_are_known,
    dead_runs::a_purge_deletes_one_dead_run_and_no_agent,
    dead_runs::a_reader_finds_whole_books_clean_and_writes_nothing,
    dead_runs::a_reader_finds_what_is_wrong,
    questions::each_is_answered_of_a_run_that_never_lived,
    questions::each_is_answered_with_rows_of_a_run_that_lived,
    questions::both_databases_count_a_gap_and_a_redemption_alike,
    questions::a_wallet_is_held_to_the_limit_of_its_arm,
    memories::only_canonical_rows_are_remembered,
    memories::the_week_begins_on_monday,
    memories::the_cart_left_last_of_its_own_will_is_remembered_until_an_order,
    memories::brands_and_products_are_kept_oldest_first_and_at_most_32_and_64,
    memories::the_cart_is_as_the_last_row_of_any_attempt_has_it,
    memories::rows_are_in_the_order_in_which_they_were_made_though_a_clock_was_set_back,
    memories::a_cart_that_was_cleared_after_the_last_visit_is_clean_in_its_row,
}
