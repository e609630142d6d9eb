//! Proven soundness of a proof: every error term, added up.
//!
//! Commitments are decoded up to agreement alpha = sqrt(rho) (1 + 1/2m), rho = rows / domain:
//! * at most (alpha - rho) / (alpha^2 - rho) contents agree so often with one interleaved word: the
//!   Johnson bound, by counting pairs, for words over any alphabet;
//! * a line of words, of which one agrees with a codeword on so large a set, agrees with codewords
//!   on the same set, but for ((2 (m + 1/2)^5 + 3 (m + 1/2) (1 - alpha) rho) / (3 rho^(3/2)) n +
//!   (m + 1/2) / sqrt(rho)) / |K| of its points (eprint 2025/2055, theorem 4.2; mutually, 2025/2110).
//!
//! The combination of c columns folds c - 1 lines, one more takes up their mask, one the pads'. Everything else
//! is the degree of a polynomial over |K|, for each content of the list. Fiat-Shamir: BLAKE3 as a
//! random oracle, the protocol being sound round by round.

use crate::commitment::Code;
use crate::error::{Detail, Error, Result};
use crate::field::LOG_FIELD;
use crate::hiding::HIDING;

/// Bits that are proven of the evidence for a run: of its publication, a link and a job together.
pub const BITS: f64 = 100.0;
/// Proofs that are verified together: nothing but hiding takes links.
pub const PROOFS: f64 = if HIDING { 3.0 } else { 2.0 };

/// Everything that soundness depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protocol {
    /// Of all commitments.
    pub code: Code,
    /// Columns of all commitments, masks included.
    pub columns: usize,
    /// Commitments that are pinned.
    pub pins: usize,
    /// Levels of the tree of fractions.
    pub depth: usize,
    /// Variables of the sumcheck of values and weights.
    pub region: usize,
    /// Elements that are compared: of the public input and the output, or of two models.
    pub told: usize,
    /// Products of atoms.
    pub products: usize,
    /// Statements that are batched at the end.
    pub statements: usize,
}

impl Protocol {
    /// What is as large as both.
    pub fn max(&self, other: &Self) -> Self {
        Self {
            code: self.code,
            columns: self.columns.max(other.columns),
            pins: self.pins.max(other.pins),
            depth: self.depth.max(other.depth),
            region: self.region.max(other.region),
            told: self.told.max(other.told),
            products: self.products.max(other.products),
            statements: self.statements.max(other.statements),
        }
    }
}

/// What may go wrong, and how probable it is, as -log2.
#[derive(Clone, Debug)]
pub struct Report {
    /// Name and bits of each.
    pub terms: Vec<(&'static str, f64)>,
}

impl Report {
    /// Bits of all together.
    pub fn bits(&self) -> f64 {
        -self
            .terms
            .iter()
            .map(|(_, bits)| (-bits).exp2())
            .sum::<f64>()
            .log2()
    }
}

/// The best report over all radii.
pub fn report(protocol: &Protocol) -> Report {
    let reports = (3..200).map(|m| at(protocol, f64::from(m)));
    let defined = reports.filter(|report| !report.bits().is_nan());
    let best = defined.max_by(|a, b| a.bits().total_cmp(&b.bits()));
    best.unwrap_or(Report {
        terms: vec![("no radius", 0.0)],
    })
}

/// Refuses what is not proven to be sound.
///
/// # Errors
/// InsecureParameters
pub fn check(protocol: &Protocol) -> Result<()> {
    let bits = report(protocol).bits() - PROOFS.log2();
    if bits < BITS {
        let expected = format!("at least {BITS} bits");
        return Err(Error::InsecureParameters(Detail::new(
            "soundness that is proven",
            expected,
            format!("{bits:.1}"),
        )));
    }
    Ok(())
}

fn at(protocol: &Protocol, m: f64) -> Report {
    let Protocol {
        code,
        columns,
        pins,
        depth,
        region,
        told,
        products,
        statements,
    } = *protocol;
    let Code {
        log_domain,
        rows,
        queries,
    } = code;
    let domain = (log_domain as f64).exp2();
    let rate = rows as f64 / domain;
    let agreement = rate.sqrt() * (1.0 + 0.5 / m);
    let list = (agreement - rate) / (agreement * agreement - rate);
    let line = line(m, rate, agreement, domain);
    let variables = log2_up(rows) + log2_up(columns);
    let pads = (2 * variables + queries) as f64 / domain;
    let of_field = |errors: f64| LOG_FIELD - errors.log2();
    let each = |errors: f64| of_field(errors.max(1.0) * list);
    let [depth, region, told, products, statements] =
        [depth, region, told, products, statements].map(|size| size as f64);
    let mut terms = vec![
        ("queries", queries as f64 * -agreement.log2()),
        ("combination of columns", of_field(columns as f64 * line)),
        (
            "pins",
            of_field(pins.max(1) as f64 * list * list * variables as f64 / 2.0),
        ),
        ("lookups", each(depth.exp2() * 5.0)),
        ("sum of fractions", each(depth * (3.0 * depth + 2.0))),
        ("values times weights", each(2.0 * region + 2.0)),
        ("input and output, or link", each(2.0 * told)),
        ("statements", each(statements)),
        ("opening's sumcheck", each(2.0 * variables as f64)),
    ];
    if HIDING {
        terms.extend([
            ("pads", of_field(short_line(pads, agreement, domain))),
            ("products of pads", each(products + 2.0)),
            ("opening's mask", each(1.0)),
        ]);
    }
    Report {
        terms: terms
            .into_iter()
            .map(|(name, bits)| (name, if rate < 1.0 { bits } else { f64::NAN }))
            .collect(),
    }
}

/// Exceptional points of a line of words.
fn line(m: f64, rate: f64, agreement: f64, domain: f64) -> f64 {
    let half = m + 0.5;
    let first = 2.0 * half.powi(5) + 3.0 * half * (1.0 - agreement) * rate;
    first / (3.0 * rate.powf(1.5)) * domain + half / rate.sqrt()
}

/// The same for the pads, whose polynomials are short: they are decoded at a larger agreement than
/// their own rate asks for, m = 3.
fn short_line(rate: f64, agreement: f64, domain: f64) -> f64 {
    let own = rate.sqrt() * (1.0 + 0.5 / 3.0);
    if own > agreement {
        return f64::NAN;
    }
    line(3.0, rate, own, domain)
}

fn log2_up(size: usize) -> usize {
    size.next_power_of_two().ilog2() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENET: Protocol = Protocol {
        code: Code {
            log_domain: 16,
            rows: 2448,
            queries: 46,
        },
        columns: 95,
        pins: 1,
        depth: 15,
        region: 12,
        told: 800,
        products: 46,
        statements: 120,
    };

    #[test]
    fn less_of_anything_is_less_secure() {
        let bits = |protocol| report(&protocol).bits();
        let code = LENET.code;
        let whole = bits(LENET);
        for less in [
            Code {
                queries: code.queries - 1,
                ..code
            },
            Code {
                rows: code.rows + 64,
                ..code
            },
            Code {
                log_domain: code.log_domain - 1,
                ..code
            },
        ] {
            assert!(
                bits(Protocol {
                    code: less,
                    ..LENET
                }) < whole
            );
        }
        for more in [
            Protocol {
                columns: LENET.columns * 2,
                ..LENET
            },
            Protocol {
                pins: LENET.pins << 20,
                ..LENET
            },
            Protocol {
                depth: LENET.depth + 8,
                ..LENET
            },
            Protocol {
                region: LENET.region << 20,
                ..LENET
            },
            Protocol {
                told: LENET.told << 20,
                ..LENET
            },
            #[cfg(not(feature = "insecure-not-hiding"))]
            Protocol {
                products: LENET.products << 20,
                ..LENET
            },
            Protocol {
                statements: LENET.statements << 20,
                ..LENET
            },
        ] {
            assert!(bits(more) < whole);
        }
    }

    #[test]
    fn what_is_not_proven_is_refused() {
        assert_eq!(check(&LENET), Ok(()));
        let few = Code {
            queries: 43,
            ..LENET.code
        };
        assert!(matches!(
            check(&Protocol { code: few, ..LENET }),
            Err(Error::InsecureParameters(_))
        ));
        let full = Code {
            rows: 1 << 16,
            ..LENET.code
        };
        assert!(matches!(
            check(&Protocol {
                code: full,
                ..LENET
            }),
            Err(Error::InsecureParameters(_))
        ));
        let empty = Code {
            rows: 0,
            ..LENET.code
        };
        assert!(matches!(
            check(&Protocol {
                code: empty,
                ..LENET
            }),
            Err(Error::InsecureParameters(_))
        ));
    }
}
