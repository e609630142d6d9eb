//! Two networks, the second of which reads what the first commits to.

use hushwork_proof::circuit::{Input, Mode, Output};
use hushwork_proof::commitment::Committed;
use hushwork_proof::error::Error;
use hushwork_proof::model::{Numbers, Outcome, Proved, Tell};
use hushwork_proof::scheme::Visibility;

use crate::forgery::Forgery;
use crate::model::Model;
use crate::networks::{first_half, second_half};

struct Chain {
    halves: [Model; 2],
}

impl Chain {
    fn new() -> Self {
        let [first, second] = [first_half(), second_half()];
        let halves = [first, second].map(|half| Model::new(&half, Visibility::Hidden, 21));
        Self { halves }
    }

    /// Both proofs, and the commitment between them.
    fn prove(&self, input: &[i32], seed: [u8; 32]) -> (Proved, Committed, Proved) {
        let mut first = self.halves[0].prove(input, None, Tell::Commitment(seed));
        let between = first.output.take().unwrap();
        let second = self.halves[1].prove(&first.numbers, Some(&between), Tell::Numbers);
        (first, between, second)
    }

    /// Whether both halves are shown, each with its own boundary.
    fn verify(&self, input: &[i32], proofs: [&Proved; 2], between: [&Committed; 2]) -> [bool; 2] {
        let [first, second] = &self.halves;
        let [made, read] = between.map(|committed| first.told(&[], Some(committed)));
        let results = [
            first.verify(
                Numbers::Public(input.to_vec()),
                Outcome::Numbers(made),
                &proofs[0].proof,
            ),
            second.verify(read, proofs[1].outcome.clone(), &proofs[1].proof),
        ];
        results.map(|result| match result {
            Ok(()) => true,
            Err(Error::InvalidProof(_)) => false,
            Err(other) => panic!("{other}"),
        })
    }
}

#[test]
fn boundaries_cannot_be_exchanged() {
    let chain = Chain::new();
    let [input, other] = [1, 2].map(|seed| chain.halves[0].input(seed));
    let (a, of_a, after_a) = chain.prove(&input, [1; 32]);
    let (b, of_b, after_b) = chain.prove(&other, [2; 32]);
    assert_eq!(
        chain.verify(&input, [&a, &after_a], [&of_a, &of_a]),
        [true, true]
    );
    assert_eq!(
        chain.verify(&other, [&b, &after_b], [&of_b, &of_b]),
        [true, true]
    );
    assert_eq!(
        chain.verify(&input, [&a, &after_b], [&of_a, &of_a]),
        [true, false]
    );
    assert_eq!(
        chain.verify(&input, [&a, &after_b], [&of_b, &of_b]),
        [false, true]
    );
    assert_eq!(
        chain.verify(&input, [&a, &after_a], [&of_b, &of_b]),
        [false, false]
    );
    assert_eq!(
        chain.verify(&other, [&a, &after_a], [&of_a, &of_a]),
        [false, true]
    );
}

/// The same numbers, committed to anew, are another boundary.
#[cfg(not(feature = "insecure-not-hiding"))]
#[test]
fn a_boundary_is_a_commitment_and_not_its_numbers() {
    let chain = Chain::new();
    let input = chain.halves[0].input(1);
    let (a, of_a, after) = chain.prove(&input, [1; 32]);
    let (_, again, _) = chain.prove(&input, [2; 32]);
    assert_eq!(
        chain.verify(&input, [&a, &after], [&of_a, &again]),
        [true, false]
    );
}

/// A prover that knows both sides makes the second proof for the first boundary.
#[test]
fn the_second_half_reads_what_the_first_committed_to() {
    let chain = Chain::new();
    let [input, other] = [1, 2].map(|seed| chain.halves[0].input(seed));
    let (a, of_a, _) = chain.prove(&input, [1; 32]);
    let (b, of_b, _) = chain.prove(&other, [2; 32]);
    assert_ne!(a.numbers, b.numbers);
    let second = &chain.halves[1];
    let mode = Mode {
        input: Input::Committed,
        output: Output::Public,
    };
    let forgery = Forgery::honest(second, mode, &b.numbers);
    let statement = second.statement(second.told(&[], Some(&of_a)), forgery.output());
    forgery.assert_refused(&statement, &[second.root(), &of_a]);
    forgery.assert_refused(&statement, &[second.root(), &of_b]);
}
