//! The sums of a network, with their weights' places.

use std::sync::Arc;

use p3_field::PrimeCharacteristicRing;

use super::WEIGHTS;
use super::columns::{Claims, SumClaim};
use super::description::Term as Described;
use super::geometry::{Size, Sources};
use super::layout::Layout;
use super::network::{Bounds, Network};
use crate::field::{K, from_i64};
use crate::linear::{Linear, Tensor, Term};

/// A sum of the network.
#[derive(Clone, Debug)]
pub struct Sum {
    /// How large it gets.
    pub bounds: Bounds,
    /// What is added.
    pub parts: Vec<Part>,
    /// One a channel.
    pub bias: Option<Tensor>,
}

/// A part of a sum.
#[derive(Clone, Debug)]
pub struct Part {
    /// Index of the value that it reads.
    pub input: usize,
    /// Of that value.
    pub size: Size,
    /// What it reads.
    pub sources: Arc<Sources>,
    /// What it multiplies with.
    pub kernel: Kernel,
}

/// What a window multiplies with.
#[derive(Clone, Debug)]
pub enum Kernel {
    /// Weights: a row a tap, input channels in the middle, output channels in the columns.
    Weights(Tensor),
    /// One factor, each channel by itself.
    Factor(i32),
}

/// A part with weights and the coefficients of its outputs.
#[derive(Clone, Debug)]
pub struct Weighted<'a> {
    /// Which.
    pub part: &'a Part,
    /// Where its weights lie.
    pub weights: Tensor,
    /// One of each output position.
    pub rows: Vec<K>,
    /// One of each output channel; zeros for those that are not there.
    pub columns: Vec<K>,
}

/// All sums of a network, and the slots that weights and biases take.
pub fn sums(network: &Network) -> (Vec<Sum>, usize) {
    Layout::of(WEIGHTS, |layout| {
        let sums = network.sums().map(|(sum, bounds)| {
            let parts = sum
                .terms
                .iter()
                .map(|term| part(network, term, layout))
                .collect();
            let bias = sum.bias.then(|| layout.add(1, 1, bounds.size.columns()));
            Sum {
                bounds: *bounds,
                parts,
                bias,
            }
        });
        sums.collect()
    })
}

fn part(network: &Network, term: &Described, layout: &mut Layout) -> Part {
    let (Described::Weighted { input, window, .. } | Described::Fixed { input, window, .. }) = term;
    let size = network.values()[*input].size;
    let kernel = match term {
        Described::Fixed { factor, .. } => Kernel::Factor(*factor),
        Described::Weighted { channels, .. } => {
            Kernel::Weights(layout.add(window.taps(), size.columns(), channels.next_power_of_two()))
        }
    };
    Part {
        input: *input,
        size,
        sources: Arc::new(network.sources(*input, window)),
        kernel,
    }
}

impl Sum {
    /// A claim about the sum as one about what is committed, without the parts with weights, which
    /// are given back.
    pub fn expand<'a>(
        &'a self,
        claim: &SumClaim,
        values: &[Tensor],
        linear: &mut Linear,
    ) -> Vec<Weighted<'a>> {
        let channels = self.bounds.size.channels;
        let mut own = claim.columns.clone();
        own[channels..].fill(K::ZERO);
        if let Some(bias) = self.bias {
            let total = claim.rows.iter().copied().sum();
            linear
                .terms
                .push(Term::flat(bias, vec![total], own.clone()));
        }
        let mut weighted = Vec::new();
        for part in &self.parts {
            match part.kernel {
                Kernel::Factor(factor) => {
                    let rows = part.spread(&claim.rows, from_i64(i64::from(factor)).into());
                    linear
                        .terms
                        .push(Term::flat(values[part.input], rows, own.clone()));
                }
                Kernel::Weights(weights) => {
                    let (rows, columns) = (claim.rows.clone(), own.clone());
                    weighted.push(Weighted {
                        part,
                        weights,
                        rows,
                        columns,
                    });
                }
            }
        }
        weighted
    }
}

impl Part {
    /// Coefficients of the input's positions, from those of the output's.
    fn spread(&self, rows: &[K], factor: K) -> Vec<K> {
        let mut spread = vec![K::ZERO; self.size.positions()];
        for (output, _, source) in self.sources.inside() {
            spread[source] += rows[output] * factor;
        }
        spread
    }
}

impl Weighted<'_> {
    /// The claim as a linear one about weights, if the input were eq(rows, .) * eq(columns, .).
    pub fn of_weights(&self, rows: &[K], columns: &[K]) -> Term {
        let mut taps = vec![K::ZERO; self.weights.rows];
        for (output, tap, source) in self.part.sources.inside() {
            taps[tap] += self.rows[output] * rows[source];
        }
        let mut middle = columns.to_vec();
        middle[self.part.size.channels..].fill(K::ZERO);
        Term {
            tensor: self.weights,
            rows: taps,
            middle,
            columns: self.columns.clone(),
        }
    }
}

/// All claims about sums as claims about what is committed.
pub fn expand<'a>(
    sums: &'a [Sum],
    values: &[Tensor],
    claims: Claims,
) -> (Linear, Vec<Weighted<'a>>) {
    let Claims {
        mut linear,
        sums: about,
    } = claims;
    let mut weighted = Vec::new();
    for claim in about {
        weighted.extend(sums[claim.sum].expand(&claim, values, &mut linear));
    }
    (linear, weighted)
}
