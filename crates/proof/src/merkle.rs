//! Merkle trees over rows of F, with salted leaves: what is not opened stays hidden (in the
//! random-oracle model). Openings of several positions share what their paths have in common.

use p3_field::PrimeField32;
use rayon::prelude::*;

use crate::error::{Result, refuse};
use crate::field::{F, F_BYTES};
use crate::hiding::hiding;

/// Of BLAKE3.
pub type Digest = [u8; 32];
/// Random bytes of one leaf.
pub type Salt = [u8; SALT_BYTES];
/// Of each leaf.
pub const SALT_BYTES: usize = hiding(16);

const LEAF: &[u8; 32] = b"hushwork proof v1, a salted leaf";
const NODE: &[u8; 32] = b"hushwork proof v1, an inner node";
const TASK: usize = 256;

/// A tree over 2^n rows.
pub struct Tree {
    salts: Vec<Salt>,
    /// From the leaves' digests up to the root's.
    levels: Vec<Vec<Digest>>,
}

/// What shows some rows of a tree: their salts, and the digests that their paths lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// One of each position.
    pub salts: Vec<Salt>,
    /// From the leaves up, from left to right.
    pub digests: Vec<Digest>,
}

impl Tree {
    /// Hashes rows of `width` elements, as many as salts.
    pub fn new(rows: &[F], width: usize, salts: Vec<Salt>) -> Self {
        let mut leaves = vec![[0; 32]; salts.len()];
        leaves
            .par_iter_mut()
            .enumerate()
            .with_min_len(TASK)
            .for_each_init(Vec::new, |bytes, (index, leaf)| {
                *leaf = leaf_digest(&salts[index], &rows[index * width..][..width], bytes);
            });
        let mut levels = vec![leaves];
        while levels[levels.len() - 1].len() > 1 {
            let below = &levels[levels.len() - 1];
            let above = below.par_chunks_exact(2).with_min_len(TASK);
            levels.push(above.map(|pair| node_digest(&pair[0], &pair[1])).collect());
        }
        Self { salts, levels }
    }

    /// Commits to all rows.
    pub fn root(&self) -> Digest {
        self.levels[self.levels.len() - 1][0]
    }

    /// Opens positions, which ascend.
    pub fn open(&self, positions: &[usize]) -> Paths {
        let mut digests = Vec::new();
        let mut known = positions.to_vec();
        for level in &self.levels[..self.levels.len() - 1] {
            known = parents(&known, |sibling| digests.push(level[sibling]));
        }
        Paths {
            salts: positions
                .iter()
                .map(|position| self.salts[*position])
                .collect(),
            digests,
        }
    }
}

/// Checks that a tree of 2^`height` rows with this root holds `rows` at `positions`, which ascend.
///
/// # Errors
/// InvalidProof
pub fn verify(
    root: &Digest,
    height: usize,
    positions: &[usize],
    rows: &[F],
    paths: &Paths,
) -> Result<()> {
    let width = rows.len() / positions.len().max(1);
    let mut bytes = Vec::new();
    let leaf = |(index, salt)| leaf_digest(salt, &rows[index * width..][..width], &mut bytes);
    if paths.salts.len() != positions.len() {
        return Err(refuse(
            "salts of a tree",
            positions.len(),
            paths.salts.len(),
        ));
    }
    let mut digests: Vec<Digest> = paths.salts.iter().enumerate().map(leaf).collect();
    let mut given = paths.digests.iter();
    let mut known = positions.to_vec();
    for _ in 0..height {
        digests = climb(&known, &digests, &mut given)?;
        known = parents(&known, |_| ());
    }
    if given.next().is_some() {
        return Err(refuse("digests of a tree", "no more", "more"));
    }
    if digests.first() != Some(root) {
        return Err(refuse(
            "rows do not belong to the commitment",
            "its root",
            "another",
        ));
    }
    Ok(())
}

fn climb<'a>(
    known: &[usize],
    below: &[Digest],
    given: &mut impl Iterator<Item = &'a Digest>,
) -> Result<Vec<Digest>> {
    let mut above = Vec::with_capacity(below.len());
    let mut index = 0;
    while index < known.len() {
        let position = known[index];
        let paired = position.is_multiple_of(2) && known.get(index + 1) == Some(&(position + 1));
        let sibling = if paired {
            Some(&below[index + 1])
        } else {
            given.next()
        };
        let sibling = sibling.ok_or_else(|| refuse("digests of a tree", "more", "no more"))?;
        let (left, right) = if position.is_multiple_of(2) {
            (&below[index], sibling)
        } else {
            (sibling, &below[index])
        };
        above.push(node_digest(left, right));
        index += if paired { 2 } else { 1 };
    }
    Ok(above)
}

/// The positions above, after telling of every sibling that is not among the known.
fn parents(known: &[usize], mut missing: impl FnMut(usize)) -> Vec<usize> {
    let mut above = Vec::with_capacity(known.len());
    for (index, position) in known.iter().enumerate() {
        if above.last() == Some(&(position / 2)) {
            continue;
        }
        if position % 2 == 1 || known.get(index + 1) != Some(&(position + 1)) {
            missing(position ^ 1);
        }
        above.push(position / 2);
    }
    above
}

fn leaf_digest(salt: &Salt, row: &[F], bytes: &mut Vec<u8>) -> Digest {
    bytes.clear();
    bytes.reserve(salt.len() + row.len() * F_BYTES);
    bytes.extend_from_slice(salt);
    for value in row {
        bytes.extend_from_slice(&value.to_unique_u32().to_le_bytes());
    }
    blake3::keyed_hash(LEAF, bytes).into()
}

fn node_digest(left: &Digest, right: &Digest) -> Digest {
    let mut both = [0; 64];
    both[..32].copy_from_slice(left);
    both[32..].copy_from_slice(right);
    blake3::keyed_hash(NODE, &both).into()
}

#[cfg(test)]
pub(crate) mod tests {
    use p3_field::PrimeCharacteristicRing;
    use proptest::prelude::*;

    use super::*;

    /// The root of a tree of which nothing is known but the rows at positions, and what opens them.
    #[cfg(not(feature = "insecure-not-hiding"))]
    pub(crate) fn around(
        height: usize,
        positions: &[usize],
        rows: &[F],
        rng: &mut impl rand_core::Rng,
    ) -> (Digest, Paths) {
        let mut random = || {
            let mut digest = Digest::default();
            rng.fill_bytes(&mut digest);
            digest
        };
        let salt = |_| random()[..SALT_BYTES].try_into().unwrap();
        let salts: Vec<Salt> = positions.iter().map(salt).collect();
        let width = rows.len() / positions.len();
        let leaves = salts.iter().zip(rows.chunks_exact(width));
        let mut known: Vec<Digest> = leaves
            .map(|(salt, row)| leaf_digest(salt, row, &mut Vec::new()))
            .collect();
        let (mut at, mut digests) = (positions.to_vec(), Vec::new());
        for _ in 0..height {
            let mut siblings = Vec::new();
            let above = parents(&at, |_| siblings.push(random()));
            known = climb(&at, &known, &mut siblings.iter()).unwrap();
            digests.extend(siblings);
            at = above;
        }
        (known[0], Paths { salts, digests })
    }

    fn tree(height: usize) -> (Tree, Vec<F>) {
        let rows: Vec<F> = (0..3 << height).map(F::from_usize).collect();
        let salts = (0..1usize << height)
            .map(|index| [index as u8; SALT_BYTES])
            .collect();
        (Tree::new(&rows, 3, salts), rows)
    }

    fn opened(rows: &[F], positions: &[usize]) -> Vec<F> {
        positions
            .iter()
            .flat_map(|position| rows[position * 3..][..3].to_vec())
            .collect()
    }

    proptest! {
        #[test]
        fn what_is_opened_verifies_and_nothing_else(
            height in 0usize..8, drawn in proptest::collection::btree_set(0usize..256, 1..20), spoilt: usize,
        ) {
            let (tree, rows) = tree(height);
            let positions: Vec<usize> = drawn.iter().map(|x| x >> (8 - height)).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
            let paths = tree.open(&positions);
            let mut shown = opened(&rows, &positions);
            prop_assert_eq!(verify(&tree.root(), height, &positions, &shown, &paths), Ok(()));
            let index = spoilt % shown.len();
            shown[index] += F::ONE;
            prop_assert!(verify(&tree.root(), height, &positions, &shown, &paths).is_err());
        }

        #[test]
        fn other_paths_fail(height in 1usize..8, position: usize, spoilt: usize) {
            let (tree, rows) = tree(height);
            let positions = [position % (1 << height)];
            let shown = opened(&rows, &positions);
            let paths = tree.open(&positions);
            let check = |paths: &Paths| verify(&tree.root(), height, &positions, &shown, paths);
            let mut other = paths.clone();
            let index = spoilt % other.digests.len();
            other.digests[index][spoilt % 32] ^= 1;
            prop_assert!(check(&other).is_err());
            let mut other = paths.clone();
            if let Some(byte) = other.salts[0].first_mut() {
                *byte ^= 1;
                prop_assert!(check(&other).is_err());
            }
            let mut other = paths.clone();
            other.digests.pop();
            prop_assert!(check(&other).is_err());
            let mut other = paths;
            other.digests.push([0; 32]);
            prop_assert!(check(&other).is_err());
        }
    }
}
