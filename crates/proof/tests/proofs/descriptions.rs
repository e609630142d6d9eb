//! What is not a network that can be proved is refused.

use hushwork_proof::circuit::Network;
use hushwork_proof::circuit::description::{Description, Layer, Meaning, Term};
use hushwork_proof::circuit::geometry::Window;
use hushwork_proof::circuit::limits::ELEMENTS;
use hushwork_proof::error::Error;

use crate::networks::*;

fn refused(description: Description) -> bool {
    let bytes = description.to_bytes();
    let read = Description::from_bytes(&bytes).and_then(Network::new);
    matches!(read, Err(Error::InvalidNetwork(_)))
}

/// A network of one term.
fn only(term: Term) -> Description {
    Description {
        input: size(4, 4, 2),
        range: [0, 255],
        layers: Vec::new(),
        output: plain(vec![term]),
        meaning: Meaning::default(),
    }
}

/// One layer before an output.
fn layer(layer: Layer) -> Description {
    Description {
        layers: vec![layer],
        ..only(fixed(0, window(1, 1, 0), 1))
    }
}

fn shifted(shift: u32, factor: i32) -> Description {
    layer(rectified(
        plain(vec![fixed(0, window(1, 1, 0), factor)]),
        shift,
    ))
}

#[test]
fn layers_read_what_came_before() {
    assert!(!refused(only(fixed(0, window(1, 1, 0), 1))));
    for later in [1, 2, usize::MAX] {
        assert!(refused(only(fixed(later, window(1, 1, 0), 1))));
        assert!(refused(only(weighted(later, window(1, 1, 0), 2))));
        assert!(refused(layer(maximum(later, window(2, 1, 0)))));
    }
    assert!(refused(Description {
        output: plain(Vec::new()),
        ..only(fixed(0, window(1, 1, 0), 1))
    }));
    let other = vec![
        fixed(0, window(1, 1, 0), 1),
        weighted(0, window(1, 1, 0), 3),
    ];
    assert!(refused(Description {
        output: plain(other),
        ..only(fixed(0, window(1, 1, 0), 1))
    }));
}

#[test]
fn windows_fit() {
    let term = |window| only(fixed(0, window, 1));
    assert!(!refused(term(window(3, 2, 1))));
    let huge = Window {
        kernel: [ELEMENTS; 2],
        stride: [1; 2],
        padding: [ELEMENTS - 1; 4],
    };
    assert!(refused(term(huge)));
    let sides = [0, 5, ELEMENTS, ELEMENTS + 1, usize::MAX];
    for side in sides {
        assert!(refused(term(window(side, 1, 0))));
        assert!(side == 5 || side == ELEMENTS || refused(term(window(1, side, 0))));
        assert!(refused(term(window(1, 1, side.max(1)))));
    }
    assert!(refused(layer(maximum(0, window(1, 1, 0)))));
    let beside = Window {
        padding: [0, 2, 0, 0],
        kernel: [3, 1],
        ..window(1, 1, 0)
    };
    assert!(refused(layer(maximum(0, beside))));
}

#[test]
fn sums_and_digits_are_bounded() {
    assert!(!refused(shifted(15, 1)));
    assert!(refused(shifted(16, 1)));
    assert!(refused(shifted(u32::MAX, 1)));
    assert!(!refused(shifted(0, (1 << 14) - 1)));
    for factor in [0, 1 << 14, -(1 << 14), i32::MIN, i32::MAX] {
        assert!(refused(shifted(3, factor)));
    }
    let wide = |height| {
        only(fixed(
            0,
            Window {
                kernel: [height, 4],
                ..window(1, 1, 0)
            },
            16383,
        ))
    };
    let many = |count| Description {
        output: plain(vec![fixed(0, window(4, 1, 0), 16383); count]),
        ..wide(4)
    };
    assert!(!refused(many(8)));
    assert!(refused(many(9)));
    for channels in [0, ELEMENTS, ELEMENTS + 1, i32::MAX as usize] {
        assert!(refused(only(weighted(0, window(1, 1, 0), channels))));
    }
}

#[test]
fn values_are_bounded() {
    let one = only(fixed(0, window(1, 1, 0), 1));
    for range in [
        [1, 0],
        [-256, 0],
        [0, 256],
        [i32::MIN, i32::MAX],
        [1, 9],
        [-9, -1],
    ] {
        assert!(refused(Description {
            range,
            ..one.clone()
        }));
    }
    for sides in [
        [0, 1, 1],
        [1, 0, 1],
        [1, 1, 0],
        [usize::MAX, 2, 1],
        [1 << 25, 2, 1],
    ] {
        let input = size(sides[0], sides[1], sides[2]);
        assert!(refused(Description {
            input,
            ..one.clone()
        }));
    }
    let table = |values: Vec<i32>| {
        layer(signed(
            plain(vec![fixed(0, window(1, 1, 0), 1)]),
            0,
            Some(values),
        ))
    };
    assert!(!refused(table(vec![255; 256])));
    assert!(refused(table(vec![255; 255])));
    assert!(refused(table(vec![256; 256])));
    assert!(refused(table(vec![i32::MIN; 256])));
}

/// A difference of two values of a maximum is looked up among -255 to 255.
#[test]
fn maxima_are_of_values_that_are_not_far_apart() {
    let between = |range| Description {
        range,
        ..layer(maximum(0, window(2, 2, 0)))
    };
    assert!(!refused(between([-128, 127])));
    assert!(refused(between([-128, 128])));
}

/// A few bytes cannot ask for much.
#[test]
fn networks_are_bounded_as_a_whole() {
    let small = only(fixed(0, window(1, 1, 0), 1));
    let long = vec![maximum(0, window(2, 2, 0)); 1025];
    assert!(refused(Description {
        layers: long,
        ..small.clone()
    }));
    let taps = 1 << 12;
    let tall = Window {
        kernel: [taps, 1],
        padding: [taps - 1, 0, taps - 1, 0],
        ..window(1, 1, 0)
    };
    assert!(refused(layer(maximum(0, tall))));
    let wide = Description {
        input: size(1, 1, 1 << 20),
        ..small.clone()
    };
    assert!(!refused(wide.clone()));
    let padded = maximum(0, window(8, 1, 7));
    assert!(refused(Description {
        layers: vec![padded],
        ..wide
    }));
    let input = size(512, 512, 1);
    let term = |_| fixed(0, window(3, 1, 1), 1);
    let many = |count| Description {
        input,
        output: plain((0..count).map(term).collect()),
        ..small.clone()
    };
    assert!(!refused(many(6)));
    assert!(refused(many(8)));
}
