//! The products of a linear step, grouped by the sums that are made together, and their weights
//! packed for the kernels.

use std::collections::{BTreeMap, BTreeSet};

use hushwork_ring::{Basis, Kernel, Pattern, Poly, Weights};
use rayon::prelude::*;

use super::linear::PRODUCT;
use super::plain::{Coefficients, Plain};
use crate::Parameters;

/// Memory for the sums that share one making of the rotated inputs.
const SUMS_BYTES: usize = 512 << 20;
/// The shortest period of packed weights: shorter ones are repeated.
const SHORTEST: usize = 64;

/// Sums over rotated inputs, which are numbered by anchor and baby.
pub(super) struct Group {
    pub sums: usize,
    pub periodic: Option<Periodic>,
    pub long: Option<Long>,
    products: u64,
}

/// Products with short weights.
pub(super) struct Periodic {
    pub inputs: Vec<usize>,
    /// The longest period of all.
    pub period: usize,
    pub classes: Vec<Class>,
}

/// Products with weights of one period.
pub(super) struct Class {
    pub pattern: Pattern,
    /// For each limb of Q, then of P.
    pub weights: Vec<Weights>,
}

/// Products with long weights.
pub(super) struct Long {
    pub inputs: Vec<usize>,
    /// Of each sum: places among the inputs, and among the weights.
    pub sums: Vec<Vec<(usize, usize)>>,
    pub weights: Vec<LongWeights>,
    /// The shortest period of all.
    pub period: usize,
}

/// Long weights: transformed as far as memory is granted, and else at every use.
pub(super) enum LongWeights {
    Kept(Poly),
    Made(Coefficients),
}

/// Memory still granted for long weights that are kept transformed, in bytes.
pub(super) struct Grant(usize);

impl Grant {
    pub fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    fn spend(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// A product to be grouped.
pub(super) struct Product {
    pub rotated: usize,
    pub weights: Plain,
}

/// As many sums in each as memory allows.
pub(super) fn groups(
    parameters: &Parameters,
    limbs: usize,
    sums: impl Iterator<Item = Vec<Product>>,
    grant: &mut Grant,
) -> Vec<Group> {
    let basis = parameters.extended(limbs);
    let bytes = 2 * parameters.degree() * basis.limbs() * size_of::<u64>();
    let most = (SUMS_BYTES / bytes).max(1);
    let (mut groups, mut sums) = (Vec::new(), sums.peekable());
    while sums.peek().is_some() {
        let some = sums.by_ref().take(most).collect();
        groups.push(Group::new(some, basis, parameters.degree(), grant));
    }
    groups
}

impl Group {
    fn new(sums: Vec<Vec<Product>>, basis: &Basis, degree: usize, grant: &mut Grant) -> Self {
        let count = sums.len();
        let products = sums.iter().map(Vec::len).sum::<usize>() as u64;
        let (mut short, mut long) = (Short::default(), Vec::new());
        for (sum, product) in sums
            .into_iter()
            .enumerate()
            .flat_map(|(sum, products)| products.into_iter().map(move |product| (sum, product)))
        {
            match product.weights {
                Plain::Short(poly) => {
                    let period = poly.degree().max(SHORTEST).min(degree);
                    let class = short.entry(period).or_default();
                    class.push((sum, product.rotated, poly));
                }
                Plain::Long(weights) => long.push((sum, product.rotated, weights)),
            }
        }
        Self {
            sums: count,
            periodic: (!short.is_empty())
                .then(|| Periodic::new(count, short, basis.kernels(), degree)),
            long: (!long.is_empty()).then(|| Long::new(count, long, basis, grant)),
            products,
        }
    }

    /// Words of a row that one task makes: half of them, where the weights repeat that often, and
    /// where no long ones are made anew for each task.
    pub fn part(&self, degree: usize) -> usize {
        let made = |weights: &LongWeights| matches!(weights, LongWeights::Made(_));
        let period = self.periodic.as_ref().map_or(1, |periodic| periodic.period);
        let long = self.long.iter().flat_map(|long| &long.weights);
        if 2 * period <= degree && !long.into_iter().any(made) {
            degree / 2
        } else {
            degree
        }
    }

    /// Work units a limb.
    pub fn units(&self) -> u64 {
        self.products * PRODUCT
    }

    pub fn plaintext_bytes(&self) -> usize {
        let classes = self.periodic.iter().flat_map(|periodic| &periodic.classes);
        let packed = classes.flat_map(|class| &class.weights).map(Weights::bytes);
        let long = self.long.iter().flat_map(|long| &long.weights);
        packed.sum::<usize>() + long.map(LongWeights::bytes).sum::<usize>()
    }
}

/// By period: sum, rotated input and weights of each product, in order of the sums.
type Short = BTreeMap<usize, Vec<(usize, usize, Poly)>>;

impl Periodic {
    fn new(
        sums: usize,
        short: Short,
        kernels: &[std::sync::Arc<dyn Kernel>],
        degree: usize,
    ) -> Self {
        let entries = short.values().flatten();
        let inputs = distinct(entries.map(|&(_, rotated, _)| rotated));
        let period = short.keys().copied().max().unwrap_or(degree);
        let classes = short.into_iter().map(|(period, entries)| {
            let mut pattern = Pattern::default();
            for sum in 0..sums {
                let of_sum = entries.iter().filter(|&&(each, _, _)| each == sum);
                pattern.push(of_sum.map(|(_, rotated, _)| place(&inputs, *rotated) as u32));
            }
            let weights = kernels.par_iter().enumerate().map(|(row, kernel)| {
                let lanes = kernel.lanes().min(period);
                let mut weights = Weights::new(period, lanes, entries.len());
                for (entry, (_, _, poly)) in entries.iter().enumerate() {
                    weights.set(entry, poly.limb(row));
                }
                weights
            });
            let weights = weights.collect();
            Class { pattern, weights }
        });
        let classes = classes.collect();
        Self {
            inputs,
            period,
            classes,
        }
    }
}

impl LongWeights {
    fn bytes(&self) -> usize {
        match self {
            Self::Kept(poly) => size_of_val(poly.values()),
            Self::Made(coefficients) => coefficients.bytes(),
        }
    }
}

impl Long {
    fn new(
        count: usize,
        products: Vec<(usize, usize, Coefficients)>,
        basis: &Basis,
        grant: &mut Grant,
    ) -> Self {
        let inputs = distinct(products.iter().map(|&(_, rotated, _)| rotated));
        let period = products.iter().map(|(_, _, weights)| weights.period());
        let period = period.min().unwrap_or(0);
        let mut sums = vec![Vec::new(); count];
        for (number, (sum, rotated, _)) in products.iter().enumerate() {
            sums[*sum].push((place(&inputs, *rotated), number));
        }
        let granted = products.iter().map(|(_, _, weights)| {
            grant.spend(weights.period() * basis.limbs() * size_of::<u64>())
        });
        let granted: Vec<_> = granted.collect();
        let weights = products.into_par_iter().zip(granted);
        let weights = weights.map(|((_, _, weights), granted)| {
            if granted {
                LongWeights::Kept(weights.transformed(basis))
            } else {
                LongWeights::Made(weights)
            }
        });
        let weights = weights.collect();
        Self {
            inputs,
            sums,
            weights,
            period,
        }
    }
}

fn distinct(numbers: impl Iterator<Item = usize>) -> Vec<usize> {
    numbers.collect::<BTreeSet<_>>().into_iter().collect()
}

fn place(sorted: &[usize], number: usize) -> usize {
    sorted.partition_point(|&each| each < number)
}
