//! Hiding commitments to slots of F: a matrix whose rows are filled by the slots and then by random
//! elements, its columns encoded, the codeword's rows hashed. Every opening shows some rows of the
//! codeword; they say nothing as long as there are random rows left.

#[cfg(all(test, not(feature = "insecure-not-hiding")))]
mod tests;
#[cfg(test)]
mod torn;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::code;
use crate::error::{Detail, Error, Result};
use crate::field::{DEGREE, F, K, random, random_extension, split};
use crate::hiding::{hiding, noise};
use crate::merkle::{Digest, Paths, SALT_BYTES, Salt, Tree};
use crate::opening;
use crate::secret::Secret;

/// The code that all commitments of a proof share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Codewords have 2^this rows.
    pub log_domain: usize,
    /// Of the matrix: coefficients of each column. A multiple of 16.
    pub rows: usize,
    /// Rows of the codeword that an opening shows.
    pub queries: usize,
}

impl Code {
    /// Variables that number the rows.
    pub fn log_rows(&self) -> usize {
        self.rows.next_power_of_two().ilog2() as usize
    }
}

/// Random rows that no opening uses up. Eight elements of K span it over F but with a probability of
/// 2^-124: so a pin, whatever its point, says nothing of the slots, even in a single column.
pub const PIN_ROWS: usize = hiding(8);

/// Columns of K that mask an opening, in the commitment that is made for it: see [`Masks`].
pub const MASKS: usize = hiding(3);

/// The layout of a commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// 2^this columns hold slots, row by row.
    pub log_columns: usize,
    /// Whether columns follow that mask an opening.
    pub masked: bool,
}

impl Shape {
    /// Columns of the codeword.
    pub fn width(&self) -> usize {
        (1 << self.log_columns) + if self.masked { MASKS * DEGREE } else { 0 }
    }

    /// Variables that number the slots.
    pub fn variables(&self, code: &Code) -> usize {
        code.log_rows() + self.log_columns
    }

    /// How often a commitment to `slots` slots can be opened: each opening uses up as many random
    /// rows as it shows, and [`PIN_ROWS`] hide its pin.
    pub fn openings(&self, code: &Code, slots: usize) -> usize {
        let filled = slots.div_ceil(1 << self.log_columns) + PIN_ROWS;
        let often = |free: usize| free.checked_div(hiding(code.queries)).unwrap_or(usize::MAX);
        code.rows.checked_sub(filled).map_or(0, often)
    }
}

/// What masks one opening, as polynomials with coefficients in K.
pub struct Masks {
    /// Of the combined columns: as many as the code has rows.
    pub combination: Secret<K>,
    /// Pads of the opening's rounds, and then random elements for its queries.
    pub pads: Secret<K>,
    /// Of the pads.
    pub of_pads: Secret<K>,
}

impl Masks {
    fn random(code: &Code, pads: usize, rng: &mut impl Rng) -> Self {
        let mut draw = |count| {
            noise(count, || random_extension(rng))
                .collect::<Vec<K>>()
                .into()
        };
        Self {
            combination: draw(code.rows),
            pads: draw(pads),
            of_pads: draw(pads),
        }
    }

    /// Coordinates of row `index` of all three.
    fn row(&self, index: usize) -> impl Iterator<Item = F> {
        let at = move |values: &[K]| values.get(index).copied().unwrap_or_default();
        let row = [at(&self.combination), at(&self.pads), at(&self.of_pads)];
        row.into_iter()
            .take(MASKS)
            .flat_map(|value| split(&value).to_vec())
    }
}

/// The prover's half of a commitment.
pub struct Committed {
    /// Its layout.
    pub shape: Shape,
    /// Rows of slots, and then random ones.
    pub slots: Secret<F>,
    /// Where it was made to mask an opening.
    pub masks: Option<Masks>,
    codeword: Secret<F>,
    tree: Tree,
}

impl Committed {
    /// Commits to slots, drawing everything else from `seed`. Masks are for an opening of so many rounds.
    ///
    /// # Errors
    /// Misuse, if the slots leave no random rows for an opening.
    pub fn new(
        code: &Code,
        log_columns: usize,
        mut slots: Vec<F>,
        rounds: Option<usize>,
        seed: [u8; 32],
    ) -> Result<Self> {
        let shape = Shape {
            log_columns,
            masked: rounds.is_some(),
        };
        if shape.openings(code, slots.len()) == 0 {
            let room = code.rows.saturating_sub(code.queries + PIN_ROWS) << log_columns;
            return Err(Error::Misuse(Detail::new(
                "slots of a commitment",
                format!("at most {room}"),
                slots.len(),
            )));
        }
        let mut rng = ChaCha20Rng::from_seed(seed);
        let free = (code.rows << log_columns) - slots.len();
        slots.extend(noise(free, || random(&mut rng)));
        let masks = rounds.map(|rounds| {
            let pads = opening::pads(rounds, code.queries);
            Masks::random(code, pads, &mut rng)
        });
        let mut salts = vec![[0; SALT_BYTES]; 1 << code.log_domain];
        salts.iter_mut().for_each(|salt| rng.fill_bytes(salt));
        Ok(Self::filled(code, shape, slots, masks, salts))
    }

    /// Commits to rows that are all there.
    pub(crate) fn filled(
        code: &Code,
        shape: Shape,
        slots: Vec<F>,
        masks: Option<Masks>,
        salts: Vec<Salt>,
    ) -> Self {
        let matrix = matrix(&slots, 1 << shape.log_columns, masks.as_ref());
        let codeword = code::encode(&matrix, shape.width(), code.log_domain);
        let tree = Tree::new(&codeword, shape.width(), salts);
        Self {
            shape,
            slots: slots.into(),
            masks,
            codeword: codeword.into(),
            tree,
        }
    }

    /// What others see of it.
    pub fn root(&self) -> Digest {
        self.tree.root()
    }

    /// Rows of the codeword at positions, which ascend, and what shows that they belong to it.
    pub fn show(&self, positions: &[usize]) -> Shown {
        let width = self.shape.width();
        let row = |position: &usize| &self.codeword[position * width..][..width];
        Shown {
            rows: positions.iter().flat_map(row).copied().collect(),
            paths: self.tree.open(positions),
        }
    }
}

/// Some rows of a codeword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// One after the other.
    pub rows: Vec<F>,
    /// Which tell that they are the codeword's.
    pub paths: Paths,
}

/// Rows of slots, each with the masks' coordinates after it.
fn matrix(slots: &[F], width: usize, masks: Option<&Masks>) -> Secret<F> {
    let rows = slots.chunks_exact(width).enumerate();
    let row = |(index, row): (usize, &[F])| {
        let masks = masks
            .into_iter()
            .flat_map(|masks| masks.row(index).collect::<Vec<F>>());
        row.iter()
            .copied()
            .chain(masks.collect::<Vec<F>>())
            .collect::<Vec<F>>()
    };
    rows.flat_map(row).collect::<Vec<F>>().into()
}
