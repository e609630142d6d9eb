//! One root for two contents: a prover opens whichever it likes, unless its value is pinned.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::*;
use crate::field::{F, from_i64};
use crate::merkle::SALT_BYTES;
use crate::pin::Pinned;

const CODE: Code = Code {
    log_domain: 8,
    rows: 32,
    queries: 3,
};
const SLOTS: usize = 40;
const ATTEMPTS: u64 = 200;

/// Two models of which the first slot differs, under one root.
fn models() -> [Committed; 2] {
    let both = [1, 2].map(|first| {
        let slots: Vec<F> = (0..SLOTS as i64)
            .map(|slot| from_i64(first + slot))
            .collect();
        Committed::new(&CODE, 2, slots, None, [first as u8; 32]).unwrap()
    });
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut salts = vec![[0; SALT_BYTES]; 1 << CODE.log_domain];
    salts.iter_mut().for_each(|salt| rng.fill_bytes(salt));
    Committed::torn(&CODE, both, salts)
}

/// That the first slot is `value`; a multiple of the pin's statement is added.
fn statement(value: usize, pinned: Option<&Pinned>) -> (Vec<Term>, K) {
    let tensor = Tensor {
        commitment: 1,
        base: 0,
        rows: 1,
        middle: 1,
        columns: 4,
    };
    let first = vec![K::ONE, K::ZERO, K::ZERO, K::ZERO];
    let mut all = crate::linear::Linear {
        constant: -K::from_usize(value),
        terms: vec![Term::flat(tensor, vec![K::ONE], first)],
        ..Default::default()
    };
    if let Some(pinned) = pinned {
        all.add(&pinned.statement(&CODE, 1), K::from_u32(1 << 20));
    }
    (all.terms, -all.constant)
}

/// How often a prover convinces who opens `content`, of what is said of `value`.
fn convinced(content: &Committed, value: usize, pinned: Option<&Pinned>) -> usize {
    let shapes = [
        Shape {
            log_columns: 0,
            masked: true,
        },
        content.shape,
    ];
    let (terms, target) = statement(value, pinned);
    let attempt = |seed: &u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let masks =
            Committed::new(&CODE, 0, Vec::new(), Some(rounds(&CODE, &shapes)), bytes).unwrap();
        let transcript = || {
            let mut transcript = Transcript::new("hushwork test");
            transcript.absorb("attempt", &bytes);
            transcript.absorb("roots", &[masks.root(), content.root()].concat());
            transcript
        };
        let opening = open(&mut transcript(), &CODE, &[&masks, content], &terms, target).unwrap();
        let roots = [(masks.root(), shapes[0]), (content.root(), shapes[1])];
        verify(&mut transcript(), &CODE, &roots, &terms, target, &opening).is_ok()
    };
    (0..ATTEMPTS).filter(attempt).count()
}

#[test]
fn a_root_without_a_pin_is_opened_to_two_contents() {
    let [one, two] = models();
    assert_eq!(one.root(), two.root());
    let expected = ATTEMPTS as usize >> CODE.queries;
    for (content, value) in [(&one, 1), (&two, 2)] {
        let count = convinced(content, value, None);
        assert!(
            (expected / 2..expected * 2).contains(&count),
            "{count} of {ATTEMPTS}"
        );
    }
    assert_eq!(convinced(&one, 2, None), 0);
}

#[test]
fn a_pin_leaves_one_content() {
    let [one, two] = models();
    let pinned = Pinned::of(&CODE, &one);
    assert_ne!(pinned.value, Pinned::of(&CODE, &two).value);
    assert!(convinced(&one, 1, Some(&pinned)) > 0);
    assert_eq!(convinced(&two, 2, Some(&pinned)), 0);
    assert_eq!(convinced(&one, 2, Some(&pinned)), 0);
}
