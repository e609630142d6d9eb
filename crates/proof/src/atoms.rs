//! The committed elements of K that make a protocol's messages say nothing.

use p3_field::PrimeCharacteristicRing;
use rand_core::Rng;

use crate::field::{DEGREE, F, K, random_extension, split};
use crate::hiding::{HIDING, hiding};
use crate::linear::Tensor;
use crate::masked::{Plan, Product};
use crate::secret::Secret;

/// Pads and products of a plan, a mask of each distinct factor, the masks of two sums of the
/// quadratic check, and the denominator of a dummy fraction: in this order.
#[derive(Clone, Debug)]
pub struct Atoms {
    /// What the messages need.
    pub plan: Plan,
    /// Distinct factors of products, ascending.
    pub factors: Vec<usize>,
}

impl Atoms {
    /// For a plan.
    pub fn new(plan: Plan) -> Self {
        let mut factors: Vec<usize> = plan
            .products
            .iter()
            .flat_map(|(left, right)| [*left, *right])
            .collect();
        factors.sort_unstable();
        factors.dedup();
        Self { plan, factors }
    }

    /// The mask of a factor, by its place among the factors.
    pub fn mask(&self, place: usize) -> usize {
        self.plan.len() + place
    }

    /// The masks of both sums.
    pub fn sums(&self) -> [usize; 2] {
        let first = self.plan.len() + self.factors.len();
        [first, first + 1]
    }

    /// The dummy denominator.
    pub fn dummy(&self) -> usize {
        self.sums()[1] + 1
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        hiding(self.dummy() + 1)
    }

    /// Products, each with the places of its factors.
    pub fn products(&self) -> impl Iterator<Item = (Product, [usize; 2])> + '_ {
        let place = |factor: usize| self.factors.partition_point(|other| *other < factor);
        self.plan
            .triples()
            .map(move |triple| (triple, [place(triple.left), place(triple.right)]))
    }

    /// Where they lie, after so many slots of a commitment.
    pub fn tensor(&self, commitment: usize, slots: usize) -> Tensor {
        Tensor {
            commitment,
            base: slots,
            rows: self.count() * DEGREE,
            middle: 1,
            columns: 1,
        }
    }

    /// Fresh ones.
    pub fn draw(&self, rng: &mut impl Rng) -> Secret<K> {
        let mut atoms: Vec<K> = (0..self.count()).map(|_| random_extension(rng)).collect();
        for triple in self.plan.triples() {
            atoms[triple.product] = atoms[triple.left] * atoms[triple.right];
        }
        while HIDING && atoms[self.dummy()] == K::ZERO {
            atoms[self.dummy()] = random_extension(rng);
        }
        atoms.into()
    }
}

/// Slots of atoms.
pub fn slots(atoms: &[K]) -> impl Iterator<Item = F> + '_ {
    atoms.iter().flat_map(|atom| split(atom).iter().copied())
}
