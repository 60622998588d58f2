//! A weighted draw without putting back (Efraimidis-Spirakis): of so many things the largest keys.

use rand::{Rng, RngExt};

/// u^(1/weight), u in 0..1; of a thing that weighs nothing 0.
pub(crate) fn weighted_key(rng: &mut impl Rng, weight: f64) -> f64 {
    rng.random::<f64>().powf(1.0 / weight)
}
