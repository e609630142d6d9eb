//! Opening several commitments at once for one linear statement about them all.
//!
//! The statement's sumcheck, under pads, ends at a point (row, column): then the columns of all
//! commitments, combined by eq(column, .), have a known inner product with eq(row, .). The prover
//! sends that combination times a challenge plus a mask, the verifier checks it against rows of the
//! codewords, where they are asked for at random. (Ligero's and Brakedown's opening, eprint
//! 2022/1608 and 2021/1043, in the list-decoding regime, with masks.)

use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;

use crate::commitment::{Code, Committed, Masks, Shape, Shown};
use crate::error::{Detail, Error, Result, malformed, refuse};
use crate::factors::Factors;
use crate::field::{DEGREE, F, K, inner, inner_base, join};
use crate::linear::{Linear, Term, coefficients};
use crate::masked::{Plan, Receiver, Sender, Side};
use crate::merkle::{self, Digest};
use crate::registers::pack_base;
use crate::transcript::Challenger;
use crate::{code, eq, product};

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
#[must_use]
pub fn rounds(code: &Code, shapes: &[Shape]) -> usize {
    code.log_rows() + Columns::new(shapes).variables
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
    let masks = masks.filter(|masks| masks.pads.len() == 2 * rounds(code, &shapes) + code.queries);
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

fn positions(challenger: &mut impl Challenger, code: &Code) -> Vec<usize> {
    let mut positions = challenger.positions(code.queries, code.log_domain);
    positions.sort_unstable();
    positions.dedup();
    positions
}

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
    let plan = plan(rounds(code, &shapes));
    check_lengths(code, &plan, commitments.len(), opening)?;
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

fn check_lengths(code: &Code, plan: &Plan, commitments: usize, opening: &Opening) -> Result<()> {
    let expected = [plan.pads, code.rows, plan.pads + code.queries, commitments];
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
fn coefficient(shapes: &[Shape], terms: &[Term], end: &End) -> K {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;
    use crate::field::{random, random_extension};
    use crate::linear::Tensor;
    use crate::transcript::Transcript;

    const CODE: Code = Code {
        log_domain: 8,
        rows: 48,
        queries: 12,
    };

    struct Case {
        committed: Vec<Committed>,
        terms: Vec<Term>,
        target: K,
    }

    impl Case {
        fn new(seed: u64) -> Self {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let logs: Vec<usize> = (0..1 + seed as usize % 3)
                .map(|_| rng.next_u32() as usize % 6)
                .collect();
            let shapes: Vec<Shape> = logs
                .iter()
                .map(|log_columns| Shape {
                    log_columns: *log_columns,
                    masked: false,
                })
                .collect();
            let rounds = rounds(&CODE, &shapes);
            let mut commit = |(index, log): (usize, &usize)| {
                let slots = (0..20 << log).map(|_| random(&mut rng)).collect();
                Committed::new(
                    &CODE,
                    *log,
                    slots,
                    (index == 0).then_some(rounds),
                    [index as u8; 32],
                )
                .unwrap()
            };
            let committed: Vec<Committed> = logs.iter().enumerate().map(&mut commit).collect();
            let mut term = |(commitment, log): (usize, &usize)| {
                let columns = 1 << (rng.next_u32() as usize % (log + 2));
                let tensor = Tensor {
                    commitment,
                    base: columns * 2,
                    rows: (20 << log) / columns / 2,
                    middle: 1,
                    columns,
                };
                let mut draw =
                    |count: usize| (0..count).map(|_| random_extension(&mut rng)).collect();
                Term::flat(tensor, draw(tensor.rows), draw(columns))
            };
            let terms: Vec<Term> = logs.iter().enumerate().map(&mut term).collect();
            let target = terms
                .iter()
                .zip(&committed)
                .map(|(term, committed)| term.apply(&committed.slots))
                .sum();
            Self {
                committed,
                terms,
                target,
            }
        }

        fn open(&self) -> Opening {
            let committed: Vec<&Committed> = self.committed.iter().collect();
            open(
                &mut Transcript::new("hushwork test"),
                &CODE,
                &committed,
                &self.terms,
                self.target,
            )
            .unwrap()
        }

        fn verify(&self, opening: &Opening) -> Result<()> {
            let roots: Vec<(Digest, Shape)> = self
                .committed
                .iter()
                .map(|one| (one.root(), one.shape))
                .collect();
            verify(
                &mut Transcript::new("hushwork test"),
                &CODE,
                &roots,
                &self.terms,
                self.target,
                opening,
            )
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn what_holds_is_shown(seed: u64) {
            let case = Case::new(seed);
            prop_assert_eq!(case.verify(&case.open()), Ok(()));
        }

        #[test]
        fn another_target_is_not(seed: u64) {
            let mut case = Case::new(seed);
            case.target += K::ONE;
            prop_assert!(case.verify(&case.open()).is_err());
        }

        #[test]
        fn no_message_can_be_changed(seed: u64, which: usize) {
            let case = Case::new(seed);
            let mut opening = case.open();
            let Opening { rounds, mask, combination, pads, .. } = &mut opening;
            let mut all: Vec<&mut K> = rounds.iter_mut().chain(combination).chain(pads).chain([mask]).collect();
            let which = which % all.len();
            *all[which] += K::ONE;
            prop_assert!(case.verify(&opening).is_err());
        }
    }
}
