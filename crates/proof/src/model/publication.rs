//! That a model's weights are within their bounds, and that later commitments hold the same ones.

use crate::argument::{Binding, Secrets};
use crate::circuit::link::LATER;
use crate::circuit::publication::Publication;
use crate::circuit::{Input, Mode, Output, WEIGHTS};
use crate::commitment::Committed;
use crate::error::Result;
use crate::field::F;
use crate::pin::Pinned;
use crate::scheme::Scheme;

impl Scheme {
    /// Shows that weights are within their bounds.
    ///
    /// # Errors
    /// Misuse, where they are not.
    pub fn prove_publication(
        &self,
        weights: &[F],
        committed: &Committed,
        seed: [u8; 32],
    ) -> Result<Vec<u8>> {
        self.check_slots(weights.len())?;
        let publication = self.publication()?;
        let (slots, entries) = publication.witness(weights)?;
        let secrets = Secrets {
            committed: &[committed],
            slots,
            entries,
            known: (),
            seed,
        };
        let binding = self.publication_binding(self.pin(committed));
        Ok(self
            .publications(&publication)
            .prove(&binding, secrets)?
            .to_bytes())
    }

    /// Checks that weights are within their bounds.
    ///
    /// # Errors
    /// TooLarge, MalformedBytes or InvalidProof
    pub fn verify_publication(&self, pinned: Pinned, proof: &[u8]) -> Result<()> {
        self.check_weights_pin(&pinned)?;
        let publication = self.publication()?;
        self.verify(
            &self.publications(&publication),
            &self.publication_binding(pinned),
            proof,
        )
    }

    fn publication(&self) -> Result<Publication> {
        Ok(Publication::new(&self.circuit(Mode {
            input: Input::Public,
            output: Output::Public,
        })?))
    }

    fn publication_binding(&self, pinned: Pinned) -> Binding<'static> {
        Binding {
            pinned: vec![(WEIGHTS, pinned)],
            weights: None,
            context: self.context("publication", &[]),
        }
    }

    /// Shows that two commitments hold the same weights.
    ///
    /// # Errors
    /// Misuse, where they cannot be opened together.
    pub fn prove_link(
        &self,
        earlier: &Committed,
        later: &Committed,
        seed: [u8; 32],
    ) -> Result<Vec<u8>> {
        let link = self.link();
        let secrets = Secrets {
            committed: &[earlier, later],
            slots: Vec::new(),
            entries: Vec::new(),
            known: (),
            seed,
        };
        let binding = self.link_binding(self.pin(earlier), self.pin(later));
        Ok(self.links(&link).prove(&binding, secrets)?.to_bytes())
    }

    /// Checks that two commitments hold the same weights.
    ///
    /// # Errors
    /// TooLarge, MalformedBytes or InvalidProof
    pub fn verify_link(&self, earlier: Pinned, later: Pinned, proof: &[u8]) -> Result<()> {
        for pinned in [&earlier, &later] {
            self.check_weights_pin(pinned)?;
        }
        let link = self.link();
        self.verify(
            &self.links(&link),
            &self.link_binding(earlier, later),
            proof,
        )
    }

    fn link_binding(&self, earlier: Pinned, later: Pinned) -> Binding<'static> {
        let pinned = vec![(WEIGHTS, earlier), (LATER, later)];
        Binding {
            pinned,
            weights: None,
            context: self.context("link", &[]),
        }
    }
}
