//! A commitment that more than one proof opens is the pair of its root and the value of its slots at
//! a point that the root decides. The root alone binds to a short list of contents, in the
//! list-decoding regime; the value picks one, the same for all proofs.

use crate::codec::Reader;
use crate::commitment::{Code, Committed, Shape};
use crate::eq;
use crate::error::Result;
use crate::field::{K, write_extension};
use crate::linear::{Linear, Tensor, Term};
use crate::merkle::Digest;
use crate::transcript::{Challenger, Transcript};

/// What others know of a commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Of its tree.
    pub root: Digest,
    /// Of its slots, random ones included, at the point.
    pub value: K,
    /// Its layout.
    pub shape: Shape,
}

impl Pinned {
    /// What the owner of a commitment publishes.
    pub fn of(code: &Code, committed: &Committed) -> Self {
        let (root, shape) = (committed.root(), committed.shape);
        Self {
            root,
            value: term(code, root, shape, 0).apply(&committed.slots),
            shape,
        }
    }

    /// Canonical bytes: root, then value. The layout is the role's.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.root.to_vec();
        write_extension(&[self.value], &mut bytes);
        bytes
    }

    /// Reads what a stranger sent.
    ///
    /// # Errors
    /// MalformedBytes
    pub fn from_bytes(bytes: &[u8], shape: Shape) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let read = Self {
            root: reader.array()?,
            value: reader.extension()?,
            shape,
        };
        reader.finish()?;
        Ok(read)
    }

    /// That a commitment's slots have the value.
    pub fn statement(&self, code: &Code, commitment: usize) -> Linear {
        Linear {
            constant: -self.value,
            terms: vec![term(code, self.root, self.shape, commitment)],
            ..Linear::default()
        }
    }
}

fn term(code: &Code, root: Digest, shape: Shape, commitment: usize) -> Term {
    let mut transcript = Transcript::new("hushwork proof v1: the point of a commitment");
    transcript.absorb("root", &root);
    for size in [code.log_domain, code.rows, shape.log_columns] {
        transcript.absorb("size", &(size as u64).to_le_bytes());
    }
    let rows = eq::range(&transcript.point("row", code.log_rows()), 0, code.rows);
    let columns = eq::table(&transcript.point("column", shape.log_columns));
    let tensor = Tensor {
        commitment,
        base: 0,
        rows: code.rows,
        middle: 1,
        columns: columns.len(),
    };
    Term::flat(tensor, rows, columns)
}
