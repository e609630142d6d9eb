//! A small insecure setting shared by the tests.
#![allow(dead_code)]

use hushwork_ckks::{
    Ciphertext, EvaluationKeys, Evaluator, KeyNeeds, Literal, Parameters, Plaintext, PublicKey,
    SecretKey, Tier, encoding, find_primes,
};

pub struct Setup {
    pub parameters: Parameters,
    pub secret: SecretKey,
    pub public: PublicKey,
    pub keys: EvaluationKeys,
    pub evaluator: Evaluator,
}

pub fn literal(log_degree: u32, moduli: &[u32], special: &[u32], digit: usize) -> Literal {
    let primes = find_primes(log_degree, &[moduli, special].concat()).unwrap();
    let (moduli, special) = primes.split_at(moduli.len());
    Literal {
        log_degree,
        moduli: moduli.to_vec(),
        tiers: vec![Tier {
            limbs: moduli.len(),
            digit,
            special: special.len(),
        }],
        special: special.to_vec(),
    }
}

/// The same with tiers of (limbs, digit, primes of P).
pub fn tiered(
    log_degree: u32,
    moduli: &[u32],
    special: &[u32],
    tiers: &[(usize, usize, usize)],
) -> Literal {
    let tier = |&(limbs, digit, special)| Tier {
        limbs,
        digit,
        special,
    };
    Literal {
        tiers: tiers.iter().map(tier).collect(),
        ..literal(log_degree, moduli, special, 1)
    }
}

pub fn insecure_literal() -> Literal {
    literal(8, &[50, 36, 36, 36, 36], &[50, 50], 2)
}

impl Setup {
    pub fn insecure() -> Self {
        let parameters = Parameters::insecure(insecure_literal()).unwrap();
        let secret = SecretKey::insecure_from_seed(&parameters, &[1; 32]).unwrap();
        Self::new(parameters, secret)
    }

    pub fn new(parameters: Parameters, secret: SecretKey) -> Self {
        let limbs = parameters.limbs();
        let steps = [1, 5, parameters.degree() - 1];
        let rotations = steps.map(|step| (1..=limbs).map(move |limbs| (step, limbs)));
        let needs = KeyNeeds::new(&parameters, rotations.into_iter().flatten(), 1..=limbs);
        let keys = secret.evaluation_keys(&needs.unwrap()).unwrap();
        let public = secret.public_key().unwrap();
        let evaluator = Evaluator::new(parameters.clone());
        Self {
            parameters,
            secret,
            public,
            keys,
            evaluator,
        }
    }

    pub fn slots(&self) -> usize {
        self.parameters.degree()
    }

    pub fn encode(&self, values: &[f64], scale: f64) -> Plaintext {
        let basis = self.parameters.basis(self.parameters.limbs());
        encoding::encode(&self.parameters, basis, values, scale).unwrap()
    }

    pub fn encrypt(&self, values: &[f64], scale: f64) -> Ciphertext {
        self.secret.encrypt(&self.encode(values, scale)).unwrap()
    }

    pub fn decrypt(&self, ciphertext: &Ciphertext) -> Vec<f64> {
        encoding::decode(&self.parameters, &self.secret.decrypt(ciphertext))
    }
}

/// Values in [-1, 1) that look random.
pub fn sample(seed: u64, length: usize) -> Vec<f64> {
    let mix = |i: u64| {
        (i + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(seed << 17)
    };
    let value = |i| (mix(mix(i) >> 7) >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
    (0..length as u64).map(value).collect()
}

pub fn distance(got: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    got.iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

#[track_caller]
pub fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
    let error = distance(got, expected);
    assert!(error < tolerance, "error {error:e}");
}
