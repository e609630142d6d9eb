//! What both sides say to each other about a circuit, once everything is committed.

use p3_field::PrimeCharacteristicRing;

use super::columns::{Claims, SumClaim};
use super::lookups::Lookups;
use super::region::Region;
use super::sums::{Weighted, expand};
use super::witness::Witness;
use super::{Circuit, Output};
use crate::argument::{Seen, Subject};
use crate::error::Result;
use crate::factors::Factors;
use crate::field::{F, K, powers};
use crate::fractions::Fractions;
use crate::linear::{Linear, Term};
use crate::masked::{Plan, Planner, Side};
use crate::registers::{pack, pack_base};
use crate::{gkr, product};

/// What everybody knows of a run.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Slots of the input, where it is public.
    pub input: Option<Vec<F>>,
    /// Slots of the output, where it is public.
    pub output: Option<Vec<F>>,
}

/// What the prover knows of it.
pub struct Known<'a> {
    /// Slots of the values that weights multiply, side by side.
    pub region: Vec<F>,
    /// Slots of the weights.
    pub weights: &'a [F],
}

/// A run of a circuit.
pub struct Run<'a> {
    circuit: &'a Circuit,
    told: &'a Told,
    region: Region,
}

impl<'a> Run<'a> {
    /// What is to be shown of a run.
    pub fn new(circuit: &'a Circuit, told: &'a Told) -> Self {
        Self {
            circuit,
            told,
            region: Region::new(&circuit.sums, &circuit.places.values),
        }
    }

    /// Variables of the sumcheck of values and weights.
    pub fn variables(&self) -> usize {
        self.region.bits()
    }

    /// What the prover knows, from slots.
    pub fn known<'w>(&self, witness: &Witness, weights: &'w [F]) -> Known<'w> {
        let value = |(value, _): &(usize, usize)| {
            witness
                .slots()
                .of(self.circuit.places.values[*value])
                .iter()
                .copied()
        };
        Known {
            region: self.region.places.iter().flat_map(value).collect(),
            weights,
        }
    }

    /// The sumcheck of values times weights.
    fn multiply(
        &self,
        side: &mut impl Side,
        linear: Linear,
        weighted: &[Weighted],
        factors: Option<Factors>,
    ) -> Result<()> {
        let ends = product::run(side, self.region.bits(), linear.times(K::NEG_ONE), factors)?;
        let (left, right) = self
            .region
            .at(&ends.point, &self.circuit.places.values, weighted);
        side.require(left.plus(&ends.left.into(), K::NEG_ONE));
        side.require(right.plus(&ends.right.into(), K::NEG_ONE));
        Ok(())
    }
}

impl<'a> Subject for Run<'a> {
    type Known = Known<'a>;

    fn plan(&self) -> Plan {
        let mut planner = Planner::default();
        let depth = self.circuit.lookups.depth();
        let mut planned = gkr::run(&mut planner, depth, K::ONE, None).map(|_| ());
        if self.region.len > 0 {
            let product = product::run(&mut planner, self.region.bits(), Linear::default(), None);
            planned = planned.and(product.map(|_| ()));
        }
        debug_assert!(planned.is_ok(), "a planner receives nothing");
        planner.plan()
    }

    fn slots(&self) -> usize {
        self.circuit.places.auxiliary
    }

    fn lookups(&self) -> Option<&Lookups> {
        Some(&self.circuit.lookups)
    }

    fn interact(
        &self,
        side: &mut impl Side,
        seen: &Seen,
        known: Option<(&Known, Option<&Fractions>)>,
    ) -> Result<()> {
        let circuit = self.circuit;
        let mut claims =
            vec![
                circuit
                    .lookups
                    .show(side, seen, known.and_then(|(_, fractions)| fractions))?,
            ];
        (seen.phases)("layers");
        if let Some(input) = &self.told.input {
            let point = side.challenge("input");
            side.require(circuit.input_claim(point, input));
        }
        if !matches!(circuit.mode.output, Output::Class(_)) {
            let point = side.challenge("output");
            claims.push(circuit.output_claim(point, self.told.output.as_deref()));
        }
        let batch = side.challenge("sums");
        let (linear, weighted) = expand(
            &circuit.sums,
            &circuit.places.values,
            combined(claims, batch),
        );
        if self.region.len == 0 {
            side.require(linear);
            return Ok(());
        }
        let factors = known.map(|(known, _)| {
            let right = self.region.coefficients(&weighted, known.weights);
            factors(&known.region, right, self.region.bits())
        });
        self.multiply(side, linear, &weighted, factors)
    }
}

impl Circuit {
    /// That the input's slots are what is told.
    fn input_claim(&self, point: K, slots: &[F]) -> Linear {
        let tensor = self.input();
        let (rows, columns) = spread(point, tensor.rows, tensor.columns);
        let term = Term::flat(tensor, rows, columns);
        let constant = -Term {
            tensor: crate::linear::Tensor { base: 0, ..tensor },
            ..term.clone()
        }
        .apply(slots);
        Linear {
            constant,
            terms: vec![term],
            ..Linear::default()
        }
    }

    /// That the output is what is told, or what is committed.
    fn output_claim(&self, point: K, slots: Option<&[F]>) -> Claims {
        let size = self.network.output().size;
        let (rows, columns) = spread(point, size.positions(), size.columns());
        let mut linear = Linear::default();
        if let Some(slots) = slots {
            let tensor = crate::linear::Tensor {
                commitment: 0,
                base: 0,
                rows: rows.len(),
                middle: 1,
                columns: columns.len(),
            };
            linear.constant = -Term::flat(tensor, rows.clone(), columns.clone()).apply(slots);
        }
        if let Some(tensor) = self.places.output {
            let negative = rows.iter().map(|row| -*row).collect();
            linear
                .terms
                .push(Term::flat(tensor, negative, columns.clone()));
        }
        Claims {
            linear,
            sums: vec![SumClaim {
                sum: self.sums.len() - 1,
                rows,
                columns,
            }],
        }
    }
}

/// x^(row * columns) and x^column.
fn spread(x: K, rows: usize, columns: usize) -> (Vec<K>, Vec<K>) {
    (powers(x.exp_u64(columns as u64), rows), powers(x, columns))
}

fn combined(claims: Vec<Claims>, batch: K) -> Claims {
    let mut all = Claims::default();
    let powers = powers(batch, claims.len());
    for (mut claims, power) in claims.into_iter().zip(powers) {
        all.linear.add(&claims.linear, power);
        claims
            .sums
            .iter_mut()
            .flat_map(|sum| &mut sum.rows)
            .for_each(|row| *row *= power);
        all.sums.append(&mut claims.sums);
    }
    all
}

fn factors(left: &[F], mut right: Vec<K>, bits: usize) -> Factors {
    right.resize(
        right.len().next_multiple_of(crate::registers::LANES),
        K::ZERO,
    );
    Factors::new(pack_base(left), pack(&right), bits)
}
