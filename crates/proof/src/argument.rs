//! Proofs about commitments: in which order things are committed, said and opened, whatever is shown.

#[cfg(test)]
mod tests;

use p3_field::PrimeCharacteristicRing;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::atoms::{self, Atoms};
pub use crate::binding::Binding;
use crate::circuit::tables::Fingerprint;
use crate::circuit::{AUXILIARY, WEIGHTS};
use crate::commitment::{Code, Committed, Shape};
use crate::error::{Result, malformed, refuse};
use crate::field::{F, K, powers};
use crate::linear::{Linear, Tensor, Term};
use crate::masked::{Receiver, Sender};
use crate::merkle::Digest;
use crate::opening::{self, Opening};
use crate::quadratic::{self, Quadratic};
pub use crate::subject::{Phases, SILENT, Seen, Subject};
use crate::transcript::Challenger;

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

/// The prover's secrets.
pub struct Secrets<'a, T> {
    /// Commitments, in the order of the binding.
    pub committed: &'a [&'a Committed],
    /// Slots of the auxiliary commitment, without atoms.
    pub slots: Vec<F>,
    /// Columns of all segments' entries.
    pub entries: Vec<Vec<Vec<F>>>,
    /// What the interaction needs.
    pub known: T,
    /// From the operating system, for this proof alone.
    pub seed: [u8; 32],
}

/// Proofs of a subject.
pub struct Argument<'a, S> {
    subject: &'a S,
    code: Code,
    log_columns: usize,
    atoms: Atoms,
    phases: Phases<'a>,
}

impl<'a, S: Subject> Argument<'a, S> {
    /// With an auxiliary commitment of 2^`log_columns` columns for slots.
    pub fn new(subject: &'a S, code: Code, log_columns: usize) -> Self {
        Self {
            subject,
            code,
            log_columns,
            atoms: Atoms::new(subject.plan()),
            phases: SILENT,
        }
    }

    /// The same, whose prover tells what it turns to.
    pub fn telling(self, phases: Phases<'a>) -> Self {
        Self { phases, ..self }
    }

    /// Slots of the auxiliary commitment.
    pub fn slots(&self) -> usize {
        self.atoms_tensor().range().end
    }

    /// Products of atoms.
    pub fn products(&self) -> usize {
        self.atoms.plan.products.len()
    }

    /// Messages under pads.
    pub fn messages(&self) -> usize {
        self.atoms.plan.pads
    }

    /// Distinct factors of products.
    pub fn factors(&self) -> usize {
        self.atoms.factors.len()
    }

    fn atoms_tensor(&self) -> Tensor {
        self.atoms.tensor(AUXILIARY, self.subject.slots())
    }

    /// Shapes of all commitments, the auxiliary one first.
    pub fn shapes(&self, binding: &Binding) -> Vec<Shape> {
        let own = Shape {
            log_columns: self.log_columns,
            masked: true,
        };
        [own]
            .into_iter()
            .chain(binding.pinned.iter().map(|(_, pinned)| pinned.shape))
            .collect()
    }

    /// Makes a proof.
    ///
    /// # Errors
    /// Misuse, where commitments have no room.
    pub fn prove(&self, binding: &Binding, mut secrets: Secrets<S::Known>) -> Result<Proof> {
        (self.phases)("commitment");
        let mut rng = ChaCha20Rng::from_seed(secrets.seed);
        let atoms = self.atoms.draw(&mut rng);
        let rounds = opening::rounds(&self.code, &self.shapes(binding));
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let mut slots = std::mem::take(&mut secrets.slots);
        slots.extend(atoms::slots(&atoms));
        let auxiliary = Committed::new(&self.code, self.log_columns, slots, Some(rounds), seed)?;
        self.show(
            &mut binding.transcript(),
            binding,
            secrets,
            &atoms,
            &auxiliary,
        )
    }

    /// Makes a proof once everything is committed.
    fn show(
        &self,
        challenger: &mut impl Challenger,
        binding: &Binding,
        secrets: Secrets<S::Known>,
        atoms: &[K],
        auxiliary: &Committed,
    ) -> Result<Proof> {
        (self.phases)("look-ups");
        let fingerprint = fingerprint(challenger, &auxiliary.root());
        let dummy = self.atoms.dummy();
        let fractions = self.subject.lookups().map(|lookups| {
            lookups.fractions(
                &secrets.entries,
                &auxiliary.slots,
                &fingerprint,
                atoms.get(dummy).copied(),
            )
        });
        let sum = fractions
            .as_ref()
            .map_or(K::ONE, |fractions| fractions.root().1);
        challenger.absorb_extension("sum", &[sum]);
        let mut sender = Sender::new(challenger, &self.atoms.plan, atoms);
        let seen = Seen {
            fingerprint,
            sum,
            dummy,
            phases: self.phases,
        };
        let known = Some((&secrets.known, fractions.as_ref()));
        self.subject.interact(&mut sender, &seen, known)?;
        drop(fractions);
        (self.phases)("opening");
        let (messages, mut statements) = sender.finish();
        let (quadratic, of_products) = quadratic::prove(challenger, &self.atoms, atoms);
        statements.extend(of_products);
        let batch = challenger.challenge("statements");
        let (terms, target) = self.relation(binding, statements, batch);
        let all: Vec<&Committed> = [auxiliary]
            .into_iter()
            .chain(secrets.committed.iter().copied())
            .collect();
        let opening = opening::open(challenger, &self.code, &all, &terms, target)?;
        Ok(Proof {
            root: auxiliary.root(),
            sum,
            messages,
            quadratic,
            opening,
        })
    }

    /// Checks a proof.
    ///
    /// # Errors
    /// InvalidProof, or MalformedBytes
    pub fn verify(&self, binding: &Binding, proof: &Proof) -> Result<()> {
        self.check(&mut binding.transcript(), binding, proof)
    }

    fn check(
        &self,
        challenger: &mut impl Challenger,
        binding: &Binding,
        proof: &Proof,
    ) -> Result<()> {
        let statements = self.statements(challenger, proof)?;
        let batch = challenger.challenge("statements");
        let (terms, target) = self.relation(binding, statements, batch);
        let roots = [proof.root]
            .into_iter()
            .chain(binding.pinned.iter().map(|(_, pinned)| pinned.root));
        let commitments: Vec<(Digest, Shape)> = roots.zip(self.shapes(binding)).collect();
        opening::verify(
            challenger,
            &self.code,
            &commitments,
            &terms,
            target,
            &proof.opening,
        )
    }

    /// What messages leave to be shown.
    fn statements(&self, challenger: &mut impl Challenger, proof: &Proof) -> Result<Vec<Linear>> {
        if proof.sum == K::ZERO {
            return Err(refuse(
                "the sum of all lookups",
                "a denominator that is not zero",
                "zero",
            ));
        }
        if proof.messages.len() != self.messages() {
            return Err(malformed("messages", self.messages(), proof.messages.len()));
        }
        let fingerprint = fingerprint(challenger, &proof.root);
        challenger.absorb_extension("sum", &[proof.sum]);
        let mut receiver = Receiver::new(challenger, &self.atoms.plan, &proof.messages);
        let seen = Seen {
            fingerprint,
            sum: proof.sum,
            dummy: self.atoms.dummy(),
            phases: SILENT,
        };
        self.subject.interact(&mut receiver, &seen, None)?;
        let mut statements = receiver.finish();
        statements.extend(quadratic::verify(
            challenger,
            &self.atoms,
            &proof.quadratic,
        )?);
        Ok(statements)
    }

    /// All statements as one about the commitments, in the order of their opening.
    fn relation(&self, binding: &Binding, mut statements: Vec<Linear>, batch: K) -> (Vec<Term>, K) {
        let pins = binding
            .pinned
            .iter()
            .map(|(content, pinned)| pinned.statement(&self.code, *content));
        statements.extend(pins);
        let mut all = Linear::default();
        for (one, power) in statements.iter().zip(powers(batch, statements.len())) {
            all.add(one, power);
        }
        let atoms = all.atoms_term(self.atoms_tensor());
        let mut target = -all.constant;
        let mut terms = Vec::with_capacity(all.terms.len() + 1);
        for mut term in all.terms.into_iter().chain([atoms]) {
            match binding.weights {
                Some(weights) if term.tensor.commitment == WEIGHTS => target -= term.apply(weights),
                _ => {
                    term.tensor.commitment = binding.place(term.tensor.commitment);
                    terms.push(term);
                }
            }
        }
        (terms, target)
    }
}

fn fingerprint(transcript: &mut impl Challenger, root: &Digest) -> Fingerprint {
    transcript.absorb("auxiliary commitment", root);
    let alpha = transcript.challenge("entries");
    let beta = transcript.challenge("values of an entry");
    let powers = powers(beta, 4);
    Fingerprint {
        alpha,
        powers: [powers[0], powers[1], powers[2], powers[3]],
    }
}
