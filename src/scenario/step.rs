//! One step of a scenario: when, what is done, and what must be seen.

use std::fmt;

use actors::coordinator::agenda::Moment;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::expectation::Expectation;
use crate::injection::{self, Message};

/// Steps of a scenario at most.
pub const STEPS_MAX: usize = 200;
/// Messages of a step at most: with [`STEPS_MAX`] what the run keeps for moments to come.
pub const MESSAGES_PER_STEP_MAX: usize = 4;
/// Expectations of a step at most.
const EXPECTATIONS_PER_STEP_MAX: usize = 50;
/// Real seconds a drill may be given at most: a day.
const LIMIT_S_MAX: u32 = 86_400;
/// Cycles or seconds that an expectation may be given at most.
const SPAN_MAX: u32 = 86_400;

/// One step.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "WrittenStep")]
pub struct Step {
    /// When it is done; `None`: as soon as the step before is decided.
    pub at: Option<Moment>,
    /// What is done, in order.
    pub deeds: Vec<Deed>,
    /// What must be seen then.
    pub expect: Vec<Expectation>,
    /// At which pictures that is judged.
    pub watch: Watch,
}

/// A message of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// What, and to whom.
    pub message: Message,
    /// Whether the run must refuse it.
    pub is_refused: bool,
}

/// At which pictures a step's expectations are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// At the picture of the step's moment.
    AtOnce,
    /// At the first picture in which all hold, within so long.
    Within(Span),
    /// At every picture for so long.
    Hold(Span),
}

/// How long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Span {
    /// Until so many more cycles have closed; a frozen or paused run closes none.
    Cycles(u32),
    /// Real seconds.
    Seconds(u32),
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cycles(1) => f.write_str("1 cycle"),
            Self::Cycles(n) => write!(f, "{n} cycles"),
            Self::Seconds(n) => write!(f, "{n} s"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(moment) => write!(f, "{moment}")?,
            None => f.write_str("then")?,
        }
        match self.watch {
            Watch::AtOnce => Ok(()),
            Watch::Within(span) => write!(f, ", within {span}"),
            Watch::Hold(span) => write!(f, ", for {span}"),
        }
    }
}

/// As it is written.
#[derive(Deserialize)]
#[serde(rename = "step", deny_unknown_fields)]
struct WrittenStep {
    #[serde(default)]
    at: Option<Moment>,
    #[serde(default, rename = "do")]
    done: Vec<Message>,
    #[serde(default)]
    refused: Vec<Message>,
    #[serde(default)]
    expect: Vec<Expectation>,
    #[serde(default)]
    within: Option<Span>,
    #[serde(default)]
    hold: Option<Span>,
}

/// Why a step cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum StepError {
    #[error("a step without `do`, `refused` and `expect` does nothing")]
    Empty,
    #[error("`within` and `hold` exclude each other: make two steps")]
    Both,
    #[error("`within` and `hold` say how `expect` is judged, and there is none")]
    NothingExpected,
    #[error("`within` and `hold` take 1 to {SPAN_MAX} Cycles or Seconds")]
    Span,
    #[error("a step has at most {MESSAGES_PER_STEP_MAX} messages: make two steps")]
    Messages,
    #[error("a step has at most {EXPECTATIONS_PER_STEP_MAX} expectations")]
    Expectations,
    #[error("{0}")]
    Content(String),
}

impl TryFrom<WrittenStep> for Step {
    type Error = StepError;

    fn try_from(written: WrittenStep) -> Result<Self, StepError> {
        let WrittenStep { at, done, refused, expect, within, hold } = written;
        let deed = |is_refused| move |message| Deed { message, is_refused };
        let done = done.into_iter().map(deed(false));
        let deeds: Vec<Deed> = done.chain(refused.into_iter().map(deed(true))).collect();
        if deeds.is_empty() && expect.is_empty() {
            return Err(StepError::Empty);
        }
        if deeds.len() > MESSAGES_PER_STEP_MAX {
            return Err(StepError::Messages);
        }
        if expect.len() > EXPECTATIONS_PER_STEP_MAX {
            return Err(StepError::Expectations);
        }
        for deed in &deeds {
            injection::check(&deed.message).map_err(StepError::Content)?;
        }
        expect.iter().try_for_each(Expectation::check).map_err(StepError::Content)?;
        let watch = match (within, hold) {
            (None, None) => Watch::AtOnce,
            (Some(_), Some(_)) => return Err(StepError::Both),
            (Some(span), None) => Watch::Within(span),
            (None, Some(span)) => Watch::Hold(span),
        };
        match watch {
            Watch::AtOnce => {}
            Watch::Within(_) | Watch::Hold(_) if expect.is_empty() => {
                return Err(StepError::NothingExpected);
            }
            Watch::Within(Span::Cycles(n) | Span::Seconds(n))
            | Watch::Hold(Span::Cycles(n) | Span::Seconds(n)) => {
                if !(1..=SPAN_MAX).contains(&n) {
                    return Err(StepError::Span);
                }
            }
        }
        Ok(Self { at, deeds, expect, watch })
    }
}

/// Reads steps, each with a moment after that of the one before: an error stands where the step
/// ends that is wrong.
pub(super) fn in_order<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Step>, D::Error> {
    struct InOrder;

    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<Step>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of steps")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut written: A) -> Result<Vec<Step>, A::Error> {
            let mut steps: Vec<Step> = Vec::new();
            let mut last = None;
            while let Some(step) = written.next_element::<Step>()? {
                let number = steps.len() + 1;
                if let (Some(last), Some(at)) = (last, step.at)
                    && at < last
                {
                    return Err(A::Error::custom(format!(
                        "step {number} is at {at}, before the {last} of a step above: steps stand \
                         in the order in which they happen"
                    )));
                }
                if number > STEPS_MAX {
                    return Err(A::Error::custom(format!("at most {STEPS_MAX} steps")));
                }
                last = step.at.or(last);
                steps.push(step);
            }
            if steps.iter().all(|step| step.expect.is_empty()) {
                return Err(A::Error::custom("no step expects anything: nothing could fail"));
            }
            Ok(steps)
        }
    }

    from.deserialize_seq(InOrder)
}

/// Reads the limit.
pub(super) fn limit<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let limit = u32::deserialize(from)?;
    match limit {
        1..=LIMIT_S_MAX => Ok(limit),
        _ => Err(D::Error::custom(format!("{limit} is impossible; allowed: 1 to {LIMIT_S_MAX}"))),
    }
}
