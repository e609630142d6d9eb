//! Roots as the steps read them.

use super::super::{Factor, LANES, WORD, load, splat};
use super::registers::{Strided, Vector, prefetch_next};
use crate::kernel::Kernel;
use crate::memory::collected;
use crate::portable::{Constants, Portable};

/// Words of a transform whose reductions all wait until its end lie between 0 and LAZY q: with at
/// most 16 levels, of which one adds or subtracts up to (1 + x / 2^52) q for a word x, and BIAS.
pub(super) const LAZY: u64 = 58;

/// Eight neighbouring entries of a portable table, with quotients of 52 bits.
#[derive(Debug)]
#[repr(C, align(64))]
struct Roots {
    values: Vector,
    quotients: Vector,
}

#[derive(Debug)]
pub(super) struct Table(Vec<Roots>);

impl Table {
    fn new(constants: &Constants) -> Self {
        let values = constants.values.as_chunks().0.iter();
        let pairs = values.zip(constants.quotients.as_chunks::<LANES>().0);
        let roots = pairs.map(|(values, quotients)| Roots {
            values: *values,
            quotients: quotients.map(|quotient| quotient >> (64 - WORD)),
        });
        Self(collected(roots))
    }

    /// The roots of a step of so many rows, for node `node` of `nodes` and its 7 neighbours.
    #[inline]
    pub(super) fn vectors<const ROWS: usize>(&self, nodes: usize, node: usize) -> Step<'_> {
        Step(Strided::new(&self.0, node / LANES, nodes / LANES, ROWS))
    }

    /// Asks for what `vectors` gives for the next 8 nodes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn prefetch_next<const ROWS: usize>(&self, nodes: usize, node: usize) {
        let roots = Strided::new(&self.0, node / LANES, nodes / LANES, ROWS);
        for entry in 1..ROWS {
            prefetch_next(roots.at(entry));
        }
    }

    /// One root for all lanes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn scalar(&self, entry: usize) -> Factor {
        let (roots, lane) = (&self.0[entry / LANES], entry % LANES);
        Factor(splat(roots.values[lane]), splat(roots.quotients[lane]))
    }
}

/// What `Table::vectors` gives.
pub(super) struct Step<'a>(Strided<'a, Roots>);

impl Step<'_> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn factor(&self, entry: usize) -> Factor {
        let roots = self.0.at(entry);
        Factor(load(&roots.values), load(&roots.quotients))
    }
}

/// The tables of both directions.
#[derive(Debug)]
pub(in super::super) struct Tables {
    pub(super) roots: Table,
    pub(super) inverse_roots: Table,
    pub(super) lazy: bool,
}

impl Tables {
    pub(in super::super) fn new(portable: &Portable) -> Self {
        Self {
            roots: Table::new(&portable.roots),
            inverse_roots: Table::new(&portable.inverse_roots),
            lazy: portable.modulus().value() <= (1 << WORD) / LAZY,
        }
    }
}
