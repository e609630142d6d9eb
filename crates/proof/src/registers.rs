//! Vector registers of field elements: many elements of F, or of K one a lane.

use p3_field::{ExtensionField, Field, PackedFieldExtension, PackedValue, PrimeCharacteristicRing};
use rayon::prelude::*;

use crate::field::{F, K};

/// Several elements of F.
pub type PackedF = <F as Field>::Packing;
/// Several elements of K.
pub type PackedK = <K as ExtensionField<F>>::ExtensionPacking;

/// Elements of a register.
pub const LANES: usize = <PackedF as PackedValue>::WIDTH;

const TASK: usize = 1 << 8;

/// A single element of K, or a register of them.
pub trait Word: PrimeCharacteristicRing + Copy + Send + Sync + From<K> {}

impl<E: PrimeCharacteristicRing + Copy + Send + Sync + From<K>> Word for E {}

/// The sum of a register's elements.
pub fn total(packed: PackedK) -> K {
    unpack(&[packed]).into_iter().sum()
}

/// The elements of registers, one after the other.
pub fn unpack(packed: &[PackedK]) -> Vec<K> {
    <PackedK as PackedFieldExtension<F, K>>::to_ext_iter(packed.iter().copied()).collect()
}

/// Registers of elements, whose number fills them.
pub fn pack(values: &[K]) -> Vec<PackedK> {
    values
        .par_chunks_exact(LANES)
        .with_min_len(TASK)
        .map(PackedK::from_ext_slice)
        .collect()
}

/// Elements of F as registers of K; zeros fill the last one.
pub fn pack_base(values: &[F]) -> Vec<PackedK> {
    let packed = values.par_chunks(LANES).with_min_len(TASK);
    packed.map(|part| PackedK::from(register(part))).collect()
}

/// A register of elements of F, filled with zeros.
pub fn register(part: &[F]) -> PackedF {
    if part.len() == LANES {
        *PackedF::from_slice(part)
    } else {
        PackedF::from_fn(|lane| part.get(lane).copied().unwrap_or_default())
    }
}
