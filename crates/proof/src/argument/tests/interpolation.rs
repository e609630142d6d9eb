//! Weights from the rows that proofs show, where a commitment is opened more often than it may be.

use super::*;
use crate::algebra::solve;
use crate::circuit::link::{LATER, Link};
use crate::code;
use crate::field::from_i64;

const WIDTH: usize = 2;

/// The rows of the earlier commitment that one link shows.
fn shown(committed: [&Committed; 2], positions: &[usize]) -> Vec<F> {
    let link = Link {
        rows: 5,
        columns: 1 << WIDTH,
    };
    let argument = Argument::new(&link, CODE, 0);
    let [earlier, later] = committed.map(|one| Pinned::of(&CODE, one));
    let binding = Binding {
        pinned: vec![(WEIGHTS, earlier), (LATER, later)],
        ..Binding::default()
    };
    let atoms = argument.atoms.draw(&mut ChaCha20Rng::seed_from_u64(1));
    let rounds = opening::rounds(&CODE, &argument.shapes(&binding));
    let slots = atoms::slots(&atoms).collect();
    let auxiliary = Committed::new(&CODE, 0, slots, Some(rounds), [1; 32]).unwrap();
    let secrets = Secrets {
        committed: &committed,
        slots: Vec::new(),
        entries: Vec::new(),
        known: (),
        seed: [0; 32],
    };
    let script = || Script::new(1, positions.to_vec());
    let proof = argument
        .show(&mut script(), &binding, secrets, &atoms, &auxiliary)
        .unwrap();
    assert_eq!(argument.check(&mut script(), &binding, &proof), Ok(()));
    proof.opening.shown[1].rows.clone()
}

#[test]
fn proofs_beyond_the_budget_give_all_weights_away() {
    let weights: Vec<F> = (0..20)
        .map(|slot| from_i64(slot * 91 % 256 - 128))
        .collect();
    let [earlier, later] =
        [1, 2].map(|seed| Committed::new(&CODE, WIDTH, weights.clone(), None, [seed; 32]).unwrap());
    assert!(earlier.shape.openings(&CODE, weights.len()) < CODE.rows / CODE.queries);
    let positions: Vec<usize> = (0..CODE.rows).map(|index| 2 * index + 1).collect();
    let proofs = positions.chunks(CODE.queries);
    let rows: Vec<F> = proofs
        .flat_map(|positions| shown([&earlier, &later], positions))
        .collect();
    let powers = |position: &usize| {
        let x = code::point(*position, CODE.log_domain);
        x.powers().take(CODE.rows).collect()
    };
    let powers: Vec<Vec<F>> = positions.iter().map(powers).collect();
    for column in 0..1 << WIDTH {
        let of = |slots: &[F]| -> Vec<F> {
            slots
                .iter()
                .skip(column)
                .step_by(1 << WIDTH)
                .copied()
                .collect()
        };
        let found = solve(&powers, &of(&rows)).unwrap();
        assert_eq!(found[..5], of(&weights));
    }
}
