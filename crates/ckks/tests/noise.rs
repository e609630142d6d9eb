//! Measured noise stays within its prediction, and the prediction is not idle.

mod common;

use common::{Setup, distance, insecure_literal, literal, sample};
use hushwork_ckks::noise::{self, Noise};
use hushwork_ckks::{Ciphertext, Parameters, SecretKey, encoding};

const SCALE: f64 = (1u64 << 36) as f64;

/// How far above what is measured a bound may lie.
const SLACK: f64 = 256.0;

fn settings() -> Vec<Setup> {
    let tight = literal(8, &[44, 36, 36, 36], &[50], 1);
    let literals = [
        insecure_literal(),
        tight,
        literal(11, &[50, 36, 36], &[50, 50], 2),
    ];
    literals
        .map(|literal| {
            let parameters = Parameters::insecure(literal).unwrap();
            let secret = SecretKey::generate(&parameters).unwrap();
            Setup::new(parameters, secret)
        })
        .into()
}

#[track_caller]
fn check(setup: &Setup, ciphertext: &Ciphertext, expected: &[f64], predicted: Noise) {
    let parameters = &setup.parameters;
    let plaintext = setup.secret.decrypt(ciphertext);
    let slots = distance(&encoding::decode(parameters, &plaintext), expected);
    within(slots, predicted.slot_bound(ciphertext.scale));
    let mut coefficients = expected.to_vec();
    parameters.embedding().coefficients(&mut coefficients);
    let error = distance(
        &encoding::decode_coefficients(parameters, &plaintext),
        &coefficients,
    );
    within(
        error,
        predicted.coefficient_bound(parameters, ciphertext.scale),
    );
}

#[track_caller]
fn within(measured: f64, bound: f64) {
    assert!(measured < bound, "measured {measured:e}, bound {bound:e}");
    assert!(
        measured * SLACK > bound,
        "measured {measured:e}, idle bound {bound:e}"
    );
}

fn products(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| x * y).collect()
}

#[test]
fn fresh_ciphertexts_and_sums() {
    for setup in settings() {
        let (x, y) = (sample(1, setup.slots()), sample(2, setup.slots()));
        let (secret, public) = (
            noise::fresh_secret(&setup.parameters),
            noise::fresh_public(&setup.parameters),
        );
        let a = setup.encrypt(&x, SCALE);
        let b = setup.public.encrypt(&setup.encode(&y, SCALE)).unwrap();
        check(&setup, &a, &x, secret);
        check(&setup, &b, &y, public);
        let sum: Vec<_> = x.iter().zip(&y).map(|(x, y)| x + y).collect();
        check(
            &setup,
            &setup.evaluator.add(&a, &b).unwrap(),
            &sum,
            secret.plus(public),
        );
    }
}

#[test]
fn products_and_rescaling() {
    for setup in settings() {
        let (x, y) = (sample(1, setup.slots()), sample(2, setup.slots()));
        let (a, b) = (setup.encrypt(&x, SCALE), setup.encrypt(&y, SCALE));
        let (parameters, evaluator) = (&setup.parameters, &setup.evaluator);
        let (fresh, limbs) = (noise::fresh_secret(parameters), parameters.limbs());

        let plain = evaluator
            .multiply_plain(&a, &setup.encode(&y, SCALE))
            .unwrap();
        let predicted = noise::multiply_plain(parameters, fresh, (1.0, SCALE), (1.0, SCALE));
        check(&setup, &plain, &products(&x, &y), predicted);
        let rescaled = evaluator.rescale(&plain).unwrap();
        check(
            &setup,
            &rescaled,
            &products(&x, &y),
            noise::rescale(parameters, predicted, limbs),
        );

        let cipher = evaluator.multiply(&a, &b, &setup.keys).unwrap();
        let predicted = noise::multiply(fresh, (1.0, SCALE), fresh, (1.0, SCALE));
        let predicted = predicted.plus(noise::key_switch(parameters, limbs));
        check(&setup, &cipher, &products(&x, &y), predicted);
        let extended = evaluator.multiply_extended(&a, &b, &setup.keys).unwrap();
        let merged = evaluator.mod_down_rescale(extended).unwrap();
        check(
            &setup,
            &merged,
            &products(&x, &y),
            noise::rescale(parameters, predicted, limbs),
        );
    }
}

#[test]
fn rotations() {
    for setup in settings() {
        let x = sample(1, setup.slots());
        let fresh = setup.encrypt(&x, SCALE);
        for limbs in 1..=setup.parameters.limbs() {
            let a = setup.evaluator.drop(&fresh, limbs).unwrap();
            let rotated = setup.evaluator.rotate(&a, 5, &setup.keys).unwrap();
            let mut expected = x.clone();
            expected.rotate_left(5);
            let predicted = noise::fresh_secret(&setup.parameters)
                .plus(noise::key_switch(&setup.parameters, limbs));
            check(&setup, &rotated, &expected, predicted);
        }
    }
}
