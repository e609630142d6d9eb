//! Digits and special primes by level: right within each tier, and no key serves two.

mod common;

use common::{Setup, assert_close, distance, literal, sample, tiered};
use hushwork_ckks::{Ciphertext, Error, KeyNeeds, Literal, Parameters, SecretKey, Tier, noise};
use proptest::prelude::*;

const SCALE: f64 = (1u64 << 36) as f64;
const SPECIAL_BITS: u32 = 48;

fn setup(literal: Literal) -> Setup {
    let parameters = Parameters::insecure(literal).unwrap();
    let secret = SecretKey::generate(&parameters).unwrap();
    Setup::new(parameters, secret)
}

fn three() -> Literal {
    let tiers = [(6, 1, 1), (4, 2, 2), (2, 2, 3)];
    tiered(6, &[44, 36, 36, 36, 36, 36], &[50; 3], &tiers)
}

fn rotated(x: &[f64], step: usize) -> Vec<f64> {
    let mut rotated = x.to_vec();
    rotated.rotate_left(step);
    rotated
}

/// As few special primes as a digit of so many limbs takes.
fn tier(limbs: usize, digit: usize) -> Tier {
    let digit = digit.min(limbs);
    let bits = 44 + 36 * (digit as u32 - 1) + 6;
    Tier {
        limbs,
        digit,
        special: bits.div_ceil(SPECIAL_BITS) as usize,
    }
}

/// Every way to cut a chain into tiers, with any digits.
fn splits() -> impl Strategy<Value = Literal> {
    let tiers = (1usize..=6).prop_flat_map(|limbs| {
        let cuts = prop::collection::vec(any::<bool>(), limbs - 1);
        (cuts, prop::collection::vec(1usize..=4, limbs))
    });
    tiers.prop_map(|(cuts, digits)| {
        let top = digits.len();
        let is_tier = |limbs: &usize| *limbs == top || cuts[limbs - 1];
        let tiers: Vec<_> = (1..=top)
            .rev()
            .filter(is_tier)
            .map(|limbs| tier(limbs, digits[limbs - 1]))
            .collect();
        let moduli = [44, 36, 36, 36, 36, 36];
        let special = tiers.iter().map(|tier| tier.special).max().unwrap();
        let bits = vec![SPECIAL_BITS; special];
        Literal {
            tiers,
            ..literal(5, &moduli[..top], &bits, 1)
        }
    })
}

/// Error of a slot, and what is predicted at most.
#[track_caller]
fn check_noise(setup: &Setup, got: &Ciphertext, expected: &[f64], limbs: usize) {
    let parameters = &setup.parameters;
    let error = distance(&setup.decrypt(got), expected);
    let predicted = noise::fresh_secret(parameters).plus(noise::key_switch(parameters, limbs));
    let bound = predicted.slot_bound(got.scale);
    assert!(error < bound, "error {error:e}, bound {bound:e} at {limbs}");
    assert!(error * 1024.0 > bound, "idle bound {bound:e}, {error:e}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_level_of_every_split_is_right(literal in splits()) {
        let setup = setup(literal);
        let (evaluator, keys) = (&setup.evaluator, &setup.keys);
        let x = sample(1, setup.slots());
        let squares: Vec<_> = x.iter().map(|x| x * x).collect();
        for limbs in 1..=setup.parameters.limbs() {
            let a = evaluator.drop(&setup.encrypt(&x, SCALE), limbs).unwrap();
            check_noise(&setup, &evaluator.rotate(&a, 5, keys).unwrap(), &rotated(&x, 5), limbs);
            if limbs > 1 {
                let square = evaluator.multiply_extended(&a, &a, keys).unwrap();
                let square = evaluator.mod_down_rescale(square).unwrap();
                assert_close(&setup.decrypt(&square), &squares, 1e-5);
            }
        }
    }
}

#[test]
fn each_level_belongs_to_the_lowest_tier_that_reaches_it() {
    let parameters = Parameters::insecure(three()).unwrap();
    let found: Vec<_> = (1..=6).map(|limbs| parameters.tier_index(limbs)).collect();
    assert_eq!(found, [2, 2, 1, 1, 0, 0]);
    let rows = (1..=6).map(|limbs| parameters.extended(limbs).limbs() - limbs);
    assert!(rows.eq([3, 3, 2, 2, 1, 1]));
    let digits = (1..=6).map(|limbs| parameters.digits(limbs).len());
    assert!(digits.eq([1, 1, 2, 2, 5, 6]));
}

#[test]
fn a_key_serves_its_own_tier_alone() {
    let setup = setup(three());
    let a = setup.encrypt(&sample(1, setup.slots()), SCALE);
    for (made, serves) in [(6, 5..=6), (5, 5..=5), (4, 3..=4), (3, 3..=3), (2, 1..=2)] {
        let needs = KeyNeeds::new(&setup.parameters, [(3, made)], [made]).unwrap();
        let keys = setup.secret.evaluation_keys(&needs).unwrap();
        for limbs in 1..=6 {
            let a = setup.evaluator.drop(&a, limbs).unwrap();
            let results = [
                setup.evaluator.rotate(&a, 3, &keys),
                setup.evaluator.multiply(&a, &a, &keys),
            ];
            for result in results {
                match result {
                    Ok(_) => assert!(serves.contains(&limbs), "{made} for {limbs}"),
                    Err(error) => {
                        assert!(matches!(error, Error::MissingKey(_)), "{error}");
                        assert!(!serves.contains(&limbs), "{made} for {limbs}");
                    }
                }
            }
        }
    }
}

#[test]
fn needs_keep_the_deepest_use_of_each_tier() {
    let parameters = Parameters::insecure(three()).unwrap();
    let uses = [(1, 3), (9, 2), (1, 6), (1, 4), (1, 5)];
    let needs = KeyNeeds::new(&parameters, uses, [1, 2, 3]).unwrap();
    assert!(needs.rotations().eq([(1, 6), (1, 4), (9, 2)]));
    assert!(needs.relinearisation().eq([3, 2]));
    assert_eq!(needs.count(), 5);
    for (step, limbs) in [(0, 1), (64, 1), (1, 0), (1, 7)] {
        let refused = KeyNeeds::new(&parameters, [(step, limbs)], []);
        assert!(matches!(refused, Err(Error::Misuse(_))), "{step} {limbs}");
    }
    for limbs in [0, 7] {
        let refused = KeyNeeds::new(&parameters, [], [limbs]);
        assert!(matches!(refused, Err(Error::Misuse(_))), "{limbs}");
    }
}

/// 214 bits at N = 2^13, where each prime taken from Q makes room for one more of P.
#[test]
fn every_tier_must_be_secure() {
    let with = |tiers: &[_]| Parameters::new(tiered(13, &[40; 4], &[46, 40, 40], tiers));
    let insecure = |tiers: &[_]| matches!(with(tiers), Err(Error::InsecureParameters(_)));
    assert!(insecure(&[(4, 1, 2), (2, 1, 3)]));
    assert!(insecure(&[(4, 1, 1), (3, 2, 3)]));
    let parameters = with(&[(4, 1, 1), (3, 2, 2), (2, 2, 3)]).unwrap();
    assert!((205.9..206.1).contains(&parameters.log_qp()));
    assert_eq!(
        Parameters::from_bytes(&parameters.to_bytes()),
        Ok(parameters)
    );
}

#[test]
fn noise_is_that_of_the_tier() {
    let wide = literal(6, &[44, 36, 36, 36], &[50; 4], 4);
    let narrow = tiered(6, &[44, 36, 36, 36], &[50; 4], &[(4, 4, 4), (2, 1, 1)]);
    let [wide, narrow] = [wide, narrow].map(|literal| Parameters::insecure(literal).unwrap());
    let added = |parameters: &Parameters, limbs| noise::key_switch(parameters, limbs).0;
    assert_eq!(added(&wide, 4).to_bits(), added(&narrow, 4).to_bits());
    assert!(added(&narrow, 2) > added(&wide, 2));
}
