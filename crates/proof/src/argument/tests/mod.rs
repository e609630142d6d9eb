//! A small run whose two sides can be taken apart.

#![cfg_attr(feature = "insecure-not-hiding", allow(dead_code, unused_imports))]

#[cfg(not(feature = "insecure-not-hiding"))]
mod interpolation;
mod numerators;
#[cfg(not(feature = "insecure-not-hiding"))]
mod products;
#[cfg(not(feature = "insecure-not-hiding"))]
mod rank;
#[cfg(not(feature = "insecure-not-hiding"))]
mod simulator;
mod torn;
#[cfg(not(feature = "insecure-not-hiding"))]
mod unpadded;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;
use crate::circuit::description::{Description, Layer, Meaning, Sum, Term as Part};
use crate::circuit::geometry::{Size, Window};
use crate::circuit::interaction::{Run, Told};
use crate::circuit::run::{Run as Done, run};
use crate::circuit::witness::Witness;
use crate::circuit::{Circuit, INPUT, Input, Mode, Network, Output};
use crate::commitment::Masks;
use crate::error::Error;
use crate::field::{random, random_extension};
use crate::merkle::SALT_BYTES;
use crate::model::slots;
use crate::pin::Pinned;
use crate::transcript::tests::Script;

const CODE: Code = Code {
    log_domain: 8,
    rows: 96,
    queries: 3,
};
/// Columns of the auxiliary commitment, of the weights' and of the input's.
const LOG_COLUMNS: [usize; 3] = [5, 2, 1];
const POSITIONS: [usize; 3] = [7, 100, 101];

/// A layer of two numbers of a hidden input with hidden weights, and what comes out of it.
struct Case {
    circuit: Circuit,
    done: Done,
    weights: Vec<F>,
    told: Told,
}

/// Everything random that a prover commits to.
#[derive(Clone)]
struct Draws {
    atoms: Vec<K>,
    /// Random rows of all three commitments.
    tails: [Vec<F>; 3],
    /// Of the combination, pads, of pads.
    masks: [Vec<K>; 3],
}

fn network() -> Network {
    let window = Window {
        kernel: [1; 2],
        stride: [1; 2],
        padding: [0; 4],
    };
    let sum = |input, channels| Sum {
        terms: vec![Part::Weighted {
            input,
            window,
            channels,
        }],
        bias: false,
    };
    let layer = Layer::Requantise {
        sum: sum(0, 2),
        shift: 2,
        signed: false,
        table: None,
    };
    Network::new(Description {
        input: Size {
            height: 1,
            width: 1,
            channels: 2,
        },
        range: [0, 15],
        layers: vec![layer],
        output: sum(1, 1),
        meaning: Meaning::default(),
    })
    .unwrap()
}

impl Case {
    fn new(input: [i32; 2], weights: [i32; 6]) -> Self {
        let mode = Mode {
            input: Input::Committed,
            output: Output::Public,
        };
        let circuit = Circuit::new(network(), mode).unwrap();
        let done = run(&circuit, &weights, input.to_vec());
        let told = Told {
            input: None,
            output: Some(slots(&done.sums[1])),
        };
        Self {
            circuit,
            done,
            weights: slots(&weights),
            told,
        }
    }

    fn example() -> Self {
        Self::new([3, 14], [10, -3, 7, 120, -1, 2])
    }

    fn subject(&self) -> Run<'_> {
        Run::new(&self.circuit, &self.told)
    }

    fn witness(&self) -> Witness {
        Witness::new(&self.circuit, &self.done).unwrap()
    }

    /// Slots that are not random.
    fn slots(&self, atoms: &[K]) -> [Vec<F>; 3] {
        let witness = self.witness();
        let auxiliary = witness.auxiliary.into_iter().chain(atoms::slots(atoms));
        [auxiliary.collect(), self.weights.clone(), witness.input]
    }

    fn draw(&self, argument: &Argument<Run>, seed: u64) -> Draws {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let atoms = argument.atoms.draw(&mut rng).to_vec();
        let filled = self.slots(&atoms);
        let short = 2 * rounds() + CODE.queries;
        let mut many = |count| (0..count).map(|_| random_extension(&mut rng)).collect();
        let masks = [many(CODE.rows), many(short), many(short)];
        let tails = [0, 1, 2].map(|index| {
            let free = (CODE.rows << LOG_COLUMNS[index]) - filled[index].len();
            (0..free).map(|_| random(&mut rng)).collect()
        });
        Draws {
            atoms,
            tails,
            masks,
        }
    }

    /// The three commitments.
    fn commit(&self, draws: &Draws) -> [Committed; 3] {
        let slots = self.slots(&draws.atoms);
        [0, 1, 2].map(|index| {
            let [combination, pads, of_pads] = draws.masks.clone().map(Into::into);
            let masks = Masks {
                combination,
                pads,
                of_pads,
            };
            let shape = shapes()[index];
            let slots = [&slots[index][..], &draws.tails[index]].concat();
            let salts = vec![[0; SALT_BYTES]; 1 << CODE.log_domain];
            Committed::filled(&CODE, shape, slots, shape.masked.then_some(masks), salts)
        })
    }

    fn secrets<'a>(
        &'a self,
        committed: &'a [&'a Committed],
    ) -> Secrets<'a, <Run<'a> as Subject>::Known> {
        let witness = self.witness();
        Secrets {
            committed,
            slots: Vec::new(),
            known: self.subject().known(&witness, &self.weights),
            entries: witness.entries,
            seed: [0; 32],
        }
    }
}

fn argument<'a>(subject: &'a Run<'a>) -> Argument<'a, Run<'a>> {
    Argument::new(subject, CODE, LOG_COLUMNS[0])
}

fn shapes() -> [Shape; 3] {
    [0, 1, 2].map(|index| Shape {
        log_columns: LOG_COLUMNS[index],
        masked: index == 0,
    })
}

fn rounds() -> usize {
    opening::rounds(&CODE, &shapes())
}

fn bound(pinned: [Pinned; 2]) -> Binding<'static> {
    let [weights, input] = pinned;
    Binding {
        pinned: vec![(WEIGHTS, weights), (INPUT, input)],
        weights: None,
        context: Vec::new(),
    }
}

fn script() -> Script {
    Script::new(1, POSITIONS.to_vec())
}

/// The case is one: what it proves is checked, under challenges of both kinds.
#[cfg(not(feature = "insecure-not-hiding"))]
#[test]
fn the_example_is_shown() {
    let case = Case::example();
    let subject = case.subject();
    let argument = argument(&subject);
    let draws = case.draw(&argument, 1);
    let [auxiliary, weights, input] = case.commit(&draws);
    let binding = bound([&weights, &input].map(|committed| Pinned::of(&CODE, committed)));
    let all = [&weights, &input];
    let show = |challenger: &mut Script| {
        argument
            .show(
                challenger,
                &binding,
                case.secrets(&all),
                &draws.atoms,
                &auxiliary,
            )
            .unwrap()
    };
    let proof = show(&mut script());
    assert_eq!(argument.check(&mut script(), &binding, &proof), Ok(()));
    assert!(argument.verify(&binding, &proof).is_err());
    let secrets = case.secrets(&all);
    let proof = argument
        .show(
            &mut binding.transcript(),
            &binding,
            secrets,
            &draws.atoms,
            &auxiliary,
        )
        .unwrap();
    assert_eq!(argument.verify(&binding, &proof), Ok(()));
}

/// Two proofs of the same have no message in common, and neither has one twice.
#[cfg(not(feature = "insecure-not-hiding"))]
#[test]
fn every_message_is_fresh() {
    let case = Case::example();
    let subject = case.subject();
    let argument = argument(&subject);
    let [_, weights, input] = case.commit(&case.draw(&argument, 1));
    let binding = bound([&weights, &input].map(|committed| Pinned::of(&CODE, committed)));
    let prove = |seed| {
        let slots = case.witness().auxiliary;
        let all = [&weights, &input];
        let secrets = Secrets {
            slots,
            seed: [seed; 32],
            ..case.secrets(&all)
        };
        let proof = argument.prove(&binding, secrets).unwrap();
        assert_eq!(argument.verify(&binding, &proof), Ok(()));
        let Opening {
            rounds,
            mask,
            combination,
            pads,
            ..
        } = proof.opening;
        let Quadratic { sums, factors } = proof.quadratic;
        let single = [proof.sum, mask].into_iter().chain(sums);
        [proof.messages, factors, rounds, combination, pads]
            .concat()
            .into_iter()
            .chain(single)
            .collect()
    };
    let both: [Vec<K>; 2] = [1, 2].map(prove);
    let distinct: std::collections::HashSet<&K> = both.iter().flatten().collect();
    assert_eq!(distinct.len(), 2 * both[0].len());
}
