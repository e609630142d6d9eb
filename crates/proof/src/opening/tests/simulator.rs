//! Openings made without what is committed.

use rand_core::Rng;

use super::super::verify::coefficient;
use super::super::{Columns, Opening, plan, positions, rounds, sumcheck};
use crate::code;
use crate::commitment::{Code, MASKS, Shape, Shown};
use crate::eq;
use crate::field::{F, K, inner, inner_base, random, random_extension, split};
use crate::linear::Term;
use crate::masked::Receiver;
use crate::merkle::Paths;
use crate::transcript::Challenger;

/// An opening of commitments of which the first has masks. Of the others, `rows` are shown. Everything
/// is uniform, but for what the verifier's equations make of the rest. There are no paths yet.
pub(crate) fn simulate(
    challenger: &mut impl Challenger,
    code: &Code,
    shapes: &[Shape],
    rows: &[Vec<F>],
    (terms, target): (&[Term], K),
    rng: &mut impl Rng,
) -> Opening {
    let plan = plan(rounds(code, shapes));
    let mut draw = |count: usize| {
        (0..count)
            .map(|_| random_extension(rng))
            .collect::<Vec<K>>()
    };
    let (rounds, combination, pads) = (
        draw(plan.pads),
        draw(code.rows),
        draw(plan.pads + code.queries),
    );
    let mut receiver = Receiver::new(challenger, &plan, &rounds);
    let (end, _) = sumcheck(&mut receiver, code, shapes, target, None).unwrap();
    challenger.absorb_extension("mask", &[]);
    let scale = challenger.challenge("scale");
    let values = inner(&combination, &eq::range(&end.row, 0, code.rows));
    let mask = coefficient(shapes, terms, &end) * values + inner(&pads, &end.pads(pads.len()))
        - scale * end.claim.constant;
    let weights = Columns::new(shapes).weights(shapes, &end.column);
    let mut first = Vec::new();
    for (index, position) in positions(challenger, code).into_iter().enumerate() {
        let x = code::point(position, code.log_domain);
        let slots: Vec<F> = weights[0].iter().map(|_| random(rng)).collect();
        let of = |(weights, rows): (&Vec<K>, &Vec<F>)| {
            inner_base(weights, &rows[index * weights.len()..])
        };
        let others = weights[1..].iter().zip(rows).map(of).sum::<K>();
        let pad = random_extension(rng);
        let masks: [K; MASKS] = [
            code::evaluate(&combination, x) - scale * (inner_base(&weights[0], &slots) + others),
            pad,
            code::evaluate(&pads, x) - scale * pad,
        ];
        first.extend(slots);
        first.extend(masks.iter().flat_map(split));
    }
    let shown = [&first].into_iter().chain(rows).map(|rows| Shown {
        rows: rows.clone(),
        paths: Paths {
            salts: Vec::new(),
            digests: Vec::new(),
        },
    });
    Opening {
        rounds,
        mask,
        combination,
        pads,
        shown: shown.collect(),
    }
}
