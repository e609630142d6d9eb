//! What a proof is bound to, before anything is drawn.

use crate::circuit::AUXILIARY;
use crate::field::F;
use crate::pin::Pinned;
use crate::transcript::{Challenger, Transcript};

/// What a proof is bound to.
#[derive(Clone, Debug, Default)]
pub struct Binding<'a> {
    /// Commitments, by what they hold; the auxiliary one is not among them.
    pub pinned: Vec<(usize, Pinned)>,
    /// Slots of weights that everybody knows.
    pub weights: Option<&'a [F]>,
    /// Everything else that is public, canonically.
    pub context: Vec<u8>,
}

impl Binding<'_> {
    pub(crate) fn transcript(&self) -> Transcript {
        let mut transcript = Transcript::new("hushwork proof v1: a proof");
        transcript.absorb("context", &self.context);
        for (content, pinned) in &self.pinned {
            transcript.absorb("content", &(*content as u64).to_le_bytes());
            transcript.absorb("commitment", &pinned.root);
            transcript.absorb_extension("pin", &[pinned.value]);
        }
        transcript.absorb("public weights", &[u8::from(self.weights.is_some())]);
        transcript.absorb_base("weights", self.weights.unwrap_or_default());
        transcript
    }

    /// Where a content is among the commitments that are opened.
    pub(crate) fn place(&self, content: usize) -> usize {
        let contents = [AUXILIARY]
            .into_iter()
            .chain(self.pinned.iter().map(|(content, _)| *content));
        contents
            .into_iter()
            .position(|other| other == content)
            .unwrap_or(usize::MAX)
    }
}
