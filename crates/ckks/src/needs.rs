//! Which evaluation keys, told before there are any.

use std::collections::BTreeMap;

use crate::error::{Detail, Error, Result};
use crate::parameters::Parameters;

/// Stands for relinearisation, since a rotation by 0 needs no key.
pub(crate) const RELINEARISATION: usize = 0;

/// Rotation or relinearisation, and the tier in which it is used.
pub(crate) type Place = (usize, usize);

/// The most limbs at which each rotation and relinearisation is used in each tier: a key serves one
/// tier alone, since P and the borders of digits differ between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyNeeds(BTreeMap<Place, usize>);

impl KeyNeeds {
    /// From any number of uses: pairs of a rotation in 1..N and limbs, and the limbs of products.
    ///
    /// # Errors
    /// Misuse for a rotation or limbs out of range.
    pub fn new(
        parameters: &Parameters,
        rotations: impl IntoIterator<Item = (usize, usize)>,
        relinearisation: impl IntoIterator<Item = usize>,
    ) -> Result<Self> {
        let mut needs = Self::default();
        for (step, limbs) in rotations {
            within("rotation step out of range", step, parameters.degree() - 1)?;
            within("key depth out of range", limbs, parameters.limbs())?;
            needs.add_rotation(parameters, step, limbs);
        }
        for limbs in relinearisation {
            within("key depth out of range", limbs, parameters.limbs())?;
            needs.add_relinearisation(parameters, limbs);
        }
        Ok(needs)
    }

    pub(crate) fn add_rotation(&mut self, parameters: &Parameters, step: usize, limbs: usize) {
        let most = self
            .0
            .entry((step, parameters.tier_index(limbs)))
            .or_default();
        *most = limbs.max(*most);
    }

    pub(crate) fn add_relinearisation(&mut self, parameters: &Parameters, limbs: usize) {
        self.add_rotation(parameters, RELINEARISATION, limbs);
    }

    /// (rotation in 1..N, limbs): by rotation, then falling limbs, one of each tier at most.
    pub fn rotations(&self) -> impl Iterator<Item = (usize, usize)> {
        self.iter().filter(|(step, _)| *step != RELINEARISATION)
    }

    /// Falling limbs, one of each tier at most.
    pub fn relinearisation(&self) -> impl Iterator<Item = usize> {
        let all = self.iter().filter(|(step, _)| *step == RELINEARISATION);
        all.map(|(_, limbs)| limbs)
    }

    /// How many keys.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Of all keys: relinearisation as a step of 0, then rotations, each by falling limbs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, usize)> {
        self.0.iter().map(|(&(step, _), &limbs)| (step, limbs))
    }
}

impl FromIterator<(Place, usize)> for KeyNeeds {
    fn from_iter<I: IntoIterator<Item = (Place, usize)>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

fn within(message: &'static str, got: usize, most: usize) -> Result<()> {
    if (1..=most).contains(&got) {
        return Ok(());
    }
    let expected = format!("1 to {most}");
    Err(Error::Misuse(Detail::new(message, expected, got)))
}
