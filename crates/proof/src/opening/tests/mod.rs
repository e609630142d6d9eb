//! What holds is shown, and nothing else.

#[cfg(not(feature = "insecure-not-hiding"))]
mod simulator;
mod torn;

#[cfg(not(feature = "insecure-not-hiding"))]
pub(crate) use simulator::simulate;

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::*;
use crate::commitment::Committed;
use crate::field::{random, random_extension};
use crate::linear::Tensor;
use crate::linear::Term;
use crate::merkle::Digest;
use crate::transcript::Transcript;

const CODE: Code = Code {
    log_domain: 8,
    rows: 48,
    queries: 12,
};

struct Case {
    committed: Vec<Committed>,
    terms: Vec<Term>,
    target: K,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let logs: Vec<usize> = (0..1 + seed as usize % 3)
            .map(|_| rng.next_u32() as usize % 6)
            .collect();
        let shapes: Vec<Shape> = logs
            .iter()
            .map(|log_columns| Shape {
                log_columns: *log_columns,
                masked: false,
            })
            .collect();
        let rounds = rounds(&CODE, &shapes);
        let mut commit = |(index, log): (usize, &usize)| {
            let slots = (0..20 << log).map(|_| random(&mut rng)).collect();
            Committed::new(
                &CODE,
                *log,
                slots,
                (index == 0).then_some(rounds),
                [index as u8; 32],
            )
            .unwrap()
        };
        let committed: Vec<Committed> = logs.iter().enumerate().map(&mut commit).collect();
        let mut term = |(commitment, log): (usize, &usize)| {
            let columns = 1 << (rng.next_u32() as usize % (log + 2));
            let tensor = Tensor {
                commitment,
                base: columns * 2,
                rows: (20 << log) / columns / 2,
                middle: 1,
                columns,
            };
            let mut draw = |count: usize| (0..count).map(|_| random_extension(&mut rng)).collect();
            Term::flat(tensor, draw(tensor.rows), draw(columns))
        };
        let terms: Vec<Term> = logs.iter().enumerate().map(&mut term).collect();
        let target = terms
            .iter()
            .zip(&committed)
            .map(|(term, committed)| term.apply(&committed.slots))
            .sum();
        Self {
            committed,
            terms,
            target,
        }
    }

    fn open(&self) -> Opening {
        let committed: Vec<&Committed> = self.committed.iter().collect();
        open(
            &mut Transcript::new("hushwork test"),
            &CODE,
            &committed,
            &self.terms,
            self.target,
        )
        .unwrap()
    }

    fn verify(&self, opening: &Opening) -> Result<()> {
        let roots: Vec<(Digest, Shape)> = self
            .committed
            .iter()
            .map(|one| (one.root(), one.shape))
            .collect();
        verify(
            &mut Transcript::new("hushwork test"),
            &CODE,
            &roots,
            &self.terms,
            self.target,
            opening,
        )
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_holds_is_shown(seed: u64) {
        let case = Case::new(seed);
        prop_assert_eq!(case.verify(&case.open()), Ok(()));
    }

    #[test]
    fn another_target_is_not(seed: u64) {
        let mut case = Case::new(seed);
        case.target += K::ONE;
        prop_assert!(case.verify(&case.open()).is_err());
    }

    #[test]
    fn no_message_can_be_changed(seed: u64, which: usize) {
        let case = Case::new(seed);
        let mut opening = case.open();
        let Opening { rounds, mask, combination, pads, .. } = &mut opening;
        let mut all: Vec<&mut K> = rounds.iter_mut().chain(combination).chain(pads).chain([mask]).collect();
        let which = which % all.len();
        *all[which] += K::ONE;
        prop_assert!(case.verify(&opening).is_err());
    }
}
