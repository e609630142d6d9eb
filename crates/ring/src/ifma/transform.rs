//! Both directions of the transform, with the levels of the portable kernel, in two passes through
//! memory: over columns of 8 coefficients, then over columns of 8 nodes, which lie in the scratch
//! array one after the other. What happens to a column happens in the first-level cache, in steps
//! of some levels in registers.

mod registers;
mod steps;
mod tables;
mod twist;

use self::registers::{Levels, Vector};
use self::tables::Table;
pub(super) use self::tables::Tables;
use super::{Factor, LANES, constant};
use crate::kernel::Kernel;
use crate::portable::Portable;

/// Shorter transforms are left to the portable kernel.
pub(super) const MIN_LENGTH: usize = LANES * LANES;

/// log2 of the longest transform without reductions.
const LAZY_LEVELS: u32 = 16;

/// Levels of each step: two of columns of coefficients, of which the second may do nothing, and two
/// of columns of nodes, of which the first may be absent.
fn steps(length: usize) -> [u32; 4] {
    match length.ilog2() {
        6 => [3, 0, 0, 3],
        7 => [4, 0, 0, 3],
        8 => [4, 0, 0, 4],
        9 => [3, 3, 0, 3],
        10 => [4, 3, 0, 3],
        11 => [4, 4, 0, 3],
        12 => [4, 4, 0, 4],
        13 => [4, 3, 3, 3],
        14 => [4, 3, 4, 3],
        15 => [4, 4, 4, 3],
        16 => [4, 4, 4, 4],
        _ => [4, 4, 5, 4],
    }
}

/// Calls a step with a constant number of rows, of the given choices.
macro_rules! with_rows {
    ($levels:expr, [$($choice:literal)*], $rows:ident => $call:expr) => {
        match $levels {
            $($choice => {
                const $rows: usize = 1 << $choice;
                $call
            })*
            levels => unreachable!("{levels} levels"),
        }
    };
}

/// One transform: all that its steps share.
struct Transform<'a, const LAZY: bool> {
    levels: Levels<LAZY>,
    table: &'a Table,
    /// Nodes, and coefficients of each, between the passes.
    nodes: usize,
    coefficients: usize,
    /// Whether the tables are long enough to be asked for ahead of their use.
    ahead: bool,
}

impl<'a, const LAZY: bool> Transform<'a, LAZY> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(portable: &Portable, table: &'a Table, length: usize) -> Self {
        let [open, widen, spread, _] = steps(length);
        let nodes = 1 << (open + widen);
        Self {
            levels: Levels::new(portable.modulus()),
            table,
            nodes,
            coefficients: length / nodes,
            ahead: spread > 0,
        }
    }
}

/// Calls `work` with room for a column of so many rows, which is cleared.
fn with_column(rows: usize, work: impl FnOnce(&mut [Vector])) {
    fn with<const ROWS: usize>(rows: usize, work: impl FnOnce(&mut [Vector])) {
        let mut column = Column([[0; LANES]; ROWS]);
        work(&mut column.0[..rows]);
        column.0.fill([0; LANES]);
        std::hint::black_box(&column);
    }
    match rows {
        ..=16 => with::<16>(rows, work),
        17..=64 => with::<64>(rows, work),
        65..=128 => with::<128>(rows, work),
        129..=256 => with::<256>(rows, work),
        _ => with::<512>(rows, work),
    }
}

#[repr(align(64))]
struct Column<const ROWS: usize>([Vector; ROWS]);

impl<const LAZY: bool> Transform<'_, LAZY> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn forward(&self, imaginary: Factor, values: &mut [u64], scratch: &mut [Vector]) {
        let ([open, widen, spread, close], nodes) = (steps(values.len()), self.nodes);
        let coefficients = self.coefficients;
        with_column(nodes.max(coefficients), |column| {
            let first = &mut column[..nodes];
            for j in (0..coefficients).step_by(LANES) {
                self.levels.twist(imaginary, values, j, first);
                with_rows!(open, [3 4], ROWS => self.open::<ROWS>(first));
                with_rows!(widen, [0 3 4], ROWS => self.widen::<ROWS>(first, j, scratch));
            }
            let (second, target) = (&mut column[..coefficients], values.as_chunks_mut().0);
            for (block, source) in scratch.chunks_exact(coefficients).enumerate() {
                let node = block * LANES;
                if spread == 0 {
                    with_rows!(close, [3 4], ROWS => self.close::<ROWS>(nodes, node, source, target));
                } else {
                    with_rows!(spread, [3 4 5], ROWS => self.spread::<ROWS>(nodes, node, source, second));
                    with_rows!(close, [3 4], ROWS => self.close::<ROWS>(nodes, node, second, target));
                }
            }
        });
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn inverse(&self, values: &mut [u64], scratch: &mut [Vector]) {
        let ([open, widen, spread, close], nodes) = (steps(values.len()), self.nodes);
        let coefficients = self.coefficients;
        with_column(nodes.max(coefficients), |column| {
            let (second, values) = (&mut column[..coefficients], values.as_chunks_mut().0);
            for (block, target) in scratch.chunks_exact_mut(coefficients).enumerate() {
                let node = block * LANES;
                if spread == 0 {
                    with_rows!(close, [3 4], ROWS => self.unclose::<ROWS>(nodes, node, values, target));
                } else {
                    with_rows!(close, [3 4], ROWS => self.unclose::<ROWS>(nodes, node, values, second));
                    with_rows!(spread, [3 4 5], ROWS => self.unspread::<ROWS>(nodes, node, second, target));
                }
            }
            let first = &mut column[..nodes];
            for j in (0..coefficients).step_by(LANES) {
                with_rows!(widen, [0 3 4], ROWS => self.unwiden::<ROWS>(scratch, j, first));
                with_rows!(open, [3 4], ROWS => self.unopen::<ROWS>(first, j, values));
            }
        });
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn forward_by<const LAZY: bool>(
    portable: &Portable,
    table: &Table,
    values: &mut [u64],
    scratch: &mut [u64],
) {
    let transform = Transform::<LAZY>::new(portable, table, values.len());
    let imaginary = constant(portable.modulus(), portable.roots.values[0]);
    transform.forward(imaginary, values, scratch.as_chunks_mut().0);
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse_by<const LAZY: bool>(
    portable: &Portable,
    table: &Table,
    values: &mut [u64],
    scratch: &mut [u64],
) {
    let transform = Transform::<LAZY>::new(portable, table, values.len());
    transform.inverse(values, scratch.as_chunks_mut().0);
    transform.levels.untwist(portable, values);
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn forward(
    portable: &Portable,
    tables: &Tables,
    values: &mut [u64],
    scratch: &mut [u64],
) {
    if tables.lazy && values.len() <= 1 << LAZY_LEVELS {
        forward_by::<true>(portable, &tables.roots, values, scratch);
    } else {
        forward_by::<false>(portable, &tables.roots, values, scratch);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn inverse(
    portable: &Portable,
    tables: &Tables,
    values: &mut [u64],
    scratch: &mut [u64],
) {
    if tables.lazy && values.len() <= 1 << LAZY_LEVELS {
        inverse_by::<true>(portable, &tables.inverse_roots, values, scratch);
    } else {
        inverse_by::<false>(portable, &tables.inverse_roots, values, scratch);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ifma, WORD, available};
    use super::tables::LAZY;
    use super::*;
    use crate::modulus::Modulus;
    use crate::prime::is_prime;

    /// Both directions on some residues, and on the largest.
    fn compare(portable: &Portable, vectors: &Ifma, length: usize) {
        let q = *portable.modulus();
        let mixed = (1..=length as u64).map(|x| q.mul(x, q.mul(x, q.value() - x)));
        for values in [mixed.collect(), vec![q.value() - 1; length]] {
            let mut scratch = vec![u64::MAX; length];
            let (mut ours, mut theirs): (Vec<u64>, Vec<u64>) = (values.clone(), values);
            vectors.forward(&mut ours, &mut scratch);
            portable.forward(&mut theirs, &mut scratch);
            assert!(ours == theirs, "{q:?} forward, {length}");
            ours.reverse();
            theirs.reverse();
            vectors.inverse(&mut ours, &mut scratch);
            portable.inverse(&mut theirs, &mut scratch);
            assert!(ours == theirs, "{q:?} inverse, {length}");
        }
    }

    #[test]
    fn every_length_agrees_with_the_portable_kernel() {
        if !available() {
            return;
        }
        let (log_degree, order) = (17, 1 << 19);
        for below in [
            1 << 36,
            (1 << WORD) / LAZY,
            (1 << WORD) / (LAZY - 1),
            1 << 50,
        ] {
            let mut candidates = (1..below / order).rev().map(|k| k * order + 1);
            let modulus = Modulus::new(candidates.find(|q| is_prime(*q)).expect("a prime"));
            let portable = Portable::new(modulus, log_degree);
            let vectors = Ifma::new(Portable::new(modulus, log_degree));
            for log_length in 0..=log_degree {
                compare(&portable, &vectors, 1 << log_length);
            }
        }
    }
}
