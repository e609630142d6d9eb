//! Proofs as bytes: words below p, four bytes each, little-endian; every length is what the
//! statement makes it, but for the numbers of rows and digests, which are written before them.

use p3_field::PrimeCharacteristicRing;

use crate::argument::Proof;
use crate::commitment::Shown;
use crate::error::{Detail, Error, Result, malformed};
use crate::field::{DEGREE, F, F_BYTES, K, PRIME, join, write_base, write_extension};
use crate::hiding::{HIDING, hiding};
use crate::merkle::{Paths, SALT_BYTES};
use crate::opening::{self, Opening};
use crate::quadratic::Quadratic;

/// Most bytes of a proof.
pub const LIMIT: usize = 64 << 20;

/// Lengths of a proof's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// Messages under pads.
    pub messages: usize,
    /// Distinct factors of products.
    pub factors: usize,
    /// Rounds of the opening.
    pub rounds: usize,
    /// Rows of the code, and its queries.
    pub rows: usize,
    /// See `rows`.
    pub queries: usize,
    /// Columns of each commitment.
    pub widths: Vec<usize>,
}

impl Proof {
    /// Canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self {
            root,
            sum,
            messages,
            quadratic: Quadratic { sums, factors },
            opening,
        } = self;
        let Opening {
            rounds,
            mask,
            combination,
            pads,
            shown,
        } = opening;
        let mut bytes = root.to_vec();
        for part in [
            &[*sum][..],
            messages,
            &sums[..hiding(2)],
            factors,
            rounds,
            &[*mask][..hiding(1)],
            combination,
            pads,
        ] {
            write_extension(part, &mut bytes);
        }
        for Shown {
            rows,
            paths: Paths { salts, digests },
        } in shown
        {
            bytes.extend((salts.len() as u32).to_le_bytes());
            bytes.extend((digests.len() as u32).to_le_bytes());
            write_base(rows, &mut bytes);
            bytes.extend(salts.as_flattened());
            bytes.extend(digests.as_flattened());
        }
        bytes
    }

    /// Reads what a stranger sent.
    ///
    /// # Errors
    /// TooLarge, or MalformedBytes: bytes that end early, go on, or are not canonical.
    pub fn from_bytes(bytes: &[u8], lengths: &Lengths) -> Result<Self> {
        if bytes.len() > LIMIT {
            return Err(Error::TooLarge(Detail::new(
                "proof",
                format!("at most {LIMIT} bytes"),
                bytes.len(),
            )));
        }
        let mut reader = Reader::new(bytes);
        let proof = reader.proof(lengths)?;
        reader.finish()?;
        Ok(proof)
    }
}

/// Takes words and digests off bytes.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Refuses what is left.
    pub(crate) fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(malformed(
            "bytes",
            "their end",
            format!("{} more", self.0.len()),
        ))
    }

    fn proof(&mut self, lengths: &Lengths) -> Result<Proof> {
        Ok(Proof {
            root: self.array()?,
            sum: self.extension()?,
            messages: self.extensions(lengths.messages)?,
            quadratic: Quadratic {
                sums: [self.mask()?, self.mask()?],
                factors: self.extensions(lengths.factors)?,
            },
            opening: Opening {
                rounds: self.extensions(2 * lengths.rounds)?,
                mask: self.mask()?,
                combination: self.extensions(lengths.rows)?,
                pads: self.extensions(opening::pads(lengths.rounds, lengths.queries))?,
                shown: lengths
                    .widths
                    .iter()
                    .map(|width| self.shown(*width))
                    .collect::<Result<_>>()?,
            },
        })
    }

    fn shown(&mut self, width: usize) -> Result<Shown> {
        let [rows, digests] = [self.length()?, self.length()?];
        let rows_read = self.many(rows * width, F_BYTES, Self::base)?;
        let salts = self.many(rows, SALT_BYTES, Self::array)?;
        let digests = self.many(digests, 32, Self::array)?;
        Ok(Shown {
            rows: rows_read,
            paths: Paths { salts, digests },
        })
    }

    fn length(&mut self) -> Result<usize> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn mask(&mut self) -> Result<K> {
        if HIDING {
            self.extension()
        } else {
            Ok(K::ZERO)
        }
    }

    fn extensions(&mut self, count: usize) -> Result<Vec<K>> {
        self.many(count, DEGREE * F_BYTES, Self::extension)
    }

    /// Items of a size, if there are so many.
    fn many<T>(
        &mut self,
        count: usize,
        size: usize,
        item: impl Fn(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        if count.saturating_mul(size) > self.0.len() {
            return Err(malformed(
                "proof",
                format!("{count} items of {size} bytes"),
                format!("{} bytes", self.0.len()),
            ));
        }
        (0..count).map(|_| item(self)).collect()
    }

    pub(crate) fn extension(&mut self) -> Result<K> {
        let mut coordinates = [F::ZERO; DEGREE];
        for coordinate in &mut coordinates {
            *coordinate = self.base()?;
        }
        Ok(join(&coordinates))
    }

    fn base(&mut self) -> Result<F> {
        let word = u32::from_le_bytes(self.array()?);
        if word >= PRIME {
            return Err(malformed(
                "a word of a proof",
                format!("below {PRIME}"),
                word,
            ));
        }
        Ok(F::from_u32(word))
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (array, rest) = self
            .0
            .split_first_chunk()
            .ok_or_else(|| malformed("proof", format!("{N} bytes more"), self.0.len()))?;
        self.0 = rest;
        Ok(*array)
    }
}
