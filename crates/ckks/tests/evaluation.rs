//! Whole operations, checked against plain arithmetic on slots.

mod common;

use common::{Setup, assert_close, sample};
use hushwork_ckks::encoding::{Plaintext, encode};
use hushwork_ckks::{Error, EvaluationKeys, KeyNeeds};

const SCALE: f64 = (1u64 << 36) as f64;

#[test]
fn decryption_inverts_encryption() {
    let setup = Setup::insecure();
    for (index, period) in [1, 16, setup.slots()].into_iter().enumerate() {
        let values = sample(index as u64, period);
        let ciphertext = setup.encrypt(&values, SCALE);
        assert_close(
            &setup.decrypt(&ciphertext),
            &values.repeat(setup.slots() / period),
            1e-6,
        );
        let public = setup.public.encrypt(&setup.encode(&values, SCALE)).unwrap();
        assert_close(
            &setup.decrypt(&public),
            &values.repeat(setup.slots() / period),
            1e-5,
        );
    }
}

#[test]
fn encryption_is_fresh_every_time() {
    let setup = Setup::insecure();
    let plaintext = setup.encode(&[0.5], SCALE);
    let (a, b) = (
        setup.secret.encrypt(&plaintext).unwrap(),
        setup.secret.encrypt(&plaintext).unwrap(),
    );
    assert!(a.c0 != b.c0 && a.c1 != b.c1);
    let noise = |a| setup.secret.decrypt(a).poly;
    assert_ne!(noise(&a), noise(&b));
    let public = |_| setup.public.encrypt(&plaintext).unwrap();
    let (a, b) = (public(()), public(()));
    assert!(a.c0 != b.c0 && a.c1 != b.c1);
}

#[test]
fn sums_and_differences() {
    let setup = Setup::insecure();
    let (x, y) = (sample(1, setup.slots()), sample(2, setup.slots()));
    let (a, b) = (setup.encrypt(&x, SCALE), setup.encrypt(&y, SCALE));
    let pairs = || x.iter().zip(&y);
    let sum: Vec<_> = pairs().map(|(x, y)| x + y).collect();
    let difference: Vec<_> = pairs().map(|(x, y)| x - y).collect();
    let evaluator = &setup.evaluator;
    assert_close(&setup.decrypt(&evaluator.add(&a, &b).unwrap()), &sum, 1e-6);
    assert_close(
        &setup.decrypt(&evaluator.subtract(&a, &b).unwrap()),
        &difference,
        1e-6,
    );
    let plain = evaluator.add_plain(&a, &setup.encode(&y, SCALE)).unwrap();
    assert_close(&setup.decrypt(&plain), &sum, 1e-6);
}

#[test]
fn products_rescale() {
    let setup = Setup::insecure();
    let (x, y) = (sample(1, setup.slots()), sample(2, setup.slots()));
    let product: Vec<_> = x.iter().zip(&y).map(|(x, y)| x * y).collect();
    let (a, b) = (setup.encrypt(&x, SCALE), setup.encrypt(&y, SCALE));
    let evaluator = &setup.evaluator;
    let plain = evaluator
        .multiply_plain(&a, &setup.encode(&y, SCALE))
        .unwrap();
    assert_close(&setup.decrypt(&plain), &product, 1e-6);
    assert_close(
        &setup.decrypt(&evaluator.rescale(&plain).unwrap()),
        &product,
        1e-6,
    );
    let cipher = evaluator.multiply(&a, &b, &setup.keys).unwrap();
    assert_close(&setup.decrypt(&cipher), &product, 1e-6);
    let rescaled = evaluator.rescale(&cipher).unwrap();
    assert_eq!(rescaled.limbs(), a.limbs() - 1);
    assert_close(&setup.decrypt(&rescaled), &product, 1e-6);
    let merged = evaluator.multiply_extended(&a, &b, &setup.keys).unwrap();
    let merged = evaluator.mod_down_rescale(merged).unwrap();
    assert_eq!(
        (merged.limbs(), merged.scale),
        (rescaled.limbs(), rescaled.scale)
    );
    assert_close(&setup.decrypt(&merged), &product, 1e-6);
}

#[test]
fn a_periodic_plaintext_multiplies_as_its_repetition() {
    let setup = Setup::insecure();
    let (x, w) = (sample(1, setup.slots()), sample(2, 8));
    let product: Vec<_> = x.iter().enumerate().map(|(i, x)| x * w[i % 8]).collect();
    let plaintext = setup.encode(&w, SCALE);
    assert_eq!(plaintext.poly.degree(), 8);
    let a = setup.encrypt(&x, SCALE);
    let b = setup.evaluator.multiply_plain(&a, &plaintext).unwrap();
    assert_close(&setup.decrypt(&b), &product, 1e-6);
}

#[test]
fn rotations_at_every_level() {
    let setup = Setup::insecure();
    let x = sample(1, setup.slots());
    let fresh = setup.encrypt(&x, SCALE);
    for limbs in 1..=setup.parameters.limbs() {
        let a = setup.evaluator.drop(&fresh, limbs).unwrap();
        let digits = setup.evaluator.decompose(&a.c1);
        for step in [1, 5, setup.slots() - 1] {
            let mut expected = x.clone();
            expected.rotate_left(step);
            let rotated = setup.evaluator.rotate(&a, step, &setup.keys).unwrap();
            assert_close(&setup.decrypt(&rotated), &expected, 1e-6);
            let hoisted = setup
                .evaluator
                .rotate_decomposed(&a, &digits, step, &setup.keys)
                .unwrap();
            assert_eq!(hoisted, rotated);
        }
    }
}

#[test]
fn a_shallow_key_serves_its_levels_and_no_more() {
    let setup = Setup::insecure();
    let x = sample(1, setup.slots());
    let needs = KeyNeeds::new(&setup.parameters, [(3, 2)], []).unwrap();
    let keys = setup.secret.evaluation_keys(&needs).unwrap();
    let fresh = setup.encrypt(&x, SCALE);
    let low = setup.evaluator.drop(&fresh, 2).unwrap();
    let mut expected = x.clone();
    expected.rotate_left(3);
    assert_close(
        &setup.decrypt(&setup.evaluator.rotate(&low, 3, &keys).unwrap()),
        &expected,
        1e-6,
    );
    let missing =
        |keys: &EvaluationKeys, step| setup.evaluator.rotate(&fresh, step, keys).unwrap_err();
    assert!(matches!(missing(&keys, 3), Error::MissingKey(_)));
    assert!(matches!(missing(&keys, 4), Error::MissingKey(_)));
    let product = setup.evaluator.multiply(&low, &low, &keys).unwrap_err();
    assert!(matches!(product, Error::MissingKey(_)));
}

#[test]
fn operands_that_do_not_agree_are_misuse() {
    let setup = Setup::insecure();
    let (parameters, evaluator) = (&setup.parameters, &setup.evaluator);
    let encode = |limbs, scale| encode(parameters, parameters.basis(limbs), &[0.5], scale).unwrap();
    let encrypt = |limbs, scale| setup.secret.encrypt(&encode(limbs, scale)).unwrap();
    let (a, low, coarse) = (encrypt(2, 1e6), encrypt(1, 1e6), encrypt(2, 1.1e6));
    let scaled = |bits| Plaintext {
        scale: f64::powi(2.0, bits),
        ..encode(2, 1e6)
    };
    let mut coarsest = a.clone();
    coarsest.scale = f64::powi(2.0, 61);
    let misuses = [
        evaluator.add(&a, &low),
        evaluator.add(&a, &coarse),
        evaluator.subtract(&a, &coarse),
        evaluator.add_plain(&a, &encode(2, 1.1e6)),
        evaluator.multiply_plain(&a, &encode(1, 1e6)),
        evaluator.multiply(&a, &low, &setup.keys),
        evaluator.multiply_plain(&a, &scaled(110)),
        evaluator.multiply_plain(&a, &scaled(-40)),
        evaluator.multiply(&coarsest, &coarsest, &setup.keys),
        evaluator.rescale(&a),
        evaluator.rescale(&low),
        evaluator.drop(&a, 0),
        evaluator.drop(&a, 3),
    ];
    assert!(
        misuses
            .iter()
            .all(|result| matches!(result, Err(Error::Misuse(_))))
    );
}
