//! What parameters are refused, and the secure sets.

mod common;

use common::{Setup, assert_close, insecure_literal, literal, sample};
use hushwork_ckks::security::security_bound;
use hushwork_ckks::{Error, Literal, Parameters, SecretKey, Tier, encoding, find_primes};

fn tier(limbs: usize, digit: usize, special: usize) -> Tier {
    Tier {
        limbs,
        digit,
        special,
    }
}

fn refusal(change: impl Fn(&mut Literal)) -> Error {
    let mut literal = insecure_literal();
    change(&mut literal);
    Parameters::insecure(literal).unwrap_err()
}

#[test]
fn unusable_literals_are_refused() {
    let refusals = [
        refusal(|literal| literal.log_degree = 2),
        refusal(|literal| literal.log_degree = 18),
        refusal(|literal| literal.moduli.clear()),
        refusal(|literal| literal.special.clear()),
        refusal(|literal| literal.moduli = vec![literal.moduli[0]; 65]),
        refusal(|literal| literal.tiers.clear()),
        refusal(|literal| literal.tiers = vec![literal.tiers[0]; 9]),
        refusal(|literal| literal.tiers.push(literal.tiers[0])),
        refusal(|literal| literal.tiers[0].limbs = 4),
        refusal(|literal| literal.tiers[0].limbs = 6),
        refusal(|literal| literal.tiers[0].digit = 0),
        refusal(|literal| literal.tiers[0].digit = 6),
        refusal(|literal| literal.tiers[0].special = 0),
        refusal(|literal| literal.tiers[0].special = 1),
        refusal(|literal| literal.tiers[0].special = 3),
        refusal(|literal| literal.tiers.push(tier(0, 1, 1))),
        refusal(|literal| literal.tiers.push(tier(2, 3, 2))),
        refusal(|literal| literal.tiers.push(tier(2, 2, 1))),
        refusal(|literal| literal.moduli[1] = literal.moduli[0]),
        refusal(|literal| literal.special[0] = literal.moduli[0]),
        refusal(|literal| literal.moduli[1] += 4 << literal.log_degree),
        refusal(|literal| literal.moduli[1] = (1 << 36) + 1),
        refusal(|literal| literal.moduli[1] = 1),
        refusal(|literal| literal.moduli[1] = u64::MAX),
        refusal(|literal| literal.special.truncate(1)),
    ];
    for error in refusals {
        assert!(matches!(error, Error::InvalidParameters(_)), "{error}");
    }
}

#[test]
fn the_margin_of_the_special_primes_is_six_bits() {
    let with = |special| Parameters::insecure(literal(8, &[40, 40], &[special], 1));
    assert!(with(46).is_ok());
    assert!(matches!(with(45), Err(Error::InvalidParameters(_))));
}

#[test]
fn the_bound_is_kept() {
    let insecure = |result| matches!(result, Err(Error::InsecureParameters(_)));
    assert!(insecure(Parameters::new(insecure_literal())));
    assert_eq!(security_bound(12), None);
    for (log_degree, bound) in [(13, 214), (14, 430)] {
        assert_eq!(security_bound(log_degree), Some(bound));
        let within = literal(log_degree, &vec![40; bound as usize / 40 - 1], &[46], 1);
        let bits = Parameters::new(within.clone()).unwrap().log_qp();
        assert!(bits <= f64::from(bound) && bits > f64::from(bound) - 48.0);
        let over = literal(log_degree, &vec![40; bound as usize / 40], &[46], 1);
        assert!(insecure(Parameters::new(over)));
    }
}

#[test]
fn primes_lie_below_the_limit() {
    assert!(
        find_primes(14, &[50; 10])
            .unwrap()
            .iter()
            .all(|q| *q < 1 << 50)
    );
    assert!(matches!(
        find_primes(14, &[51]),
        Ok(_) | Err(Error::InvalidParameters(_))
    ));
    assert!(matches!(
        find_primes(14, &[12]),
        Err(Error::InvalidParameters(_))
    ));
}

#[test]
fn a_seeded_secret_needs_insecure_parameters() {
    let secure = Parameters::new(literal(13, &[44, 36], &[50], 1)).unwrap();
    assert!(matches!(
        SecretKey::insecure_from_seed(&secure, &[0; 32]),
        Err(Error::Misuse(_))
    ));
}

#[test]
fn what_cannot_be_encoded_is_refused() {
    let parameters = Parameters::insecure(insecure_literal()).unwrap();
    let encode =
        |values: &[f64], scale| encoding::encode(&parameters, parameters.basis(1), values, scale);
    assert!(encode(&[0.5; 4], 1e6).is_ok());
    let refusals = [
        encode(&[], 1e6),
        encode(&[0.0; 3], 1e6),
        encode(&[0.0; 512], 1e6),
        encode(&[f64::NAN], 1e6),
        encode(&[f64::INFINITY], 1e6),
        encode(&[1.0], 0.0),
        encode(&[1.0], f64::INFINITY),
        encode(&[1e10], 1e6),
        encode(&[f64::MAX], 1e6),
    ];
    assert!(
        refusals
            .iter()
            .all(|result| matches!(result, Err(Error::Misuse(_))))
    );
}

#[test]
fn a_secure_set_computes() {
    let parameters = Parameters::new(literal(13, &[44, 36, 36, 36], &[50], 1)).unwrap();
    let secret = SecretKey::generate(&parameters).unwrap();
    let setup = Setup::new(parameters, secret);
    let scale = (1u64 << 36) as f64;
    let x = sample(3, setup.slots());
    let a = setup.encrypt(&x, scale);
    let square = setup.evaluator.multiply(&a, &a, &setup.keys).unwrap();
    let square = setup.evaluator.rescale(&square).unwrap();
    let rotated = setup
        .evaluator
        .rotate(&square, setup.slots() - 1, &setup.keys)
        .unwrap();
    let mut expected: Vec<_> = x.iter().map(|x| x * x).collect();
    expected.rotate_right(1);
    assert_close(&setup.decrypt(&rotated), &expected, 1e-5);
}
