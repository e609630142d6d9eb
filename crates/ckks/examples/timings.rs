//! Times of single operations: `cargo run --release --example timings [threads] [--json]`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use hushwork_ckks::{
    Ciphertext, EvaluationKeys, Evaluator, KeyNeeds, Literal, Parameters, Plaintext, Result,
    SecretKey, Tier, encoding, find_primes,
};
use hushwork_ring::{Kernel, Pattern, Runs, STRIP, Scalars, Tile, Weights, with_scratch};

const BUDGET: Duration = Duration::from_millis(700);
const LEAST_RUNS: usize = 5;

/// Rotations of one ciphertext that share its decomposition.
const HOISTED: usize = 8;

/// Rows and columns of the matrix of products.
const ROWS: usize = 16;
const COLUMNS: usize = 64;

/// Slots after which the entries of the matrix repeat.
const PERIOD: usize = 256;

/// Words of an input that stay in cache with those of all others.
const TILE: usize = 4 * PERIOD;

/// Words that keep the inputs of a tile apart in the sets of a cache.
const SKEW: usize = 8;

const FITS: &str = "scales, limbs and keys that fit";

/// Prints one line for each operation under one set of parameters.
struct Printer {
    json: bool,
    literal: Literal,
}

impl Printer {
    /// The median and the best of many runs, for one of `each` operations; other load on the
    /// machine disturbs the best least.
    fn time<T>(&self, name: &str, each: usize, mut work: impl FnMut() -> T) {
        black_box(work());
        let (start, mut seconds) = (Instant::now(), Vec::new());
        while start.elapsed() < BUDGET || seconds.len() < LEAST_RUNS {
            let run = Instant::now();
            black_box(work());
            seconds.push(run.elapsed().as_secs_f64() / each as f64);
        }
        seconds.sort_by(f64::total_cmp);
        self.print(name, &seconds);
    }

    fn print(&self, name: &str, seconds: &[f64]) {
        let (median, best, runs) = (seconds[seconds.len() / 2], seconds[0], seconds.len());
        if !self.json {
            let (median, best) = (median * 1e3, best * 1e3);
            return println!("  {name:<16} {median:>10.4} ms, best {best:>10.4} ms");
        }
        let Literal {
            log_degree, tiers, ..
        } = &self.literal;
        let Tier {
            limbs,
            digit,
            special,
        } = tiers[0];
        let threads = rayon::current_num_threads();
        println!(
            r#"{{"name": "{name}", "log_degree": {log_degree}, "threads": {threads}, "median": {median:e}, "best": {best:e}, "runs": {runs}, "shape": [{limbs}, {special}, {digit}]}}"#
        );
    }
}

/// A full matrix of periodic plaintexts, of which a column meets the input rotated once more.
struct Matrix {
    pattern: Pattern,
    weights: Weights,
}

impl Matrix {
    fn new(kernel: &dyn Kernel, values: &[u64]) -> Self {
        let mut pattern = Pattern::default();
        (0..ROWS).for_each(|_| pattern.push(0..COLUMNS as u32));
        let mut weights = Weights::new(kernel, PERIOD, pattern.entries());
        for entry in 0..pattern.entries() {
            weights.set(kernel, entry, &values[entry..][..PERIOD]);
        }
        Self { pattern, weights }
    }

    /// All rows of one limb of both halves, the rotations of their inputs included.
    fn multiply(&self, kernel: &dyn Kernel, input: &[u64], out: &mut [u64]) {
        let (degree, pitch) = (input.len(), TILE + SKEW);
        let (constant, secret) = out.split_at_mut(ROWS * degree);
        let halves = [constant, secret].map(|half| half.chunks_exact_mut(degree));
        let mut halves = halves.map(Vec::from_iter);
        with_scratch(2 * COLUMNS * pitch, |inputs| {
            for start in (0..degree).step_by(TILE) {
                for (index, rotated) in inputs.chunks_exact_mut(pitch).enumerate() {
                    rotate(input, start + index % COLUMNS, &mut rotated[..TILE]);
                }
                let inputs = inputs.split_at(COLUMNS * pitch).into();
                let mut halves = halves.each_mut().map(Vec::as_mut_slice);
                kernel.multiply(&self.tile(start, inputs), &mut halves);
            }
        });
    }

    fn tile<'a>(&'a self, start: usize, inputs: [&'a [u64]; 2]) -> Tile<'a> {
        Tile {
            pattern: &self.pattern,
            weights: &self.weights,
            runs: Runs {
                start,
                length: PERIOD,
                stride: PERIOD,
                count: TILE / PERIOD,
            },
            inputs,
            pitch: TILE + SKEW,
            first: 0,
            adding: false,
        }
    }
}

/// Words of a cyclic array from `start` on.
fn rotate(input: &[u64], start: usize, out: &mut [u64]) {
    let straight = out.len().min(input.len() - start);
    let (head, tail) = out.split_at_mut(straight);
    head.copy_from_slice(&input[start..][..straight]);
    tail.copy_from_slice(&input[..tail.len()]);
}

/// What every operation is timed on.
struct Subject {
    evaluator: Evaluator,
    secret: SecretKey,
    keys: EvaluationKeys,
    values: Vec<f64>,
    /// The last modulus, so that a rescaling keeps it.
    scale: f64,
    plaintext: Plaintext,
    ciphertext: Ciphertext,
}

impl Subject {
    fn new(parameters: Parameters) -> Result<Self> {
        let limbs = parameters.limbs();
        let secret = SecretKey::generate(&parameters)?;
        let steps = (1..=HOISTED).map(|step| (step, limbs));
        let needs = KeyNeeds::new(&parameters, steps, [limbs])?;
        let keys = secret.evaluation_keys(&needs)?;
        let values: Vec<f64> = (0..parameters.degree()).map(|i| (i as f64).sin()).collect();
        let scale = parameters.literal().moduli[limbs - 1] as f64;
        let plaintext = encoding::encode(&parameters, parameters.basis(limbs), &values, scale)?;
        let ciphertext = secret.encrypt(&plaintext)?;
        Ok(Self {
            evaluator: Evaluator::new(parameters),
            secret,
            keys,
            values,
            scale,
            plaintext,
            ciphertext,
        })
    }

    fn parameters(&self) -> &Parameters {
        self.evaluator.parameters()
    }

    fn kernels(&self, printer: &Printer) {
        let kernel = &*self.parameters().basis(1).kernels()[0];
        let mut limb = self.plaintext.poly.limb(0).to_vec();
        let mut scratch = vec![0; limb.len()];
        printer.time("forward", 1, || kernel.forward(&mut limb, &mut scratch));
        printer.time("inverse", 1, || kernel.inverse(&mut limb, &mut scratch));
        let matrix = Matrix::new(kernel, &limb);
        let mut out = vec![0; 2 * ROWS * limb.len()];
        printer.time("multiply_add", 2 * ROWS * COLUMNS, || {
            matrix.multiply(kernel, &limb, &mut out);
        });
        let (columns, mut sums) = (Vec::from_iter(0..COLUMNS as u32), [[0; STRIP]; ROWS]);
        let scalars = Scalars {
            columns: &columns,
            weights: &limb[..ROWS * COLUMNS],
        };
        let (inputs, _) = limb.as_chunks();
        printer.time("combine", ROWS * COLUMNS, || {
            let strips = inputs.iter();
            strips.for_each(|_| kernel.combine(&scalars, inputs, &mut sums));
        });
    }

    fn ends(&self, printer: &Printer) {
        let (parameters, secret) = (self.parameters(), &self.secret);
        let basis = parameters.basis(self.ciphertext.limbs());
        printer.time("encode", 1, || {
            encoding::encode(parameters, basis, &self.values, self.scale).expect(FITS)
        });
        printer.time("encrypt", 1, || {
            secret.encrypt(&self.plaintext).expect(FITS)
        });
        printer.time("decrypt", 1, || {
            encoding::decode(parameters, &secret.decrypt(&self.ciphertext))
        });
        let bytes = self.ciphertext.to_bytes(parameters);
        printer.time("read_ciphertext", 1, || {
            Ciphertext::from_bytes(parameters, &bytes).expect(FITS)
        });
    }

    fn products(&self, printer: &Printer) {
        let (evaluator, input) = (&self.evaluator, &self.ciphertext);
        printer.time("plain", 1, || {
            evaluator
                .multiply_plain(input, &self.plaintext)
                .expect(FITS)
        });
        printer.time("rescale", 1, || evaluator.rescale(input).expect(FITS));
        printer.time("product", 1, || {
            evaluator.multiply(input, input, &self.keys).expect(FITS)
        });
    }

    fn rotations(&self, printer: &Printer) {
        let (evaluator, input, keys) = (&self.evaluator, &self.ciphertext, &self.keys);
        printer.time("rotation", 1, || {
            evaluator.rotate(input, 1, keys).expect(FITS)
        });
        printer.time("hoisted", HOISTED, || {
            let digits = evaluator.decompose(&input.c1);
            let rotate = |step| evaluator.rotate_decomposed(input, &digits, step, keys);
            (1..=HOISTED)
                .map(rotate)
                .collect::<Result<Vec<_>>>()
                .expect(FITS)
        });
    }
}

fn report(
    json: bool,
    log_degree: u32,
    moduli: &[u32],
    special: &[u32],
    digit: usize,
) -> Result<()> {
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
    let parameters = Parameters::new(literal.clone())?;
    if !json {
        let (limbs, special, bits) = (q.len(), p.len(), parameters.log_qp());
        println!(
            "N = 2^{log_degree}: {limbs} limbs, {special} special, {digit} a digit, {bits:.0} bits"
        );
    }
    let printer = Printer { json, literal };
    let subject = Subject::new(parameters)?;
    subject.kernels(&printer);
    subject.ends(&printer);
    subject.products(&printer);
    subject.rotations(&printer);
    Ok(())
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    if let Some(threads) = arguments.iter().find_map(|text| text.parse().ok()) {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .expect("the first pool");
    }
    report(json, 14, &[40, 26, 26, 26, 26, 32, 32, 32], &[46; 4], 4)?;
    report(json, 15, &[40; 15], &[42; 5], 5)?;
    report(json, 16, &[43; 20], &[44; 10], 10)
}
