//! Reading and writing the parts that all byte formats share.

use std::fmt::Display;

use hushwork_ring::memory::reserved;
use hushwork_ring::{Basis, Poly};
use rayon::prelude::*;

use crate::error::{Detail, Error, Result};
use crate::packing::{self, packed_bytes};
use crate::parameters::Parameters;
use crate::serial::check_digest;

pub(crate) const MAGIC: [u8; 4] = *b"HWCK";
pub(crate) const VERSION: u8 = 2;
pub(crate) const HEADER: usize = 8;
pub(crate) const DIGEST: usize = 32;
pub(crate) const SEED: usize = 32;

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Parameters = 1,
    Ciphertext = 2,
    PublicKey = 3,
    EvaluationKeys = 4,
    Projected = 5,
}

/// Flag of a ciphertext: `c1` travels as its seed. Flag of parameters: not secure.
pub(crate) const FLAG: u8 = 1;

pub(crate) fn malformed(message: &'static str, expected: impl Display, got: impl Display) -> Error {
    Error::MalformedBytes(Detail::new(message, expected, got))
}

/// Takes bytes from the front.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| malformed("truncated", count, self.0.len()))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const COUNT: usize>(&mut self) -> Result<[u8; COUNT]> {
        let mut array = [0; COUNT];
        array.copy_from_slice(self.bytes(COUNT)?);
        Ok(array)
    }

    pub(crate) fn short(&mut self) -> Result<usize> {
        Ok(u16::from_le_bytes(self.array()?).into())
    }

    pub(crate) fn word(&mut self) -> Result<usize> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    /// What is left is exactly this long.
    pub(crate) fn expect(&self, bytes: usize) -> Result<()> {
        if self.0.len() == bytes {
            Ok(())
        } else {
            Err(malformed("wrong length", bytes, self.0.len()))
        }
    }

    pub(crate) fn header(&mut self, kind: Kind) -> Result<u8> {
        let magic: [u8; 4] = self.array()?;
        let [got, version, flags, zero] = self.array()?;
        if magic != MAGIC {
            let [expected, got] = [MAGIC, magic].map(|magic| magic.escape_ascii().to_string());
            return Err(malformed("not the bytes of this library", expected, got));
        }
        if got != kind as u8 {
            return Err(malformed("another kind of bytes", kind as u8, got));
        }
        if version != VERSION {
            return Err(Error::UnsupportedVersion(Detail::new(
                "format version",
                VERSION,
                version,
            )));
        }
        if flags > FLAG || zero != 0 {
            return Err(malformed("unknown flags", "0 or 1", flags));
        }
        Ok(flags)
    }

    pub(crate) fn digest(&mut self, parameters: &Parameters) -> Result<()> {
        check_digest(parameters, &self.array()?)
    }

    pub(crate) fn poly(&mut self, basis: &Basis, degree: usize) -> Result<Poly> {
        let bytes = self.bytes(poly_bytes(basis, degree))?;
        let mut offsets = Vec::with_capacity(basis.limbs());
        let mut end = 0;
        for kernel in basis.kernels() {
            let start = end;
            end += packed_bytes(degree, kernel.modulus());
            offsets.push(start..end);
        }
        let mut poly = Poly::zero(degree, basis.limbs());
        let limbs = poly
            .values_mut()
            .par_chunks_exact_mut(degree)
            .zip(offsets)
            .zip(basis.kernels());
        limbs.try_for_each(|((limb, range), kernel)| {
            packing::unpack(&bytes[range], kernel.modulus(), limb)
        })?;
        Ok(poly)
    }
}

/// The header, with room for all of so many bytes.
pub(crate) fn header(kind: Kind, flags: u8, bytes: usize) -> Vec<u8> {
    let mut out = reserved(bytes);
    out.extend(MAGIC);
    out.extend([kind as u8, VERSION, flags, 0]);
    out
}

pub(crate) fn write_poly(out: &mut Vec<u8>, basis: &Basis, poly: &Poly) {
    for (row, kernel) in basis.kernels().iter().enumerate() {
        packing::pack(poly.limb(row), kernel.modulus(), out);
    }
}

pub(crate) fn poly_bytes(basis: &Basis, degree: usize) -> usize {
    basis
        .kernels()
        .iter()
        .map(|kernel| packed_bytes(degree, kernel.modulus()))
        .sum()
}
