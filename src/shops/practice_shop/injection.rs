//! What may be injected into the practice shop of a run.

use serde::{Deserialize, Serialize};

use super::faults::{FaultError, FaultSwitches, Faults};

/// What a developer may do to the practice shop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ShopInjection {
    /// These faults, in the place of all before.
    Fault(Box<Faults>),
    /// No faults.
    Heal,
}

impl ShopInjection {
    /// Does it.
    pub fn strike(&self, switches: &FaultSwitches) -> Result<(), FaultError> {
        match self {
            Self::Fault(faults) => switches.set((**faults).clone()),
            Self::Heal => {
                switches.clear();
                Ok(())
            }
        }
    }
}
