//! Whole programs against a plain simulation of the slots.

mod simulation;

use std::ops::ControlFlow;

use hushwork_ckks::program::{
    Linear, MAX_GIANT, Program, ProgramLiteral, Progress, Register, RunError, Step, Term,
};
use hushwork_ckks::{Error, KeyNeeds};
use proptest::prelude::*;
use simulation::{LOG_DEGREE, Party, SCALE, SLOTS, carry_on, parameters, rotate};

fn vector(period: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-1.0f64..1.0, period)
}

fn periodic() -> impl Strategy<Value = Vec<f64>> {
    (0..=LOG_DEGREE).prop_flat_map(|log_period| vector(1 << log_period))
}

fn term(output: usize, inputs: usize) -> impl Strategy<Value = Term> {
    let anchors = prop::sample::select(vec![0i64, 9, -13, 64]);
    (0..inputs, anchors, 0usize..4, -2i64..5, periodic()).prop_map(
        move |(input, anchor, giant, baby, weights)| Term {
            output,
            input,
            anchor,
            giant,
            baby,
            weights,
        },
    )
}

fn linear() -> impl Strategy<Value = (ProgramLiteral, Vec<Vec<f64>>)> {
    (1usize..3, 1usize..3, -20i64..20).prop_flat_map(|(inputs, outputs, giant_step)| {
        let terms: Vec<_> = (0..outputs)
            .map(|output| prop::collection::vec(term(output, inputs), 1..7))
            .collect();
        let bias = prop::collection::vec(prop::option::of(periodic()), outputs);
        let values = prop::collection::vec(vector(SLOTS), inputs);
        (terms, bias, values).prop_map(move |(terms, bias, values)| {
            let written: Vec<Register> = (10..10 + outputs).collect();
            let step = Step::Linear(Linear {
                inputs: (0..inputs).collect(),
                outputs: written.clone(),
                terms: terms.into_iter().flatten().collect(),
                giant_step,
                scale: SCALE,
                bias,
            });
            let literal = ProgramLiteral {
                inputs: vec![(4, SCALE); inputs],
                steps: vec![step],
                outputs: written,
            };
            (literal, values)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn linear_steps_equal_their_simulation((literal, inputs) in linear()) {
        Party::new(LOG_DEGREE).check(&literal, &inputs);
    }
}

fn ramp(period: usize) -> Vec<f64> {
    (0..period).map(|i| (i as f64 * 0.7).sin()).collect()
}

/// Two inputs through every kind of step, with a register read after others have died.
fn network() -> (ProgramLiteral, Vec<Vec<f64>>) {
    let term = |output, input, anchor, giant, baby, period| Term {
        output,
        input,
        anchor,
        giant,
        baby,
        weights: ramp(period),
    };
    let linear = Linear {
        inputs: vec![0, 1],
        outputs: vec![2, 3],
        terms: vec![
            term(0, 0, 16, 2, 1, 8),
            term(0, 1, 0, 0, 0, 1),
            term(1, 1, 16, 5, 3, 64),
            term(1, 0, 0, 5, 0, 4),
        ],
        giant_step: 4,
        scale: SCALE,
        bias: vec![Some(vec![0.5]), None],
    };
    let squared = SCALE * SCALE / parameters(LOG_DEGREE).literal().moduli[2] as f64;
    let steps = vec![
        Step::Linear(linear),
        Step::Add {
            a: 2,
            b: 3,
            output: 4,
        },
        Step::RotateAdd {
            input: 4,
            output: 5,
            steps: vec![1, -2, 0],
        },
        Step::Multiply {
            a: 5,
            b: 2,
            output: 6,
            scale: squared,
        },
        Step::AddPlain {
            input: 6,
            output: 7,
            values: ramp(16),
        },
        Step::Drop {
            input: 7,
            output: 8,
            limbs: 1,
        },
    ];
    let literal = ProgramLiteral {
        inputs: vec![(4, SCALE), (4, SCALE)],
        steps,
        outputs: vec![8, 3],
    };
    (literal, vec![ramp(SLOTS), rotate(&ramp(SLOTS), 9)])
}

#[test]
fn every_kind_of_step_equals_its_simulation() {
    let (literal, inputs) = network();
    Party::new(LOG_DEGREE).check(&literal, &inputs);
}

/// Long weights, too large for 32 bits or not, whether they are kept transformed, made at every use,
/// or some of both.
#[test]
fn long_weights_equal_their_simulation() {
    let slots = 1 << 13;
    let term = |index: usize, size: f64| Term {
        output: 0,
        input: 0,
        anchor: 0,
        giant: index % 10,
        baby: [0, 1][index / 2 % 2],
        weights: rotate(&ramp(slots), index as i64)
            .iter()
            .map(|x| x * size)
            .collect(),
    };
    let terms = (0..140).map(|index| term(index, [4.0, 1e-2][index % 2]));
    let linear = Linear {
        inputs: vec![0],
        outputs: vec![1],
        terms: terms.collect(),
        giant_step: 5,
        scale: SCALE,
        bias: vec![Some(ramp(slots))],
    };
    let literal = ProgramLiteral {
        inputs: vec![(4, SCALE)],
        steps: vec![Step::Linear(linear)],
        outputs: vec![1],
    };
    let party = Party::new(13);
    let made = slots * (70 * 8 + 70 * 4);
    let words = slots * 140 * party.parameters.extended(4).limbs();
    let keeping = |granted| {
        let program = Program::keeping(party.parameters.clone(), &literal, granted).unwrap();
        party.check_program(&program, &literal, &[ramp(slots)]);
        program.plaintext_bytes() - 4 * slots
    };
    let (nothing, some, all) = (keeping(0), keeping(4 * words), keeping(8 * words));
    assert_eq!(nothing, made);
    assert!(made < some && some < all, "{some} of {all} bytes");
    // A kernel may pack residues of 33 bits and more into as few bytes as hold them.
    assert!((5 * words..9 * words).contains(&all), "{all} bytes");
}

#[test]
fn needs_name_each_key_at_its_deepest_use() {
    let program = Party::new(LOG_DEGREE).compile(&network().0);
    let rotations = program.needs().rotations();
    assert!(rotations.eq([(1, 4), (3, 4), (4, 4), (16, 4), (62, 3)]));
    assert!(program.needs().relinearisation().eq([3]));
}

#[test]
fn progress_reaches_its_total_and_names_each_step() {
    let party = Party::new(LOG_DEGREE);
    let (literal, inputs) = network();
    let program = party.compile(&literal);
    let mut seen: Vec<Progress> = Vec::new();
    let mut watch = |progress| {
        seen.push(progress);
        ControlFlow::Continue(())
    };
    let sealed = party.seal(&inputs, 4);
    program
        .run(&party.keys(&program), sealed, 1, &mut watch)
        .unwrap();
    assert!((0..literal.steps.len()).all(|step| seen.iter().any(|at| at.step == step)));
    assert!(seen.windows(2).all(|pair| pair[0].done <= pair[1].done));
    let last = seen.last().unwrap();
    assert_eq!(last.done, last.total);
}

#[test]
fn a_watcher_stops_the_run() {
    let party = Party::new(LOG_DEGREE);
    let (literal, inputs) = network();
    let program = party.compile(&literal);
    let mut calls = 0;
    let mut watch = |_| {
        calls += 1;
        ControlFlow::Break(())
    };
    let sealed = party.seal(&inputs, 4);
    let stopped = program.run(&party.keys(&program), sealed, 1, &mut watch);
    assert_eq!((stopped.unwrap_err(), calls), (RunError::Stopped, 1));
}

#[test]
fn keys_that_lack_a_step_or_depth_are_refused_before_any_work() {
    let party = Party::new(LOG_DEGREE);
    let (literal, inputs) = network();
    let program = party.compile(&literal);
    let needed: Vec<_> = program.needs().rotations().collect();
    let without = needed[..4].to_vec();
    let shallow: Vec<_> = needed.iter().map(|&(step, _)| (step, 3)).collect();
    let needed = || needed.clone();
    let lacking = [(without, 3), (shallow, 3), (needed(), 0), (needed(), 2)];
    for (rotations, relinearisation) in lacking {
        let relinearisation = Some(relinearisation).filter(|limbs| *limbs > 0);
        let needs = KeyNeeds::new(&party.parameters, rotations, relinearisation).unwrap();
        let keys = party.secret.evaluation_keys(&needs).unwrap();
        let mut watch = |_| panic!("work began");
        let refused = program
            .run(&keys, party.seal(&inputs, 4), 1, &mut watch)
            .unwrap_err();
        assert!(
            matches!(refused, RunError::Refused(Error::MissingKey(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn inputs_of_another_shape_are_refused() {
    let party = Party::new(LOG_DEGREE);
    let (literal, inputs) = network();
    let program = party.compile(&literal);
    let keys = party.keys(&program);
    let mut scaled = party.seal(&inputs, 4);
    scaled[1].scale *= 1.0 + f64::EPSILON;
    for sealed in [party.seal(&inputs, 3), scaled] {
        let refused = program.run(&keys, sealed, 1, &mut carry_on).unwrap_err();
        assert!(
            matches!(refused, RunError::Refused(Error::MalformedBytes(_))),
            "{refused:?}"
        );
    }
    let one = party.seal(&inputs[..1], 4);
    let refused = program.run(&keys, one, 1, &mut carry_on).unwrap_err();
    assert!(
        matches!(refused, RunError::Refused(Error::Misuse(_))),
        "{refused:?}"
    );
}

/// The message with which a changed program is refused.
fn refusal(change: impl FnOnce(&mut ProgramLiteral)) -> String {
    let (mut literal, _) = network();
    change(&mut literal);
    Program::new(parameters(LOG_DEGREE), &literal)
        .map(drop)
        .unwrap_err()
        .to_string()
}

fn first_linear(literal: &mut ProgramLiteral) -> &mut Linear {
    match &mut literal.steps[0] {
        Step::Linear(linear) => linear,
        other => panic!("{other:?}"),
    }
}

fn refusal_of_term(change: impl FnOnce(&mut Term)) -> String {
    refusal(|literal| change(&mut first_linear(literal).terms[2]))
}

#[test]
fn wrong_programs_are_refused_with_the_step_that_is_wrong() {
    let add = |a, b, output| Step::Add { a, b, output };
    let square = Step::Multiply {
        a: 8,
        b: 8,
        output: 9,
        scale: SCALE,
    };
    let raise = Step::Drop {
        input: 7,
        output: 8,
        limbs: 3,
    };
    let cases = [
        (
            refusal(|p| p.steps[1] = add(2, 99, 4)),
            "step 1: register 99 was never written",
        ),
        (
            refusal(|p| p.steps[1] = add(2, 3, 2)),
            "step 1: register 2 is written twice",
        ),
        (
            refusal(|p| p.steps[1] = add(0, 3, 4)),
            "step 1: terms of 4 and 3 limbs",
        ),
        (
            refusal(|p| p.steps[5] = raise),
            "step 5: cannot drop from 2 limbs to 3",
        ),
        (
            refusal(|p| p.steps.push(square)),
            "step 6: no limb left to rescale by",
        ),
        (
            refusal(|p| p.inputs[0].0 = 5),
            "program: input 0: 5 limbs of 4",
        ),
        (
            refusal(|p| p.inputs[0].1 = f64::NAN),
            "program: scale NaN is out of range",
        ),
        (refusal(|p| p.outputs.clear()), "program: no outputs"),
        (
            refusal(|p| p.outputs.push(77)),
            "program: register 77 was never written",
        ),
        (refusal(|p| first_linear(p).scale *= 1.01), "step 3: scale"),
        (
            refusal(|p| first_linear(p).bias.truncate(1)),
            "step 0: 1 biases, 2 outputs",
        ),
        (
            refusal(|p| first_linear(p).terms.truncate(2)),
            "step 0: an output without terms",
        ),
        (
            refusal(|p| first_linear(p).inputs.clear()),
            "step 0: no inputs",
        ),
        (
            refusal_of_term(|t| t.weights.truncate(3)),
            "step 0: term 2: 3 values are no period",
        ),
        (
            refusal_of_term(|t| t.weights = vec![0.0; 128]),
            "step 0: term 2: 128 values",
        ),
        (
            refusal_of_term(|t| t.weights.clear()),
            "step 0: term 2: 0 values",
        ),
        (
            refusal_of_term(|t| t.weights[5] = f64::NAN),
            "step 0: term 2: a value is not finite",
        ),
        (
            refusal_of_term(|t| t.weights[5] = 1e12),
            "step 0: term 2: 1e12 at scale",
        ),
        (
            refusal_of_term(|t| t.output = 2),
            "step 0: term 2: no output 2",
        ),
        (
            refusal_of_term(|t| t.input = 2),
            "step 0: term 2: no input 2",
        ),
        (
            refusal_of_term(|t| t.giant = MAX_GIANT + 1),
            "step 0: term 2: giant 4097 over 4096",
        ),
    ];
    for (message, expected) in cases {
        assert!(
            message.starts_with(expected),
            "{message:?} is not {expected:?}"
        );
    }
}
