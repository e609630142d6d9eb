//! The sum of fractions by a tree of sums (LogUp-GKR, eprint 2023/1284), every message hidden.
//!
//! Node j of a level is the sum of nodes j and j + 2^level of the level below. The sumcheck of a
//! level shows sum_y eq(t, y) h(y) for h = n0 d1 + n1 d0 + lambda d0 d1; its running claim leaves
//! out the factors of eq that are bound, so each round is of degree two: claim = h(0) + t (h(1) -
//! h(0)), and the prover sends the step h(1) - h(0) and the leading coefficient.

use p3_field::PrimeCharacteristicRing;

use crate::error::Result;
use crate::field::K;
use crate::fractions::{Fractions, Level};
use crate::linear::Linear;
use crate::masked::{Hidden, Side};

/// What remains to be shown: the leaves' values at a point.
pub struct Leaves {
    /// One coordinate a level.
    pub point: Vec<K>,
    /// Of the numerators.
    pub numerator: Linear,
    /// Of the denominators.
    pub denominator: Linear,
}

/// Shows that 2^`depth` fractions sum to 0/`root`. The prover has the fractions.
///
/// # Errors
/// MalformedBytes, where the proof ends early.
pub fn run(
    side: &mut impl Side,
    depth: usize,
    root: K,
    fractions: Option<&Fractions>,
) -> Result<Leaves> {
    let denominator = Linear::constant(root);
    let mut claim = Leaves {
        point: Vec::new(),
        numerator: Linear::default(),
        denominator,
    };
    let mut values = [K::ZERO, root];
    for depth in 0..depth {
        let merge = side.challenge("merge numerator and denominator");
        let value = values[0] + merge * values[1];
        let level = fractions.map(|all| all.level(depth, &claim.point, value, merge));
        (claim, values) = descend(side, &claim, merge, level)?;
    }
    Ok(claim)
}

/// One level: the claim about the level below, and its values, where they are known.
fn descend(
    side: &mut impl Side,
    above: &Leaves,
    merge: K,
    mut level: Option<Level>,
) -> Result<(Leaves, [K; 2])> {
    let mut claim = above.numerator.clone().plus(&above.denominator, merge);
    let mut point = vec![K::ZERO];
    for coordinate in &above.point {
        let round = level.as_ref().map(Level::round);
        let [step, curve] = side.send("round", round)?;
        let bound = side.challenge("round");
        claim.add(&step.into(), bound - *coordinate);
        claim.add(&curve.into(), bound.square() - bound);
        if let (Some(level), Some(round)) = (&mut level, round) {
            level.bind(round, bound);
        }
        point.push(bound);
    }
    let children = level.as_ref().map(Level::children);
    let [n0, n1, d0, d1] = side.send("children", children)?;
    let mut sum = side.product(n0, d1);
    sum.add(&side.product(n1, d0), K::ONE);
    sum.add(&side.product(d0, d1), merge);
    side.require(sum.plus(&claim, K::NEG_ONE));
    let half = side.challenge("merge halves");
    point[0] = half;
    let merged = |low: Hidden, high: Hidden| {
        Linear::from(low)
            .times(K::ONE - half)
            .plus(&high.into(), half)
    };
    let [numerator, denominator] = [merged(n0, n1), merged(d0, d1)];
    let at = |low: K, high: K| low + half * (high - low);
    let values = children.map_or_else(Default::default, |[n0, n1, d0, d1]| {
        [at(n0, n1), at(d0, d1)]
    });
    Ok((
        Leaves {
            point,
            numerator,
            denominator,
        },
        values,
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::eq;
    use crate::field::{inner, random_extension};
    use crate::masked::tests::{atoms, value};
    use crate::masked::{Planner, Receiver, Sender};
    use crate::registers::pack;
    use crate::transcript::Transcript;

    fn leaves(depth: usize, seed: u64) -> (Vec<K>, Vec<K>) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut draw = || {
            (0..1 << depth)
                .map(|_| random_extension(&mut rng))
                .collect::<Vec<K>>()
        };
        let (mut numerators, denominators) = (draw(), draw());
        let total = |numerators: &[K]| Fractions::new(pack(numerators), pack(&denominators)).root();
        let (sum, root) = total(&numerators);
        numerators[0] -= sum * denominators[0] * p3_field::Field::inverse(&root);
        (numerators, denominators)
    }

    fn statements(depth: usize, numerators: &[K], denominators: &[K], cheat: K) -> Vec<K> {
        let mut planner = Planner::default();
        run(&mut planner, depth, K::ONE, None).unwrap();
        let plan = planner.plan();
        let atoms = atoms(&plan, 7);
        let fractions = Fractions::new(pack(numerators), pack(denominators));
        let root = fractions.root().1 + cheat;
        let mut transcript = Transcript::new("hushwork test");
        let mut sender = Sender::new(&mut transcript, &plan, &atoms);
        run(&mut sender, depth, root, Some(&fractions)).unwrap();
        let (messages, proved) = sender.finish();
        assert_eq!(messages.len(), plan.pads);
        let mut transcript = Transcript::new("hushwork test");
        let mut receiver = Receiver::new(&mut transcript, &plan, &messages);
        let claim = run(&mut receiver, depth, root, None).unwrap();
        let at = eq::table(&claim.point);
        let mut values: Vec<K> = receiver
            .finish()
            .iter()
            .map(|statement| value(statement, &atoms))
            .collect();
        assert_eq!(
            values,
            proved
                .iter()
                .map(|statement| value(statement, &atoms))
                .collect::<Vec<K>>()
        );
        values.push(value(&claim.numerator, &atoms) - inner(&at, numerators));
        values.push(value(&claim.denominator, &atoms) - inner(&at, denominators));
        values
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn fractions_that_sum_to_zero_are_shown(depth in 4usize..11, seed: u64) {
            let (numerators, denominators) = leaves(depth, seed);
            let values = statements(depth, &numerators, &denominators, K::ZERO);
            prop_assert!(values.iter().all(|value| *value == K::ZERO));
        }

        #[test]
        fn others_are_not(depth in 4usize..11, seed: u64, index: usize) {
            let (mut numerators, denominators) = leaves(depth, seed);
            prop_assert!(statements(depth, &numerators, &denominators, K::ONE).iter().any(|value| *value != K::ZERO));
            numerators[index % (1 << depth)] += K::ONE;
            prop_assert!(statements(depth, &numerators, &denominators, K::ZERO).iter().any(|value| *value != K::ZERO));
        }
    }
}
