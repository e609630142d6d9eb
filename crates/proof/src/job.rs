//! Proofs of a network's run: what is committed, in which order, and what is sent.

use p3_field::PrimeCharacteristicRing;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::atoms::{self, Atoms};
use crate::circuit::interaction::{Known, Told};
use crate::circuit::region::Region;
use crate::circuit::tables::Fingerprint;
use crate::circuit::witness::Witness;
use crate::circuit::{AUXILIARY, Circuit, WEIGHTS};
use crate::commitment::{Code, Committed, Shape};
use crate::error::{Result, malformed, refuse};
use crate::field::{F, K, powers};
use crate::linear::{Linear, Tensor, Term};
use crate::masked::{Receiver, Sender};
use crate::merkle::Digest;
use crate::opening::{self, Opening};
use crate::pin::Pinned;
use crate::quadratic::{self, Quadratic};
use crate::transcript::{Challenger, Transcript};

/// The messages of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Of the auxiliary commitment.
    pub root: Digest,
    /// The denominator of all lookups' sum.
    pub sum: K,
    /// Under pads.
    pub messages: Vec<K>,
    /// That products of pads are products.
    pub quadratic: Quadratic,
    /// Of all commitments.
    pub opening: Opening,
}

/// What a proof says, and to whom.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// Commitments, by what they hold; the auxiliary one is not among them.
    pub pinned: Vec<(usize, Pinned)>,
    /// Slots of public weights.
    pub weights: Option<&'a [F]>,
    /// Public input and output.
    pub told: Told,
    /// Whatever else the proof is bound to: digests, nonce, hotkey.
    pub context: &'a [u8],
}

impl Statement<'_> {
    /// Where a content is among the commitments that are opened.
    fn place(&self, content: usize) -> usize {
        let place = self.pinned.iter().position(|(other, _)| *other == content);
        place.map_or(0, |place| place + 1)
    }
}

/// A circuit with what its proofs need besides.
pub struct Job<'a> {
    /// What is shown.
    pub circuit: &'a Circuit,
    /// Of all commitments.
    pub code: Code,
    /// The auxiliary commitment has 2^this columns for slots.
    pub log_columns: usize,
    atoms: Atoms,
    region: Region,
}

impl<'a> Job<'a> {
    /// The proofs of a circuit.
    #[must_use]
    pub fn new(circuit: &'a Circuit, code: Code, log_columns: usize) -> Self {
        let region = Region::new(&circuit.sums, &circuit.places.values);
        let atoms = Atoms::new(circuit.plan(&region));
        Self { circuit, code, log_columns, atoms, region }
    }

    /// Slots of the auxiliary commitment.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.atoms_tensor().range().end
    }

    fn atoms_tensor(&self) -> Tensor {
        self.atoms.tensor(AUXILIARY, self.circuit.places.auxiliary)
    }

    /// Shapes of all commitments, the auxiliary one first.
    fn shapes(&self, statement: &Statement) -> Vec<Shape> {
        let own = Shape { log_columns: self.log_columns, masked: true };
        [own].into_iter().chain(statement.pinned.iter().map(|(_, pinned)| pinned.shape)).collect()
    }

    fn transcript(&self, statement: &Statement) -> Transcript {
        let mut transcript = Transcript::new("hushwork proof v1: a run");
        transcript.absorb("context", statement.context);
        for (content, pinned) in &statement.pinned {
            transcript.absorb("content", &(*content as u64).to_le_bytes());
            transcript.absorb("commitment", &pinned.root);
            transcript.absorb_extension("pin", &[pinned.value]);
        }
        let public = [statement.weights, statement.told.input.as_deref(), statement.told.output.as_deref()];
        for values in public {
            transcript.absorb("told", &[u8::from(values.is_some())]);
            transcript.absorb_base("values", values.unwrap_or_default());
        }
        transcript
    }

    /// Proves a statement about a run.
    ///
    /// # Errors
    /// Misuse, where commitments have no room.
    pub fn prove(&self, statement: &Statement, held: &[&Committed], weights: &[F], mut witness: Witness, seed: [u8; 32]) -> Result<Proof> {
        let mut rng = ChaCha20Rng::from_seed(seed);
        let atoms = self.atoms.draw(&mut rng);
        let mut slots = std::mem::take(&mut witness.auxiliary);
        slots.extend(atoms::slots(&atoms));
        let region = self.region_slots(&slots, &witness);
        let rounds = opening::rounds(&self.code, &self.shapes(statement));
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let auxiliary = Committed::new(&self.code, self.log_columns, slots, Some(rounds), seed)?;
        let mut transcript = self.transcript(statement);
        let fingerprint = fingerprint(&mut transcript, &auxiliary.root());
        let dummy = atoms[self.atoms.dummy()];
        let fractions = self.circuit.lookups.fractions(&witness.entries, &auxiliary.slots, &fingerprint, dummy);
        let sum = fractions.root().1;
        transcript.absorb_extension("sum", &[sum]);
        let mut sender = Sender::new(&mut transcript, &self.atoms.plan, &atoms);
        let known = Known { fractions: &fractions, region: &region, weights };
        self.circuit.interact(&mut sender, &self.atoms, &fingerprint, sum, &statement.told, Some(&known))?;
        drop(fractions);
        let (messages, mut statements) = sender.finish();
        let (quadratic, of_products) = quadratic::prove(&mut transcript, &self.atoms, &atoms);
        statements.extend(of_products);
        let (terms, target) = self.relation(statement, statements, transcript.challenge("statements"));
        let all: Vec<&Committed> = [&auxiliary].into_iter().chain(held.iter().copied()).collect();
        let opening = opening::open(&mut transcript, &self.code, &all, &terms, target)?;
        Ok(Proof { root: auxiliary.root(), sum, messages, quadratic, opening })
    }

    fn region_slots(&self, auxiliary: &[F], witness: &Witness) -> Vec<F> {
        let slots = |tensor: Tensor| if tensor.commitment == AUXILIARY { auxiliary } else { &witness.input };
        let value = |(value, _): &(usize, usize)| {
            let tensor = self.circuit.places.values[*value];
            slots(tensor)[tensor.range()].iter().copied()
        };
        self.region.places.iter().flat_map(value).collect()
    }

    /// Checks a proof of a statement.
    ///
    /// # Errors
    /// InvalidProof, or MalformedBytes
    pub fn verify(&self, statement: &Statement, proof: &Proof) -> Result<()> {
        if proof.sum == K::ZERO {
            return Err(refuse("the sum of all lookups", "a denominator that is not zero", "zero"));
        }
        if proof.messages.len() != self.atoms.plan.pads {
            return Err(malformed("messages", self.atoms.plan.pads, proof.messages.len()));
        }
        let mut transcript = self.transcript(statement);
        let fingerprint = fingerprint(&mut transcript, &proof.root);
        transcript.absorb_extension("sum", &[proof.sum]);
        let mut receiver = Receiver::new(&mut transcript, &self.atoms.plan, &proof.messages);
        self.circuit.interact(&mut receiver, &self.atoms, &fingerprint, proof.sum, &statement.told, None)?;
        let mut statements = receiver.finish();
        statements.extend(quadratic::verify(&mut transcript, &self.atoms, &proof.quadratic)?);
        let (terms, target) = self.relation(statement, statements, transcript.challenge("statements"));
        let shapes = self.shapes(statement);
        let roots = [proof.root].into_iter().chain(statement.pinned.iter().map(|(_, pinned)| pinned.root));
        let commitments: Vec<(Digest, Shape)> = roots.zip(shapes).collect();
        opening::verify(&mut transcript, &self.code, &commitments, &terms, target, &proof.opening)
    }

    /// All statements as one about the commitments, in the order of their opening.
    fn relation(&self, statement: &Statement, mut statements: Vec<Linear>, batch: K) -> (Vec<Term>, K) {
        let pins = statement.pinned.iter().map(|(content, pinned)| pinned.statement(&self.code, *content));
        statements.extend(pins);
        let mut all = Linear::default();
        for (one, power) in statements.iter().zip(powers(batch, statements.len())) {
            all.add(one, power);
        }
        let atoms = all.atoms_term(self.atoms_tensor());
        let mut target = -all.constant;
        let mut terms = Vec::with_capacity(all.terms.len() + 1);
        for mut term in all.terms.into_iter().chain([atoms]) {
            match statement.weights {
                Some(weights) if term.tensor.commitment == WEIGHTS => target -= term.apply(weights),
                _ => {
                    term.tensor.commitment = statement.place(term.tensor.commitment);
                    terms.push(term);
                }
            }
        }
        (terms, target)
    }
}

fn fingerprint(transcript: &mut Transcript, root: &Digest) -> Fingerprint {
    transcript.absorb("auxiliary commitment", root);
    let alpha = transcript.challenge("entries");
    let beta = transcript.challenge("values of an entry");
    let powers = powers(beta, 4);
    Fingerprint { alpha, powers: [powers[0], powers[1], powers[2], powers[3]] }
}
