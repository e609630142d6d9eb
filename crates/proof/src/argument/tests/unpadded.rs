//! An attack on messages: it recovers a hidden input, activations and weights where pads are zero,
//! and learns nothing where they are not.

use super::*;
use crate::algebra::{rank, solve};
use crate::field::{DEGREE, basis, split};

/// Slots of the input, of what the layer makes of it, and of the weights.
const UNKNOWN: usize = 2 + 2 + 6;

/// Statements about what is unknown, and, apart from that, about atoms: in coordinates.
#[derive(Default)]
struct Equations {
    /// Coefficients of the unknown, then of the atoms.
    rows: Vec<Vec<F>>,
    values: Vec<F>,
}

/// The unknown that a slot is.
fn place(case: &Case, term: &Term, slot: usize) -> Option<usize> {
    let layer = case.circuit.places.values[1];
    match term.tensor.commitment {
        INPUT => Some(slot),
        AUXILIARY => layer.range().contains(&slot).then(|| 2 + slot - layer.base),
        _ => Some(4 + slot),
    }
}

impl Equations {
    fn of(case: &Case, statements: &[Linear], atoms: usize) -> Self {
        let mut all = Self::default();
        for statement in statements {
            let slots = |term: &Term| {
                term.tensor
                    .range()
                    .map(|slot| place(case, term, slot))
                    .collect::<Vec<_>>()
            };
            let known = statement
                .terms
                .iter()
                .flat_map(slots)
                .all(|place| place.is_some());
            if known && !statement.terms.is_empty() {
                all.add(case, statement, atoms);
            }
        }
        all
    }

    fn add(&mut self, case: &Case, statement: &Linear, atoms: usize) {
        let mut coefficients = vec![K::ZERO; UNKNOWN + atoms * DEGREE];
        for term in &statement.terms {
            for slot in term.tensor.range() {
                let mut only = vec![F::ZERO; term.tensor.range().end];
                only[slot] = F::ONE;
                coefficients[place(case, term, slot).unwrap()] += term.apply(&only);
            }
        }
        for (atom, coefficient) in &statement.atoms {
            for (index, element) in basis().into_iter().enumerate() {
                coefficients[UNKNOWN + atom * DEGREE + index] += *coefficient * element;
            }
        }
        for coordinate in 0..DEGREE {
            let row = coefficients.iter().map(|value| split(value)[coordinate]);
            self.rows.push(row.collect());
            self.values.push(-split(&statement.constant)[coordinate]);
        }
    }

    /// Some columns of all rows.
    fn columns(&self, columns: std::ops::Range<usize>) -> Vec<Vec<F>> {
        self.rows
            .iter()
            .map(|row| row[columns.clone()].to_vec())
            .collect()
    }
}

/// What a verifier sees of a proof under some challenges.
fn seen(case: &Case, padded: bool, seed: u64) -> Equations {
    let subject = case.subject();
    let argument = argument(&subject);
    let mut draws = case.draw(&argument, seed);
    if !padded {
        draws.atoms[..argument.atoms.plan.len()].fill(K::ZERO);
    }
    let [auxiliary, weights, input] = case.commit(&draws);
    let binding = bound([&weights, &input].map(|committed| Pinned::of(&CODE, committed)));
    let all = [&weights, &input];
    let script = || Script::new(seed, POSITIONS.to_vec());
    let proof = argument
        .show(
            &mut script(),
            &binding,
            case.secrets(&all),
            &draws.atoms,
            &auxiliary,
        )
        .unwrap();
    assert_eq!(argument.check(&mut script(), &binding, &proof), Ok(()));
    let statements = argument.statements(&mut script(), &proof).unwrap();
    Equations::of(case, &statements, argument.atoms.count())
}

/// What somebody finds who believes that all pads are zero, from two proofs of one input.
fn recovered(case: &Case, padded: bool) -> Option<Vec<F>> {
    let [first, second] = [1, 2].map(|seed| seen(case, padded, seed));
    let rows = [first.columns(0..UNKNOWN), second.columns(0..UNKNOWN)].concat();
    assert_eq!(rank(rows.clone()), UNKNOWN);
    solve(&rows, &[first.values, second.values].concat())
}

#[test]
fn messages_without_pads_give_everything_away() {
    let case = Case::example();
    let truth = [
        &slots(&case.done.values[0]),
        &slots(&case.done.values[1]),
        &case.weights[..],
    ]
    .concat();
    assert_eq!(recovered(&case, false), Some(truth));
}

/// Whatever the unknown is, there are pads for which all messages are what they are.
#[test]
fn messages_under_pads_say_nothing() {
    let case = Case::example();
    assert_eq!(recovered(&case, true), None);
    let equations = seen(&case, true, 1);
    assert_eq!(equations.rows.len(), 2 * DEGREE);
    let width = equations.rows[0].len();
    assert_eq!(
        rank(equations.columns(UNKNOWN..width)),
        equations.rows.len()
    );
}
