//! Linear steps compiled: which rotated inputs, sums and products there are, and the weights packed
//! for the kernels.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hushwork_ring::memory::copied;
use hushwork_ring::{Basis, Kernel, Pattern, Poly, Weights};
use rayon::prelude::*;

use super::check::{Checked, plain_scale};
use super::linear::{HOISTED, PRODUCT, ROTATION};
use super::literal::{Linear, Register, Term};
use super::plain::{Coefficients, Plain};
use crate::Parameters;

/// Memory for the sums that share one making of the rotated inputs.
const SUMS_BYTES: usize = 512 << 20;
/// Memory for long weights that are kept transformed.
const KEPT_BYTES: usize = 1 << 30;
/// The shortest period of packed weights: shorter ones are repeated.
const SHORTEST: usize = 64;

/// A linear step, ready to run.
pub(super) struct Matrix {
    pub limbs: usize,
    pub scale: f64,
    pub giant_step: usize,
    /// Inputs under the rotations that the products read.
    pub anchors: Vec<Anchor>,
    pub outputs: Vec<Output>,
    /// Output and giant of each sum, the giants of an output falling.
    pub places: Vec<(usize, usize)>,
    /// The sums in this order, a part in each.
    pub groups: Vec<Group>,
}

/// One input under one full rotation, from which the babies are hoisted.
pub(super) struct Anchor {
    pub input: Register,
    pub step: usize,
    pub babies: Vec<usize>,
}

/// One output of a linear step.
pub(super) struct Output {
    pub register: Register,
    pub bias: Option<Plain>,
}

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
    pub fn new() -> Self {
        Self(KEPT_BYTES)
    }

    fn spend(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// A product to be grouped.
struct Product {
    rotated: usize,
    weights: Plain,
}

impl Matrix {
    /// Work units of the whole step.
    pub fn units(&self) -> u64 {
        let rotated = self.anchors.iter().map(Anchor::units).sum::<u64>();
        let products = self.groups.iter().map(Group::units).sum::<u64>();
        self.limbs as u64 * (rotated + products + self.turns() * ROTATION)
    }

    /// Giant rotations: as many for each output as its highest index.
    fn turns(&self) -> u64 {
        let mut highest = HashMap::new();
        for &(output, giant) in &self.places {
            highest.entry(output).or_insert(giant as u64);
        }
        highest.values().sum()
    }

    /// Memory that the encoded weights take.
    pub fn plaintext_bytes(&self) -> usize {
        let biases = self
            .outputs
            .iter()
            .filter_map(|output| output.bias.as_ref());
        let weights = self
            .groups
            .iter()
            .map(Group::plaintext_bytes)
            .sum::<usize>();
        weights + biases.map(Plain::bytes).sum::<usize>()
    }

    pub fn new(
        parameters: &Parameters,
        checked: &Checked,
        linear: &Linear,
        grant: &mut Grant,
    ) -> Self {
        let limbs = checked.shapes[&linear.inputs[0]].limbs;
        let (anchors, numbers) = rotations(parameters, linear);
        let weights = encode(parameters, checked, linear, limbs);
        let mut sums: BTreeMap<_, Vec<Product>> = BTreeMap::new();
        for (term, weights) in linear.terms.iter().zip(weights) {
            let rotated = numbers[&rotation(parameters, linear, term)];
            let sum = sums.entry((term.output, std::cmp::Reverse(term.giant)));
            sum.or_default().push(Product { rotated, weights });
        }
        let places = sums
            .keys()
            .map(|&(output, giant)| (output, giant.0))
            .collect();
        let outputs = linear.outputs.iter().zip(&linear.bias);
        let bias = |values: &Vec<f64>| {
            Plain::new(
                parameters,
                parameters.basis(limbs - 1),
                values,
                linear.scale,
            )
        };
        let outputs = outputs.map(|(&register, values)| Output {
            register,
            bias: values.as_ref().map(bias),
        });
        Self {
            limbs,
            scale: linear.scale,
            giant_step: parameters.step(linear.giant_step),
            anchors,
            outputs: outputs.collect(),
            places,
            groups: groups(parameters, limbs, sums.into_values(), grant),
        }
    }
}

impl Anchor {
    /// Whether a baby rotates it.
    pub fn moves(&self) -> bool {
        self.babies.iter().any(|&baby| baby != 0)
    }

    pub fn units(&self) -> u64 {
        let babies = self.babies.iter().filter(|&&baby| baby != 0).count() as u64;
        babies * HOISTED + if self.step == 0 { 0 } else { ROTATION }
    }
}

type Rotation = (usize, usize, usize);

fn rotation(parameters: &Parameters, linear: &Linear, term: &Term) -> Rotation {
    let key = |step| parameters.step(step);
    (linear.inputs[term.input], key(term.anchor), key(term.baby))
}

/// The rotations that occur, grouped by input and anchor, and the number of each.
fn rotations(parameters: &Parameters, linear: &Linear) -> (Vec<Anchor>, HashMap<Rotation, usize>) {
    let terms = linear.terms.iter();
    let sorted: BTreeSet<Rotation> = terms
        .map(|term| rotation(parameters, linear, term))
        .collect();
    let mut anchors: Vec<Anchor> = Vec::new();
    for &(input, step, baby) in &sorted {
        match anchors.last_mut() {
            Some(last) if (last.input, last.step) == (input, step) => last.babies.push(baby),
            _ => anchors.push(Anchor {
                input,
                step,
                babies: vec![baby],
            }),
        }
    }
    let numbers = sorted.into_iter().enumerate();
    (
        anchors,
        numbers.map(|(number, key)| (key, number)).collect(),
    )
}

/// The weights of every term, moved to where they meet the input before its giant rotation.
fn encode(parameters: &Parameters, checked: &Checked, linear: &Linear, limbs: usize) -> Vec<Plain> {
    let prime = parameters.literal().moduli[limbs - 1] as f64;
    let terms = linear.terms.par_iter().map(|term| {
        let input = checked.shapes[&linear.inputs[term.input]];
        let scale = plain_scale(linear.scale, prime, input.scale);
        let shift = parameters.step(linear.giant_step.wrapping_mul(term.giant as i64));
        let mut weights = copied(&term.weights);
        let period = weights.len();
        weights.rotate_right(shift % period);
        Plain::new(parameters, parameters.extended(limbs), &weights, scale)
    });
    terms.collect()
}

/// As many sums in each as memory allows.
fn groups(
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

    fn plaintext_bytes(&self) -> usize {
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
