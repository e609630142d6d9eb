//! Residue polynomials, limb after limb in one allocation.

use zeroize::Zeroize;

use crate::buffer::Buffer;

/// `limbs` arrays of `degree` residues each; what they mean is up to the holder.
#[derive(Clone, Debug, PartialEq, Eq, Zeroize)]
pub struct Poly {
    #[zeroize(skip)]
    degree: usize,
    values: Buffer,
}

impl Poly {
    /// All zero.
    #[must_use]
    pub fn zero(degree: usize, limbs: usize) -> Self {
        Self {
            degree,
            values: Buffer::zeroed(degree * limbs),
        }
    }

    /// Of unspecified residues, for a caller that writes every one.
    #[must_use]
    pub fn recycled(degree: usize, limbs: usize) -> Self {
        Self {
            degree,
            values: Buffer::recycled(degree * limbs),
        }
    }

    /// Words a limb.
    #[must_use]
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// Number of limbs.
    #[must_use]
    pub fn limbs(&self) -> usize {
        self.values.len() / self.degree
    }

    /// One limb.
    #[must_use]
    pub fn limb(&self, index: usize) -> &[u64] {
        &self.values[index * self.degree..(index + 1) * self.degree]
    }

    /// One limb, to be changed.
    pub fn limb_mut(&mut self, index: usize) -> &mut [u64] {
        &mut self.values[index * self.degree..(index + 1) * self.degree]
    }

    /// All words, limb after limb.
    #[must_use]
    pub fn values(&self) -> &[u64] {
        &self.values
    }

    /// All words, to be changed.
    pub fn values_mut(&mut self) -> &mut [u64] {
        &mut self.values
    }

    /// Keeps only the first `limbs` limbs.
    pub fn truncate(&mut self, limbs: usize) {
        self.values.truncate(limbs * self.degree);
    }
}
