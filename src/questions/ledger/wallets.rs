//! Whether a refresh filled a wallet above what it may hold.
//!
//! What a refresh found open is what attempts made before it had handed out by its hour, and what
//! had not expired. A coupon that was redeemed counts as gone, whenever that was: a refresh may
//! come late, when visits of the hours after it have redeemed some already.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Nullable, Text, Timestamp};
use domain::ids::RunId;

use super::checks::{Finding, SHOWN_MAX};
use super::limits::Limit;
use crate::{Moment, Question};

/// A word for scripts.
pub const NAME: &str = "wallet_over_cap";
/// What is wrong with what is found.
pub const SAYS: &str = "a wallet with more open coupons than it may hold";

/// Agents whose coupons are read at once.
const PAGE_AGENTS: usize = 50;

/// A coupon that was handed out.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
struct Handed {
    #[diesel(sql_type = Text)]
    agent_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    cohort: Option<String>,
    #[diesel(sql_type = Integer)]
    cycle: i32,
    #[diesel(sql_type = Integer)]
    replay: i32,
    #[diesel(sql_type = Timestamp)]
    assigned_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    expires_at: NaiveDateTime,
    /// 1 where it was redeemed.
    #[diesel(sql_type = Integer)]
    redeemed: i32,
}

const HANDED: &str = "\
SELECT a.agent_id, a.cohort, a.cycle, a.replay, a.assigned_at, a.expires_at,
  CASE WHEN EXISTS (SELECT 1 FROM coupon_interactions i
    WHERE i.assignment_id = a.assignment_id AND i.step = 'redeemed' AND NOT i.is_reuse)
    THEN 1 ELSE 0 END AS redeemed
FROM coupon_assignments a
WHERE a.run_id = {run} AND a.source = 'engine'
  AND a.agent_id >= {first} AND a.agent_id <= {last}";

/// How often the run had been resumed when a cycle was first lived: by its visits, or by the
/// attempts of the cycles before it.
#[derive(Clone, Debug, QueryableByName)]
struct Resumed {
    #[diesel(sql_type = Integer)]
    cycle: i32,
    #[diesel(sql_type = Integer)]
    resumes: i32,
}

const BY_VISITS: &str = "\
SELECT cycle, MAX(resumes) AS resumes FROM shopping_sessions
WHERE run_id = {run} AND replay = 0 GROUP BY cycle";

const BY_ATTEMPTS: &str = "\
SELECT cycle, MAX(replay) AS resumes FROM cycles WHERE run_id = {run} GROUP BY cycle";

/// In which order attempts were made.
#[derive(Debug, Default)]
struct Order {
    by_visits: BTreeMap<i32, i32>,
    /// The highest number up to a cycle.
    by_attempts: BTreeMap<i32, i32>,
}

impl Order {
    fn of(by_visits: Vec<Resumed>, by_attempts: Vec<Resumed>) -> Self {
        let by_visits = by_visits.into_iter().map(|row| (row.cycle, row.resumes)).collect();
        let mut of_attempts: BTreeMap<i32, i32> =
            by_attempts.into_iter().map(|row| (row.cycle, row.resumes)).collect();
        of_attempts.values_mut().fold(0, |highest, resumes| {
            *resumes = highest.max(*resumes);
            *resumes
        });
        Self { by_visits, by_attempts: of_attempts }
    }

    /// Where an attempt is: how often the run had been resumed, then the cycle.
    fn at(&self, row: &Handed) -> (i32, i32, i32) {
        let before = || self.by_attempts.range(..row.cycle).next_back().map_or(0, |(_, n)| *n);
        let resumes = match row.replay {
            0 => self.by_visits.get(&row.cycle).copied().unwrap_or_else(before),
            replay => replay,
        };
        (resumes, row.cycle, row.replay)
    }
}

/// The first few wallets that were too full, each with how many there are; `holders` has each agent
/// that was handed something, in order.
pub(super) async fn findings<M: Moment>(
    moment: &mut M,
    run: RunId,
    (holders, cap): (&[Finding], &Limit),
) -> Result<Vec<Finding>, M::Fault> {
    let by_visits = Question::new("resumes by visits", BY_VISITS).with("run", run);
    let by_attempts = Question::new("resumes by attempts", BY_ATTEMPTS).with("run", run);
    let order = Order::of(moment.ask(by_visits).await?, moment.ask(by_attempts).await?);
    let mut found = Vec::new();
    for some in holders.chunks(PAGE_AGENTS) {
        let (Some(first), Some(last)) = (some.first(), some.last()) else { continue };
        let asked = Question::new("coupons handed out", HANDED).with("run", run);
        let asked = asked.with("first", first.subject.as_str());
        let mut rows: Vec<Handed> = moment.ask(asked.with("last", last.subject.as_str())).await?;
        rows.sort_by_cached_key(|row| (row.agent_id.clone(), order.at(row)));
        for wallet in rows.chunk_by(|one, other| one.agent_id == other.agent_id) {
            found.extend(too_full(wallet, cap));
        }
    }
    found.sort_by(|one: &Finding, other| {
        (one.cycle, one.replay, &one.subject).cmp(&(other.cycle, other.replay, &other.subject))
    });
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    found.truncate(usize::try_from(SHOWN_MAX).unwrap_or(usize::MAX));
    found.iter_mut().for_each(|finding| finding.total = total);
    Ok(found)
}

/// Each refresh that filled one agent's wallet above its cap; in the order of attempts.
fn too_full(wallet: &[Handed], cap: &Limit) -> Vec<Finding> {
    let of_attempt = |row: &Handed| (row.cycle, row.replay);
    let (mut found, mut before) = (Vec::new(), 0);
    for own in wallet.chunk_by(|one, other| of_attempt(one) == of_attempt(other)) {
        let refresh = &own[0];
        let is_open = |row: &&Handed| {
            row.redeemed == 0
                && row.assigned_at <= refresh.assigned_at
                && row.expires_at > refresh.assigned_at
        };
        let open = wallet[..before].iter().filter(is_open).count() + own.len();
        before += own.len();
        let allowed = cap.of(refresh.cohort.as_deref());
        if i64::try_from(open).unwrap_or(i64::MAX) > allowed {
            found.push(Finding {
                cycle: refresh.cycle,
                replay: refresh.replay,
                subject: refresh.agent_id.clone(),
                found: format!("{open} open, {allowed} are allowed"),
                total: 0,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use serde_json::json;

    use super::*;

    const FORTNIGHT: Days = Days::new(14);

    fn handed(number: usize, (cycle, replay): (i32, i32), day: u64) -> Vec<Handed> {
        let assigned_at = NaiveDateTime::default() + Days::new(day);
        let one = Handed {
            agent_id: "a".into(),
            cohort: None,
            cycle,
            replay,
            assigned_at,
            expires_at: assigned_at + FORTNIGHT,
            redeemed: 0,
        };
        vec![one; number]
    }

    fn found(wallet: &[Vec<Handed>]) -> Vec<(i32, i32, String)> {
        let cap = Limit::wallet_cap(&json!({}));
        let found = too_full(&wallet.concat(), &cap);
        found.into_iter().map(|f| (f.cycle, f.replay, f.found)).collect()
    }

    #[test]
    fn attempts_are_in_the_order_in_which_they_were_made() {
        let row = |cycle, resumes| Resumed { cycle, resumes };
        let order = Order::of(vec![row(0, 0), row(9, 2)], vec![row(0, 0), row(3, 1), row(4, 0)]);
        let at = |attempt| order.at(&handed(1, attempt, 0)[0]);
        assert_eq!(at((9, 0)), (2, 9, 0), "its visits say it");
        assert_eq!(at((5, 0)), (1, 5, 0), "nobody visited: as the attempts before it");
        assert_eq!(at((3, 0)), (0, 3, 0), "not its own, which came later");
        assert_eq!(at((3, 1)), (1, 3, 1));
    }

    #[test]
    fn thirty_two_open_coupons_are_allowed_and_one_more_is_found_where_it_was_handed_out() {
        assert_eq!(found(&[handed(20, (0, 0), 0), handed(12, (168, 0), 7)]), []);
        let one_more = [handed(20, (0, 0), 0), handed(13, (168, 0), 7)];
        assert_eq!(found(&one_more), [(168, 0, "33 open, 32 are allowed".into())]);
        // They live for a fortnight.
        assert_eq!(found(&[handed(20, (0, 0), 0), handed(32, (336, 0), 14)]), []);
    }

    #[test]
    fn what_was_redeemed_is_gone_but_not_from_the_refresh_that_hands_it_out() {
        let mut redeemed = handed(20, (0, 0), 0);
        redeemed[0].redeemed = 1;
        assert_eq!(found(&[redeemed, handed(13, (168, 0), 7)]), []);
        let mut own = handed(33, (0, 0), 0);
        own[0].redeemed = 1;
        assert_eq!(found(&[own]).len(), 1);
    }

    #[test]
    fn an_attempt_knows_those_before_it_and_of_them_what_was_handed_out_by_its_hour() {
        // Lived again from hour 0 after a resume: the week after was handed out before it.
        let again = [
            handed(20, (0, 0), 0),
            handed(12, (168, 0), 7),
            handed(12, (0, 1), 0),
            handed(0, (168, 1), 7),
        ];
        assert_eq!(found(&again), []);
        let too_many = [handed(20, (0, 0), 0), handed(13, (0, 1), 0)];
        assert_eq!(found(&too_many), [(0, 1, "33 open, 32 are allowed".into())]);
    }
}
