//! Fiat-Shamir over BLAKE3. Every message is labelled and carries its length, and every challenge
//! depends on all that was absorbed before it.

use p3_field::{BasedVectorSpace, PrimeCharacteristicRing};

use crate::field::{F, K, PRIME, write_base, write_extension};

/// Where challenges come from: a transcript, or, in tests, a script.
pub trait Challenger {
    /// Binds later challenges to bytes.
    fn absorb(&mut self, label: &'static str, bytes: &[u8]);
    /// A uniform element of K.
    fn challenge(&mut self, label: &'static str) -> K;
    /// Uniform positions below 2^bits, with repetition.
    fn positions(&mut self, count: usize, bits: usize) -> Vec<usize>;

    /// Binds later challenges to messages.
    fn absorb_extension(&mut self, label: &'static str, values: &[K]) {
        let mut bytes = Vec::new();
        write_extension(values, &mut bytes);
        self.absorb(label, &bytes);
    }

    /// Binds later challenges to public values.
    fn absorb_base(&mut self, label: &'static str, values: &[F]) {
        let mut bytes = Vec::new();
        write_base(values, &mut bytes);
        self.absorb(label, &bytes);
    }

    /// A uniform point.
    fn point(&mut self, label: &'static str, coordinates: usize) -> Vec<K> {
        (0..coordinates).map(|_| self.challenge(label)).collect()
    }
}

/// The state of one proof's making or checking.
#[derive(Clone)]
pub struct Transcript(blake3::Hasher);

impl Transcript {
    /// A transcript of a protocol, named with its version.
    pub fn new(protocol: &'static str) -> Self {
        Self(blake3::Hasher::new_derive_key(protocol))
    }

    fn squeeze(&mut self, label: &'static str) -> blake3::OutputReader {
        self.absorb(label, &[]);
        let mut output = self.0.finalize_xof();
        let mut key = [0; 32];
        output.fill(&mut key);
        self.0 = blake3::Hasher::new_keyed(&key);
        output
    }
}

impl Challenger for Transcript {
    fn absorb(&mut self, label: &'static str, bytes: &[u8]) {
        for part in [label.as_bytes(), bytes] {
            self.0.update(&(part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    fn challenge(&mut self, label: &'static str) -> K {
        let mut output = self.squeeze(label);
        K::from_basis_coefficients_fn(|_| {
            loop {
                let drawn = word(&mut output) >> 1;
                if drawn < PRIME {
                    return F::from_u32(drawn);
                }
            }
        })
    }

    fn positions(&mut self, count: usize, bits: usize) -> Vec<usize> {
        let mut output = self.squeeze("positions");
        (0..count)
            .map(|_| word(&mut output) as usize & ((1 << bits) - 1))
            .collect()
    }
}

fn word(output: &mut blake3::OutputReader) -> u32 {
    let mut bytes = [0; 4];
    output.fill(&mut bytes);
    u32::from_le_bytes(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::field::random_extension;

    /// Challenges that do not depend on what is absorbed.
    #[derive(Clone)]
    pub(crate) struct Script {
        rng: ChaCha20Rng,
        positions: Vec<usize>,
    }

    impl Script {
        /// All challenges from a seed, but positions, which are given.
        pub(crate) fn new(seed: u64, positions: Vec<usize>) -> Self {
            let rng = ChaCha20Rng::seed_from_u64(seed);
            Self { rng, positions }
        }
    }

    impl Challenger for Script {
        fn absorb(&mut self, _: &'static str, _: &[u8]) {}

        fn challenge(&mut self, _: &'static str) -> K {
            random_extension(&mut self.rng)
        }

        fn positions(&mut self, count: usize, _: usize) -> Vec<usize> {
            assert_eq!(count, self.positions.len());
            self.positions.clone()
        }
    }

    fn drawn(absorbed: &[(&'static str, &[u8])]) -> K {
        let mut transcript = Transcript::new("hushwork test");
        for (label, bytes) in absorbed {
            transcript.absorb(label, bytes);
        }
        transcript.challenge("challenge")
    }

    #[test]
    fn challenges_depend_on_every_boundary() {
        let split: [&[(&'static str, &[u8])]; 5] = [
            &[("a", b"bc")],
            &[("ab", b"c")],
            &[("a", b"b"), ("", b"c")],
            &[("a", b"bc"), ("", b"")],
            &[],
        ];
        let all: Vec<K> = split.iter().map(|absorbed| drawn(absorbed)).collect();
        for (index, one) in all.iter().enumerate() {
            assert!(all[index + 1..].iter().all(|other| other != one));
        }
        assert_eq!(drawn(split[0]), drawn(split[0]));
    }

    #[test]
    fn challenges_in_a_row_differ() {
        let mut transcript = Transcript::new("hushwork test");
        assert_ne!(transcript.challenge("x"), transcript.challenge("x"));
        let positions = transcript.positions(64, 7);
        assert!(positions.iter().all(|position| *position < 128));
        assert_ne!(positions, transcript.positions(64, 7));
    }
}
