//! Sums with scalar weights, a strip of all inputs at a time.

use hushwork_ring::{Kernel, STRIP, Scalars, Strip, with_scratch};

use super::combination::Batch;

/// Words of a limb that one task makes.
pub(super) const PART: usize = 1 << 10;
/// Strips that are gathered at once, since each input lies in a page of its own.
const GATHERED: usize = 4;

/// Some words of a limb of all sums of a batch, and what makes them.
pub(super) struct Part<'a> {
    pub batch: &'a Batch,
    pub kernel: &'a dyn Kernel,
    /// Residues.
    pub weights: &'a [u64],
    pub inputs: Vec<&'a [u64]>,
    pub sums: Vec<&'a mut [u64]>,
}

impl Part<'_> {
    /// Makes every sum.
    pub fn fill(mut self) {
        let rows = self.batch.blocks.iter().map(|block| block.rows);
        let (count, rows) = (self.inputs.len(), rows.max().unwrap_or(0));
        let length = self.sums[0].len();
        with_scratch((GATHERED * count + rows) * STRIP, |scratch| {
            let (inputs, out) = scratch.as_chunks_mut().0.split_at_mut(GATHERED * count);
            for start in (0..length).step_by(GATHERED * STRIP) {
                self.gather(start, inputs);
                let starts = (start..length).step_by(STRIP);
                for (start, inputs) in starts.zip(inputs.chunks_exact(count)) {
                    self.strip(start, inputs, out);
                }
            }
        });
    }

    /// One strip of every input, then the next; zeros where a limb is shorter.
    fn gather(&self, start: usize, strips: &mut [Strip]) {
        let count = self.inputs.len();
        for (index, input) in self.inputs.iter().enumerate() {
            let strips = strips[index..].iter_mut().step_by(count);
            for (words, strip) in input[start..].chunks(STRIP).zip(strips) {
                match words.first_chunk() {
                    Some(words) => *strip = *words,
                    None => {
                        *strip = [0; STRIP];
                        strip[..words.len()].copy_from_slice(words);
                    }
                }
            }
        }
    }

    /// A strip of every sum.
    fn strip(&mut self, start: usize, inputs: &[Strip], out: &mut [Strip]) {
        let (mut columns, mut weights) = (&self.batch.columns[..], self.weights);
        let mut sums = self.sums.iter_mut();
        for block in &self.batch.blocks {
            let scalars = Scalars {
                columns: columns.split_off(..block.columns).expect("its columns"),
                weights: weights
                    .split_off(..block.rows * block.columns)
                    .expect("its weights"),
            };
            let out = &mut out[..block.rows];
            self.kernel.combine(&scalars, inputs, out);
            for (out, sum) in out.iter().zip(&mut sums) {
                let words = &mut sum[start..];
                let length = words.len().min(STRIP);
                words[..length].copy_from_slice(&out[..length]);
            }
        }
    }
}
