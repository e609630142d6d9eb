//! What is sent is as random as it can be, for every witness.
//!
//! Challenges and positions are fixed. What is sent, but for digests and salts (which the random
//! oracle hides), is made in two steps.
//!
//! First: messages are values plus pads, revealed factors are masks plus multiples of pads, the two
//! sums are masks plus sums over pads and masks, and the denominator is a multiple of the dummy. So
//! pads, masks of factors, masks of sums and the dummy determine them one to one, in this order,
//! whatever the witness is. `what_precedes_the_opening_is_under_pads` shifts each and sees the
//! shift in what is sent.
//!
//! Second, all that being fixed: the opening's rounds, mask, combination and pads, the rows that
//! are shown, and the pins are affine in the masks and the random rows. The verifier checks them by
//! the statement, one element of K, and by two elements of K for each position; all of them are
//! affine, too. The rank of the map from masks and random rows to what is sent is the number of
//! coordinates that are sent less the number of those equations: so they are independent, and what
//! is sent is a uniform solution of them. They know nothing of the witness.

use crate::commitment::PIN_ROWS;
use rayon::prelude::*;

use super::*;
use crate::algebra::rank;
use crate::field::{DEGREE, basis, split};

/// Statements are about these points, whatever the trees are.
const ROOTS: [Digest; 2] = [[1; 32], [2; 32]];

/// The prover's messages, and the pins' values.
fn sent(case: &Case, argument: &Argument<Run>, draws: &Draws) -> (Proof, [K; 2]) {
    let [auxiliary, weights, input] = case.commit(draws);
    let all = [&weights, &input];
    let pinned = [0, 1].map(|index| {
        let shape = all[index].shape;
        let pinned = Pinned {
            root: ROOTS[index],
            value: K::ZERO,
            shape,
        };
        let value = pinned.statement(&CODE, 0).terms[0].apply(&all[index].slots);
        Pinned { value, ..pinned }
    });
    let values = pinned.map(|pinned| pinned.value);
    let proof = argument.show(
        &mut script(),
        &bound(pinned),
        case.secrets(&all),
        &draws.atoms,
        &auxiliary,
    );
    (proof.unwrap(), values)
}

/// Coordinates of the opening and of the pins.
fn opened(case: &Case, argument: &Argument<Run>, draws: &Draws) -> Vec<F> {
    let (proof, pins) = sent(case, argument, draws);
    let Opening {
        rounds,
        mask,
        combination,
        pads,
        shown,
    } = &proof.opening;
    let elements = rounds
        .iter()
        .chain([mask])
        .chain(combination)
        .chain(pads)
        .chain(&pins);
    let rows = shown.iter().flat_map(|shown| shown.rows.iter().copied());
    elements.flat_map(split).copied().chain(rows).collect()
}

/// Draws that differ in one coordinate: of all masks, and of as many random rows of each commitment
/// as hide what is said of it.
fn shifted(draws: &Draws) -> Vec<Draws> {
    let mut all = Vec::new();
    for (index, shape) in shapes().iter().enumerate() {
        let len = draws.tails[index].len();
        let count = (CODE.queries + PIN_ROWS) << shape.log_columns;
        for slot in len - count..len {
            let mut one = draws.clone();
            one.tails[index][slot] += F::ONE;
            all.push(one);
        }
    }
    for (mask, values) in draws.masks.iter().enumerate() {
        for (index, coordinate) in
            (0..values.len()).flat_map(|index| basis().map(|one| (index, one)))
        {
            let mut one = draws.clone();
            one.masks[mask][index] += coordinate;
            all.push(one);
        }
    }
    all
}

fn difference(left: &[F], right: &[F]) -> Vec<F> {
    left.iter().zip(right).map(|(a, b)| *a - *b).collect()
}

#[test]
fn the_opening_is_uniform_but_for_what_is_checked() {
    for case in [Case::example(), Case::new([0, 0], [0; 6])] {
        let subject = case.subject();
        let argument = argument(&subject);
        let draws = case.draw(&argument, 1);
        let first = opened(&case, &argument, &draws);
        let all = shifted(&draws);
        let differences: Vec<Vec<F>> = all
            .par_iter()
            .map(|one| difference(&opened(&case, &argument, one), &first))
            .collect();
        let equations = DEGREE * (1 + 2 * CODE.queries);
        assert_eq!(rank(differences), first.len() - equations);
    }
}

/// Two shifts at once are the sum of both: the map is affine.
#[test]
fn the_opening_is_affine_in_masks_and_rows() {
    let case = Case::example();
    let subject = case.subject();
    let argument = argument(&subject);
    let [first, second] = [1, 2].map(|seed| case.draw(&argument, seed));
    let second = Draws {
        atoms: first.atoms.clone(),
        ..second
    };
    let both = Draws {
        tails: [0, 1, 2].map(|index| {
            first.tails[index]
                .iter()
                .zip(&second.tails[index])
                .map(|(a, b)| *a + *b)
                .collect()
        }),
        masks: [0, 1, 2].map(|index| {
            first.masks[index]
                .iter()
                .zip(&second.masks[index])
                .map(|(a, b)| *a + *b)
                .collect()
        }),
        ..first.clone()
    };
    let none = Draws {
        tails: first.tails.clone().map(|tail| vec![F::ZERO; tail.len()]),
        masks: first.masks.clone().map(|mask| vec![K::ZERO; mask.len()]),
        ..first.clone()
    };
    let [first, second, both, none] =
        [&first, &second, &both, &none].map(|draws| opened(&case, &argument, draws));
    assert_eq!(difference(&both, &first), difference(&second, &none));
}

#[test]
fn what_precedes_the_opening_is_under_pads() {
    let case = Case::example();
    let subject = case.subject();
    let argument = argument(&subject);
    let draws = case.draw(&argument, 1);
    let atoms = &argument.atoms;
    let (first, _) = sent(&case, &argument, &draws);
    let shifts = case.draw(&argument, 2).atoms;
    let shift = |range: std::ops::Range<usize>| {
        let mut one = draws.clone();
        range
            .clone()
            .for_each(|atom| one.atoms[atom] += shifts[atom]);
        for triple in atoms.plan.triples() {
            one.atoms[triple.product] = one.atoms[triple.left] * one.atoms[triple.right];
        }
        (sent(&case, &argument, &one).0, shifts[range].to_vec())
    };
    let moved = |after: &[K], before: &[K]| -> Vec<K> {
        after.iter().zip(before).map(|(a, b)| *a - *b).collect()
    };
    let (pads, by) = shift(0..argument.messages());
    assert_eq!(moved(&pads.messages, &first.messages), by);
    let (masks, by) = shift(atoms.plan.len()..atoms.sums()[0]);
    assert_eq!(masks.messages, first.messages);
    assert_eq!(
        moved(&masks.quadratic.factors, &first.quadratic.factors),
        by
    );
    let (sums, by) = shift(atoms.sums()[0]..atoms.dummy());
    assert_eq!(
        (&sums.messages, &sums.quadratic.factors),
        (&first.messages, &first.quadratic.factors)
    );
    assert_eq!(moved(&sums.quadratic.sums, &first.quadratic.sums), by);
    let (dummy, by) = shift(atoms.dummy()..atoms.count());
    assert_eq!(
        dummy.sum * draws.atoms[atoms.dummy()],
        first.sum * (draws.atoms[atoms.dummy()] + by[0])
    );
}
