//! The steps of a transform, each some levels on one column.

use super::super::{LANES, splat};
use super::Transform;
use super::registers::{Vector, gather, prefetch_all, scatter, transposed};

/// Forward steps. Each brings its own closure for the roots, and so its own copy of the levels,
/// which is inlined.
impl<const LAZY: bool> Transform<'_, LAZY> {
    /// Turns lanes from coefficients into nodes.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn open<const ROWS: usize>(&self, column: &mut [Vector]) {
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
    pub(super) fn widen<const ROWS: usize>(
        &self,
        column: &[Vector],
        first: usize,
        target: &mut [Vector],
    ) {
        let groups = column.len() / ROWS / LANES;
        for group in 0..groups {
            let roots = self.table.vectors::<ROWS>(groups * LANES, group * LANES);
            for j in 0..LANES {
                let x = gather(column, (group * LANES + j) * ROWS, 1);
                let x = self.levels.split::<ROWS>(x, |entry| roots.factor(entry));
                let at = group * self.coefficients + first + j;
                scatter(target, at, groups * self.coefficients, x);
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn spread<const ROWS: usize>(
        &self,
        nodes: usize,
        node: usize,
        source: &[Vector],
        column: &mut [Vector],
    ) {
        let roots = self.table.vectors::<ROWS>(nodes, node);
        let rest = column.len() / ROWS;
        for t in 0..rest {
            let x = gather(source, t, rest);
            let x = self.levels.split::<ROWS>(x, |entry| roots.factor(entry));
            scatter(column, t, rest, x);
        }
    }

    /// The last step, which reduces.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn close<const ROWS: usize>(
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
            if self.ahead {
                self.table.prefetch_next::<ROWS>(nodes * parts, node);
            }
            let x = gather(column, part * ROWS, 1);
            let mut x = self.levels.split::<ROWS>(x, |entry| roots.factor(entry));
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
    pub(super) fn unclose<const ROWS: usize>(
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
            if self.ahead {
                self.table.prefetch_next::<ROWS>(nodes * parts, node);
            }
            if self.ahead {
                prefetch_all::<ROWS>(source, node / LANES, nodes * parts / LANES);
            }
            let x = gather(source, node / LANES, nodes * parts / LANES);
            scatter(
                column,
                part * ROWS,
                1,
                self.levels.join::<ROWS>(x, |entry| roots.factor(entry)),
            );
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn unspread<const ROWS: usize>(
        &self,
        nodes: usize,
        node: usize,
        column: &[Vector],
        target: &mut [Vector],
    ) {
        let roots = self.table.vectors::<ROWS>(nodes, node);
        let rest = column.len() / ROWS;
        for t in 0..rest {
            let x = gather(column, t, rest);
            let x = self.levels.join::<ROWS>(x, |entry| roots.factor(entry));
            scatter(target, t, rest, x);
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn unwiden<const ROWS: usize>(
        &self,
        source: &[Vector],
        first: usize,
        column: &mut [Vector],
    ) {
        let groups = column.len() / ROWS / LANES;
        for group in 0..groups {
            let roots = self.table.vectors::<ROWS>(groups * LANES, group * LANES);
            for j in 0..LANES {
                let at = group * self.coefficients + first + j;
                let x = gather(source, at, groups * self.coefficients);
                let x = self.levels.join::<ROWS>(x, |entry| roots.factor(entry));
                scatter(column, (group * LANES + j) * ROWS, 1, x);
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn unopen<const ROWS: usize>(
        &self,
        column: &[Vector],
        first: usize,
        target: &mut [Vector],
    ) {
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
