//! Whether the arms have the shares they were meant to have (sample ratio mismatch).
//!
//! The hash cannot be wrong, but what came after it can: agents that were taken out of the run, or
//! failed to be released. Then the arms are no longer alike, and no difference can be believed.

use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Below this chance somebody should look; the usual border, far below 0.05, as it is looked at in
/// every experiment.
const P_SUSPECT: f64 = 0.001;

/// Counts of agents against shares.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SampleRatio {
    /// Pearson's.
    pub chi_square: f64,
    /// The chance of counts as far off as these.
    pub p_value: f64,
    /// Whether that is under 0.001.
    pub is_suspect: bool,
}

impl SampleRatio {
    /// Of these arms' shares and counts; `None` where nobody was drawn or there is one arm only.
    pub fn of(arms: &[(f64, usize)]) -> Option<Self> {
        let count = arms.iter().map(|(_, count)| *count as f64).sum::<f64>();
        let shares: f64 = arms.iter().map(|(share, _)| share).sum();
        if arms.len() < 2 || count <= 0.0 || shares <= 0.0 {
            return None;
        }
        let chi_square = arms
            .iter()
            .map(|(share, found)| {
                let expected = count * share / shares;
                (*found as f64 - expected).powi(2) / expected
            })
            .sum();
        let p_value = ChiSquared::new(arms.len() as f64 - 1.0).ok()?.sf(chi_square);
        Some(Self { chi_square, p_value, is_suspect: p_value < P_SUSPECT })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_near_their_shares_are_calm_and_others_are_not() {
        let calm = SampleRatio::of(&[(0.5, 180), (0.5, 192)]).unwrap();
        assert!((calm.chi_square - 0.387_097).abs() < 1e-6 && !calm.is_suspect);
        assert!((calm.p_value - 0.533_83).abs() < 1e-4, "{}", calm.p_value);
        let three = SampleRatio::of(&[(0.5, 50), (0.3, 30), (0.2, 20)]).unwrap();
        assert!((three.p_value - 1.0).abs() < 1e-9);
        let wrong = SampleRatio::of(&[(0.5, 150), (0.5, 222)]).unwrap();
        assert!(wrong.is_suspect, "{wrong:?}");
    }

    #[test]
    fn nobody_and_a_single_arm_say_nothing() {
        assert_eq!(SampleRatio::of(&[(0.5, 0), (0.5, 0)]), None);
        assert_eq!(SampleRatio::of(&[(1.0, 10)]), None);
        assert_eq!(SampleRatio::of(&[]), None);
    }
}
