//! What came of a visit.

use actors::ports::shop_api::Refusal;
use serde::Serialize;

use super::bill::Bill;
use super::told::{Came, Told};

/// What came of a visit, as `--json` prints it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The profile's name.
    pub profile: String,
    /// Who came.
    pub agent: String,
    /// Whether everything that a run needs worked.
    pub works: bool,
    /// Each request.
    pub calls: Vec<Told>,
    /// The refusals that were provoked.
    pub refusals: Vec<Provoked>,
    /// The coupon that the shop took.
    pub coupon: Option<String>,
    /// The order with its arithmetic; `None` where none was placed.
    pub order: Option<Bill>,
    /// Every order that was placed.
    pub ordered: Vec<Ordered>,
    /// What of answers does not fit the profile; among the notes too.
    pub misfits: Vec<String>,
    /// What is worth a look.
    pub notes: Vec<String>,
    /// What does not work.
    pub problems: Vec<String>,
}

/// A refusal that was provoked on purpose.
#[derive(Clone, Debug, Serialize)]
pub struct Provoked {
    /// By what.
    pub what: &'static str,
    /// The step.
    pub step: &'static str,
    /// The refusal that it should be.
    pub expected: Refusal,
    /// What it was.
    pub came: Came,
    /// The refusal that it was.
    pub refusal: Option<Refusal>,
    /// What the shop said.
    pub says: Option<String>,
    /// The rule that the profile lacks.
    pub rule: Option<String>,
}

/// An order that was placed.
#[derive(Clone, Debug, Serialize)]
pub struct Ordered {
    /// The shop's id.
    pub id: String,
    /// To pay.
    pub final_total: String,
}

impl Provoked {
    /// Whether the shop did it.
    pub fn is_taken(&self) -> bool {
        self.came == Came::Success
    }

    /// In a line.
    pub fn line(&self) -> String {
        let (what, expected) = (self.what, self.expected.as_str());
        match (self.came, self.refusal) {
            (Came::Refusal, Some(refusal)) if refusal == self.expected => {
                format!("good     {what}: refused ({expected})")
            }
            (Came::Refusal, refusal) => {
                let refusal = refusal.map_or("other", Refusal::as_str);
                format!("good     {what}: refused, as {refusal}, where one would say {expected}")
            }
            (Came::Success | Came::Skipped | Came::Renewed, _) => {
                let says = self.says.as_deref().unwrap_or("done");
                format!("success  {what}: not refused: {says}")
            }
            (Came::Failure, _) => {
                let says = self.says.as_deref().unwrap_or_default();
                let rule = self.rule.as_ref();
                let rule = rule.map_or(String::new(), |rule| format!("\n           write {rule}"));
                format!("FAILURE  {what}: no refusal by the profile's rules: {says}{rule}")
            }
        }
    }
}
