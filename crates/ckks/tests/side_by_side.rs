//! Products that are made side by side, between others that need one another.

mod simulation;

use std::ops::ControlFlow;

use hushwork_ckks::program::{ProgramLiteral, Progress, Register, Step};
use simulation::{LOG_DEGREE, Party, SCALE, SLOTS, parameters};

/// The scale after a product of two at `scale` and `limbs`.
fn squared(scale: f64, limbs: usize) -> f64 {
    scale * scale / parameters(LOG_DEGREE).literal().moduli[limbs - 1] as f64
}

/// More squares than are made at once, then products of them, one of which needs one just before it.
fn network() -> ProgramLiteral {
    let (once, inputs) = (squared(SCALE, 4), 3);
    let square = |register: Register| Step::Multiply {
        a: register % inputs,
        b: (register + 1) % inputs,
        output: register,
        scale: once,
    };
    let mut steps: Vec<_> = (inputs..inputs + 20).map(square).collect();
    let product = |a, b, output, limbs, scale| Step::Multiply {
        a,
        b,
        output,
        scale: squared(scale, limbs),
    };
    steps.push(product(3, 22, 30, 3, once));
    steps.push(product(4, 5, 31, 3, once));
    steps.push(product(30, 31, 32, 2, squared(once, 3)));
    ProgramLiteral {
        inputs: vec![(4, SCALE); inputs],
        steps,
        outputs: vec![12, 21, 32],
    }
}

fn inputs() -> Vec<Vec<f64>> {
    let value = |input: usize, slot: usize| ((input * 17 + slot) as f64 * 0.3).cos();
    let input = |input| (0..SLOTS).map(|slot| value(input, slot)).collect();
    (0..3).map(input).collect()
}

#[test]
fn products_equal_their_simulation() {
    Party::new(LOG_DEGREE).check(&network(), &inputs());
}

#[test]
fn every_step_is_reported_in_order() {
    let (party, literal) = (Party::new(LOG_DEGREE), network());
    let program = party.compile(&literal);
    let mut steps = Vec::new();
    let mut watch = |at: Progress| {
        steps.push(at.step);
        ControlFlow::Continue(())
    };
    let sealed = party.seal(&inputs(), 4);
    let keys = party.keys(&program);
    program.run(&keys, sealed, 2, &mut watch).unwrap();
    assert!(steps.is_sorted());
    assert!((0..literal.steps.len()).all(|step| steps.contains(&step)));
}
