//! What both sides say to each other about a circuit, once everything is committed.

use p3_field::PrimeCharacteristicRing;

use super::columns::{Claims, SumClaim};
use super::region::Region;
use super::sums::{Weighted, expand};
use super::tables::Fingerprint;
use super::{Circuit, Output};
use crate::atoms::Atoms;
use crate::error::Result;
use crate::factors::Factors;
use crate::field::{F, K, powers};
use crate::fractions::Fractions;
use crate::linear::{Linear, Term};
use crate::masked::{Plan, Planner, Side};
use crate::registers::{pack, pack_base};
use crate::{gkr, product};

/// What the verifier knows of a run.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Slots of the input, where it is public.
    pub input: Option<Vec<F>>,
    /// Slots of the output, where it is public.
    pub output: Option<Vec<F>>,
}

/// What the prover has.
pub struct Known<'a> {
    /// Of all lookups.
    pub fractions: &'a Fractions,
    /// Slots of the values that weights multiply, side by side.
    pub region: &'a [F],
    /// Slots of the weights.
    pub weights: &'a [F],
}

impl Circuit {
    /// Messages and products of the interaction.
    #[must_use]
    pub fn plan(&self, region: &Region) -> Plan {
        let mut planner = Planner::default();
        let ignored = gkr::run(&mut planner, self.lookups.depth(), K::ONE, None).map(|_| ());
        debug_assert!(ignored.is_ok(), "a planner receives nothing");
        if region.len > 0 {
            let ignored =
                product::run(&mut planner, region.bits(), Linear::default(), None).map(|_| ());
            debug_assert!(ignored.is_ok(), "a planner receives nothing");
        }
        planner.plan()
    }

    /// The interaction. `root` is the denominator of all lookups' sum.
    ///
    /// # Errors
    /// MalformedBytes, where the proof ends early.
    pub fn interact(
        &self,
        side: &mut impl Side,
        atoms: &Atoms,
        fingerprint: &Fingerprint,
        root: K,
        told: &Told,
        known: Option<&Known>,
    ) -> Result<()> {
        let region = Region::new(&self.sums, &self.places.values);
        let leaves = gkr::run(
            side,
            self.lookups.depth(),
            root,
            known.map(|known| known.fractions),
        )?;
        side.require(
            self.lookups
                .numerators(&leaves.point)
                .plus(&leaves.numerator, K::NEG_ONE),
        );
        let mut denominators = self
            .lookups
            .denominators(&leaves.point, fingerprint, atoms.dummy());
        denominators.linear.add(&leaves.denominator, K::NEG_ONE);
        let mut claims = vec![denominators];
        if let Some(input) = &told.input {
            let point = side.challenge("input");
            side.require(self.input_claim(point, input));
        }
        if matches!(self.mode.output, Output::Public | Output::Committed) {
            let point = side.challenge("output");
            claims.push(self.output_claim(point, told.output.as_deref()));
        }
        let batch = side.challenge("sums");
        let (linear, weighted) = expand(&self.sums, &self.places.values, combined(claims, batch));
        if region.len == 0 {
            side.require(linear);
            return Ok(());
        }
        let factors = known.map(|known| {
            let right = region.coefficients(&weighted, known.weights);
            factors(known.region, right, region.bits())
        });
        self.multiply(side, &region, linear, &weighted, factors)
    }

    /// The sumcheck of values times weights.
    fn multiply(
        &self,
        side: &mut impl Side,
        region: &Region,
        linear: Linear,
        weighted: &[Weighted],
        factors: Option<Factors>,
    ) -> Result<()> {
        let ends = product::run(side, region.bits(), linear.times(K::NEG_ONE), factors)?;
        let (left, right) = region.at(&ends.point, &self.places.values, weighted);
        side.require(left.plus(&ends.left.into(), K::NEG_ONE));
        side.require(right.plus(&ends.right.into(), K::NEG_ONE));
        Ok(())
    }

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
