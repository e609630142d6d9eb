//! Byte formats: exact, canonical, and never a panic.

mod common;

use std::sync::LazyLock;

use common::{Setup, insecure_literal, literal, sample, tiered};
use hushwork_ckks::projection::projected_bytes;
use hushwork_ckks::serial::{ciphertext_bytes, evaluation_keys_bytes, public_key_bytes};
use hushwork_ckks::{
    Ciphertext, Error, EvaluationKeys, KeyNeeds, Parameters, Projected, PublicKey, Result,
    SecretKey,
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const SCALE: f64 = (1u64 << 36) as f64;
const LIMBS_AT: usize = 40;
const SCALE_AT: usize = 42;
const POLY_AT: usize = 50;
const PERIOD_AT: usize = 50;
const PERIOD: usize = 4;

static SETUP: LazyLock<Setup> = LazyLock::new(|| {
    let parameters =
        Parameters::insecure(tiered(4, &[40, 36, 24], &[50, 40], &[(3, 1, 1), (2, 2, 2)])).unwrap();
    let secret = SecretKey::insecure_from_seed(&parameters, &[1; 32]).unwrap();
    Setup::new(parameters, secret)
});

fn seeded() -> Vec<u8> {
    SETUP
        .encrypt(&sample(1, SETUP.slots()), SCALE)
        .to_bytes(&SETUP.parameters)
}

fn full() -> Vec<u8> {
    let plaintext = SETUP.encode(&sample(1, SETUP.slots()), SCALE);
    SETUP
        .public
        .encrypt(&plaintext)
        .unwrap()
        .to_bytes(&SETUP.parameters)
}

fn projected() -> Vec<u8> {
    let ciphertext = SETUP.encrypt(&sample(1, PERIOD), SCALE);
    let projected = Projected::new(&SETUP.parameters, &ciphertext, PERIOD).unwrap();
    projected.to_bytes(&SETUP.parameters)
}

fn fresh_projected() -> Vec<u8> {
    let plaintext = SETUP.encode(&sample(1, PERIOD), SCALE);
    let projected = SETUP.secret.encrypt_projected(&plaintext).unwrap();
    projected.to_bytes(&SETUP.parameters)
}

fn read_projected(data: &[u8]) -> Result<Projected> {
    Projected::from_bytes(&SETUP.parameters, data)
}

fn read(data: &[u8]) -> Result<Ciphertext> {
    Ciphertext::from_bytes(&SETUP.parameters, data)
}

/// Every format: valid bytes, and reading then writing again.
type Rewrite = fn(&[u8]) -> Result<Vec<u8>>;

fn formats() -> Vec<(Vec<u8>, Rewrite)> {
    let secure = Parameters::new(literal(13, &[44, 36], &[50], 1)).unwrap();
    vec![
        (seeded(), |data| Ok(read(data)?.to_bytes(&SETUP.parameters))),
        (full(), |data| Ok(read(data)?.to_bytes(&SETUP.parameters))),
        (projected(), |data| {
            Ok(read_projected(data)?.to_bytes(&SETUP.parameters))
        }),
        (fresh_projected(), |data| {
            Ok(read_projected(data)?.to_bytes(&SETUP.parameters))
        }),
        (SETUP.public.to_bytes(), |data| {
            Ok(PublicKey::from_bytes(&SETUP.parameters, data)?.to_bytes())
        }),
        (SETUP.keys.to_bytes(), |data| {
            Ok(EvaluationKeys::from_bytes(&SETUP.parameters, data)?.to_bytes())
        }),
        (secure.to_bytes(), |data| {
            Ok(Parameters::from_bytes(data)?.to_bytes())
        }),
    ]
}

#[test]
fn every_format_round_trips() {
    for (bytes, rewrite) in formats() {
        assert_eq!(rewrite(&bytes).unwrap(), bytes);
    }
}

#[test]
fn sizes_are_known_before() {
    let parameters = &SETUP.parameters;
    assert_eq!(seeded().len(), ciphertext_bytes(parameters, 3, true));
    assert_eq!(full().len(), ciphertext_bytes(parameters, 3, false));
    let projected_bytes = |seeded| projected_bytes(parameters, 3, PERIOD, seeded);
    assert_eq!(projected().len(), projected_bytes(false));
    assert_eq!(fresh_projected().len(), projected_bytes(true));
    assert_eq!(SETUP.public.to_bytes().len(), public_key_bytes(parameters));
    let some = KeyNeeds::new(parameters, [(1, 2), (9, 1)], []).unwrap();
    for needs in [SETUP.keys.needs(), some] {
        let keys = SETUP.secret.evaluation_keys(&needs).unwrap();
        assert_eq!(
            keys.to_bytes().len(),
            evaluation_keys_bytes(parameters, &needs)
        );
        assert_eq!(keys.needs(), needs);
    }
}

#[test]
fn keys_and_ciphertexts_work_after_the_journey() {
    let keys = EvaluationKeys::from_bytes(&SETUP.parameters, &SETUP.keys.to_bytes()).unwrap();
    let public = PublicKey::from_bytes(&SETUP.parameters, &SETUP.public.to_bytes()).unwrap();
    let x = sample(1, SETUP.slots());
    let a = public.encrypt(&SETUP.encode(&x, SCALE)).unwrap();
    let a = read(&a.to_bytes(&SETUP.parameters)).unwrap();
    let mut expected = x;
    expected.rotate_left(1);
    let rotated = SETUP.evaluator.rotate(&a, 1, &keys).unwrap();
    common::assert_close(&SETUP.decrypt(&rotated), &expected, 1e-5);
}

#[test]
fn every_truncation_and_extension_is_malformed() {
    for (bytes, rewrite) in formats() {
        for length in (0..bytes.len()).step_by(bytes.len() / 97 + 1) {
            assert!(
                matches!(rewrite(&bytes[..length]), Err(Error::MalformedBytes(_))),
                "{length}"
            );
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(matches!(rewrite(&longer), Err(Error::MalformedBytes(_))));
    }
}

#[test]
fn versions_kinds_and_flags_are_checked() {
    for (bytes, rewrite) in formats() {
        let with = |at: usize, byte: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            rewrite(&bytes)
        };
        assert!(matches!(with(5, 1), Err(Error::UnsupportedVersion(_))));
        for (at, byte) in [(0, b'X'), (4, 9), (6, 2), (7, 1)] {
            assert!(
                matches!(with(at, byte), Err(Error::MalformedBytes(_))),
                "{at}"
            );
        }
    }
}

#[test]
fn other_parameters_are_refused() {
    let other = Parameters::insecure(insecure_literal()).unwrap();
    assert!(matches!(
        Ciphertext::from_bytes(&other, &seeded()),
        Err(Error::ParameterMismatch(_))
    ));
    assert!(matches!(
        Projected::from_bytes(&other, &projected()),
        Err(Error::ParameterMismatch(_))
    ));
    let keys = EvaluationKeys::from_bytes(&other, &SETUP.keys.to_bytes());
    assert!(matches!(keys, Err(Error::ParameterMismatch(_))));
    assert!(matches!(
        SETUP.keys.check(&other),
        Err(Error::ParameterMismatch(_))
    ));
    assert!(SETUP.keys.check(&SETUP.parameters).is_ok());
}

#[test]
fn insecure_parameters_do_not_travel() {
    let result = Parameters::from_bytes(&SETUP.parameters.to_bytes());
    assert!(matches!(result, Err(Error::InsecureParameters(_))));
    let mut bytes = SETUP.parameters.to_bytes();
    bytes[6] = 0;
    assert!(matches!(
        Parameters::from_bytes(&bytes),
        Err(Error::InsecureParameters(_))
    ));
    for (at, byte) in [(9, 9), (10, 65), (12, 65)] {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        let result = Parameters::from_bytes(&bytes);
        assert!(matches!(result, Err(Error::TooLarge(_))), "{at}");
    }
}

#[test]
fn residues_limbs_and_scales_are_checked() {
    let with = |at: usize, new: &[u8]| {
        let mut bytes = full();
        bytes[at..at + new.len()].copy_from_slice(new);
        read(&bytes)
    };
    assert!(matches!(
        with(POLY_AT, &[255; 6]),
        Err(Error::MalformedBytes(_))
    ));
    for limbs in [0u16, 4, u16::MAX] {
        assert!(matches!(
            with(LIMBS_AT, &limbs.to_le_bytes()),
            Err(Error::MalformedBytes(_))
        ));
    }
    for scale in [0.0, 0.5, -1.0, f64::NAN, f64::INFINITY, 1e300] {
        assert!(matches!(
            with(SCALE_AT, &scale.to_le_bytes()),
            Err(Error::MalformedBytes(_))
        ));
    }
}

#[test]
fn periods_are_checked() {
    let with = |at: usize, new: &[u8]| {
        let mut bytes = projected();
        bytes[at..at + new.len()].copy_from_slice(new);
        read_projected(&bytes)
    };
    for period in [0, 1, 2, 3, 8, 16, 32, 1 << 16, u32::MAX] {
        let refused = with(PERIOD_AT, &period.to_le_bytes());
        assert!(matches!(refused, Err(Error::MalformedBytes(_))), "{period}");
    }
    for limbs in [0u16, 1, 2, 4, u16::MAX] {
        let refused = with(LIMBS_AT, &limbs.to_le_bytes());
        assert!(matches!(refused, Err(Error::MalformedBytes(_))), "{limbs}");
    }
    for scale in [0.0, f64::NAN, 1e300] {
        let refused = with(SCALE_AT, &scale.to_le_bytes());
        assert!(matches!(refused, Err(Error::MalformedBytes(_))), "{scale}");
    }
    let start = PERIOD_AT + 4;
    for at in [start, start + PERIOD * 40 / 8] {
        assert!(matches!(with(at, &[255; 6]), Err(Error::MalformedBytes(_))));
    }
    for (mut bytes, flags) in [(projected(), 1), (projected(), 2), (fresh_projected(), 0)] {
        bytes[6] = flags;
        let refused = read_projected(&bytes);
        assert!(matches!(refused, Err(Error::MalformedBytes(_))), "{flags}");
    }
}

/// The table is (0, 3), (0, 2), (1, 3), (1, 2), (5, 3), ..: relinearisation, then rotations.
#[test]
fn keys_ascend_by_step_and_tier() {
    let table = 44;
    let with = |entry: usize, step: u32, limbs: u16| {
        let mut bytes = SETUP.keys.to_bytes();
        let at = table + 6 * entry;
        bytes[at..at + 4].copy_from_slice(&step.to_le_bytes());
        bytes[at + 4..at + 6].copy_from_slice(&limbs.to_le_bytes());
        EvaluationKeys::from_bytes(&SETUP.parameters, &bytes)
    };
    assert!(with(2, 1, 3).is_ok());
    let entries = [(2, 0, 3), (2, 5, 3), (2, 16, 3), (2, u32::MAX, 3)];
    let tiers = [(2, 1, 2), (3, 1, 3), (0, 0, 4), (0, 0, 0), (1, 0, 3)];
    for (entry, step, limbs) in entries.into_iter().chain(tiers) {
        let result = with(entry, step, limbs);
        assert!(
            matches!(result, Err(Error::MalformedBytes(_))),
            "{entry} {step} {limbs}"
        );
    }
    let mut bytes = SETUP.keys.to_bytes();
    bytes[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    let result = EvaluationKeys::from_bytes(&SETUP.parameters, &bytes);
    assert!(matches!(result, Err(Error::MalformedBytes(_))));
}

/// The uniform halves are part of the format: what a seed expands to must never change.
#[test]
fn seeds_expand_as_they_always_did() {
    let mut bytes = seeded();
    let end = bytes.len();
    bytes[end - 32..].copy_from_slice(&[42; 32]);
    let words: Vec<u8> = read(&bytes)
        .unwrap()
        .c1
        .values()
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let digest: String = Sha256::digest(words)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        digest,
        "7f29e511b19681d945c124c3509015eb1472185c6fef5afd74f4578c90d9eb76"
    );
    let digest: String = SETUP
        .parameters
        .digest()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        digest,
        "b6df787061c2d258e9d866e90e59f4d6daf971c4a290efee7fcd0ff4c85ccc45"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_never_panic(data in prop::collection::vec(any::<u8>(), 0..400), keep in 0usize..60) {
        for (bytes, rewrite) in FORMATS.iter() {
            prop_assert!(rewrite(&data).is_err());
            let mixed = [&bytes[..keep.min(bytes.len())], &data].concat();
            if let Ok(again) = rewrite(&mixed) {
                prop_assert_eq!(again, mixed);
            }
        }
    }

    #[test]
    fn a_flipped_bit_is_refused_or_kept(position: prop::sample::Index, bit in 0u8..8) {
        for (bytes, rewrite) in FORMATS.iter() {
            let mut flipped = bytes.clone();
            flipped[position.index(bytes.len())] ^= 1 << bit;
            if let Ok(again) = rewrite(&flipped) {
                prop_assert_eq!(again, flipped);
            }
        }
    }
}

static FORMATS: LazyLock<Vec<(Vec<u8>, Rewrite)>> = LazyLock::new(formats);
