//! Times of single operations: `cargo run --release --example timings [threads]`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use hushwork_ckks::{
    Evaluator, KeyNeeds, Literal, Parameters, Result, SecretKey, Tier, encoding, find_primes,
};

const SCALE: f64 = (1u64 << 36) as f64;

/// Prints the best of many runs, which other load on the machine disturbs least.
fn time<T>(name: &str, mut work: impl FnMut() -> T) {
    let (start, mut best) = (Instant::now(), Duration::MAX);
    while start.elapsed() < Duration::from_millis(500) {
        let run = Instant::now();
        black_box(work());
        best = best.min(run.elapsed());
    }
    println!("  {name:<28} {:>9.3} ms", best.as_secs_f64() * 1e3);
}

fn measure(log_degree: u32, moduli: &[u32], special: &[u32], digit: usize) -> Result<()> {
    let primes = find_primes(log_degree, &[moduli, special].concat())?;
    let (q, p) = primes.split_at(moduli.len());
    let literal = Literal {
        log_degree,
        moduli: q.to_vec(),
        special: p.to_vec(),
        tiers: vec![Tier {
            limbs: q.len(),
            digit,
            special: p.len(),
        }],
    };
    let parameters = Parameters::new(literal)?;
    let limbs = parameters.limbs();
    println!(
        "N = 2^{log_degree}, {limbs} limbs, {} special, {digit} a digit",
        special.len()
    );

    let secret = SecretKey::generate(&parameters)?;
    let needs = KeyNeeds::new(&parameters, [(1, limbs)], [])?;
    time("keys of one rotation", || secret.evaluation_keys(&needs));
    let needs = KeyNeeds::new(&parameters, [(1, limbs)], [limbs])?;
    let keys = secret.evaluation_keys(&needs)?;
    let values: Vec<f64> = (0..parameters.degree()).map(|i| (i as f64).sin()).collect();
    let basis = parameters.basis(limbs);
    let plaintext = encoding::encode(&parameters, basis, &values, SCALE)?;
    let short = encoding::encode(&parameters, basis, &values[..256], SCALE)?;
    let ciphertext = secret.encrypt(&plaintext)?;
    let evaluator = Evaluator::new(parameters.clone());
    let digits = evaluator.decompose(&ciphertext.c1);

    let kernel = &basis.kernels()[0];
    let (mut limb, mut scratch) = (
        plaintext.poly.limb(0).to_vec(),
        vec![0; parameters.degree()],
    );
    time("forward transform, one limb", || {
        kernel.forward(&mut limb, &mut scratch)
    });
    time("inverse transform, one limb", || {
        kernel.inverse(&mut limb, &mut scratch)
    });
    let terms: Vec<_> = (0..64)
        .map(|shift| hushwork_ring::Term {
            left: ciphertext.c0.limb(0),
            shift,
            right: short.poly.limb(0),
        })
        .collect();
    time("64 multiply-adds, one limb", || {
        kernel.dot(hushwork_ring::Runs::one(0, limb.len()), &terms, &mut limb)
    });
    time("encode", || {
        encoding::encode(&parameters, basis, &values, SCALE)
    });
    time("encode, period 256", || {
        encoding::encode(&parameters, basis, &values[..256], SCALE)
    });
    time("encrypt", || secret.encrypt(&plaintext));
    time("decrypt and decode", || {
        encoding::decode(&parameters, &secret.decrypt(&ciphertext))
    });
    time("plain product", || {
        evaluator.multiply_plain(&ciphertext, &plaintext)
    });
    time("rescale", || evaluator.rescale(&ciphertext));
    time("product, relinearised", || {
        evaluator.multiply(&ciphertext, &ciphertext, &keys)
    });
    time("rotation", || evaluator.rotate(&ciphertext, 1, &keys));
    time("rotation, hoisted", || {
        evaluator.rotate_decomposed(&ciphertext, &digits, 1, &keys)
    });
    time("rotation, hoisted, undivided", || {
        evaluator.rotate_extended(&ciphertext, &digits, 1, &keys)
    });
    let bytes = ciphertext.to_bytes(&parameters);
    time("read a seeded ciphertext", || {
        hushwork_ckks::Ciphertext::from_bytes(&parameters, &bytes)
    });
    Ok(())
}

fn main() -> Result<()> {
    if let Some(threads) = std::env::args().nth(1).and_then(|text| text.parse().ok()) {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .expect("the first pool");
    }
    measure(14, &[40, 26, 26, 26, 26, 32, 32, 32], &[46, 46, 46, 46], 4)?;
    measure(
        15,
        &[50, 36, 36, 36, 36, 36, 36, 36, 36, 36, 36, 36, 36, 36, 36],
        &[50; 6],
        5,
    )
}
