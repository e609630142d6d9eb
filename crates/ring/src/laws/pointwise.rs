//! Laws of what is done to every residue alone.

use proptest::prelude::*;

use super::{residues, run};
use crate::kernel::Kernel;

pub(super) fn laws(kernel: &dyn Kernel) {
    let (q, length) = (*kernel.modulus(), 40);
    let strategy = (
        residues(q.value(), length),
        residues(q.value(), length),
        0..q.value(),
    );
    run(strategy, |(a, b, scalar)| {
        let apply = |operation: &dyn Fn(&mut [u64])| {
            let mut out = a.clone();
            operation(&mut out);
            out
        };
        let wide = |f: &dyn Fn(u128, u128, u128) -> u128| -> Vec<u64> {
            let q = u128::from(q.value());
            a.iter()
                .zip(&b)
                .map(|(x, y)| (f((*x).into(), (*y).into(), q) % q) as u64)
                .collect()
        };
        let s = u128::from(scalar);
        prop_assert_eq!(apply(&|out| kernel.add(out, &b)), wide(&|x, y, _| x + y));
        prop_assert_eq!(
            apply(&|out| kernel.sub(out, &b)),
            wide(&|x, y, q| x + q - y)
        );
        prop_assert_eq!(apply(&|out| kernel.neg(out)), wide(&|x, _, q| q - x));
        prop_assert_eq!(apply(&|out| kernel.mul(out, &b)), wide(&|x, y, _| x * y));
        prop_assert_eq!(apply(&|out| kernel.mul(out, &b[..8])), {
            let mut out = a.clone();
            kernel.mul(&mut out, &b[..8].repeat(5));
            out
        });
        prop_assert_eq!(
            apply(&|out| kernel.scale(out, scalar)),
            wide(&|x, _, _| x * s)
        );
        let difference = apply(&|out| kernel.sub_scale(out, &b, scalar));
        prop_assert_eq!(difference, wide(&|x, y, q| (x + q - y) * s));
        Ok(())
    });
}

/// Both are the portable kernel's to the last bit.
pub(super) fn conversion_laws(kernel: &dyn Kernel) {
    let q = *kernel.modulus();
    let parts = prop::collection::vec(residues(q.value(), 21), 1..9);
    run(parts, |parts| {
        let parts: Vec<&[u64]> = parts.iter().map(Vec::as_slice).collect();
        let reciprocals: Vec<f64> = (0..parts.len())
            .map(|i| 1.0 / (q.value() + i as u64) as f64)
            .collect();
        let (mut out, mut expected) = (vec![u64::MAX; 21], vec![0; 21]);
        kernel.overflow(&parts, &reciprocals, &mut out);
        crate::portable::overflow(&parts, &reciprocals, &mut expected);
        prop_assert_eq!(out, expected);
        Ok(())
    });
    let most = i32::try_from(q.value() - 1).unwrap_or(i32::MAX);
    run(prop::collection::vec(-most..=most, 1..50), |values| {
        let mut out = vec![u64::MAX; values.len()];
        kernel.lift(&values, &mut out);
        let expected: Vec<_> = values.iter().map(|value| q.lift((*value).into())).collect();
        prop_assert_eq!(out, expected);
        Ok(())
    });
}
