//! Times proofs of random networks.
use std::time::Instant;

use hushwork_proof::circuit::description::{Description, Layer, Sum, Term};
use hushwork_proof::circuit::geometry::{Size, Window};
use hushwork_proof::circuit::interaction::Told;
use hushwork_proof::circuit::run::run;
use hushwork_proof::circuit::witness::Witness;
use hushwork_proof::circuit::{Circuit, Input, Mode, Network, Output, WEIGHTS};
use hushwork_proof::commitment::{Code, Committed};
use hushwork_proof::field::{F, from_i64};
use hushwork_proof::job::{Job, Statement};
use hushwork_proof::pin::Pinned;
use hushwork_proof::registers::LANES;

fn conv(input: usize, k: usize, channels: usize) -> Sum {
    let window = Window { kernel: [k, k], stride: [1, 1], padding: [0; 4] };
    Sum { terms: vec![Term::Weighted { input, window, channels }], bias: true }
}
fn relu(sum: Sum, shift: u32) -> Layer {
    Layer::Requantise { sum, shift, signed: false, table: None }
}
fn pool(input: usize) -> Layer {
    Layer::Maximum { input, window: Window { kernel: [2, 2], stride: [2, 2], padding: [0; 4] } }
}
fn lenet() -> Description {
    Description {
        input: Size { height: 28, width: 28, channels: 1 }, range: [0, 255],
        layers: vec![relu(conv(0, 5, 6), 9), pool(1), relu(conv(2, 5, 16), 10), pool(3), relu(conv(4, 4, 120), 10), relu(conv(5, 1, 84), 10)],
        output: conv(6, 1, 10),
    }
}
fn vgg() -> Description {
    Description {
        input: Size { height: 32, width: 32, channels: 3 }, range: [0, 255],
        layers: vec![relu(conv(0, 3, 64), 9), relu(conv(1, 3, 64), 11), pool(2), relu(conv(3, 3, 128), 11), relu(conv(4, 3, 128), 11), pool(5),
            relu(conv(6, 3, 256), 11), relu(conv(7, 3, 256), 12), relu(conv(8, 1, 512), 11), relu(conv(9, 1, 512), 11)],
        output: conv(10, 1, 10),
    }
}
fn main() {
    println!("lanes {LANES}");
    let which = std::env::args().nth(1).unwrap_or("lenet".into());
    let (description, code, weight_columns, columns) = if which == "vgg" {
        (vgg(), Code { log_domain: 16, rows: 5024, queries: 59 }, 9, 7)
    } else {
        (lenet(), Code { log_domain: 16, rows: 2448, queries: 46 }, 6, 4)
    };
    let t = Instant::now();
    let network = Network::new(description).unwrap();
    let circuit = Circuit::new(network, Mode { input: Input::Public, output: Output::Public }).unwrap();
    println!("circuit {:?}; leaves {} of 2^{}, weights {}, auxiliary {}", t.elapsed(), circuit.lookups.used, circuit.lookups.depth(), circuit.places.weights, circuit.places.auxiliary);
    let mut state = 1u64;
    let mut next = || { state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); (state >> 40) as i32 };
    let mut weights = vec![0i32; circuit.places.weights];
    for sum in &circuit.sums {
        for part in &sum.parts {
            if let hushwork_proof::circuit::sums::Kernel::Weights(t) = part.kernel {
                for (i, slot) in weights[t.range()].iter_mut().enumerate() {
                    let (co, ci) = (i % t.columns, i / t.columns % t.middle);
                    if co < sum.bounds.size.channels && ci < part.size.channels { *slot = next() % 255 - 127; }
                }
            }
        }
    }
    let base: Vec<F> = weights.iter().map(|w| from_i64(*w as i64)).collect();
    let input: Vec<i32> = (0..circuit.input().len()).map(|i| if i % circuit.input().columns < circuit.network.values()[0].size.channels { next() % 256 } else { 0 }).collect();
    let t = Instant::now();
    let committed = Committed::new(&code, weight_columns, base.clone(), None, [3; 32]).unwrap();
    println!("commit weights {:?}; openings {}", t.elapsed(), committed.shape.openings(&code, base.len()));
    let pinned = Pinned::of(&code, &committed);
    println!("pinned {:?}", t.elapsed());
    let job = Job::new(&circuit, code, columns);
    println!("aux slots {}", job.slots());
    for round in 0..4 {
        let t = Instant::now();
        let done = run(&circuit, &weights, input.clone());
        let e_run = t.elapsed();
        let told = Told { input: Some(input.iter().map(|v| from_i64(*v as i64)).collect()), output: Some(done.sums.last().unwrap().iter().map(|v| from_i64(*v as i64)).collect()) };
        let witness = Witness::new(&circuit, &done).unwrap();
        let e_wit = t.elapsed();
        let statement = Statement { pinned: vec![(WEIGHTS, pinned)], weights: None, told, context: b"test" };
        let proof = job.prove(&statement, &[&committed], &base, witness, [round; 32]).unwrap();
        let e = t.elapsed();
        let t = Instant::now();
        job.verify(&statement, &proof).unwrap();
        let v = t.elapsed();
        let o = &proof.opening;
        let rows: usize = o.shown.iter().map(|s| s.rows.len() * 4).sum();
        let paths: usize = o.shown.iter().map(|s| s.paths.salts.len() * 16 + s.paths.digests.len() * 32).sum();
        let msgs = 20 * (proof.messages.len() + proof.quadratic.factors.len() + o.rounds.len());
        println!("run {e_run:?} witness {e_wit:?} prove {e:?} verify {v:?}; bytes: rows {rows} paths {paths} messages {msgs} combination {} pads {} total {}", o.combination.len() * 20, o.pads.len() * 20,
            rows + paths + msgs + o.combination.len() * 20 + o.pads.len() * 20);
    }
}
