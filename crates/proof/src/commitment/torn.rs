//! One root for two commitments.

use super::*;

impl Committed {
    /// A word that agrees with one commitment on half of the positions and with another on the
    /// rest, by one tree: the halves of a prover who wants to open either.
    pub(crate) fn torn(code: &Code, [left, right]: [Self; 2], salts: Vec<Salt>) -> [Self; 2] {
        let half = (left.shape.width() << code.log_domain) / 2;
        let word = [&left.codeword[..half], &right.codeword[half..]].concat();
        [left, right].map(|one| Self {
            codeword: word.clone().into(),
            tree: Tree::new(&word, one.shape.width(), salts.clone()),
            ..one
        })
    }
}
