//! What arguments are about.

use crate::circuit::lookups::Lookups;
use crate::circuit::tables::Fingerprint;
use crate::error::Result;
use crate::field::K;
use crate::fractions::Fractions;
use crate::masked::{Plan, Side};

/// Is told what a prover turns to next.
pub type Phases<'a> = &'a (dyn Fn(&'static str) + Sync);

/// Tells nobody.
pub const SILENT: Phases<'static> = &|_| ();

/// What an interaction goes by.
pub struct Seen<'a> {
    /// How entries that are looked up become one number.
    pub fingerprint: Fingerprint,
    /// The denominator of all lookups' sum.
    pub sum: K,
    /// The denominator of the dummy fraction.
    pub dummy: usize,
    /// Of the interaction.
    pub phases: Phases<'a>,
}

/// What can be shown.
pub trait Subject {
    /// What the prover knows besides what is looked up.
    type Known;

    /// Messages and products of its interaction.
    fn plan(&self) -> Plan;

    /// Slots of the auxiliary commitment, without atoms.
    fn slots(&self) -> usize;

    /// What is looked up.
    fn lookups(&self) -> Option<&Lookups>;

    /// The interaction: both sides' half, the prover with what is known.
    ///
    /// # Errors
    /// MalformedBytes, where the proof ends early.
    fn interact(
        &self,
        side: &mut impl Side,
        seen: &Seen,
        known: Option<(&Self::Known, Option<&Fractions>)>,
    ) -> Result<()>;
}
