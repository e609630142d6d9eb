//! The verifier's side of an opening.

use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;

use super::{Columns, End, Opening, pads, plan, positions, rounds, sumcheck};
use crate::commitment::{Code, Shape};
use crate::error::{Result, malformed, refuse};
use crate::field::{DEGREE, K, inner, inner_base, join};
use crate::linear::Term;
use crate::masked::Receiver;
use crate::merkle::{self, Digest};
use crate::transcript::Challenger;
use crate::{code, eq};

/// Checks that terms of committed slots sum to `target`.
///
/// # Errors
/// InvalidProof, or MalformedBytes
pub fn verify(
    challenger: &mut impl Challenger,
    code: &Code,
    commitments: &[(Digest, Shape)],
    terms: &[Term],
    target: K,
    opening: &Opening,
) -> Result<()> {
    let shapes: Vec<Shape> = commitments.iter().map(|(_, shape)| *shape).collect();
    let rounds = rounds(code, &shapes);
    let plan = plan(rounds);
    check_lengths(code, rounds, commitments.len(), opening)?;
    let mut receiver = Receiver::new(challenger, &plan, &opening.rounds);
    let (end, _) = sumcheck(&mut receiver, code, &shapes, target, None)?;
    challenger.absorb_extension("mask", &[opening.mask]);
    let scale = challenger.challenge("scale");
    challenger.absorb_extension("combination", &opening.combination);
    challenger.absorb_extension("pads", &opening.pads);
    let positions = positions(challenger, code);
    check_statement(code, &shapes, terms, &end, scale, opening)?;
    let columns = Columns::new(&shapes).weights(&shapes, &end.column);
    check_rows(code, &shapes, &columns, scale, &positions, opening)?;
    for ((root, _), shown) in commitments.iter().zip(&opening.shown) {
        merkle::verify(root, code.log_domain, &positions, &shown.rows, &shown.paths)?;
    }
    Ok(())
}

fn check_lengths(code: &Code, rounds: usize, commitments: usize, opening: &Opening) -> Result<()> {
    let pads = pads(rounds, code.queries);
    let expected = [2 * rounds, code.rows, pads, commitments];
    let got = [
        opening.rounds.len(),
        opening.combination.len(),
        opening.pads.len(),
        opening.shown.len(),
    ];
    if expected != got {
        return Err(malformed(
            "lengths of an opening",
            format!("{expected:?}"),
            format!("{got:?}"),
        ));
    }
    Ok(())
}

fn check_statement(
    code: &Code,
    shapes: &[Shape],
    terms: &[Term],
    end: &End,
    scale: K,
    opening: &Opening,
) -> Result<()> {
    let coefficient = coefficient(shapes, terms, end);
    let rows = inner(&opening.combination, &eq::range(&end.row, 0, code.rows));
    let pads = inner(&opening.pads, &end.pads(opening.pads.len()));
    if coefficient * rows + pads != scale * end.claim.constant + opening.mask {
        return Err(refuse(
            "the statement does not hold",
            "its target",
            "another value",
        ));
    }
    Ok(())
}

/// The statement's coefficient at the point.
pub(super) fn coefficient(shapes: &[Shape], terms: &[Term], end: &End) -> K {
    let first = Columns::new(shapes).first;
    let place = |(shape, first): (&Shape, &usize)| {
        let (block, within) = end.column.split_at(end.column.len() - shape.log_columns);
        (
            eq::at(block, first >> shape.log_columns),
            [&end.row, within].concat(),
        )
    };
    let places: Vec<(K, Vec<K>)> = shapes.iter().zip(&first).map(place).collect();
    let of = |term: &Term| {
        let (weight, point) = &places[term.tensor.commitment];
        *weight * term.evaluate(point)
    };
    terms.par_iter().map(of).sum()
}

fn check_rows(
    code: &Code,
    shapes: &[Shape],
    columns: &[Vec<K>],
    scale: K,
    positions: &[usize],
    opening: &Opening,
) -> Result<()> {
    for (shape, shown) in shapes.iter().zip(&opening.shown) {
        if shown.rows.len() != shape.width() * positions.len() {
            return Err(malformed(
                "rows that are shown",
                shape.width() * positions.len(),
                shown.rows.len(),
            ));
        }
    }
    for (index, position) in positions.iter().enumerate() {
        let x = code::point(*position, code.log_domain);
        let (mut combined, mut pads) = (K::ZERO, K::ZERO);
        for ((shape, weights), shown) in shapes.iter().zip(columns).zip(&opening.shown) {
            let (slots, masks) =
                shown.rows[index * shape.width()..][..shape.width()].split_at(weights.len());
            combined += scale * inner_base(weights, slots);
            if let [combination, of_combination, of_pads] =
                masks.chunks_exact(DEGREE).map(join).collect::<Vec<K>>()[..]
            {
                combined += combination;
                pads += scale * of_combination + of_pads;
            }
        }
        let sent = [
            code::evaluate(&opening.combination, x),
            code::evaluate(&opening.pads, x),
        ];
        if sent != [combined, pads] {
            return Err(refuse(
                "a row of the commitments",
                "as combined",
                "other values",
            ));
        }
    }
    Ok(())
}
