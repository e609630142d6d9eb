//! Byte formats, little-endian. Every length is checked before anything is allocated, every
//! residue against its modulus, and each value has exactly one form.
//!
//! | part | bytes |
//! | --- | --- |
//! | header | magic `HWCK`, kind, version, flags, 0 |
//! | parameters | log N u8, tiers u8, primes of Q u16, of P u16, then (limbs u16, digit u16, primes of P u16) of each tier, then each prime as u64 |
//! | ciphertext | digest 32, limbs u16, scale f64, c0, then seed 32 if flagged, else c1 |
//! | projected ciphertext | digest 32, limbs u16, scale f64, period u32, c0 of as many values, then seed 32 if flagged, else c1 |
//! | public key | digest 32, seed 32, b |
//! | evaluation keys | digest 32, keys u32, then (step u32, limbs u16) of each, by rising step and then falling limbs, one of a tier, a step of 0 for relinearisation; then the keys: seed 32, b of each digit over the primes of its tier |
//!
//! A polynomial is its evaluations, limb by limb, each residue in as many bits as its modulus, low
//! bits first. Value k of a limb is that at zeta^(5^k), where zeta is the first x^((q - 1) / 4N),
//! x = 2, 3, ..., whose order is 4N. A projected c0 holds the mean over k, k + p, k + 2p, ... at k.

use hushwork_ring::sampling::{Seed, uniform_poly};

use crate::bytes::{
    DIGEST, FLAG, HEADER, Kind, Reader, SEED, header, malformed, poly_bytes, write_poly,
};
use crate::ciphertext::Ciphertext;
use crate::error::{Detail, Error, Result};
use crate::keys::{CIPHERTEXT_LABEL, EvaluationKeys, PublicKey, SwitchingKey};
use crate::literal::{Literal, MAX_LIMBS, MAX_TIERS, Tier};
use crate::needs::{KeyNeeds, RELINEARISATION};
use crate::parameters::Parameters;

/// Scales lie between 1 and this.
pub(crate) const MAX_SCALE: f64 = (1u128 << 120) as f64;

/// Bytes of a step and its limbs.
const ENTRY: usize = 6;

pub(crate) fn check_digest(parameters: &Parameters, digest: &[u8; 32]) -> Result<()> {
    let show = |digest: &[u8]| {
        digest[..4]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    if parameters.digest() == digest {
        return Ok(());
    }
    let detail = Detail::new(
        "made under other parameters",
        show(parameters.digest()),
        show(digest),
    );
    Err(Error::ParameterMismatch(detail))
}

pub(crate) fn parameter_bytes(literal: &Literal, secure: bool) -> Vec<u8> {
    let Literal {
        log_degree,
        moduli,
        special,
        tiers,
    } = literal;
    let mut out = header(Kind::Parameters, if secure { 0 } else { FLAG }, HEADER);
    out.extend([*log_degree as u8, tiers.len() as u8]);
    let mut short = |n: usize| out.extend((n as u16).to_le_bytes());
    short(moduli.len());
    short(special.len());
    for tier in tiers {
        let Tier {
            limbs,
            digit,
            special,
        } = *tier;
        [limbs, digit, special].into_iter().for_each(&mut short);
    }
    moduli
        .iter()
        .chain(special)
        .for_each(|q| out.extend(q.to_le_bytes()));
    out
}

pub(crate) fn read_parameters(data: &[u8]) -> Result<Literal> {
    let mut reader = Reader(data);
    if reader.header(Kind::Parameters)? == FLAG {
        let detail = Detail::new(
            "a test-only parameter set",
            "secure parameters",
            "insecure ones",
        );
        return Err(Error::InsecureParameters(detail));
    }
    let [log_degree, tiers] = reader.array()?;
    let (moduli, special) = (reader.short()?, reader.short()?);
    if moduli > MAX_LIMBS || special > MAX_LIMBS {
        return Err(Error::TooLarge(Detail::new(
            "too many primes",
            MAX_LIMBS,
            moduli.max(special),
        )));
    }
    if usize::from(tiers) > MAX_TIERS {
        return Err(Error::TooLarge(Detail::new(
            "too many tiers",
            MAX_TIERS,
            tiers,
        )));
    }
    reader.expect(6 * usize::from(tiers) + 8 * (moduli + special))?;
    let tiers = (0..tiers)
        .map(|_| read_tier(&mut reader))
        .collect::<Result<_>>()?;
    let mut primes = |count| {
        (0..count)
            .map(|_| Ok(u64::from_le_bytes(reader.array()?)))
            .collect::<Result<_>>()
    };
    let (moduli, special) = (primes(moduli)?, primes(special)?);
    Ok(Literal {
        log_degree: log_degree.into(),
        moduli,
        special,
        tiers,
    })
}

fn read_tier(reader: &mut Reader<'_>) -> Result<Tier> {
    Ok(Tier {
        limbs: reader.short()?,
        digit: reader.short()?,
        special: reader.short()?,
    })
}

/// Exact size of a serialised ciphertext.
#[must_use]
pub fn ciphertext_bytes(parameters: &Parameters, limbs: usize, seeded: bool) -> usize {
    let half = poly_bytes(parameters.basis(limbs), parameters.degree());
    HEADER + DIGEST + 2 + 8 + half + if seeded { SEED } else { half }
}

/// Exact size of a serialised public key.
#[must_use]
pub fn public_key_bytes(parameters: &Parameters) -> usize {
    HEADER + DIGEST + SEED + poly_bytes(parameters.basis(parameters.limbs()), parameters.degree())
}

/// Exact size of serialised evaluation keys.
#[must_use]
pub fn evaluation_keys_bytes(parameters: &Parameters, needs: &KeyNeeds) -> usize {
    let keys = needs.iter();
    let keys: usize = keys
        .map(|(_, limbs)| ENTRY + switching_key_bytes(parameters, limbs))
        .sum();
    HEADER + DIGEST + 4 + keys
}

fn switching_key_bytes(parameters: &Parameters, limbs: usize) -> usize {
    let poly = poly_bytes(parameters.extended(limbs), parameters.degree());
    SEED + parameters.digits(limbs).len() * poly
}

#[allow(clippy::missing_errors_doc)]
impl Ciphertext {
    /// Bit-packed; a fresh one carries its seed in place of `c1`.
    #[must_use]
    pub fn to_bytes(&self, parameters: &Parameters) -> Vec<u8> {
        let basis = parameters.basis(self.limbs());
        let seeded = self.seed.is_some();
        let bytes = ciphertext_bytes(parameters, self.limbs(), seeded);
        let mut out = header(Kind::Ciphertext, seeded.into(), bytes);
        out.extend(parameters.digest());
        out.extend((self.limbs() as u16).to_le_bytes());
        out.extend(self.scale.to_le_bytes());
        write_poly(&mut out, basis, &self.c0);
        match self.seed {
            Some(seed) => out.extend(seed),
            None => write_poly(&mut out, basis, &self.c1),
        }
        out
    }

    /// Refuses anything `to_bytes` does not write.
    pub fn from_bytes(parameters: &Parameters, data: &[u8]) -> Result<Self> {
        let mut reader = Reader(data);
        let seeded = reader.header(Kind::Ciphertext)? == FLAG;
        reader.digest(parameters)?;
        let limbs = check_limbs(parameters, reader.short()?)?;
        let scale = check_scale(f64::from_le_bytes(reader.array()?))?;
        let (basis, degree) = (parameters.basis(limbs), parameters.degree());
        reader.expect(ciphertext_bytes(parameters, limbs, seeded) - (HEADER + DIGEST + 2 + 8))?;
        let c0 = reader.poly(basis, degree)?;
        if seeded {
            let seed: Seed = reader.array()?;
            let c1 = uniform_poly(basis, degree, &seed, CIPHERTEXT_LABEL, 0);
            return Ok(Self {
                c0,
                c1,
                scale,
                seed: Some(seed),
            });
        }
        Ok(Self::new(c0, reader.poly(basis, degree)?, scale))
    }
}

#[allow(clippy::missing_errors_doc)]
impl PublicKey {
    /// Bit-packed and seeded.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = header(Kind::PublicKey, 0, public_key_bytes(&self.parameters));
        out.extend(self.parameters.digest());
        out.extend(self.seed);
        write_poly(
            &mut out,
            self.parameters.basis(self.parameters.limbs()),
            &self.b,
        );
        out
    }

    /// Refuses anything `to_bytes` does not write.
    pub fn from_bytes(parameters: &Parameters, data: &[u8]) -> Result<Self> {
        let mut reader = Reader(data);
        unflagged(reader.header(Kind::PublicKey)?)?;
        reader.digest(parameters)?;
        let seed = reader.array()?;
        let (basis, degree) = (parameters.basis(parameters.limbs()), parameters.degree());
        reader.expect(poly_bytes(basis, degree))?;
        Ok(Self::from_parts(
            parameters,
            seed,
            reader.poly(basis, degree)?,
        ))
    }
}

#[allow(clippy::missing_errors_doc)]
impl EvaluationKeys {
    /// Bit-packed and seeded.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (parameters, needs) = (&self.parameters, self.needs());
        let bytes = evaluation_keys_bytes(parameters, &needs);
        let mut out = header(Kind::EvaluationKeys, 0, bytes);
        out.extend(parameters.digest());
        out.extend((needs.count() as u32).to_le_bytes());
        for (step, limbs) in needs.iter() {
            out.extend((step as u32).to_le_bytes());
            out.extend((limbs as u16).to_le_bytes());
        }
        for key in self.keys.values() {
            out.extend(key.seed);
            key.b
                .iter()
                .for_each(|b| write_poly(&mut out, parameters.extended(key.limbs()), b));
        }
        out
    }

    /// Refuses anything `to_bytes` does not write.
    pub fn from_bytes(parameters: &Parameters, data: &[u8]) -> Result<Self> {
        let mut reader = Reader(data);
        unflagged(reader.header(Kind::EvaluationKeys)?)?;
        reader.digest(parameters)?;
        let count = reader.word()?;
        let needs = read_needs(parameters, Reader(reader.bytes(ENTRY * count)?))?;
        let table = HEADER + DIGEST + 4 + ENTRY * count;
        reader.expect(evaluation_keys_bytes(parameters, &needs) - table)?;
        let key = |(step, limbs)| {
            let place = (step, parameters.tier_index(limbs));
            Ok((place, read_key(parameters, limbs, &mut reader)?))
        };
        let keys = needs.iter().map(key).collect::<Result<_>>()?;
        Ok(Self {
            parameters: parameters.clone(),
            keys,
        })
    }
}

fn read_needs(parameters: &Parameters, mut table: Reader<'_>) -> Result<KeyNeeds> {
    let mut places = Vec::new();
    while !table.0.is_empty() {
        let (step, limbs) = (table.word()?, check_limbs(parameters, table.short()?)?);
        let place = (step, parameters.tier_index(limbs));
        let rises = places.last().is_none_or(|(last, _)| *last < place);
        if step >= parameters.degree() || !rises {
            let most = parameters.degree() - 1;
            let expected = format!("{RELINEARISATION} to {most}, ascending, one key of a tier");
            return Err(malformed("step of a key", expected, step));
        }
        places.push((place, limbs));
    }
    Ok(places.into_iter().collect())
}

fn read_key(
    parameters: &Parameters,
    limbs: usize,
    reader: &mut Reader<'_>,
) -> Result<SwitchingKey> {
    let seed = reader.array()?;
    let mut digit = |_| reader.poly(parameters.extended(limbs), parameters.degree());
    let b = (0..parameters.digits(limbs).len())
        .map(&mut digit)
        .collect::<Result<_>>()?;
    Ok(SwitchingKey::from_parts(parameters, limbs, seed, b))
}

pub(crate) fn unflagged(flags: u8) -> Result<()> {
    if flags == 0 {
        Ok(())
    } else {
        Err(malformed("unknown flags", 0, flags))
    }
}

pub(crate) fn check_limbs(parameters: &Parameters, limbs: usize) -> Result<usize> {
    if (1..=parameters.limbs()).contains(&limbs) {
        return Ok(limbs);
    }
    Err(malformed(
        "limbs out of range",
        format!("1 to {}", parameters.limbs()),
        limbs,
    ))
}

pub(crate) fn check_scale(scale: f64) -> Result<f64> {
    if scale.is_finite() && (1.0..=MAX_SCALE).contains(&scale) {
        return Ok(scale);
    }
    Err(malformed(
        "scale out of range",
        format!("1 to {MAX_SCALE:e}"),
        scale,
    ))
}
