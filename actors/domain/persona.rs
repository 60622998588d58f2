//! Who an agent is: one row of table `agents`, unchanged during a run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ids::{AgentId, CohortName};
use super::money::Cents;

mod validation;
pub use validation::PersonaError;

/// A word that is none of the allowed ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no {what}; allowed: {allowed}")]
pub struct UnknownWord {
    /// What was being read, as `shopping_frequency`.
    pub what: &'static str,
    /// What was given, cut to 40 characters.
    pub given: String,
    /// The words allowed, comma separated.
    pub allowed: String,
}

#[macro_export]
macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident, $what:literal {
            $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every variant, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word used in files, columns and JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = $crate::persona::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|w| w.as_str() == text).ok_or_else(|| {
                    $crate::persona::UnknownWord {
                        what: $what,
                        given: text.chars().take(40).collect(),
                        allowed: [$($word,)+].join(", "),
                    }
                })
            }
        }
    };
}
pub use words;

words!(
    /// Whether a run takes the agent along.
    AgentStatus, "status" {
        /// Shops in the next run.
        Active = "active",
        /// Stays at home.
        Inactive = "inactive",
    }
);
words!(
    /// How often the agent shops: 30, 30, 25 and 15 % of the population.
    ShoppingFrequency, "shopping_frequency" {
        /// `load` base 0.75.
        Frequent = "frequent",
        /// `load` base 0.56.
        Regular = "regular",
        /// `load` base 0.37.
        Occasional = "occasional",
        /// `load` base 0.19.
        Rare = "rare",
    }
);
words!(
    /// How eagerly the agent follows deals.
    DealSeeking, "deal_seeking_behavior" {
        /// Takes what comes.
        Passive = "passive",
        /// Looks at offers.
        Observer = "observer",
        /// Looks for offers.
        ActiveHunter = "active_hunter",
        /// Shops for the offers.
        Extreme = "extreme",
    }
);

/// Shares of the day an agent prefers; they sum to 1 (population mean 0.33/0.41/0.26).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeOfDay {
    /// 05-11 h.
    pub morning: f64,
    /// 12-16 h.
    pub afternoon: f64,
    /// 17-04 h.
    pub evening: f64,
}

/// One agent; docs/personas.md has each field with its range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Persona {
    /// Unique name: `agent_001`.
    pub agent_id: AgentId,
    /// The user the agent is at the shop (`sub` of its JWT).
    pub user_id: Uuid,
    /// Whether runs take it along.
    pub status: AgentStatus,
    /// Experiment arm fixed by the operator; `None` leaves it to the experiment's hash.
    pub cohort: Option<CohortName>,
    /// The archetype it was generated from; `None` for imported ones.
    pub archetype: Option<String>,
    /// Years, 18-80.
    pub age: u8,
    /// As `25-34`.
    pub age_group: String,
    /// Free word.
    pub gender: String,
    /// Free word, as `low`, `medium`, `high`.
    pub income_bracket: String,
    /// People, 1-6.
    pub household_size: u8,
    /// Whether children live in the household.
    pub has_children: bool,
    /// One of six regions when generated; free word when imported.
    pub location_region: String,
    /// 0-1: how much a high price puts the agent off.
    pub price_sensitivity: f64,
    /// 0-1: how much it prefers brands it bought before.
    pub brand_loyalty: f64,
    /// 0-1: how readily it adds to the cart.
    pub impulsivity: f64,
    /// 0-1.
    pub tech_savviness: f64,
    /// 0-1: how readily it accepts a coupon.
    pub coupon_affinity: f64,
    /// 2-4 of the shop's categories.
    pub preferred_categories: Vec<String>,
    /// USD 20-300 a simulated week from Monday 00:00.
    pub weekly_budget: Cents,
    /// USD 8-150; sets how many products it looks at.
    pub avg_cart_value: Cents,
    /// How often it shops.
    pub shopping_frequency: ShoppingFrequency,
    /// 0-1, 0.5 = neutral: Monday to Friday.
    pub weekday_affinity: f64,
    /// 0-1, 0.5 = neutral: Saturday and Sunday.
    pub weekend_affinity: f64,
    /// When in the day it shops.
    pub time_of_day: TimeOfDay,
    /// How eagerly it follows deals.
    pub deal_seeking: DealSeeking,
    /// A sentence or two; optional.
    pub backstory: Option<String>,
}
