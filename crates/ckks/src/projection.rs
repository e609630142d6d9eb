//! Slots that repeat, encrypted: all of c1, or its seed, but of c0 one period.
//!
//! Slots of period p lie in the subring of the p coefficients at multiples of N / p. Averaging over
//! the copies of the slots drops every other coefficient, so c0 and c1 s may be averaged apart.
//!
//! Whoever lacks the secret cannot average c1 s, but can sum: c0 repeated and c1 decrypt to the
//! plaintext in the subring and to noise at all other coefficients, and the sum over the rotations
//! by multiples of p, the trace, leaves N / p times the plaintext.

use hushwork_ring::sampling::{Seed, uniform_poly};
use hushwork_ring::{Basis, Poly};
use zeroize::Zeroizing;

use crate::bytes::{
    DIGEST, FLAG, HEADER, Kind, Reader, SEED, header, malformed, poly_bytes, write_poly,
};
use crate::ciphertext::Ciphertext;
use crate::encoding::Plaintext;
use crate::error::{Detail, Error, Result};
use crate::keys::CIPHERTEXT_LABEL;
use crate::parameters::Parameters;
use crate::secret::SecretKey;
use crate::serial::{check_limbs, check_scale};

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
    /// For a fresh one, what `c1` was expanded from.
    pub(crate) seed: Option<Seed>,
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
            seed: None,
        })
    }

    /// c0 repeated, and c1: its sum over the rotations by multiples of `period` decrypts to N / p
    /// times the plaintext, and before that it decrypts to nothing.
    ///
    /// # Errors
    /// MalformedBytes for one of another period.
    pub fn repeated(self, parameters: &Parameters, period: usize) -> Result<Ciphertext> {
        if self.period() != period {
            return Err(malformed("period of an input", period, self.period()));
        }
        let mut c0 = Poly::zero(parameters.degree(), self.limbs());
        for row in 0..self.limbs() {
            let copies = c0.limb_mut(row).chunks_exact_mut(period);
            copies.for_each(|copy| copy.copy_from_slice(self.c0.limb(row)));
        }
        Ok(Ciphertext::new(c0, self.c1, self.scale))
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

    /// Bit-packed; a fresh one carries its seed in place of `c1`.
    #[must_use]
    pub fn to_bytes(&self, parameters: &Parameters) -> Vec<u8> {
        let basis = parameters.basis(self.limbs());
        let seeded = self.seed.is_some();
        let bytes = projected_bytes(parameters, self.limbs(), self.period(), seeded);
        let mut out = header(Kind::Projected, seeded.into(), bytes);
        out.extend(parameters.digest());
        out.extend((self.limbs() as u16).to_le_bytes());
        out.extend(self.scale.to_le_bytes());
        out.extend((self.period() as u32).to_le_bytes());
        write_poly(&mut out, basis, &self.c0);
        match self.seed {
            Some(seed) => out.extend(seed),
            None => write_poly(&mut out, basis, &self.c1),
        }
        out
    }

    /// Refuses anything `to_bytes` does not write.
    ///
    /// # Errors
    /// MalformedBytes, UnsupportedVersion or ParameterMismatch.
    pub fn from_bytes(parameters: &Parameters, data: &[u8]) -> Result<Self> {
        let mut reader = Reader(data);
        let seeded = reader.header(Kind::Projected)? == FLAG;
        reader.digest(parameters)?;
        let limbs = check_limbs(parameters, reader.short()?)?;
        let scale = check_scale(f64::from_le_bytes(reader.array()?))?;
        let period = reader.word()?;
        check_period(parameters, period).map_err(Error::MalformedBytes)?;
        reader.expect(projected_bytes(parameters, limbs, period, seeded) - PREFIX)?;
        let (basis, degree) = (parameters.basis(limbs), parameters.degree());
        let c0 = reader.poly(basis, period)?;
        let seed: Option<Seed> = seeded.then(|| reader.array()).transpose()?;
        let c1 = match &seed {
            Some(seed) => uniform_poly(basis, degree, seed, CIPHERTEXT_LABEL, 0),
            None => reader.poly(basis, degree)?,
        };
        Ok(Self {
            c0,
            c1,
            scale,
            seed,
        })
    }
}

impl SecretKey {
    /// A seeded projected ciphertext of a plaintext over `basis(limbs)`, of the plaintext's period:
    /// encrypted in the whole ring, and then averaged.
    ///
    /// # Errors
    /// As `encrypt`.
    pub fn encrypt_projected(&self, plaintext: &Plaintext) -> Result<Projected> {
        let ciphertext = self.encrypt(plaintext)?;
        let projected = Projected::new(self.parameters(), &ciphertext, plaintext.poly.degree())?;
        Ok(Projected {
            seed: ciphertext.seed,
            ..projected
        })
    }

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
pub fn projected_bytes(
    parameters: &Parameters,
    limbs: usize,
    period: usize,
    seeded: bool,
) -> usize {
    let (basis, degree) = (parameters.basis(limbs), parameters.degree());
    let secret = if seeded {
        SEED
    } else {
        poly_bytes(basis, degree)
    };
    PREFIX + poly_bytes(basis, period) + secret
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
