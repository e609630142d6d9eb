//! Shows that products of atoms are products, without showing the atoms.
//!
//! For c_i = a_i b_i, with committed masks a'_i, b'_i and u_0, u_1, and a challenge mu: the prover
//! sends T_0 + u_0 and T_1 + u_1, where T_0 = sum mu^i a'_i b'_i and T_1 = sum mu^i (a_i b'_i +
//! a'_i b_i). For a challenge eta it reveals each a' + eta a. That these are right, and that their
//! products sum to T_0 + eta T_1 + eta^2 sum mu^i c_i, are linear statements.

use p3_field::PrimeCharacteristicRing;

use crate::atoms::Atoms;
use crate::error::{Result, malformed};
use crate::field::{K, powers};
use crate::hiding::HIDING;
use crate::linear::Linear;
use crate::transcript::Challenger;

/// The messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quadratic {
    /// T_0 + u_0, T_1 + u_1
    pub sums: [K; 2],
    /// a' + eta a, of each distinct factor.
    pub factors: Vec<K>,
}

/// Makes the messages, and the statements that they lead to.
pub fn prove(
    challenger: &mut impl Challenger,
    atoms: &Atoms,
    values: &[K],
) -> (Quadratic, Vec<Linear>) {
    if !HIDING {
        return Default::default();
    }
    let batch = challenger.challenge("products");
    let mut sums = atoms.sums().map(|mask| values[mask]);
    for ((triple, masks), power) in atoms
        .products()
        .zip(powers(batch, atoms.plan.products.len()))
    {
        let [left, right] = masks.map(|place| values[atoms.mask(place)]);
        sums[0] += power * left * right;
        sums[1] += power * (values[triple.left] * right + left * values[triple.right]);
    }
    challenger.absorb_extension("sums of products", &sums);
    let scale = challenger.challenge("scale of factors");
    let reveal =
        |(place, factor): (usize, &usize)| values[atoms.mask(place)] + scale * values[*factor];
    let factors: Vec<K> = atoms.factors.iter().enumerate().map(reveal).collect();
    challenger.absorb_extension("factors", &factors);
    let quadratic = Quadratic { sums, factors };
    let statements = statements(atoms, batch, scale, &quadratic);
    (quadratic, statements)
}

/// Reads the messages: the statements that they lead to.
///
/// # Errors
/// MalformedBytes, where there are too few or too many.
pub fn verify(
    challenger: &mut impl Challenger,
    atoms: &Atoms,
    quadratic: &Quadratic,
) -> Result<Vec<Linear>> {
    if !HIDING {
        return Ok(Vec::new());
    }
    if quadratic.factors.len() != atoms.factors.len() {
        return Err(malformed(
            "factors",
            atoms.factors.len(),
            quadratic.factors.len(),
        ));
    }
    let batch = challenger.challenge("products");
    challenger.absorb_extension("sums of products", &quadratic.sums);
    let scale = challenger.challenge("scale of factors");
    challenger.absorb_extension("factors", &quadratic.factors);
    Ok(statements(atoms, batch, scale, quadratic))
}

fn statements(atoms: &Atoms, batch: K, scale: K, quadratic: &Quadratic) -> Vec<Linear> {
    let [first, second] = atoms.sums();
    let mut sum = Linear::constant(-(quadratic.sums[0] + scale * quadratic.sums[1]));
    sum.atoms.extend([(first, K::ONE), (second, scale)]);
    for ((triple, places), power) in atoms
        .products()
        .zip(powers(batch, atoms.plan.products.len()))
    {
        let [left, right] = places.map(|place| quadratic.factors[place]);
        sum.constant += power * left * right;
        sum.atoms.push((triple.product, -power * scale.square()));
    }
    let revealed = atoms.factors.iter().zip(&quadratic.factors).enumerate();
    let statement = |(place, (factor, sent)): (usize, (&usize, &K))| Linear {
        constant: -*sent,
        atoms: vec![(atoms.mask(place), K::ONE), (*factor, scale)],
        ..Linear::default()
    };
    let mut all: Vec<Linear> = revealed.map(statement).collect();
    all.push(sum);
    all
}

#[cfg(all(test, not(feature = "insecure-not-hiding")))]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::masked::Plan;
    use crate::masked::tests::value;
    use crate::transcript::Transcript;

    fn violated(spoilt: Option<usize>, seed: u64) -> bool {
        let atoms = Atoms::new(Plan {
            pads: 5,
            products: vec![(0, 1), (3, 1), (4, 4)],
        });
        let mut values = atoms.draw(&mut ChaCha20Rng::seed_from_u64(seed)).to_vec();
        if let Some(index) = spoilt {
            values[index] += K::ONE;
        }
        let (sent, proved) = prove(&mut Transcript::new("hushwork test"), &atoms, &values);
        let read = verify(&mut Transcript::new("hushwork test"), &atoms, &sent).unwrap();
        let values = |statements: &[Linear]| {
            statements
                .iter()
                .map(|one| value(one, &values))
                .collect::<Vec<K>>()
        };
        assert_eq!(values(&proved), values(&read));
        values(&read).iter().any(|value| *value != K::ZERO)
    }

    proptest! {
        #[test]
        fn products_are_shown_and_others_are_not(seed: u64, product in 5usize..8) {
            prop_assert!(!violated(None, seed));
            prop_assert!(violated(Some(product), seed));
        }
    }
}
