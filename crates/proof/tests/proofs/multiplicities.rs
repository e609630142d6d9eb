//! Multiplicities that a prover makes up.

use hushwork_proof::circuit::tables::Fingerprint;
use hushwork_proof::circuit::{Input, Mode, Output};
use hushwork_proof::field::{DEGREE, F, K, from_i64, join, powers, split};
use hushwork_proof::hiding::HIDING;
use hushwork_proof::model::Numbers;
use hushwork_proof::scheme::Visibility;
use p3_field::{Field, PrimeCharacteristicRing};

use crate::forgery::{Forgery, settle};
use crate::model::Model;
use crate::networks::convolutional;
use crate::random::Draw;

const MODE: Mode = Mode {
    input: Input::Public,
    output: Output::Public,
};

#[test]
fn counts_are_what_is_looked_up() {
    let model = Model::new(&convolutional(), Visibility::Public, 6);
    let input = model.input(7);
    let forgery = Forgery::honest(&model, MODE, &input);
    let statement = model.statement(Numbers::Public(input), forgery.output());
    forgery.assert_shown(&statement, &[]);
    for counted in &forgery.circuit.lookups.tables {
        let first = counted.multiplicities.base;
        for [one, other] in [[1, 0], [0, -1], [1, -1], [-1, 1]] {
            let [mut witness, _] = forgery.witnesses();
            witness.auxiliary[first] += from_i64(one);
            witness.auxiliary[first + 1] += from_i64(other);
            forgery.assert_refused_with(witness, &statement, &[]);
        }
        let [mut witness, _] = forgery.witnesses();
        witness.auxiliary[counted.multiplicities.range()].fill(F::ZERO);
        forgery.assert_refused_with(witness, &statement, &[]);
    }
}

/// What the multiplicities of five rows are to be, so that all fractions sum to zero for one
/// fingerprint: five equations over F.
fn solve(numerators: K, rows: [K; DEGREE]) -> [F; DEGREE] {
    let mut matrix: [[F; DEGREE + 1]; DEGREE] = std::array::from_fn(|coordinate| {
        let coefficient = |row: usize| {
            rows.get(row)
                .map_or(split(&numerators)[coordinate], |row| split(row)[coordinate])
        };
        std::array::from_fn(coefficient)
    });
    for column in 0..DEGREE {
        let pivot = (column..DEGREE)
            .find(|row| matrix[*row][column] != F::ZERO)
            .unwrap();
        matrix.swap(column, pivot);
        let scale = matrix[column][column].inverse();
        matrix[column].iter_mut().for_each(|value| *value *= scale);
        let pivot = matrix[column];
        for (index, row) in matrix.iter_mut().enumerate() {
            let factor = row[column];
            if index != column {
                row.iter_mut()
                    .zip(&pivot)
                    .for_each(|(value, own)| *value -= factor * *own);
            }
        }
    }
    matrix.map(|row| row[DEGREE])
}

fn guessed(draw: &mut Draw) -> Fingerprint {
    let mut any = || {
        join(&std::array::from_fn::<F, DEGREE, _>(|_| {
            F::from_usize(draw.below(1 << 30))
        }))
    };
    let (alpha, beta) = (any(), powers(any(), 4));
    Fingerprint {
        alpha,
        powers: std::array::from_fn(|index| beta[index]),
    }
}

/// For challenges that a prover knows beforehand, any output has multiplicities with which all
/// fractions sum to zero. It has to commit to them before there are challenges.
#[test]
fn counts_are_committed_before_challenges() {
    let model = Model::new(&convolutional(), Visibility::Public, 6);
    let input = model.input(7);
    let forgery = Forgery::new(&model, MODE, &input, |layer, run| {
        if layer == 0 {
            run.values[1][0] = 300;
        }
    });
    let lookups = &forgery.circuit.lookups;
    let fingerprint = guessed(&mut Draw::new(8));
    let mut witness = forgery.witness.clone();
    witness.entries = forgery.entries();
    settle(lookups, &mut witness.entries, &mut witness.auxiliary, false);
    let sum = |slots: &[F]| {
        let (numerator, denominator) = lookups
            .fractions(
                &witness.entries,
                slots,
                &fingerprint,
                HIDING.then_some(K::ONE),
            )
            .root();
        numerator * denominator.inverse()
    };
    assert_ne!(sum(&witness.auxiliary), K::ZERO);
    let counted = &lookups.tables[0];
    let rows = counted.table.rows();
    let inverses = std::array::from_fn(|row| fingerprint.denominator(0, rows[row]).inverse());
    let more = solve(sum(&witness.auxiliary), inverses);
    let mut slots = witness.auxiliary.clone();
    for (slot, count) in slots[counted.multiplicities.range()].iter_mut().zip(more) {
        *slot += count;
    }
    assert_eq!(sum(&slots), K::ZERO);
    witness.auxiliary = slots;
    let statement = model.statement(Numbers::Public(input), forgery.output());
    forgery.assert_refused_with(witness, &statement, &[]);
}
