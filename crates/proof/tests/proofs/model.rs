//! A model with everything that its owner keeps.

use hushwork_proof::circuit::Network;
use hushwork_proof::circuit::description::Description;
use hushwork_proof::circuit::geometry::Size;
use hushwork_proof::commitment::{Code, Committed};
use hushwork_proof::error::Result;
use hushwork_proof::field::F;
use hushwork_proof::merkle::Digest;
use hushwork_proof::model::{Numbers, Outcome, Owned, Proved, Statement, Tell, slots};
use hushwork_proof::parameters::Parameters;
use hushwork_proof::scheme::{Scheme, Visibility, Weights};

use crate::random::Draw;

pub struct Model {
    pub scheme: Scheme,
    pub bytes: Vec<u8>,
    pub slots: Vec<i32>,
    pub field: Vec<F>,
    pub committed: Option<Committed>,
    pub digest: Digest,
}

/// Parameters that have room for every small network, and need not be searched for.
pub fn roomy(visibility: Visibility) -> Parameters {
    let (log_domain, rows, queries, auxiliary) = match visibility {
        Visibility::Public => (13, 512, 54, 8),
        Visibility::Hidden => (14, 3200, 90, 5),
    };
    Parameters {
        code: Code {
            log_domain,
            rows,
            queries,
        },
        weights: 5,
        auxiliary,
        publication: 3,
        boundary: 2,
    }
}

pub fn scheme(description: &Description, visibility: Visibility) -> Scheme {
    Scheme::read(&description.to_bytes(), visibility, roomy(visibility)).unwrap()
}

impl Model {
    /// With random weights.
    pub fn new(description: &Description, visibility: Visibility, seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let network = Network::new(description.clone()).unwrap();
        let bytes = draw.weights(&network);
        Self::with(scheme(description, visibility), bytes, draw.seed())
    }

    pub fn with(scheme: Scheme, bytes: Vec<u8>, seed: [u8; 32]) -> Self {
        let numbers = scheme.weights(&bytes).unwrap();
        let field = slots(&numbers);
        let hidden = scheme.visibility() == Visibility::Hidden;
        let committed = hidden.then(|| scheme.commit(&field, seed).unwrap());
        let mut model = Self {
            scheme,
            bytes,
            slots: numbers,
            field,
            committed,
            digest: Digest::default(),
        };
        model.digest = model.scheme.model(&model.weights());
        model
    }

    pub fn weights(&self) -> Weights<'_> {
        match &self.committed {
            Some(committed) => Weights::Hidden(self.scheme.pin(committed)),
            None => Weights::Public(&self.field),
        }
    }

    pub fn root(&self) -> &Committed {
        self.committed.as_ref().expect("hidden weights")
    }

    pub fn input(&self, seed: u64) -> Vec<i32> {
        Draw::new(seed).input(self.scheme.network())
    }

    /// A commitment to an input.
    pub fn hide(&self, input: &[i32], seed: [u8; 32]) -> Committed {
        let padded = spread(input, self.scheme.network().values()[0].size);
        self.scheme.commit_boundary(slots(&padded), seed).unwrap()
    }

    pub fn owned(&self) -> Owned<'_> {
        Owned {
            slots: &self.slots,
            committed: self.committed.as_ref(),
            model: self.digest,
        }
    }

    pub fn prove(&self, input: &[i32], hidden: Option<&Committed>, tell: Tell) -> Proved {
        let made = self
            .scheme
            .prove_run(self.owned(), input, hidden, tell, BOUND, [77; 32]);
        made.unwrap()
    }

    pub fn statement(&self, input: Numbers, outcome: Outcome) -> Statement<'_> {
        Statement {
            model: self.digest,
            weights: self.weights(),
            input,
            outcome,
            bound: BOUND,
        }
    }

    /// What is said of an input.
    pub fn told(&self, input: &[i32], hidden: Option<&Committed>) -> Numbers {
        hidden.map_or(Numbers::Public(input.to_vec()), |hidden| {
            Numbers::Committed(self.scheme.pin(hidden))
        })
    }

    pub fn verify(&self, input: Numbers, outcome: Outcome, proof: &[u8]) -> Result<()> {
        let statement = self.statement(input, outcome);
        self.scheme.verify_run(&statement, proof)
    }
}

/// A nonce and a hotkey.
pub const BOUND: &[u8] = b"nonce 1, hotkey 5F";

/// Numbers as slots.
pub fn spread(numbers: &[i32], size: Size) -> Vec<i32> {
    let mut slots = vec![0; size.slots()];
    for (index, number) in numbers.iter().enumerate() {
        slots[index / size.channels * size.columns() + index % size.channels] = *number;
    }
    slots
}

/// Slots as numbers.
pub fn gather(slots: &[i32], size: Size) -> Vec<i32> {
    let rows = slots.chunks(size.columns());
    rows.flat_map(|row| &row[..size.channels])
        .copied()
        .collect()
}
