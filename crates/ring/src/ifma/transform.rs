//! Both directions of the transform, with the levels of the portable kernel, in two passes through
//! memory: over columns of 8 coefficients, then over columns of 8 nodes, which lie in the scratch
//! array one after the other. What happens to a column happens in the first-level cache, in two
//! steps of 8 or 16 rows each.

mod registers;
mod tables;
mod twist;

use self::registers::{Levels, Vector, gather, scatter, transposed};
use self::tables::Table;
pub(super) use self::tables::Tables;
use super::{LANES, constant, splat};
use crate::kernel::Kernel;
use crate::portable::Portable;

/// Shorter transforms are left to the portable kernel.
pub(super) const MIN_LENGTH: usize = LANES * LANES;

/// log2 of the longest transform without reductions.
const LAZY_LEVELS: u32 = 16;

/// Levels of each step: two of columns of coefficients, two of columns of nodes.
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

/// Calls a step with a constant number of rows.
macro_rules! with_rows {
    ($levels:expr, $rows:ident => $call:expr) => {
        match $levels {
            0 => {
                const $rows: usize = 1;
                $call
            }
            3 => {
                const $rows: usize = 8;
                $call
            }
            4 => {
                const $rows: usize = 16;
                $call
            }
            _ => {
                const $rows: usize = 32;
                $call
            }
        }
    };
}

/// One transform: all that its steps share.
struct Transform<'a, const LAZY: bool> {
    levels: Levels<LAZY>,
    table: &'a Table,
    /// Coefficients a node between the passes.
    coefficients: usize,
}

/// Forward steps. Each brings its own closure for the roots, and so its own copy of the levels,
/// which is inlined.
impl<const LAZY: bool> Transform<'_, LAZY> {
    /// Turns lanes from coefficients into nodes.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn open<const ROWS: usize>(&self, column: &mut [Vector]) {
        let rest = column.len() / ROWS;
        for t in 0..rest {
            let x = gather(column, t, rest);
            let x = self
                .levels
                .split::<ROWS>(x, |entry| self.table.scalar(entry));
            for (group, x) in x.as_chunks().0.iter().enumerate() {
                scatter(column, group * LANES * rest + t, rest, transposed(*x));
            }
        }
    }

    /// From `groups` of 8 nodes for each of 8 coefficients, of which the first is given.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn widen<const ROWS: usize>(&self, column: &[Vector], first: usize, target: &mut [Vector]) {
        let groups = column.len() / ROWS / LANES;
        for group in 0..groups {
            let roots = self.table.vectors::<ROWS>(groups * LANES, group * LANES);
            for j in 0..LANES {
                let x = gather(column, (group * LANES + j) * ROWS, 1);
                let x = self.levels.split::<ROWS>(x, |entry| roots(entry));
                let at = group * self.coefficients + first + j;
                scatter(target, at, groups * self.coefficients, x);
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn spread<const ROWS: usize>(&self, nodes: usize, node: usize, column: &mut [Vector]) {
        let roots = self.table.vectors::<ROWS>(nodes, node);
        let rest = column.len() / ROWS;
        for t in 0..rest {
            let x = gather(column, t, rest);
            scatter(
                column,
                t,
                rest,
                self.levels.split::<ROWS>(x, |entry| roots(entry)),
            );
        }
    }

    /// The last step, which reduces.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn close<const ROWS: usize>(
        &self,
        nodes: usize,
        node: usize,
        column: &[Vector],
        target: &mut [Vector],
    ) {
        let parts = column.len() / ROWS;
        for part in 0..parts {
            let node = part * nodes + node;
            let roots = self.table.vectors::<ROWS>(nodes * parts, node);
            let x = gather(column, part * ROWS, 1);
            let mut x = self.levels.split::<ROWS>(x, |entry| roots(entry));
            for x in &mut x {
                *x = self.levels.reduced(*x);
            }
            scatter(target, node / LANES, nodes * parts / LANES, x);
        }
    }
}

/// Inverse steps.
impl<const LAZY: bool> Transform<'_, LAZY> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn unclose<const ROWS: usize>(
        &self,
        nodes: usize,
        node: usize,
        source: &[Vector],
        column: &mut [Vector],
    ) {
        let parts = column.len() / ROWS;
        for part in 0..parts {
            let node = part * nodes + node;
            let roots = self.table.vectors::<ROWS>(nodes * parts, node);
            let x = gather(source, node / LANES, nodes * parts / LANES);
            scatter(
                column,
                part * ROWS,
                1,
                self.levels.join::<ROWS>(x, |entry| roots(entry)),
            );
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn unspread<const ROWS: usize>(&self, nodes: usize, node: usize, column: &mut [Vector]) {
        let roots = self.table.vectors::<ROWS>(nodes, node);
        let rest = column.len() / ROWS;
        for t in 0..rest {
            let x = gather(column, t, rest);
            scatter(
                column,
                t,
                rest,
                self.levels.join::<ROWS>(x, |entry| roots(entry)),
            );
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn unwiden<const ROWS: usize>(&self, source: &[Vector], first: usize, column: &mut [Vector]) {
        let groups = column.len() / ROWS / LANES;
        for group in 0..groups {
            let roots = self.table.vectors::<ROWS>(groups * LANES, group * LANES);
            for j in 0..LANES {
                let at = group * self.coefficients + first + j;
                let x = gather(source, at, groups * self.coefficients);
                let x = self.levels.join::<ROWS>(x, |entry| roots(entry));
                scatter(column, (group * LANES + j) * ROWS, 1, x);
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn unopen<const ROWS: usize>(&self, column: &[Vector], first: usize, target: &mut [Vector]) {
        let (rest, stride) = (column.len() / ROWS, self.coefficients / LANES);
        for t in 0..rest {
            let mut x = [splat(0); ROWS];
            for (group, x) in x.as_chunks_mut().0.iter_mut().enumerate() {
                *x = transposed(gather(column, group * LANES * rest + t, rest));
            }
            let x = self
                .levels
                .join::<ROWS>(x, |entry| self.table.scalar(entry));
            scatter(target, first / LANES + t * stride, rest * stride, x);
        }
    }
}

/// Calls `work` with room for a column of coefficients, which is cleared.
fn with_column(rows: usize, work: impl FnOnce(&mut [Vector])) {
    fn with<const ROWS: usize>(rows: usize, work: impl FnOnce(&mut [Vector])) {
        let mut column = [[0; LANES]; ROWS];
        work(&mut column[..rows]);
        column.fill([0; LANES]);
        std::hint::black_box(&column);
    }
    if rows > 16 {
        with::<256>(rows, work)
    } else {
        with::<16>(rows, work)
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn forward_by<const LAZY: bool>(
    portable: &Portable,
    table: &Table,
    values: &mut [u64],
    scratch: &mut [u64],
) {
    let [open, widen, spread, close] = steps(values.len());
    let nodes = 1 << (open + widen);
    let coefficients = values.len() / nodes;
    let levels = Levels::<LAZY>::new(portable.modulus());
    let transform = Transform {
        levels,
        table,
        coefficients,
    };
    let imaginary = constant(portable.modulus(), portable.roots.values[0]);
    let scratch = scratch.as_chunks_mut().0;
    with_column(nodes, |column| {
        for first in (0..coefficients).step_by(LANES) {
            transform.levels.twist(imaginary, values, first, column);
            with_rows!(open, ROWS => transform.open::<ROWS>(column));
            with_rows!(widen, ROWS => transform.widen::<ROWS>(column, first, scratch));
        }
    });
    let values = values.as_chunks_mut().0;
    for (block, column) in scratch.chunks_exact_mut(coefficients).enumerate() {
        let node = block * LANES;
        if spread > 0 {
            with_rows!(spread, ROWS => transform.spread::<ROWS>(nodes, node, column));
        }
        with_rows!(close, ROWS => transform.close::<ROWS>(nodes, node, column, values));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse_by<const LAZY: bool>(
    portable: &Portable,
    table: &Table,
    values: &mut [u64],
    scratch: &mut [u64],
) {
    let [open, widen, spread, close] = steps(values.len());
    let nodes = 1 << (open + widen);
    let coefficients = values.len() / nodes;
    let levels = Levels::<LAZY>::new(portable.modulus());
    let transform = Transform {
        levels,
        table,
        coefficients,
    };
    let scratch = scratch.as_chunks_mut().0;
    for (block, column) in scratch.chunks_exact_mut(coefficients).enumerate() {
        let (node, source) = (block * LANES, values.as_chunks().0);
        with_rows!(close, ROWS => transform.unclose::<ROWS>(nodes, node, source, column));
        if spread > 0 {
            with_rows!(spread, ROWS => transform.unspread::<ROWS>(nodes, node, column));
        }
    }
    with_column(nodes, |column| {
        let target = values.as_chunks_mut().0;
        for first in (0..coefficients).step_by(LANES) {
            with_rows!(widen, ROWS => transform.unwiden::<ROWS>(scratch, first, column));
            with_rows!(open, ROWS => transform.unopen::<ROWS>(column, first, target));
        }
    });
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
