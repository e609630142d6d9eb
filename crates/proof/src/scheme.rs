//! A model's scheme: its network, the parameters of its commitments, and what all proofs about it
//! are bound to.

use crate::argument::{Argument, Binding, Proof, Subject};
use crate::circuit::interaction::Run;
use crate::circuit::link::Link;
use crate::circuit::publication::Publication;
use crate::circuit::{Circuit, Description, Mode, Network};
use crate::codec::Lengths;
use crate::commitment::{Committed, Shape};
use crate::error::{Detail, Error, Result};
use crate::field::{F, from_i64, write_base, write_extension};
use crate::hiding::HIDING;
use crate::merkle::Digest;
use crate::opening;
use crate::parameters::{Parameters, Setting};
use crate::pin::Pinned;
use crate::security;
use crate::sizes::{Sizes, sizes};

/// Of everything that decides what bytes mean.
pub const VERSION: &str = ["hushwork proof 1, not hiding", "hushwork proof 1"][HIDING as usize];

/// Who sees the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody.
    Public,
    /// Their owner.
    Hidden,
}

/// A checked description with checked parameters.
#[derive(Clone, Debug)]
pub struct Scheme {
    network: Network,
    visibility: Visibility,
    parameters: Parameters,
    sizes: Sizes,
    digest: Digest,
}

impl Scheme {
    /// The parameters that make the smallest proofs.
    ///
    /// # Errors
    /// InvalidNetwork, MalformedBytes or InsecureParameters
    pub fn choose(description: &[u8], visibility: Visibility, setting: Setting) -> Result<Self> {
        let mut chosen = Self::choose_together(&[description], visibility, setting)?;
        Ok(chosen.remove(0))
    }

    /// Parameters that networks have in common, so that one's output can be another's input.
    ///
    /// # Errors
    /// InvalidNetwork, MalformedBytes or InsecureParameters
    pub fn choose_together(
        descriptions: &[&[u8]],
        visibility: Visibility,
        setting: Setting,
    ) -> Result<Vec<Self>> {
        let mut largest = Sizes::default();
        for description in descriptions {
            let network = Network::new(Description::from_bytes(description)?)?;
            largest.include_sizes(&sizes(&network, visibility)?);
        }
        let parameters = Parameters::choose(&largest.slots, setting, &largest.protocol)?;
        let read = |description: &&[u8]| Self::read(description, visibility, parameters);
        descriptions.iter().map(read).collect()
    }

    /// Parameters that somebody else chose.
    ///
    /// # Errors
    /// InvalidNetwork, MalformedBytes, InvalidParameters or InsecureParameters
    pub fn read(
        description: &[u8],
        visibility: Visibility,
        parameters: Parameters,
    ) -> Result<Self> {
        let network = Network::new(Description::from_bytes(description)?)?;
        let sizes = sizes(&network, visibility)?;
        Self::with(network, visibility, parameters, sizes)
    }

    fn with(
        network: Network,
        visibility: Visibility,
        parameters: Parameters,
        sizes: Sizes,
    ) -> Result<Self> {
        parameters.check(&sizes.slots)?;
        security::check(&parameters.protocol(&sizes.slots, &sizes.protocol))?;
        let mut hasher = blake3::Hasher::new_derive_key(VERSION);
        hasher.update(&[u8::from(visibility == Visibility::Hidden)]);
        hasher.update(&parameters.to_bytes());
        hasher.update(&network.description().to_bytes());
        let digest = hasher.finalize().into();
        Ok(Self {
            network,
            visibility,
            parameters,
            sizes,
            digest,
        })
    }

    /// What runs.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Who sees the weights.
    pub fn visibility(&self) -> Visibility {
        self.visibility
    }

    /// Of the commitments.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Error terms of one proof.
    pub fn soundness(&self) -> security::Report {
        security::report(
            &self
                .parameters
                .protocol(&self.sizes.slots, &self.sizes.protocol),
        )
    }

    /// Of the description and the parameters.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The circuit of a kind of run.
    ///
    /// # Errors
    /// InvalidNetwork, or InvalidProof where there is no such class.
    pub fn circuit(&self, mode: Mode) -> Result<Circuit> {
        Circuit::new(self.network.clone(), mode)
    }

    /// Proofs of runs.
    pub fn runs<'a>(&self, run: &'a Run<'a>) -> Argument<'a, Run<'a>> {
        Argument::new(run, self.parameters.code, self.parameters.auxiliary)
    }

    /// Proofs that weights are within their bounds.
    pub fn publications<'a>(&self, publication: &'a Publication) -> Argument<'a, Publication> {
        Argument::new(
            publication,
            self.parameters.code,
            self.parameters.publication,
        )
    }

    /// Proofs that two commitments hold the same weights.
    pub fn links<'a>(&self, link: &'a Link) -> Argument<'a, Link> {
        Argument::new(link, self.parameters.code, 0)
    }

    /// What is to be linked.
    pub fn link(&self) -> Link {
        let columns = 1 << self.parameters.weights;
        Link {
            rows: self.sizes.weights.div_ceil(columns),
            columns,
        }
    }

    /// A commitment to weights.
    ///
    /// # Errors
    /// Misuse, if there are too few or too many.
    pub fn commit(&self, weights: &[F], seed: [u8; 32]) -> Result<Committed> {
        self.check_slots(weights.len())?;
        let mut slots = weights.to_vec();
        let link = self.link();
        slots.resize(link.rows * link.columns, from_i64(0));
        Committed::new(
            &self.parameters.code,
            self.parameters.weights,
            slots,
            None,
            seed,
        )
    }

    pub(crate) fn check_slots(&self, count: usize) -> Result<()> {
        if count == self.sizes.weights {
            return Ok(());
        }
        let expected = self.sizes.weights;
        Err(Error::Misuse(Detail::new(
            "slots of weights",
            expected,
            count,
        )))
    }

    /// A commitment to an input or an output.
    ///
    /// # Errors
    /// Misuse, if there are too many.
    pub fn commit_boundary(&self, slots: Vec<F>, seed: [u8; 32]) -> Result<Committed> {
        Committed::new(
            &self.parameters.code,
            self.parameters.boundary,
            slots,
            None,
            seed,
        )
    }

    /// A commitment with its pin.
    pub fn pin(&self, committed: &Committed) -> Pinned {
        Pinned::of(&self.parameters.code, committed)
    }

    /// The layout of commitments to weights.
    pub fn weights_shape(&self) -> Shape {
        Parameters::shape(self.parameters.weights)
    }

    /// The layout of commitments to inputs and outputs.
    pub fn boundary_shape(&self) -> Shape {
        Parameters::shape(self.parameters.boundary)
    }

    /// A model: this scheme and its weights.
    pub fn model(&self, weights: &Weights) -> Digest {
        let mut bytes = Vec::new();
        match weights {
            Weights::Hidden(pinned) => {
                bytes.extend(pinned.root);
                write_extension(&[pinned.value], &mut bytes);
            }
            Weights::Public(slots) => write_base(slots, &mut bytes),
        }
        blake3::Hasher::new_keyed(&self.digest)
            .update(&bytes)
            .finalize()
            .into()
    }

    /// What a proof is bound to besides commitments: the scheme, its kind, and parts, each with its
    /// length.
    pub fn context(&self, kind: &str, parts: &[&[u8]]) -> Vec<u8> {
        let all = [&self.digest[..], kind.as_bytes()]
            .into_iter()
            .chain(parts.iter().copied());
        all.flat_map(|part| {
            (part.len() as u64)
                .to_le_bytes()
                .into_iter()
                .chain(part.iter().copied())
        })
        .collect()
    }

    /// Lengths of an argument's proofs.
    pub fn lengths<S: Subject>(&self, argument: &Argument<S>, binding: &Binding) -> Lengths {
        let (code, shapes) = (self.parameters.code, argument.shapes(binding));
        Lengths {
            messages: argument.messages(),
            factors: argument.factors(),
            rounds: opening::rounds(&code, &shapes),
            rows: code.rows,
            queries: code.queries,
            widths: shapes.iter().map(Shape::width).collect(),
        }
    }

    /// Reads and checks a proof.
    ///
    /// # Errors
    /// TooLarge, MalformedBytes or InvalidProof
    pub fn verify<S: Subject>(
        &self,
        argument: &Argument<S>,
        binding: &Binding,
        proof: &[u8],
    ) -> Result<()> {
        let proof = Proof::from_bytes(proof, &self.lengths(argument, binding))?;
        argument.verify(binding, &proof)
    }
}

/// A model's weights, as others know them.
#[derive(Clone, Copy, Debug)]
pub enum Weights<'a> {
    /// By a commitment.
    Hidden(Pinned),
    /// As slots.
    Public(&'a [F]),
}
