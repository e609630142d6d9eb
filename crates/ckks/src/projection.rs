//! What it takes to decrypt slots that repeat: all of c1, but of c0 one period.
//!
//! Slots of period p lie in the subring of the p coefficients at multiples of N / p. Averaging over
//! the copies of the slots drops every other coefficient, so c0 and c1 s may be averaged apart.

use hushwork_ring::{Basis, Poly};
use zeroize::Zeroizing;

use crate::bytes::{DIGEST, HEADER, Kind, Reader, header, poly_bytes, write_poly};
use crate::ciphertext::Ciphertext;
use crate::encoding::Plaintext;
use crate::error::{Detail, Error, Result};
use crate::parameters::Parameters;
use crate::secret::SecretKey;
use crate::serial::{check_limbs, check_scale, unflagged};

/// Bytes before the polynomials.
const PREFIX: usize = HEADER + DIGEST + 2 + 8 + 4;

/// A ciphertext of which only slots of one period decrypt, in the evaluation domain.
#[derive(Clone, Debug, PartialEq)]
pub struct Projected {
    /// The constant part, averaged over the copies: as many words a limb as the period.
    pub c0: Poly,
    /// The part that meets the secret, whole.
    pub c1: Poly,
    /// What the slots were multiplied by.
    pub scale: f64,
}

impl Projected {
    /// What is needed of `ciphertext` where its slots repeat after `period`; where they do not,
    /// the averages over what should be copies.
    ///
    /// # Errors
    /// Misuse for a period that is no power of two up to N.
    pub fn new(parameters: &Parameters, ciphertext: &Ciphertext, period: usize) -> Result<Self> {
        check_period(parameters, period).map_err(Error::Misuse)?;
        let basis = parameters.basis(ciphertext.limbs());
        Ok(Self {
            c0: average(basis, &ciphertext.c0, period),
            c1: ciphertext.c1.clone(),
            scale: ciphertext.scale,
        })
    }

    /// Moduli left.
    #[must_use]
    pub fn limbs(&self) -> usize {
        self.c0.limbs()
    }

    /// Slots that decrypt.
    #[must_use]
    pub fn period(&self) -> usize {
        self.c0.degree()
    }

    /// Bit-packed.
    #[must_use]
    pub fn to_bytes(&self, parameters: &Parameters) -> Vec<u8> {
        let basis = parameters.basis(self.limbs());
        let bytes = projected_bytes(parameters, self.limbs(), self.period());
        let mut out = header(Kind::Projected, 0, bytes);
        out.extend(parameters.digest());
        out.extend((self.limbs() as u16).to_le_bytes());
        out.extend(self.scale.to_le_bytes());
        out.extend((self.period() as u32).to_le_bytes());
        write_poly(&mut out, basis, &self.c0);
        write_poly(&mut out, basis, &self.c1);
        out
    }

    /// Refuses anything `to_bytes` does not write.
    ///
    /// # Errors
    /// MalformedBytes, UnsupportedVersion or ParameterMismatch.
    pub fn from_bytes(parameters: &Parameters, data: &[u8]) -> Result<Self> {
        let mut reader = Reader(data);
        unflagged(reader.header(Kind::Projected)?)?;
        reader.digest(parameters)?;
        let limbs = check_limbs(parameters, reader.short()?)?;
        let scale = check_scale(f64::from_le_bytes(reader.array()?))?;
        let period = reader.word()?;
        check_period(parameters, period).map_err(Error::MalformedBytes)?;
        reader.expect(projected_bytes(parameters, limbs, period) - PREFIX)?;
        let basis = parameters.basis(limbs);
        Ok(Self {
            c0: reader.poly(basis, period)?,
            c1: reader.poly(basis, parameters.degree())?,
            scale,
        })
    }
}

impl SecretKey {
    /// One period of the plaintext with its error, averaged over the copies.
    #[must_use]
    pub fn decrypt_projected(&self, projected: &Projected) -> Plaintext {
        let basis = self.parameters().basis(projected.limbs());
        let mut product = Zeroizing::new(projected.c1.clone());
        basis.mul(&mut product, self.secret());
        let mut poly = average(basis, &product, projected.period());
        basis.add(&mut poly, &projected.c0);
        Plaintext {
            poly,
            scale: projected.scale,
        }
    }
}

/// Whether slots can repeat after `period`.
///
/// # Errors
/// What is wrong with it.
pub fn check_period(parameters: &Parameters, period: usize) -> std::result::Result<(), Detail> {
    if period.is_power_of_two() && period <= parameters.degree() {
        return Ok(());
    }
    let expected = format!("a power of two up to {}", parameters.degree());
    Err(Detail::new("period", expected, period))
}

/// Exact size of a serialised projected ciphertext.
#[must_use]
pub fn projected_bytes(parameters: &Parameters, limbs: usize, period: usize) -> usize {
    let basis = parameters.basis(limbs);
    PREFIX + poly_bytes(basis, period) + poly_bytes(basis, parameters.degree())
}

/// The mean of the copies, in the evaluation domain: those coefficients that repeat with them.
fn average(basis: &Basis, poly: &Poly, period: usize) -> Poly {
    let copies = (poly.degree() / period) as u64;
    let mut mean = Poly::zero(period, basis.limbs());
    for (row, kernel) in basis.kernels().iter().enumerate() {
        let (modulus, sum) = (kernel.modulus(), mean.limb_mut(row));
        let each = poly.limb(row).chunks_exact(period);
        each.for_each(|copy| kernel.add(sum, copy));
        kernel.scale(sum, modulus.inverse(modulus.reduce(copies)));
    }
    mean
}
