//! Opening several commitments at once for one linear statement about them all.
//!
//! The statement's sumcheck, under pads, ends at a point (row, column): then the columns of all
//! commitments, combined by eq(column, .), have a known inner product with eq(row, .). The prover
//! sends that combination times a challenge plus a mask, the verifier checks it against rows of the
//! codewords, where they are asked for at random. (Ligero's and Brakedown's opening, eprint
//! 2022/1608 and 2021/1043, in the list-decoding regime, with masks.)

mod prove;
#[cfg(test)]
pub(crate) mod tests;
mod verify;

pub use prove::open;
pub use verify::verify;

use p3_field::PrimeCharacteristicRing;

use crate::commitment::{Code, Shape, Shown};
use crate::error::Result;
use crate::factors::Factors;
use crate::field::K;
use crate::hiding::hiding;
use crate::linear::Linear;
use crate::masked::{Plan, Side};
use crate::transcript::Challenger;
use crate::{eq, product};

/// The messages of an opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Two of each round of the sumcheck.
    pub rounds: Vec<K>,
    /// What the masks contribute to the statement.
    pub mask: K,
    /// The masked combination of all columns.
    pub combination: Vec<K>,
    /// The masked pads.
    pub pads: Vec<K>,
    /// Of each commitment.
    pub shown: Vec<Shown>,
}

/// Where each commitment's columns lie among the columns of all: the largest first, so that each
/// begins at a multiple of its number.
struct Columns {
    first: Vec<usize>,
    variables: usize,
}

impl Columns {
    fn new(shapes: &[Shape]) -> Self {
        let mut order: Vec<usize> = (0..shapes.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(shapes[*index].log_columns));
        let mut first = vec![0; shapes.len()];
        let mut next = 0;
        for index in order {
            first[index] = next;
            next += 1 << shapes[index].log_columns;
        }
        Self {
            first,
            variables: next.next_power_of_two().ilog2() as usize,
        }
    }
}

/// Rounds of an opening.
pub fn rounds(code: &Code, shapes: &[Shape]) -> usize {
    code.log_rows() + Columns::new(shapes).variables
}

/// Pads of so many rounds, and then random elements for the queries.
pub fn pads(rounds: usize, queries: usize) -> usize {
    hiding(2 * rounds + queries)
}

fn plan(rounds: usize) -> Plan {
    Plan {
        pads: 2 * rounds,
        products: Vec::new(),
    }
}

/// How the sumcheck ends: the statement's coefficient at a point, times the value of all slots
/// there, is `claim`.
struct End {
    row: Vec<K>,
    column: Vec<K>,
    /// A statement about pads.
    claim: Linear,
}

impl End {
    /// What the pads' coefficients are, on the left-hand side.
    fn pads(&self, count: usize) -> Vec<K> {
        let mut weights = vec![K::ZERO; count];
        for (pad, coefficient) in &self.claim.atoms {
            weights[*pad] -= *coefficient;
        }
        weights
    }
}

impl Columns {
    /// eq(point, .) of each commitment's columns.
    fn weights(&self, shapes: &[Shape], point: &[K]) -> Vec<Vec<K>> {
        let of =
            |(first, shape): (&usize, &Shape)| eq::range(point, *first, 1 << shape.log_columns);
        self.first.iter().zip(shapes).map(of).collect()
    }

    /// The factors of all commitments, whose rows are bound, side by side.
    fn join(&self, parts: Vec<Factors>) -> Factors {
        let mut joined = [
            vec![K::ZERO; 1 << self.variables],
            vec![K::ZERO; 1 << self.variables],
        ];
        for (first, part) in self.first.iter().zip(parts) {
            for (all, values) in joined.iter_mut().zip(part.values()) {
                all[*first..*first + values.len()].copy_from_slice(&values);
            }
        }
        Factors::single(joined, self.variables)
    }
}

/// Both sides' sumcheck, and, for the prover, the statement's coefficient at its point.
fn sumcheck(
    side: &mut impl Side,
    code: &Code,
    shapes: &[Shape],
    target: K,
    mut parts: Option<Vec<Factors>>,
) -> Result<(End, K)> {
    let columns = Columns::new(shapes);
    let mut claim = Linear::constant(target);
    let mut point = Vec::new();
    for round in 0..code.log_rows() + columns.variables {
        if round == code.log_rows() {
            parts = parts.map(|parts| vec![columns.join(parts)]);
        }
        let sum = |parts: &Vec<Factors>| {
            parts
                .iter()
                .map(Factors::round)
                .fold([K::ZERO; 2], |a, b| [a[0] + b[0], a[1] + b[1]])
        };
        let [zero, lead] = side.send("opening round", parts.as_ref().map(sum))?;
        let bound = side.challenge("opening round");
        claim = product::next(claim, &zero.into(), &lead.into(), bound);
        parts.iter_mut().flatten().for_each(|part| part.bind(bound));
        point.push(bound);
    }
    let column = point.split_off(code.log_rows());
    let coefficient = parts
        .and_then(|mut parts| parts.pop())
        .map(|part| part.values()[1][0]);
    Ok((
        End {
            row: point,
            column,
            claim,
        },
        coefficient.unwrap_or_default(),
    ))
}

fn positions(challenger: &mut impl Challenger, code: &Code) -> Vec<usize> {
    let mut positions = challenger.positions(code.queries, code.log_domain);
    positions.sort_unstable();
    positions.dedup();
    positions
}
