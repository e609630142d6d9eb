//! The products of a linear step, grouped by the sums that are made together, and their weights
//! packed for the kernels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hushwork_ring::memory::reserved;
use hushwork_ring::{Basis, Kernel, Pattern, Weights};
use rayon::prelude::*;

use super::linear::PRODUCT;
use super::plain::Plain;
use crate::Parameters;

/// Memory for the sums that share one making of the rotated inputs.
const SUMS_BYTES: usize = 512 << 20;
/// Runs that a weight meets at least, where there are as many.
pub(super) const RUNS: usize = 4;
/// Fewer inputs are not worth a sum of their own.
const LEAST_INPUTS: usize = 16;
/// The shortest period of packed weights: shorter ones are repeated.
const SHORTEST: usize = 64;

/// Sums over rotated inputs, which are numbered by anchor and baby.
pub(super) struct Group {
    pub sums: usize,
    /// Short weights, and long ones that are kept transformed.
    pub packed: Vec<Packed>,
    pub made: Option<Made>,
    products: u64,
}

/// Products with packed weights.
pub(super) struct Packed {
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

/// Products with long weights that are transformed at every use.
pub(super) struct Made {
    pub inputs: Vec<usize>,
    /// Of each sum: places among the inputs, and among the weights.
    pub sums: Vec<Vec<(usize, usize)>>,
    pub weights: Vec<Plain>,
    /// The shortest period of all.
    pub period: usize,
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

impl Product {
    /// The period of its weights once packed.
    fn packed_period(&self, degree: usize) -> usize {
        self.weights.period().max(SHORTEST).min(degree)
    }
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
        let (mut short, mut kept, mut made) = (Entries::new(), Entries::new(), Vec::new());
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for product in sums.iter().flatten() {
            *counts.entry(product.packed_period(degree)).or_default() += 1;
        }
        let units = counts.values().sum::<usize>() as u64;
        let numbered = sums.into_iter().enumerate();
        let products = numbered
            .flat_map(|(sum, products)| products.into_iter().map(move |product| (sum, product)));
        for (sum, product) in products {
            let bytes = product.weights.period() * basis.limbs() * size_of::<u64>();
            let entries = match &product.weights {
                Plain::Short(_) => Some(&mut short),
                Plain::Long(_) if grant.spend(bytes) => Some(&mut kept),
                Plain::Long(_) => None,
            };
            match entries {
                Some(entries) => {
                    let period = product.packed_period(degree);
                    let alike = entries.entry(period);
                    let alike = alike.or_insert_with(|| reserved(counts[&period]));
                    alike.push((sum, product));
                }
                None => made.push((sum, product)),
            }
        }
        let packed = [short, kept]
            .into_iter()
            .filter(|entries| !entries.is_empty());
        Self {
            sums: count,
            packed: packed
                .flat_map(blocks)
                .map(|entries| Packed::new(count, entries, basis.kernels()))
                .collect(),
            made: (!made.is_empty()).then(|| Made::new(count, made)),
            products: units,
        }
    }

    /// Words of a row that one task makes: half of them, where none are made anew for each task and
    /// runs fit; fewer, where the sums are to stay in cache from one block of inputs to the next.
    pub fn part(&self, degree: usize) -> usize {
        let parts = match self.packed.len() {
            _ if self.made.is_some() => 1,
            ..=2 => 2,
            _ => 8,
        };
        (degree / parts).max(degree.min(RUNS * SHORTEST))
    }

    /// Work units a limb.
    pub fn units(&self) -> u64 {
        self.products * PRODUCT
    }

    pub fn plaintext_bytes(&self) -> usize {
        let classes = self.packed.iter().flat_map(|packed| &packed.classes);
        let packed = classes
            .flat_map(|class| &class.weights)
            .map(Weights::memory);
        let made = self.made.iter().flat_map(|made| &made.weights);
        packed.sum::<usize>() + made.map(Plain::bytes).sum::<usize>()
    }
}

/// By period: products with the sums they belong to, in order of these.
type Entries = BTreeMap<usize, Vec<(usize, Product)>>;

/// Split by inputs, where so many under whole periods stay in cache that it pays.
fn blocks(entries: Entries) -> Vec<Entries> {
    let period = entries.keys().copied().max().unwrap_or(SHORTEST);
    let inputs = distinct(entries.values().flatten());
    let fitting = fitting(RUNS * period);
    if fitting < LEAST_INPUTS {
        return vec![entries];
    }
    let mut blocks: Vec<_> = inputs.chunks(fitting).map(|_| Entries::new()).collect();
    for (period, products) in entries {
        for (sum, product) in products {
            let block = &mut blocks[place(&inputs, product.rotated) / fitting];
            block.entry(period).or_default().push((sum, product));
        }
    }
    blocks
}

/// Rotated inputs of so many indices of both halves that stay in a core's cache beside the weights
/// they meet.
pub(super) fn fitting(indices: usize) -> usize {
    const CACHED: usize = 3 << 17;
    CACHED / (2 * size_of::<u64>()) / indices
}

impl Packed {
    fn new(sums: usize, entries: Entries, kernels: &[Arc<dyn Kernel>]) -> Self {
        let inputs = distinct(entries.values().flatten());
        let period = entries.keys().copied().max().unwrap_or(SHORTEST);
        let classes = entries.into_iter().map(|(period, entries)| {
            let mut pattern = Pattern::default();
            for sum in 0..sums {
                let of_sum = entries.iter().filter(|(each, _)| *each == sum);
                let columns = of_sum.map(|(_, product)| place(&inputs, product.rotated) as u32);
                pattern.push(columns);
            }
            let rows = kernels.par_iter().enumerate();
            let weights = rows.map(|(row, kernel)| pack(row, &**kernel, period, &entries));
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

fn pack(row: usize, kernel: &dyn Kernel, period: usize, entries: &[(usize, Product)]) -> Weights {
    let mut weights = Weights::new(kernel, period, entries.len());
    for (entry, (_, product)) in entries.iter().enumerate() {
        weights.set(kernel, entry, &product.weights.row(row, kernel));
    }
    weights
}

impl Made {
    fn new(count: usize, products: Vec<(usize, Product)>) -> Self {
        let inputs = distinct(&products);
        let period = products.iter().map(|(_, product)| product.weights.period());
        let period = period.min().unwrap_or(0);
        let mut sums = vec![Vec::new(); count];
        for (number, (sum, product)) in products.iter().enumerate() {
            sums[*sum].push((place(&inputs, product.rotated), number));
        }
        let weights = products.into_iter().map(|(_, product)| product.weights);
        Self {
            inputs,
            sums,
            weights: weights.collect(),
            period,
        }
    }
}

fn distinct<'a>(products: impl IntoIterator<Item = &'a (usize, Product)>) -> Vec<usize> {
    let numbers = products.into_iter().map(|(_, product)| product.rotated);
    numbers.collect::<BTreeSet<_>>().into_iter().collect()
}

fn place(sorted: &[usize], number: usize) -> usize {
    sorted.partition_point(|&each| each < number)
}
