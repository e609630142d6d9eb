//! Combine steps compiled: which outputs read the same inputs, and which are made together.

use std::ops::Range;

use hushwork_ring::memory::{collected, copied, reserved};

use super::check::{Checked, plain_scale};
use super::linear::{HOISTED, PRODUCT};
use super::literal::{Combine, Register};
use crate::Parameters;

/// Memory for the sums that are made together and for the residues of their weights.
const BATCH_BYTES: usize = 512 << 20;
/// Most rows of one block: a strip of each stays in the first cache.
const MAX_ROWS: usize = 96;

/// A combine step, ready to run.
pub(super) struct Combination {
    pub limbs: usize,
    pub scale: f64,
    pub batches: Vec<Batch>,
}

/// Outputs whose sums are made together.
pub(super) struct Batch {
    /// Those that any of its columns are.
    pub inputs: Vec<Register>,
    pub outputs: Vec<Register>,
    pub blocks: Vec<Block>,
    /// Block by block, the place of each column among the inputs.
    pub columns: Vec<u32>,
    /// Block by block and row by row, one for each column, rounded.
    pub weights: Vec<i64>,
    /// One for each output, rounded.
    pub bias: Option<Vec<i64>>,
}

/// Neighbouring outputs that read the same inputs.
pub(super) struct Block {
    pub rows: usize,
    pub columns: usize,
}

impl Combination {
    pub fn new(parameters: &Parameters, checked: &Checked, combine: &Combine) -> Self {
        let limbs = checked.shapes[&combine.inputs[0]].limbs;
        let prime = parameters.literal().moduli[limbs - 1] as f64;
        let scale = |register| plain_scale(combine.scale, prime, checked.shapes[register].scale);
        let scales = collected(combine.inputs.iter().map(scale));
        let word = limbs * size_of::<u64>();
        let batches = batches(combine, 2 * parameters.degree() * word, word);
        let batch = |blocks: Vec<_>| Batch::new(combine, &scales, &blocks);
        Self {
            limbs,
            scale: combine.scale,
            batches: collected(batches.into_iter().map(batch)),
        }
    }

    /// Work units of the whole step.
    pub fn units(&self) -> u64 {
        let batches = self.batches.iter();
        let units = batches.map(|batch| 2 * batch.half(self.limbs) + batch.divisions(self.limbs));
        units.sum()
    }

    /// Memory that the weights take.
    pub fn plaintext_bytes(&self) -> usize {
        self.batches.iter().map(Batch::plaintext_bytes).sum()
    }
}

impl Batch {
    fn new(combine: &Combine, scales: &[f64], blocks: &[Range<usize>]) -> Self {
        let outputs = blocks[0].start..blocks[blocks.len() - 1].end;
        let (inputs, columns) = placed(combine, blocks);
        let block = |rows: &Range<usize>| Block {
            rows: rows.len(),
            columns: row(combine, rows.start).len(),
        };
        let round = |value: &f64| (value * combine.scale).round() as i64;
        let bias = |bias: &Vec<f64>| collected(bias[outputs.clone()].iter().map(round));
        Self {
            inputs,
            blocks: collected(blocks.iter().map(block)),
            columns,
            weights: weights(combine, scales, &outputs),
            bias: combine.bias.as_ref().map(bias),
            outputs: copied(&combine.outputs[outputs]),
        }
    }

    /// Work units of one half of the sums.
    pub fn half(&self, limbs: usize) -> u64 {
        (self.weights.len() * limbs) as u64 * PRODUCT / 2
    }

    /// Work units of rescaling.
    pub fn divisions(&self, limbs: usize) -> u64 {
        (self.outputs.len() * limbs) as u64 * HOISTED
    }

    fn plaintext_bytes(&self) -> usize {
        let bias = self.bias.as_ref().map_or(0, |bias| size_of_val(&bias[..]));
        size_of_val(&self.weights[..]) + size_of_val(&self.columns[..]) + bias
    }
}

/// The columns of one output's entries.
fn row(combine: &Combine, output: usize) -> &[u32] {
    &combine.columns[combine.starts[output]..combine.starts[output + 1]]
}

/// The blocks of each batch, of so many bytes a sum and a weight.
fn batches(combine: &Combine, sum: usize, weight: usize) -> Vec<Vec<Range<usize>>> {
    let most = (BATCH_BYTES / sum).clamp(1, MAX_ROWS);
    let (mut batches, mut room): (Vec<Vec<_>>, _) = (Vec::new(), 0);
    for rows in blocks(combine, most) {
        let bytes = rows.len() * (sum + weight * row(combine, rows.start).len());
        if bytes > room {
            batches.push(Vec::new());
            room = BATCH_BYTES;
        }
        room = room.saturating_sub(bytes);
        batches.last_mut().expect("a batch").push(rows);
    }
    batches
}

/// Runs of outputs that read the same inputs.
fn blocks(combine: &Combine, most: usize) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = reserved(combine.outputs.len());
    for output in 0..combine.outputs.len() {
        match blocks.last_mut() {
            Some(rows) if rows.len() < most && row(combine, rows.start) == row(combine, output) => {
                rows.end = output + 1;
            }
            _ => blocks.push(output..output + 1),
        }
    }
    blocks
}

/// The inputs that some blocks read, and of each column its place among them.
fn placed(combine: &Combine, blocks: &[Range<usize>]) -> (Vec<Register>, Vec<u32>) {
    let columns = blocks.iter().map(|rows| row(combine, rows.start));
    let mut places = collected(combine.inputs.iter().map(|_| None));
    for &column in columns.clone().flatten() {
        places[column as usize] = Some(0);
    }
    let mut inputs = reserved(places.len());
    for (place, &input) in places.iter_mut().zip(&combine.inputs) {
        if let Some(place) = place {
            *place = inputs.len() as u32;
            inputs.push(input);
        }
    }
    let mut placed = reserved(columns.clone().map(<[_]>::len).sum());
    placed.extend(
        columns
            .flatten()
            .filter_map(|&column| places[column as usize]),
    );
    (inputs, placed)
}

/// The weights of some outputs at the scales of the inputs that they meet.
fn weights(combine: &Combine, scales: &[f64], outputs: &Range<usize>) -> Vec<i64> {
    let entries = combine.starts[outputs.start]..combine.starts[outputs.end];
    let pairs = combine.columns[entries.clone()].iter();
    let pairs = pairs.zip(&combine.weights[entries]);
    collected(pairs.map(|(&column, weight)| (weight * scales[column as usize]).round() as i64))
}
