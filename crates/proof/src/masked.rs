//! Messages under one-time pads. Prover, verifier and planner walk the same protocol: the prover
//! sends every value plus a committed pad, so what a verifier would check becomes a linear
//! statement about pads, and about products of pads where it multiplies two hidden values.

use p3_field::PrimeCharacteristicRing;

use crate::error::{Result, malformed};
use crate::field::K;
use crate::hiding::{HIDING, hiding};
use crate::linear::Linear;
use crate::transcript::Challenger;

/// A value that its pad hides: sent - pad.
#[derive(Clone, Copy, Debug)]
pub struct Hidden {
    sent: K,
    pad: usize,
}

impl From<Hidden> for Linear {
    fn from(hidden: Hidden) -> Self {
        Self {
            constant: hidden.sent,
            atoms: pads([(hidden.pad, K::NEG_ONE)]),
            ..Self::default()
        }
    }
}

/// Coefficients of pads, where there are any.
fn pads<const N: usize>(coefficients: [(usize, K); N]) -> Vec<(usize, K)> {
    coefficients[..hiding(N)].to_vec()
}

/// Three atoms of which the third is the product of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// One factor.
    pub left: usize,
    /// The other.
    pub right: usize,
    /// Their product.
    pub product: usize,
}

/// How many atoms a protocol uses, and for what: pads first, then products.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// One of each message.
    pub pads: usize,
    /// In the order in which the protocol multiplies.
    pub products: Vec<(usize, usize)>,
}

impl Plan {
    /// All products as atoms.
    pub fn triples(&self) -> impl Iterator<Item = Product> + '_ {
        let numbered = self.products.iter().enumerate();
        numbered.map(|(index, (left, right))| Product {
            left: *left,
            right: *right,
            product: self.pads + index,
        })
    }

    /// Atoms in all.
    pub fn len(&self) -> usize {
        hiding(self.pads + self.products.len())
    }

    /// Whether nothing is sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One side of a protocol.
pub trait Side {
    /// Sends values under pads. The prover alone has them; a verifier receives.
    ///
    /// # Errors
    /// MalformedBytes, where the proof ends early.
    fn send<const N: usize>(
        &mut self,
        label: &'static str,
        values: Option<[K; N]>,
    ) -> Result<[Hidden; N]>;

    /// A challenge.
    fn challenge(&mut self, label: &'static str) -> K;

    /// The product of two hidden values.
    fn product(&mut self, left: Hidden, right: Hidden) -> Linear;

    /// A statement that must be zero.
    fn require(&mut self, statement: Linear);
}

/// Counts what a protocol sends and multiplies.
#[derive(Default)]
pub struct Planner(Plan);

impl Planner {
    /// The plan of a protocol.
    pub fn plan(self) -> Plan {
        self.0
    }
}

impl Side for Planner {
    fn send<const N: usize>(&mut self, _: &'static str, _: Option<[K; N]>) -> Result<[Hidden; N]> {
        let first = self.0.pads;
        self.0.pads += N;
        Ok(std::array::from_fn(|index| Hidden {
            sent: K::ZERO,
            pad: first + index,
        }))
    }

    fn challenge(&mut self, _: &'static str) -> K {
        K::TWO
    }

    fn product(&mut self, left: Hidden, right: Hidden) -> Linear {
        let factors = HIDING.then_some((left.pad, right.pad));
        self.0.products.extend(factors);
        Linear::default()
    }

    fn require(&mut self, _: Linear) {}
}

/// Counters and statements, which provers and verifiers have in common.
struct Progress {
    next_pad: usize,
    next_product: usize,
    statements: Vec<Linear>,
}

impl Progress {
    fn new(plan: &Plan) -> Self {
        Self {
            next_pad: 0,
            next_product: plan.pads,
            statements: Vec::new(),
        }
    }

    fn hide<const N: usize>(&mut self, sent: [K; N]) -> [Hidden; N] {
        let first = self.next_pad;
        self.next_pad += N;
        std::array::from_fn(|index| Hidden {
            sent: sent[index],
            pad: first + index,
        })
    }

    /// (sent - pad)(sent' - pad'), the last product being an atom.
    fn product(&mut self, left: Hidden, right: Hidden) -> Linear {
        let product = self.next_product;
        self.next_product += 1;
        let atoms = pads([
            (right.pad, -left.sent),
            (left.pad, -right.sent),
            (product, K::ONE),
        ]);
        Linear {
            constant: left.sent * right.sent,
            atoms,
            ..Linear::default()
        }
    }
}

/// Sends values under the pads among `atoms`.
pub struct Sender<'a, C> {
    challenger: &'a mut C,
    atoms: &'a [K],
    progress: Progress,
    messages: Vec<K>,
}

impl<'a, C: Challenger> Sender<'a, C> {
    /// Begins a protocol whose atoms are drawn.
    pub fn new(challenger: &'a mut C, plan: &Plan, atoms: &'a [K]) -> Self {
        Self {
            challenger,
            atoms,
            progress: Progress::new(plan),
            messages: Vec::with_capacity(plan.pads),
        }
    }

    /// What was sent, and what must be zero.
    pub fn finish(self) -> (Vec<K>, Vec<Linear>) {
        (self.messages, self.progress.statements)
    }
}

impl<C: Challenger> Side for Sender<'_, C> {
    fn send<const N: usize>(
        &mut self,
        label: &'static str,
        values: Option<[K; N]>,
    ) -> Result<[Hidden; N]> {
        let mut sent = values.unwrap_or([K::ZERO; N]);
        let pads = &self.atoms[hiding(self.progress.next_pad)..][..hiding(N)];
        let padded = sent.iter_mut().zip(pads);
        padded.for_each(|(value, pad)| *value += *pad);
        self.challenger.absorb_extension(label, &sent);
        self.messages.extend_from_slice(&sent);
        Ok(self.progress.hide(sent))
    }

    fn challenge(&mut self, label: &'static str) -> K {
        self.challenger.challenge(label)
    }

    fn product(&mut self, left: Hidden, right: Hidden) -> Linear {
        self.progress.product(left, right)
    }

    fn require(&mut self, statement: Linear) {
        self.progress.statements.push(statement);
    }
}

/// Receives what a prover sent.
pub struct Receiver<'a, C> {
    challenger: &'a mut C,
    messages: std::slice::Iter<'a, K>,
    progress: Progress,
}

impl<'a, C: Challenger> Receiver<'a, C> {
    /// Begins a protocol whose messages have arrived.
    pub fn new(challenger: &'a mut C, plan: &Plan, messages: &'a [K]) -> Self {
        Self {
            challenger,
            messages: messages.iter(),
            progress: Progress::new(plan),
        }
    }

    /// What must be zero.
    pub fn finish(self) -> Vec<Linear> {
        self.progress.statements
    }
}

impl<C: Challenger> Side for Receiver<'_, C> {
    fn send<const N: usize>(
        &mut self,
        label: &'static str,
        _: Option<[K; N]>,
    ) -> Result<[Hidden; N]> {
        let mut sent = [K::ZERO; N];
        for value in &mut sent {
            *value = *self
                .messages
                .next()
                .ok_or_else(|| malformed("messages", "more", "no more"))?;
        }
        self.challenger.absorb_extension(label, &sent);
        Ok(self.progress.hide(sent))
    }

    fn challenge(&mut self, label: &'static str) -> K {
        self.challenger.challenge(label)
    }

    fn product(&mut self, left: Hidden, right: Hidden) -> Linear {
        self.progress.product(left, right)
    }

    fn require(&mut self, statement: Linear) {
        self.progress.statements.push(statement);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::field::random_extension;

    /// Random pads and their products.
    pub(crate) fn atoms(plan: &Plan, seed: u64) -> Vec<K> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut atoms: Vec<K> = (0..plan.pads).map(|_| random_extension(&mut rng)).collect();
        atoms.extend(
            plan.products
                .iter()
                .map(|(a, b)| atoms[*a] * atoms[*b])
                .collect::<Vec<K>>(),
        );
        atoms
    }

    /// The value of a statement about atoms alone.
    pub(crate) fn value(statement: &Linear, atoms: &[K]) -> K {
        assert!(statement.terms.is_empty());
        statement.constant
            + statement
                .atoms
                .iter()
                .map(|(atom, factor)| atoms[*atom] * *factor)
                .sum::<K>()
    }
}
