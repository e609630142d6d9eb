//! Small networks.

use hushwork_proof::circuit::description::{Description, Layer, Meaning, Sum, Term};
use hushwork_proof::circuit::geometry::{Size, Window};

pub fn size(height: usize, width: usize, channels: usize) -> Size {
    Size {
        height,
        width,
        channels,
    }
}

pub fn window(kernel: usize, stride: usize, padding: usize) -> Window {
    Window {
        kernel: [kernel; 2],
        stride: [stride; 2],
        padding: [padding; 4],
    }
}

pub fn weighted(input: usize, window: Window, channels: usize) -> Term {
    Term::Weighted {
        input,
        window,
        channels,
    }
}

pub fn fixed(input: usize, window: Window, factor: i32) -> Term {
    Term::Fixed {
        input,
        window,
        factor,
    }
}

pub fn biased(terms: Vec<Term>) -> Sum {
    Sum { terms, bias: true }
}

pub fn plain(terms: Vec<Term>) -> Sum {
    Sum { terms, bias: false }
}

pub fn rectified(sum: Sum, shift: u32) -> Layer {
    Layer::Requantise {
        sum,
        shift,
        signed: false,
        table: None,
    }
}

pub fn signed(sum: Sum, shift: u32, table: Option<Vec<i32>>) -> Layer {
    Layer::Requantise {
        sum,
        shift,
        signed: true,
        table,
    }
}

pub fn maximum(input: usize, window: Window) -> Layer {
    Layer::Maximum { input, window }
}

/// Convolution, ReLU, pooling, a dense layer; three classes.
pub fn convolutional() -> Description {
    Description {
        input: size(6, 6, 1),
        range: [0, 255],
        layers: vec![
            rectified(biased(vec![weighted(0, window(3, 1, 0), 3)]), 8),
            maximum(1, window(2, 2, 0)),
        ],
        output: biased(vec![weighted(2, window(2, 1, 0), 3)]),
        meaning: Meaning::default(),
    }
}

/// A block whose input is added to its output, and averages of windows.
pub fn residual() -> Description {
    let pooled = fixed(2, window(2, 2, 0), 1);
    Description {
        input: size(4, 4, 3),
        range: [-128, 127],
        layers: vec![
            rectified(biased(vec![weighted(0, window(3, 1, 1), 3)]), 7),
            signed(
                plain(vec![
                    weighted(1, window(1, 1, 0), 3),
                    fixed(0, window(1, 1, 0), 64),
                ]),
                7,
                None,
            ),
            signed(plain(vec![pooled]), 2, None),
        ],
        output: biased(vec![weighted(3, window(2, 1, 0), 4)]),
        meaning: Meaning::default(),
    }
}

/// An activation of its own: x^2 / 128, with a value at 0 that is not 0.
pub fn activated() -> Description {
    activation(6, true, Some(squares()), 7)
}

pub fn squares() -> Vec<i32> {
    (-128..128).map(|x: i32| x * x / 128 + 5).collect()
}

pub fn activation(shift: u32, signed: bool, table: Option<Vec<i32>>, factor: i32) -> Description {
    let layer = Layer::Requantise {
        sum: biased(vec![weighted(0, window(1, 1, 0), 3)]),
        shift,
        signed,
        table,
    };
    Description {
        input: size(1, 1, 5),
        range: [-128, 127],
        layers: vec![layer],
        output: plain(vec![
            weighted(1, window(1, 1, 0), 3),
            fixed(1, window(1, 1, 0), factor),
        ]),
        meaning: Meaning::default(),
    }
}

/// Maxima of nine, with stride and padding.
pub fn padded() -> Description {
    Description {
        input: size(5, 4, 2),
        range: [-100, 100],
        layers: vec![
            maximum(0, window(3, 2, 1)),
            signed(biased(vec![weighted(1, window(2, 1, 0), 3)]), 0, None),
        ],
        output: biased(vec![weighted(
            2,
            Window {
                kernel: [2, 1],
                ..window(1, 1, 0)
            },
            2,
        )]),
        meaning: Meaning::default(),
    }
}

/// A layer of one number.
pub fn small() -> Description {
    Description {
        input: size(1, 1, 2),
        range: [0, 15],
        layers: vec![rectified(plain(vec![weighted(0, window(1, 1, 0), 1)]), 4)],
        output: plain(vec![weighted(1, window(1, 1, 0), 2)]),
        meaning: Meaning::default(),
    }
}

/// Small integers out of small integers: the first half of a chain.
pub fn first_half() -> Description {
    Description {
        input: size(3, 3, 1),
        range: [0, 255],
        layers: vec![rectified(plain(vec![weighted(0, window(2, 1, 0), 3)]), 7)],
        output: plain(vec![fixed(1, window(1, 1, 0), 1)]),
        meaning: Meaning::default(),
    }
}

/// The second half.
pub fn second_half() -> Description {
    Description {
        input: size(2, 2, 3),
        range: [0, 255],
        layers: Vec::new(),
        output: biased(vec![weighted(0, window(2, 1, 0), 2)]),
        meaning: Meaning::default(),
    }
}

pub fn all() -> [Description; 4] {
    [convolutional(), residual(), activated(), padded()]
}
