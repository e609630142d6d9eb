//! A prover who commits to what it likes, and does the best it can with it: nothing is looked up but
//! legal rows, or as much of what follows from its commitments as is legal.

use hushwork_proof::circuit::lookups::Lookups;
use hushwork_proof::circuit::run::Run;
use hushwork_proof::circuit::tables::Entry;
use hushwork_proof::circuit::witness::Witness;
use hushwork_proof::circuit::{Circuit, DigitPlaces, LayerPlaces, Mode};
use hushwork_proof::commitment::Committed;
use hushwork_proof::error::{Error, Result};
use hushwork_proof::field::{F, from_i64};
use hushwork_proof::linear::Tensor;
use hushwork_proof::model::{Numbers, Outcome, Statement};
use p3_field::PrimeCharacteristicRing;

use crate::model::{Model, gather, spread};

pub struct Forgery<'a> {
    pub model: &'a Model,
    pub circuit: Circuit,
    /// Its sums are those of the values that are committed.
    pub run: Run,
    pub witness: Witness,
    /// What is multiplied with.
    pub weights: Vec<F>,
}

impl<'a> Forgery<'a> {
    /// An honest run, but for what `change` makes of each layer's output.
    pub fn new(
        model: &'a Model,
        mode: Mode,
        input: &[i32],
        mut change: impl FnMut(usize, &mut Run),
    ) -> Self {
        let circuit = model.scheme.circuit(mode).unwrap();
        let mut run = Run::begin(spread(input, circuit.network.values()[0].size));
        for layer in 0..circuit.places.layers.len() {
            run.layer(&circuit, &model.slots);
            change(layer, &mut run);
        }
        run.output(&circuit, &model.slots);
        let witness = Witness::values(&circuit, &run);
        let weights = model.field.clone();
        Self {
            model,
            circuit,
            run,
            witness,
            weights,
        }
    }

    pub fn honest(model: &'a Model, mode: Mode, input: &[i32]) -> Self {
        Self::new(model, mode, input, |_, _| ())
    }

    /// The output of the run, changed or not.
    pub fn output(&self) -> Outcome {
        let sum = &self.run.sums[self.run.sums.len() - 1];
        Outcome::Numbers(Numbers::Public(gather(
            sum,
            self.circuit.network.output().size,
        )))
    }

    pub fn digits(&self, layer: usize) -> DigitPlaces {
        match &self.circuit.places.layers[layer] {
            LayerPlaces::Digits(places) => places.clone(),
            LayerPlaces::Maxima(_) => panic!("a maximum has no digits"),
        }
    }

    /// Commits to another number.
    pub fn set(&mut self, tensor: Tensor, index: usize, value: i64) {
        self.witness.auxiliary[tensor.base + index] = from_i64(value);
    }

    /// What follows from the commitments, whether it is legal or not.
    pub fn entries(&self) -> Vec<Vec<Vec<F>>> {
        let sums: Vec<Vec<F>> = self
            .run
            .sums
            .iter()
            .map(|sum| hushwork_proof::model::slots(sum))
            .collect();
        self.circuit.lookups.entries(&self.witness.slots(), &sums)
    }

    /// Everything that follows is looked up, at least nearly; or else only what is legal.
    pub fn witnesses(&self) -> [Witness; 2] {
        [false, true].map(|legal| {
            let mut witness = self.witness.clone();
            witness.entries = self.entries();
            settle(
                &self.circuit.lookups,
                &mut witness.entries,
                &mut witness.auxiliary,
                legal,
            );
            witness
        })
    }

    fn shown(
        &self,
        witness: Witness,
        statement: &Statement,
        committed: &[&Committed],
    ) -> Result<()> {
        let scheme = &self.model.scheme;
        let seed = [9; 32];
        let proof = scheme.prove_statement(
            &self.circuit,
            statement,
            committed,
            witness,
            &self.weights,
            seed,
        )?;
        scheme.verify_run(statement, &proof)
    }

    pub fn assert_shown(&self, statement: &Statement, committed: &[&Committed]) {
        for witness in self.witnesses() {
            assert_eq!(self.shown(witness, statement, committed), Ok(()));
        }
    }

    pub fn assert_refused(&self, statement: &Statement, committed: &[&Committed]) {
        for witness in self.witnesses() {
            self.assert_refused_with(witness, statement, committed);
        }
    }

    pub fn assert_refused_with(
        &self,
        witness: Witness,
        statement: &Statement,
        committed: &[&Committed],
    ) {
        let shown = self.shown(witness, statement, committed);
        assert!(matches!(shown, Err(Error::InvalidProof(_))), "{shown:?}");
    }
}

/// Counts the nearest rows; `legal` entries become them.
pub fn settle(lookups: &Lookups, entries: &mut [Vec<Vec<F>>], slots: &mut [F], legal: bool) {
    for counted in &lookups.tables {
        slots[counted.multiplicities.range()].fill(F::ZERO);
    }
    for (segment, columns) in lookups.segments.iter().zip(entries) {
        let counted = &lookups.tables[segment.table];
        let rows = counted.table.rows();
        for index in 0..columns.first().map_or(0, Vec::len) {
            let mut entry: Entry = [0; 3];
            for (value, column) in entry.iter_mut().zip(&*columns) {
                *value = hushwork_proof::circuit::entries::signed(column[index]);
            }
            let row = counted.table.row(entry).filter(|row| rows[*row] == entry);
            let row = row.unwrap_or_else(|| nearest(&rows, entry));
            slots[counted.multiplicities.base + row] += F::ONE;
            if legal {
                for (value, column) in rows[row].iter().zip(&mut *columns) {
                    column[index] = from_i64(*value);
                }
            }
        }
    }
}

fn nearest(rows: &[Entry], entry: Entry) -> usize {
    let distance = |row: &Entry| {
        let apart = || row.iter().zip(&entry).map(|(a, b)| (a - b).abs());
        (apart().filter(|by| *by > 0).count(), apart().sum::<i64>())
    };
    (0..rows.len())
        .min_by_key(|row| distance(&rows[*row]))
        .unwrap()
}
