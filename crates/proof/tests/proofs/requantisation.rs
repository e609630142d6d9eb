//! Requantised sums: the digits are theirs, and so is what becomes of them.

use hushwork_proof::circuit::description::Description;
use hushwork_proof::circuit::description::Meaning;
use hushwork_proof::circuit::{Input, Mode, Output};
use hushwork_proof::field::PRIME;
use hushwork_proof::model::Numbers;
use hushwork_proof::scheme::Visibility;

use crate::forgery::Forgery;
use crate::model::{Model, scheme};
use crate::networks::{fixed, plain, rectified, signed, size, weighted, window};

const MODE: Mode = Mode {
    input: Input::Public,
    output: Output::Public,
};
const SHIFT: u32 = 6;

/// Two inputs, one sum, requantised and told.
fn neuron(is_signed: bool, weights: [i8; 2]) -> Model {
    let sum = plain(vec![weighted(0, window(1, 1, 0), 1)]);
    let layer = if is_signed {
        signed(sum, SHIFT, None)
    } else {
        rectified(sum, SHIFT)
    };
    let description = Description {
        input: size(1, 1, 2),
        range: [0, 255],
        layers: vec![layer],
        output: plain(vec![fixed(1, window(1, 1, 0), 1)]),
        meaning: Meaning::default(),
    };
    let bytes = weights.map(|weight| weight as u8).to_vec();
    Model::with(scheme(&description, Visibility::Public), bytes, [1; 32])
}

/// A neuron whose output is said to be `output`, with digits t, sign and e.
fn forged<'a>(
    model: &'a Model,
    input: [i32; 2],
    output: i32,
    digits: Option<[i64; 3]>,
) -> Forgery<'a> {
    let mut forgery = Forgery::new(model, MODE, &input, |_, run| run.values[1][0] = output);
    if let Some([high, sign, low]) = digits {
        let places = forgery.digits(0);
        forgery.set(places.high, 0, high);
        forgery.set(places.sign, 0, sign);
        forgery.set(places.low.unwrap(), 0, low);
    }
    forgery
}

fn assert_refused(model: &Model, input: [i32; 2], output: i32, digits: Option<[i64; 3]>) {
    let forgery = forged(model, input, output, digits);
    let statement = model.statement(Numbers::Public(input.to_vec()), forgery.output());
    forgery.assert_refused(&statement, &[]);
}

/// e, h and t of a sum.
fn cut(sum: i64, is_signed: bool) -> [i64; 3] {
    let shifted = sum + (1 << (SHIFT - 1)) + if is_signed { 128 << SHIFT } else { 0 };
    [
        shifted & ((1 << SHIFT) - 1),
        shifted >> SHIFT & 255,
        shifted >> (SHIFT + 8),
    ]
}

#[test]
fn what_is_honest_is_shown() {
    for (is_signed, weights, output) in [
        (false, [127, 127], 255),
        (true, [-128, 1], -128),
        (true, [1, 0], 3),
    ] {
        let model = neuron(is_signed, weights);
        let forgery = forged(&model, [200, 250], output, None);
        let statement = model.statement(Numbers::Public(vec![200, 250]), forgery.output());
        forgery.assert_shown(&statement, &[]);
    }
}

#[test]
fn an_overflow_is_clamped() {
    let above = neuron(false, [127, 127]);
    let sum = 127 * 450;
    let [low, _, high] = cut(sum, false);
    assert_refused(&above, [200, 250], 893, None);
    assert_refused(&above, [200, 250], 893, Some([0, 0, low]));
    assert_refused(
        &above,
        [200, 250],
        893 - 256 * high as i32,
        Some([high, 0, low]),
    );
    let below = neuron(false, [-128, 0]);
    let [low, _, high] = cut(-128 * 200, false);
    assert_refused(&below, [200, 0], -400, None);
    assert_refused(&below, [200, 0], -400, Some([0, 0, low]));
    assert_refused(&below, [200, 0], 255, Some([high, 1, low]));
    let signed = neuron(true, [127, 0]);
    let [low, _, _] = cut(127 * 200, true);
    assert_refused(&signed, [200, 0], 397, Some([0, 0, low]));
}

/// Digits of the same sum of which one is larger than it has to be.
#[test]
fn digits_are_minimal() {
    let model = neuron(false, [100, 0]);
    let input = [71, 0];
    let [low, middle, high] = cut(7100, false);
    assert_eq!((middle, high), (111, 0));
    let carry = 1 << SHIFT;
    assert_refused(&model, input, 110, Some([0, 0, low + carry]));
    assert_refused(&model, input, 112, Some([0, 0, low - carry]));
    assert_refused(&model, input, 255, Some([1, 1, low]));
    assert_refused(&model, input, 0, Some([-1, -1, low]));
    assert_refused(&model, input, 255, Some([0, 1, low]));
}

/// Digits of the sum plus or minus p, which is the same element of F.
#[test]
fn a_sum_does_not_wrap_round_the_field() {
    for is_signed in [false, true] {
        let model = neuron(is_signed, [100, 0]);
        for (wrapped, sign) in [(7100 + i64::from(PRIME), 1), (7100 - i64::from(PRIME), -1)] {
            let [low, _, high] = cut(wrapped, is_signed);
            let lowest = if is_signed { -128 } else { 0 };
            let output = if sign > 0 { lowest + 255 } else { lowest };
            assert_refused(&model, [71, 0], output, Some([high, sign, low]));
        }
    }
}

#[test]
fn an_output_is_what_its_digit_becomes() {
    let model = neuron(false, [100, 0]);
    for output in [110, 112, 0, 255] {
        assert_refused(&model, [71, 0], output, None);
    }
}

/// Everything after the layer fits what is said to have come out of it.
#[test]
fn no_layer_is_skipped() {
    let layer = |input| rectified(plain(vec![weighted(input, window(3, 1, 1), 2)]), SHIFT);
    let description = Description {
        input: size(3, 3, 2),
        range: [0, 255],
        layers: vec![layer(0), layer(1), layer(2)],
        output: plain(vec![weighted(3, window(3, 1, 0), 3)]),
        meaning: Meaning::default(),
    };
    let model = Model::new(&description, Visibility::Hidden, 4);
    let input = model.input(5);
    let told = || Numbers::Public(input.clone());
    let honest = Forgery::honest(&model, MODE, &input);
    honest.assert_shown(&model.statement(told(), honest.output()), &[model.root()]);
    for skipped in 0..3 {
        let forgery = Forgery::new(&model, MODE, &input, |layer, run| {
            if layer == skipped {
                run.values[layer + 1] = run.values[layer].clone();
            }
        });
        assert_ne!(forgery.output(), honest.output());
        let statement = model.statement(told(), forgery.output());
        forgery.assert_refused(&statement, &[model.root()]);
    }
}
