//! Parameters of a model's commitments and proofs: the fewest bytes that are proven to be sound.

#[cfg(test)]
mod tests;

use crate::commitment::{Code, MASKS, PIN_ROWS, Shape};
use crate::error::{Detail, Error, Result, malformed};
use crate::field::{DEGREE, K_BYTES};
use crate::hiding::{HIDING, hiding};
use crate::opening;
use crate::security::{self, Protocol};

/// How often a commitment may be opened: a model's root once to publish it and then for epochs, an
/// epoch's once for its link and then for proofs, so that a root serves 32 * 32 proofs.
pub const OPENINGS: usize = 33;

/// How often a commitment to an input or an output may be opened: by the proof that makes it, by the
/// one that uses it, and once more for each.
pub const BOUNDARY_OPENINGS: usize = 4;

/// A codeword's length: longer ones take more time and make smaller proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Codewords have 2^this rows.
    pub log_domain: usize,
}

/// Slots of each kind of commitment, 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// Of a model.
    pub weights: usize,
    /// Of a proof.
    pub auxiliary: usize,
    /// Of the proof that a model's weights are small.
    pub publication: usize,
    /// Of an input or an output, whichever is larger.
    pub boundary: usize,
}

/// Columns, as powers of two, and the code of all commitments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Of all commitments.
    pub code: Code,
    /// Of a model.
    pub weights: usize,
    /// Of a proof.
    pub auxiliary: usize,
    /// Of a publication.
    pub publication: usize,
    /// Of an input or an output.
    pub boundary: usize,
}

/// Longest codeword, as a power of two: as many points as F has roots of unity.
const LOG_DOMAIN: usize = 24;
/// Most columns of a commitment, as a power of two.
const LOG_COLUMNS: usize = 14;

impl Parameters {
    /// The best for a model. `protocol` says everything but the code and the columns.
    ///
    /// # Errors
    /// InvalidParameters, where codewords cannot be that long; InsecureParameters, where they do not
    /// do.
    pub fn choose(slots: &Slots, setting: Setting, protocol: &Protocol) -> Result<Self> {
        if setting.log_domain > LOG_DOMAIN {
            return Err(Error::InvalidParameters(Detail::new(
                "length of codewords",
                format!("at most 2^{LOG_DOMAIN}"),
                format!("2^{}", setting.log_domain),
            )));
        }
        let best = Self::all(slots, setting, protocol).first().copied();
        best.ok_or_else(|| {
            let expected = format!("slots for codewords of 2^{}", setting.log_domain);
            Error::InsecureParameters(Detail::new(
                "size of a model",
                expected,
                format!("{slots:?}"),
            ))
        })
    }

    /// All that do, the smallest proofs first.
    pub(crate) fn all(slots: &Slots, setting: Setting, protocol: &Protocol) -> Vec<Self> {
        let [weights, auxiliary] = [
            (slots.weights, OPENINGS),
            (slots.auxiliary, BOUNDARY_OPENINGS),
        ];
        let decisive = match slots.weights {
            0 => vec![auxiliary],
            _ if HIDING => vec![weights],
            _ => vec![weights, auxiliary],
        };
        let each = decisive.into_iter().flat_map(|decisive| {
            let with = move |columns| Self::with(slots, setting, protocol, decisive, columns);
            (0..=LOG_COLUMNS).filter_map(with)
        });
        let mut all: Vec<Self> = each.collect();
        all.sort_by_key(Self::bytes);
        all
    }

    /// With so many columns for what decides how many rows there are.
    fn with(
        slots: &Slots,
        setting: Setting,
        protocol: &Protocol,
        (decisive, openings): (usize, usize),
        columns: usize,
    ) -> Option<Self> {
        let mut queries = 1;
        loop {
            let filled = decisive.div_ceil(1 << columns);
            let rows = (filled + openings * hiding(queries) + PIN_ROWS).next_multiple_of(16);
            let code = Code {
                log_domain: setting.log_domain,
                rows,
                queries,
            };
            let made = Self {
                code,
                weights: if HIDING {
                    columns
                } else {
                    fitting(&code, slots.weights, OPENINGS)?
                },
                auxiliary: fitting(&code, slots.auxiliary, 1)?,
                publication: fitting(&code, slots.publication, 1)?,
                boundary: fitting(&code, slots.boundary, BOUNDARY_OPENINGS)?,
            };
            let sound = security::check(&made.protocol(slots, protocol));
            if sound.and(made.check(slots)).is_ok() {
                return Some(made);
            }
            queries += 1;
            if rows >= 1 << setting.log_domain || queries > rows {
                return None;
            }
        }
    }

    /// What soundness depends on; a link compares all slots of two models.
    pub fn protocol(&self, slots: &Slots, protocol: &Protocol) -> Protocol {
        let used = |slots: usize, log_columns: usize| if slots > 0 { 1 << log_columns } else { 0 };
        let columns = [
            used(slots.weights, self.weights) * 2,
            1 << self.auxiliary.max(self.publication),
            used(slots.boundary, self.boundary) * 2,
            MASKS * DEGREE,
        ];
        Protocol {
            code: self.code,
            columns: columns.iter().sum(),
            told: protocol
                .told
                .max(slots.weights.next_multiple_of(1 << self.weights)),
            ..*protocol
        }
    }

    /// Refuses what is out of range, or has no room for what is to be committed.
    ///
    /// # Errors
    /// InvalidParameters
    pub fn check(&self, slots: &Slots) -> Result<()> {
        let Code {
            log_domain,
            rows,
            queries,
        } = self.code;
        let room = |log_columns: usize, slots: usize, openings: usize| {
            log_columns <= LOG_COLUMNS
                && Self::shape(log_columns).openings(&self.code, slots) >= openings
        };
        let sizes =
            log_domain <= LOG_DOMAIN && queries > 0 && rows % 16 == 0 && rows < 1 << log_domain;
        if !sizes
            || !room(
                self.weights,
                slots.weights,
                if slots.weights > 0 { OPENINGS } else { 1 },
            )
            || !room(self.auxiliary, slots.auxiliary, 1)
            || !room(self.publication, slots.publication, 1)
            || !room(self.boundary, slots.boundary, BOUNDARY_OPENINGS)
            || self.masks(slots) > rows
        {
            let expected = format!("room for {slots:?}");
            return Err(Error::InvalidParameters(Detail::new(
                "parameters of commitments",
                expected,
                format!("{self:?}"),
            )));
        }
        Ok(())
    }

    /// Rows of the pads that mask an opening, and of their own random elements, at most.
    fn masks(&self, slots: &Slots) -> usize {
        let columns = self.protocol(slots, &Protocol::default()).columns;
        let rounds = self.code.log_rows() + columns.next_power_of_two().ilog2() as usize;
        opening::pads(rounds, self.code.queries)
    }

    /// Canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self {
            code,
            weights,
            auxiliary,
            publication,
            boundary,
        } = self;
        let Code {
            log_domain,
            rows,
            queries,
        } = code;
        let all = [
            log_domain,
            rows,
            queries,
            weights,
            auxiliary,
            publication,
            boundary,
        ];
        all.into_iter()
            .flat_map(|size| (*size as u64).to_le_bytes())
            .collect()
    }

    /// Reads what a stranger sent; it is still to be checked.
    ///
    /// # Errors
    /// MalformedBytes
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let words = bytes
            .as_chunks()
            .0
            .iter()
            .map(|word| u64::from_le_bytes(*word) as usize);
        let words: Vec<usize> = words.collect();
        let [
            log_domain,
            rows,
            queries,
            weights,
            auxiliary,
            publication,
            boundary,
        ] = words[..]
        else {
            return Err(malformed(
                "parameters",
                "seven words",
                format!("{} bytes", bytes.len()),
            ));
        };
        let code = Code {
            log_domain,
            rows,
            queries,
        };
        let read = Self {
            code,
            weights,
            auxiliary,
            publication,
            boundary,
        };
        if read.to_bytes() != bytes {
            return Err(malformed(
                "parameters",
                "seven words",
                format!("{} bytes", bytes.len()),
            ));
        }
        Ok(read)
    }

    /// About the bytes of a proof.
    fn bytes(&self) -> usize {
        let columns = (1 << self.weights) + (1 << self.auxiliary) + MASKS * DEGREE;
        let paths = 32 * 2 * (self.code.log_domain - self.code.queries.ilog2() as usize);
        self.code.rows * K_BYTES + self.code.queries * (4 * columns + paths)
    }

    /// The layout of a commitment with so many columns.
    pub fn shape(log_columns: usize) -> Shape {
        Shape {
            log_columns,
            masked: false,
        }
    }
}

/// The fewest columns that leave room for openings.
fn fitting(code: &Code, slots: usize, openings: usize) -> Option<usize> {
    let fits = |columns: &usize| Parameters::shape(*columns).openings(code, slots) >= openings;
    (0..=LOG_COLUMNS).find(fits)
}
