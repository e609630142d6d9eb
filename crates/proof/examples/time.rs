//! Times proofs of networks with random weights: `time lenet|vgg LOG_DOMAIN`.
use std::time::Instant;

use hushwork_proof::circuit::description::{Description, Layer, Meaning, Sum, Term};
use hushwork_proof::circuit::geometry::{Size, Window};
use hushwork_proof::circuit::sums::Kernel;
use hushwork_proof::circuit::{Input, Mode, Output};
use hushwork_proof::model::{Numbers, Outcome, Owned, Statement, Tell, slots};
use hushwork_proof::parameters::Setting;
use hushwork_proof::registers::LANES;
use hushwork_proof::scheme::{Scheme, Visibility, Weights};

fn conv(input: usize, k: usize, channels: usize) -> Sum {
    let window = Window {
        kernel: [k, k],
        stride: [1, 1],
        padding: [0; 4],
    };
    Sum {
        terms: vec![Term::Weighted {
            input,
            window,
            channels,
        }],
        bias: true,
    }
}
fn relu(sum: Sum, shift: u32) -> Layer {
    Layer::Requantise {
        sum,
        shift,
        signed: false,
        table: None,
    }
}
fn pool(input: usize) -> Layer {
    Layer::Maximum {
        input,
        window: Window {
            kernel: [2, 2],
            stride: [2, 2],
            padding: [0; 4],
        },
    }
}
fn lenet() -> Description {
    Description {
        input: Size {
            height: 28,
            width: 28,
            channels: 1,
        },
        range: [0, 255],
        layers: vec![
            relu(conv(0, 5, 6), 9),
            pool(1),
            relu(conv(2, 5, 16), 10),
            pool(3),
            relu(conv(4, 4, 120), 10),
            relu(conv(5, 1, 84), 10),
        ],
        output: conv(6, 1, 10),
        meaning: meaning(),
    }
}
fn vgg() -> Description {
    Description {
        input: Size {
            height: 32,
            width: 32,
            channels: 3,
        },
        range: [0, 255],
        layers: vec![
            relu(conv(0, 3, 64), 9),
            relu(conv(1, 3, 64), 11),
            pool(2),
            relu(conv(3, 3, 128), 11),
            relu(conv(4, 3, 128), 11),
            pool(5),
            relu(conv(6, 3, 256), 11),
            relu(conv(7, 3, 256), 12),
            relu(conv(8, 1, 512), 11),
            relu(conv(9, 1, 512), 11),
        ],
        output: conv(10, 1, 10),
        meaning: meaning(),
    }
}
fn meaning() -> Meaning {
    Meaning {
        name: "random".into(),
        input_scale: 1.0,
        output_scale: 1.0,
        labels: Vec::new(),
    }
}

fn main() {
    let which = std::env::args().nth(1).unwrap_or("lenet".into());
    let log_domain = std::env::args()
        .nth(2)
        .map_or(16, |text| text.parse().unwrap());
    let description = if which == "vgg" { vgg() } else { lenet() };
    let t = Instant::now();
    let scheme = Scheme::choose(
        &description.to_bytes(),
        Visibility::Hidden,
        Setting { log_domain },
    )
    .unwrap();
    println!(
        "lanes {LANES}; chosen in {:?}: {:?}",
        t.elapsed(),
        scheme.parameters()
    );
    let t = Instant::now();
    Scheme::read(
        &description.to_bytes(),
        Visibility::Hidden,
        *scheme.parameters(),
    )
    .unwrap();
    println!(
        "read in {:?}; {:.1} bits",
        t.elapsed(),
        scheme.soundness().bits()
    );
    for (name, bits) in &scheme.soundness().terms {
        println!("  {name:24} {bits:.1}");
    }
    let circuit = scheme
        .circuit(Mode {
            input: Input::Public,
            output: Output::Public,
        })
        .unwrap();
    let mut state = 1u64;
    let mut next = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as i32
    };
    let mut bytes = Vec::new();
    for sum in &circuit.sums {
        for part in &sum.parts {
            if let Kernel::Weights(tensor) = part.kernel {
                let count = tensor.rows * part.size.channels * sum.bounds.size.channels;
                bytes.extend((0..count).map(|_| next() as u8));
            }
        }
        bytes.extend((0..sum.bounds.size.channels).flat_map(|_| (next() % 1000).to_le_bytes()));
    }
    let weights = scheme.weights(&bytes).unwrap();
    let field = slots(&weights);
    let input: Vec<i32> = (0..circuit.network.values()[0].size.len())
        .map(|_| next().rem_euclid(256))
        .collect();
    let t = Instant::now();
    let root = scheme.commit(&field, [3; 32]).unwrap();
    println!("commit weights {:?}", t.elapsed());
    let t = Instant::now();
    let publication = scheme.prove_publication(&field, &root, [4; 32]).unwrap();
    println!("publish {:?}, {} bytes", t.elapsed(), publication.len());
    let t = Instant::now();
    scheme
        .verify_publication(scheme.pin(&root), &publication)
        .unwrap();
    println!("verify publication {:?}", t.elapsed());
    let epoch = scheme.commit(&field, [5; 32]).unwrap();
    let t = Instant::now();
    let link = scheme.prove_link(&root, &epoch, [6; 32]).unwrap();
    println!("link {:?}, {} bytes", t.elapsed(), link.len());
    let t = Instant::now();
    scheme
        .verify_link(scheme.pin(&root), scheme.pin(&epoch), &link)
        .unwrap();
    println!("verify link {:?}", t.elapsed());
    let model = scheme.model(&Weights::Hidden(scheme.pin(&root)));
    let owned = Owned {
        slots: &weights,
        committed: Some(&epoch),
        model,
    };
    let hidden = scheme
        .commit_boundary(
            slots(&pad(&input, circuit.network.values()[0].size)),
            [7; 32],
        )
        .unwrap();
    for (round, tell) in [
        Tell::Numbers,
        Tell::Numbers,
        Tell::Class,
        Tell::Commitment([9; 32]),
        Tell::Numbers,
    ]
    .into_iter()
    .enumerate()
    {
        let hide = (round == 3).then_some(&hidden);
        let t = Instant::now();
        let proved = scheme
            .prove_run(owned, &input, hide, tell, b"nonce", [round as u8; 32])
            .unwrap();
        let prove = t.elapsed();
        let told = hide.map_or(Numbers::Public(input.clone()), |hidden| {
            Numbers::Committed(scheme.pin(hidden))
        });
        let statement = Statement {
            model,
            weights: Weights::Hidden(scheme.pin(&epoch)),
            input: told,
            outcome: proved.outcome.clone(),
            bound: b"nonce",
        };
        let t = Instant::now();
        scheme.verify_run(&statement, &proved.proof).unwrap();
        println!(
            "prove {prove:?} verify {:?}, {} bytes",
            t.elapsed(),
            proved.proof.len()
        );
        if let Outcome::Class(class) = proved.outcome {
            println!("class {class} of {:?}", proved.numbers);
        }
        let other = Statement {
            bound: b"other",
            ..statement
        };
        assert!(scheme.verify_run(&other, &proved.proof).is_err());
    }
}

fn pad(values: &[i32], size: Size) -> Vec<i32> {
    values
        .chunks(size.channels)
        .flat_map(|row| {
            let mut row = row.to_vec();
            row.resize(size.columns(), 0);
            row
        })
        .collect()
}
