//! A network's owner, whose weights and input are random.

use std::time::{Duration, Instant};

use hushwork_proof::circuit::sums::Kernel;
use hushwork_proof::circuit::{Circuit, Input, Mode, Output};
use hushwork_proof::commitment::Committed;
use hushwork_proof::field::F;
use hushwork_proof::merkle::Digest;
use hushwork_proof::model::{Numbers, Owned, Proved, Statement, Tell, slots};
use hushwork_proof::scheme::{Scheme, Weights};

pub struct Owner {
    pub scheme: Scheme,
    pub field: Vec<F>,
    pub input: Vec<i32>,
    weights: Vec<i32>,
}

/// What comes of some work, and how long it takes.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let made = work();
    (made, start.elapsed())
}

fn random() -> impl FnMut() -> i32 {
    let mut state = 1u64;
    move || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as i32
    }
}

/// Bytes of weights.
fn weights(circuit: &Circuit, mut next: impl FnMut() -> i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for sum in &circuit.sums {
        for part in &sum.parts {
            if let Kernel::Weights(tensor) = part.kernel {
                let count = tensor.rows * part.size.channels * sum.bounds.size.channels;
                bytes.extend((0..count).map(|_| next() as u8));
            }
        }
        bytes.extend((0..sum.bounds.size.channels).flat_map(|_| (next() % 1000).to_le_bytes()));
    }
    bytes
}

impl Owner {
    pub fn new(scheme: Scheme) -> Self {
        let mode = Mode {
            input: Input::Public,
            output: Output::Public,
        };
        let mut next = random();
        let bytes = weights(&scheme.circuit(mode).unwrap(), &mut next);
        let weights = scheme.weights(&bytes).unwrap();
        let count = scheme.network().values()[0].size.len();
        Self {
            field: slots(&weights),
            input: (0..count).map(|_| next().rem_euclid(256)).collect(),
            weights,
            scheme,
        }
    }

    /// Proves a job, then checks the proof: how long each takes.
    pub fn job(
        &self,
        model: Digest,
        epoch: &Committed,
        hidden: Option<&Committed>,
        tell: Tell,
        seed: [u8; 32],
    ) -> (Proved, [Duration; 2]) {
        let scheme = &self.scheme;
        let owned = Owned {
            slots: &self.weights,
            committed: Some(epoch),
            model,
        };
        let (proved, prove) =
            timed(|| scheme.prove_run(owned, &self.input, hidden, tell, b"nonce", seed));
        let proved = proved.unwrap();
        let public = || Numbers::Public(self.input.clone());
        let statement = Statement {
            model,
            weights: Weights::Hidden(scheme.pin(epoch)),
            input: hidden.map_or_else(public, |hidden| Numbers::Committed(scheme.pin(hidden))),
            outcome: proved.outcome.clone(),
            bound: b"nonce",
        };
        let (verified, verify) = timed(|| scheme.verify_run(&statement, &proved.proof));
        verified.unwrap();
        let other = Statement {
            bound: b"other",
            ..statement
        };
        assert!(scheme.verify_run(&other, &proved.proof).is_err());
        (proved, [prove, verify])
    }
}
