//! A projected ciphertext decrypts to one period of the slots, and says nothing of the others.

mod common;

use std::sync::LazyLock;

use common::{Setup, assert_close, distance, sample};
use hushwork_ckks::encoding::{decode, decode_coefficients};
use hushwork_ckks::projection::projected_bytes;
use hushwork_ckks::{Ciphertext, Error, KeyNeeds, Projected, noise};
use hushwork_ring::Poly;

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
        assert_eq!(
            bytes.len(),
            projected_bytes(&SETUP.parameters, limbs, 8, false)
        );
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

fn fresh(values: &[f64]) -> Projected {
    let plaintext = SETUP.encode(values, SCALE);
    SETUP.secret.encrypt_projected(&plaintext).unwrap()
}

fn repeated(projected: Projected) -> Ciphertext {
    let period = projected.period();
    projected.repeated(&SETUP.parameters, period).unwrap()
}

/// The sum over all rotations by multiples of `period`, by log2(N / p) rotations.
fn traced(mut ciphertext: Ciphertext, period: usize) -> Ciphertext {
    let doublings = (SETUP.slots() / period).ilog2();
    let steps = (0..doublings).map(|k| period << k);
    let needs = steps.clone().map(|step| (step, ciphertext.limbs()));
    let needs = KeyNeeds::new(&SETUP.parameters, needs, []).unwrap();
    let keys = SETUP.secret.evaluation_keys(&needs).unwrap();
    for step in steps {
        let rotated = SETUP.evaluator.rotate(&ciphertext, step, &keys).unwrap();
        ciphertext = SETUP.evaluator.add(&ciphertext, &rotated).unwrap();
    }
    ciphertext
}

#[test]
fn a_fresh_one_survives_the_journey() {
    for period in periods() {
        let (values, parameters) = (sample(3, period), &SETUP.parameters);
        let bytes = fresh(&values).to_bytes(parameters);
        let expected = projected_bytes(parameters, parameters.limbs(), period, true);
        assert_eq!(bytes.len(), expected);
        let read = Projected::from_bytes(parameters, &bytes).unwrap();
        assert_eq!(read.to_bytes(parameters), bytes);
        assert_close(&open(&read), &values, 1e-8);
    }
}

#[test]
fn the_trace_leaves_the_plaintext_in_every_slot() {
    for period in periods() {
        let (values, copies) = (sample(3, period), SETUP.slots() / period);
        let shares: Vec<f64> = values.iter().map(|x| x / copies as f64).collect();
        let opened = SETUP.decrypt(&traced(repeated(fresh(&shares)), period));
        assert_close(&opened, &values.repeat(copies), 1e-6);
    }
}

#[test]
fn before_the_trace_there_is_noise_alone() {
    for period in periods().filter(|&period| period < SETUP.slots()) {
        let values = sample(3, period);
        let opened = SETUP.decrypt(&repeated(fresh(&values)));
        let copies = SETUP.slots() / period;
        assert!(distance(&opened, &values.repeat(copies)) > 1e3, "{period}");
    }
}

/// Over the residues, without any key: the sum of all rotations of c0 + c1 s.
#[test]
fn the_garbage_cancels_exactly() {
    for period in periods() {
        let projected = fresh(&sample(3, period));
        let expected = SETUP.secret.decrypt_projected(&projected).poly;
        let whole = SETUP.secret.decrypt(&repeated(projected)).poly;
        let basis = SETUP.parameters.basis(whole.limbs());
        let mut sum = Poly::zero(whole.degree(), whole.limbs());
        for shift in (0..whole.degree()).step_by(period) {
            let mut rotated = whole.clone();
            (0..whole.limbs()).for_each(|row| rotated.limb_mut(row).rotate_left(shift));
            basis.add(&mut sum, &rotated);
        }
        let copies = (SETUP.slots() / period) as u64;
        for (row, kernel) in basis.kernels().iter().enumerate() {
            let times = |x: &u64| (u128::from(copies) * u128::from(*x)) % modulus(kernel);
            let wanted: Vec<u128> = expected.limb(row).iter().map(times).collect();
            let got = sum.limb(row).iter().map(|&x| u128::from(x));
            let matches = got.zip(wanted.iter().cycle()).all(|(a, &b)| a == b);
            assert!(matches, "period {period}, limb {row}");
        }
    }
}

fn modulus(kernel: &std::sync::Arc<dyn hushwork_ring::Kernel>) -> u128 {
    kernel.modulus().value().into()
}

#[test]
fn the_noise_of_the_trace_is_as_predicted() {
    let (parameters, limbs) = (&SETUP.parameters, SETUP.parameters.limbs());
    for period in [4, 32, 64, 128] {
        let opened = SETUP.decrypt(&traced(repeated(fresh(&[0.0].repeat(period))), period));
        let bound = noise::traced(parameters, limbs, period).slot_bound(SCALE);
        let largest = distance(&opened, &vec![0.0; SETUP.slots()]);
        assert!(largest < bound, "{period}: {largest:e}, bound {bound:e}");
        assert!(
            largest > bound / 100.0,
            "{period}: {largest:e}, bound {bound:e}"
        );
    }
}

#[test]
fn another_period_is_refused() {
    for period in periods().filter(|&period| period != 16) {
        let refused = fresh(&sample(3, 16)).repeated(&SETUP.parameters, period);
        assert!(matches!(refused, Err(Error::MalformedBytes(_))), "{period}");
    }
}

#[test]
fn a_period_is_a_power_of_two_up_to_the_degree() {
    let ciphertext = SETUP.encrypt(&[0.5], SCALE);
    for period in [0, 3, 24, 2 * SETUP.slots(), usize::MAX] {
        let refused = Projected::new(&SETUP.parameters, &ciphertext, period);
        assert!(matches!(refused, Err(Error::Misuse(_))), "{period}");
    }
}
