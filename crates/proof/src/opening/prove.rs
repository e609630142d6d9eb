//! The prover's side of an opening.

use rayon::prelude::*;

use super::{Columns, Opening, pads, plan, positions, rounds, sumcheck};
use crate::coefficients::coefficients;
use crate::commitment::{Code, Committed, Masks, Shape};
use crate::eq;
use crate::error::{Detail, Error, Result};
use crate::factors::Factors;
use crate::field::{F, K, inner, inner_base};
use crate::linear::Term;
use crate::masked::Sender;
use crate::registers::pack_base;
use crate::transcript::Challenger;

/// Shows that terms sum to `target`. One commitment has masks, for as many rounds as it takes.
///
/// # Errors
/// Misuse, where it has not.
pub fn open(
    challenger: &mut impl Challenger,
    code: &Code,
    commitments: &[&Committed],
    terms: &[Term],
    target: K,
) -> Result<Opening> {
    let shapes: Vec<Shape> = commitments
        .iter()
        .map(|committed| committed.shape)
        .collect();
    let masks = commitments
        .iter()
        .find_map(|committed| committed.masks.as_ref());
    let masks = masks.filter(|masks| masks.pads.len() == pads(rounds(code, &shapes), code.queries));
    let masks = masks.ok_or_else(|| {
        Error::Misuse(Detail::new(
            "masks of an opening",
            "one commitment with them",
            "none",
        ))
    })?;
    let plan = plan(rounds(code, &shapes));
    let mut sender = Sender::new(challenger, &plan, &masks.pads);
    let parts = commitments.iter().enumerate().map(|(index, committed)| {
        let weights = coefficients(terms, index, committed.slots.len());
        Factors::new(
            pack_base(&committed.slots),
            weights,
            committed.shape.variables(code),
        )
    });
    let (end, coefficient) = sumcheck(&mut sender, code, &shapes, target, Some(parts.collect()))?;
    let (rounds, _) = sender.finish();
    let rows: Vec<K> = eq::range(&end.row, 0, code.rows)
        .iter()
        .map(|weight| *weight * coefficient)
        .collect();
    let mask = inner(&masks.combination, &rows) + inner(&masks.of_pads, &end.pads(plan.pads));
    challenger.absorb_extension("mask", &[mask]);
    let scale = challenger.challenge("scale");
    let columns = Columns::new(&shapes).weights(&shapes, &end.column);
    let combination = combine(commitments, &columns, scale, masks);
    let pads: Vec<K> = masks
        .pads
        .iter()
        .zip(&*masks.of_pads)
        .map(|(pad, mask)| *pad * scale + *mask)
        .collect();
    challenger.absorb_extension("combination", &combination);
    challenger.absorb_extension("pads", &pads);
    let positions = positions(challenger, code);
    let shown = commitments
        .iter()
        .map(|committed| committed.show(&positions))
        .collect();
    Ok(Opening {
        rounds,
        mask,
        combination,
        pads,
        shown,
    })
}

/// The columns' combination, scaled, plus its mask.
fn combine(commitments: &[&Committed], columns: &[Vec<K>], scale: K, masks: &Masks) -> Vec<K> {
    let scaled = columns.iter().map(|weights| {
        weights
            .iter()
            .map(|weight| *weight * scale)
            .collect::<Vec<K>>()
    });
    let parts: Vec<(&[F], Vec<K>)> = commitments
        .iter()
        .map(|committed| &*committed.slots)
        .zip(scaled)
        .collect();
    let rows = masks.combination.par_iter().enumerate().with_min_len(16);
    rows.map(|(row, mask)| {
        let of = |(slots, weights): &(&[F], Vec<K>)| {
            inner_base(weights, &slots[row * weights.len()..][..weights.len()])
        };
        *mask + parts.iter().map(of).sum::<K>()
    })
    .collect()
}
