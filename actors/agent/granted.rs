//! What the shop was last handed of a wallet that cartload fills (`wallet: engine`).
//!
//! The shop's clock is not the simulated one: it goes on honouring a coupon whose simulated life is
//! over, until it is handed the wallet again.

use chrono::NaiveDateTime;

use crate::domain::offer::Wallet;

/// A wallet that the shop holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The newest assignment when it was handed over.
    newest: NaiveDateTime,
    /// Simulated time from which a coupon of it has expired; `None` where it was empty.
    until: Option<NaiveDateTime>,
}

impl Granted {
    /// What handing over `wallet` makes of the shop's; `None` if nothing was ever assigned, which
    /// leaves nothing to hand over.
    pub fn of(wallet: &Wallet) -> Option<Self> {
        let until = wallet.assignments.iter().map(|a| a.expires_at).min();
        Some(Self { newest: wallet.newest_assigned_at?, until })
    }

    /// Whether the shop's wallet may still be `wallet` at simulated time `now`; what was redeemed
    /// since is gone from both.
    pub fn is_good(&self, wallet: &Wallet, now: NaiveDateTime) -> bool {
        Some(self.newest) == wallet.newest_assigned_at && self.until.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::{AgentId, AssignmentId, CouponId};
    use crate::domain::offer::{Assignment, AssignmentSource};

    fn day(n: i64) -> NaiveDateTime {
        DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::days(n)
    }

    /// Coupons assigned on these days, of those that live at `now`.
    fn wallet(assigned: &[i64], now: NaiveDateTime) -> Wallet {
        let lives = |n: &&i64| day(**n + 14) > now;
        let assignment = |n: &i64| Assignment {
            id: AssignmentId(Uuid::nil()),
            agent_id: AgentId::new("agent_001"),
            coupon_id: CouponId::new(n.to_string()),
            offer_cycle: 0,
            source: AssignmentSource::Engine,
            assigned_at: day(*n),
            expires_at: day(*n + 14),
        };
        Wallet {
            used: Vec::new(),
            assignments: assigned.iter().filter(lives).map(assignment).collect(),
            newest_assigned_at: assigned.iter().copied().max().map(day),
        }
    }

    #[test]
    fn a_wallet_is_handed_over_after_each_refresh_and_each_expiry_and_else_once() {
        assert_eq!(Granted::of(&wallet(&[], day(0))), None);
        let first = Granted::of(&wallet(&[0], day(0))).unwrap();
        assert!(first.is_good(&wallet(&[0], day(13)), day(13)));
        assert!(!first.is_good(&wallet(&[0, 7], day(8)), day(8)));

        let second = Granted::of(&wallet(&[0, 7], day(8))).unwrap();
        let before = day(14) - TimeDelta::seconds(1);
        assert!(second.is_good(&wallet(&[0, 7], before), before));
        assert!(!second.is_good(&wallet(&[0, 7], day(14)), day(14)));

        let third = Granted::of(&wallet(&[0, 7], day(14))).unwrap();
        assert!(third.is_good(&wallet(&[0, 7], day(20)), day(20)));
        let emptied = Granted::of(&wallet(&[0, 7], day(21))).unwrap();
        assert!(emptied.is_good(&wallet(&[0, 7], day(40)), day(40)));
    }
}
