//! A projected ciphertext decrypts to one period of the slots, and says nothing of the others.

mod common;

use std::sync::LazyLock;

use common::{Setup, assert_close, distance, sample};
use hushwork_ckks::encoding::{decode, decode_coefficients};
use hushwork_ckks::projection::projected_bytes;
use hushwork_ckks::{Error, Projected};

const SCALE: f64 = (1u64 << 36) as f64;

static SETUP: LazyLock<Setup> = LazyLock::new(Setup::insecure);

fn periods() -> impl Iterator<Item = usize> {
    (0..=SETUP.slots().ilog2()).map(|k| 1 << k)
}

fn project(values: &[f64], period: usize) -> Projected {
    let ciphertext = SETUP.encrypt(values, SCALE);
    Projected::new(&SETUP.parameters, &ciphertext, period).unwrap()
}

fn open(projected: &Projected) -> Vec<f64> {
    decode(
        &SETUP.parameters,
        &SETUP.secret.decrypt_projected(projected),
    )
}

#[test]
fn slots_that_repeat_decrypt_at_every_period() {
    for period in periods() {
        let values = sample(3, period);
        assert_close(&open(&project(&values, period)), &values, 1e-8);
    }
}

#[test]
fn a_longer_period_holds_the_copies_of_a_shorter_one() {
    let values = sample(3, 16);
    assert_close(&open(&project(&values, 64)), &values.repeat(4), 1e-8);
}

#[test]
fn slots_that_do_not_repeat_are_averaged() {
    let (values, period) = (sample(5, SETUP.slots()), 32);
    let copies = (SETUP.slots() / period) as f64;
    let mean = |k: usize| values.iter().skip(k).step_by(period).sum::<f64>() / copies;
    let expected: Vec<f64> = (0..period).map(mean).collect();
    assert_close(&open(&project(&values, period)), &expected, 1e-8);
}

#[test]
fn the_coefficients_are_those_of_the_whole_plaintext() {
    let ciphertext = SETUP.encrypt(&sample(5, SETUP.slots()), SCALE);
    let whole = decode_coefficients(&SETUP.parameters, &SETUP.secret.decrypt(&ciphertext));
    for period in periods() {
        let projected = Projected::new(&SETUP.parameters, &ciphertext, period).unwrap();
        let opened = SETUP.secret.decrypt_projected(&projected);
        let kept: Vec<f64> = whole
            .iter()
            .step_by(SETUP.slots() / period)
            .copied()
            .collect();
        assert_eq!(decode_coefficients(&SETUP.parameters, &opened), kept);
    }
}

#[test]
fn averaging_takes_noise_away() {
    let deviation = |period| {
        let noise = open(&project(&[0.0], period));
        (noise.iter().map(|x| x * x).sum::<f64>() / period as f64).sqrt()
    };
    let mean = (0..16).map(|_| deviation(4)).sum::<f64>() / 16.0;
    assert!(mean < deviation(SETUP.slots()) / 4.0);
}

#[test]
fn every_limb_count_serves() {
    let (values, ciphertext) = (sample(7, 8), SETUP.encrypt(&sample(7, 8), SCALE));
    for limbs in 1..=SETUP.parameters.limbs() {
        let low = SETUP.evaluator.drop(&ciphertext, limbs).unwrap();
        let projected = Projected::new(&SETUP.parameters, &low, 8).unwrap();
        let bytes = projected.to_bytes(&SETUP.parameters);
        assert_eq!(bytes.len(), projected_bytes(&SETUP.parameters, limbs, 8, false));
        let read = Projected::from_bytes(&SETUP.parameters, &bytes).unwrap();
        assert_eq!(read, projected);
        assert_close(&open(&read), &values, 1e-8);
    }
}

#[test]
fn another_key_finds_nothing() {
    let stranger = hushwork_ckks::SecretKey::generate(&SETUP.parameters).unwrap();
    let opened = stranger.decrypt_projected(&project(&[0.5], 16));
    let found = decode(&SETUP.parameters, &opened);
    assert!(distance(&found, &[0.5; 16]) > 1e3);
}

#[test]
fn a_period_is_a_power_of_two_up_to_the_degree() {
    let ciphertext = SETUP.encrypt(&[0.5], SCALE);
    for period in [0, 3, 24, 2 * SETUP.slots(), usize::MAX] {
        let refused = Projected::new(&SETUP.parameters, &ciphertext, period);
        assert!(matches!(refused, Err(Error::Misuse(_))), "{period}");
    }
}
