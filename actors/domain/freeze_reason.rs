//! Why a run froze, in data and in plain words; checkpoints and status carry it.

use super::ids::SessionId;

/// What was seen of the shop when a run froze: whether it is slow or gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShopSeen {
    /// Answers came in the last 10 s.
    Answering,
    /// The same, and calls ran out of time.
    Slow,
    /// No answer came in the last 10 s.
    Silent,
}

impl ShopSeen {
    /// In words.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Answering => "the shop answers",
            Self::Slow => "the shop is slow: answers came in the last 10 s",
            Self::Silent => "the shop is silent: no answer came in the last 10 s",
        }
    }
}

/// Why a run froze.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum FreezeReason {
    /// Too many failed flows in one cycle (Q5.1).
    FailuresInCycle {
        /// How many.
        failures: u32,
        /// How many were allowed.
        allowed: u32,
        /// Of how many released agents.
        released: u32,
        /// What failed, most frequent first, at most 3.
        causes: Vec<String>,
        /// What was seen of the shop; `None` in a freeze that an older release wrote down.
        #[serde(default)]
        shop: Option<ShopSeen>,
    },
    /// Too many failed flows in a row over cycles.
    FailuresInARow {
        /// How many.
        failures: u32,
        /// What failed, most frequent first, at most 3.
        causes: Vec<String>,
        /// What was seen of the shop; `None` in a freeze that an older release wrote down.
        #[serde(default)]
        shop: Option<ShopSeen>,
    },
    /// The shop does not answer its probe (Q5.5).
    Outage {
        /// What failed first.
        cause: String,
        /// Over which HTTP session.
        http_session: SessionId,
    },
    /// Shoppers, but no accepted add in a whole cycle.
    NothingAccepted {
        /// Adds tried.
        attempts: u64,
    },
    /// A part of cartload itself died and cannot be rebuilt safely.
    ServiceDied {
        /// Its name.
        service: String,
    },
    /// Too many agents crash again and again.
    Quarantines {
        /// In quarantine.
        quarantined: u32,
        /// Of how many.
        active: u32,
    },
    /// A cycle's row could not be written, and its hour would be claimed without proof (P8); or the
    /// database is gone.
    StoreFailed {
        /// What the store said.
        cause: String,
    },
    /// A developer's drill.
    Tripped {
        /// What the developer gave as reason.
        reason: String,
    },
}

impl std::fmt::Display for FreezeReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FailuresInCycle { failures, allowed, released, causes, shop } => write!(
                f,
                "{failures} of {released} agents failed in one cycle, {allowed} are allowed \
                 ({}){}",
                causes.join("; "),
                after(*shop)
            ),
            Self::FailuresInARow { failures, causes, shop } => write!(
                f,
                "{failures} flows failed in a row ({}){}",
                causes.join("; "),
                after(*shop)
            ),
            Self::Outage { cause, http_session } => write!(
                f,
                "the shop does not answer: {cause} over HTTP session {http_session}, then three \
                 probes failed and no other call was answered: it is silent"
            ),
            Self::NothingAccepted { attempts } => {
                write!(f, "the shop accepted none of {attempts} adds in a whole cycle")
            }
            Self::ServiceDied { service } => write!(f, "{service} died"),
            Self::Quarantines { quarantined, active } => {
                write!(f, "{quarantined} of {active} agents are in quarantine")
            }
            Self::StoreFailed { cause } => write!(f, "nothing can be recorded: {cause}"),
            Self::Tripped { reason } => write!(f, "tripped by hand: {reason}"),
        }
    }
}

/// What was seen of the shop, behind the rest.
fn after(shop: Option<ShopSeen>) -> String {
    shop.map(|seen| format!("; {}", seen.says())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freeze_says_whether_the_shop_is_slow_or_silent_and_one_of_an_older_release_does_not() {
        let older = r#"{"FailuresInARow":{"failures":19,"causes":["add_item: 500 (19)"]}}"#;
        let older: FreezeReason = serde_json::from_str(older).unwrap();
        assert_eq!(older.to_string(), "19 flows failed in a row (add_item: 500 (19))");
        let FreezeReason::FailuresInARow { failures, causes, shop: None } = older else {
            panic!("{older:?}")
        };
        for (shop, word) in [(ShopSeen::Slow, "slow"), (ShopSeen::Silent, "silent")] {
            let (causes, shop) = (causes.clone(), Some(shop));
            let reason = FreezeReason::FailuresInARow { failures, causes, shop };
            assert!(reason.to_string().contains(word), "{reason}");
        }
    }
}
