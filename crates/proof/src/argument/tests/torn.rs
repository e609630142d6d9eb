//! A model whose commitment holds two: its pin decides which of them proofs are about.

use super::*;
use crate::circuit::link::{LATER, Link};
use crate::field::from_i64;
use crate::merkle::SALT_BYTES;

const WIDTH: usize = 2;

fn model(first: i64) -> Vec<F> {
    (0..20).map(|slot| from_i64(first + slot)).collect()
}

fn commit(slots: &[F], seed: u8) -> Committed {
    Committed::new(&CODE, WIDTH, slots.to_vec(), None, [seed; 32]).unwrap()
}

/// How often a link convinces from one content of the torn commitment to a later one.
fn linked(content: &Committed, pinned: Pinned, later: &Committed) -> usize {
    let link = Link {
        rows: 5,
        columns: 1 << WIDTH,
    };
    let argument = Argument::new(&link, CODE, 0);
    let convinced = |seed: &u8| {
        let binding = Binding {
            pinned: vec![(WEIGHTS, pinned), (LATER, Pinned::of(&CODE, later))],
            weights: None,
            context: vec![*seed],
        };
        let secrets = Secrets {
            committed: &[content, later],
            slots: Vec::new(),
            entries: Vec::new(),
            known: (),
            seed: [*seed; 32],
        };
        let proof = argument.prove(&binding, secrets).unwrap();
        argument.verify(&binding, &proof).is_ok()
    };
    (0..100).filter(convinced).count()
}

#[test]
fn a_torn_commitment_is_linked_as_it_is_pinned() {
    let [one, two] = [1, 2].map(model);
    let salts = vec![[0; SALT_BYTES]; 1 << CODE.log_domain];
    let [first, second] = Committed::torn(&CODE, [commit(&one, 1), commit(&two, 2)], salts);
    assert_eq!(first.root(), second.root());
    let [of_first, of_second] = [&first, &second].map(|content| Pinned::of(&CODE, content));
    let [later_one, later_two] = [commit(&one, 3), commit(&two, 4)];
    assert!(linked(&first, of_first, &later_one) > 0);
    assert!(linked(&second, of_second, &later_two) > 0);
    assert_eq!(linked(&second, of_first, &later_two), 0);
    assert_eq!(linked(&first, of_first, &later_two), 0);
}
