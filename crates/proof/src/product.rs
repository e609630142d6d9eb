//! The sumcheck of an inner product of two hidden vectors.

use p3_field::PrimeCharacteristicRing;

use crate::error::Result;
use crate::factors::Factors;
use crate::field::K;
use crate::linear::Linear;
use crate::masked::{Hidden, Side};

/// What remains to be shown: both vectors' values at a point.
pub struct Values {
    /// One coordinate a variable.
    pub point: Vec<K>,
    /// Of the left vector.
    pub left: Hidden,
    /// Of the right vector.
    pub right: Hidden,
}

/// Shows that two vectors over 2^`bits` indices have the inner product `claim`. The prover has them.
///
/// # Errors
/// MalformedBytes, where the proof ends early.
pub fn run(
    side: &mut impl Side,
    bits: usize,
    mut claim: Linear,
    mut factors: Option<Factors>,
) -> Result<Values> {
    let mut point = Vec::with_capacity(bits);
    for _ in 0..bits {
        let [zero, lead] = side.send("product round", factors.as_ref().map(Factors::round))?;
        let bound = side.challenge("product round");
        claim = next(claim, &zero.into(), &lead.into(), bound);
        if let Some(factors) = &mut factors {
            factors.bind(bound);
        }
        point.push(bound);
    }
    let values = factors.map(|factors| factors.values().map(|values| values[0]));
    let [left, right] = side.send("product values", values)?;
    let product = side.product(left, right);
    side.require(product.plus(&claim, K::NEG_ONE));
    Ok(Values { point, left, right })
}

/// The round polynomial s at the bound, from s(0), its leading coefficient and s(0) + s(1) = claim.
pub fn next(claim: Linear, zero: &Linear, lead: &Linear, bound: K) -> Linear {
    let next = claim.times(bound).plus(zero, K::ONE - bound.double());
    next.plus(lead, bound.square() - bound)
}
