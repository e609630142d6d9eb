//! The networks that are timed.

use hushwork_proof::circuit::description::{Description, Layer, Meaning, Sum, Term};
use hushwork_proof::circuit::geometry::{Size, Window};

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

pub fn lenet() -> Description {
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

pub fn vgg() -> Description {
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
