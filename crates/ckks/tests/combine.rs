//! Combine steps against a plain simulation of the slots.

mod simulation;

use std::ops::ControlFlow;

use hushwork_ckks::program::{Combine, MAX_CIPHERTEXTS, Program, ProgramLiteral, Progress, Step};
use proptest::prelude::*;
use simulation::{LOG_DEGREE, Party, SCALE, SLOTS, parameters};

fn program(combine: Combine) -> ProgramLiteral {
    ProgramLiteral {
        inputs: vec![(4, SCALE); combine.inputs.len()],
        outputs: combine.outputs.clone(),
        steps: vec![Step::Combine(combine)],
    }
}

/// From rows of (column, weight); outputs follow the inputs.
fn combine(inputs: usize, rows: &[Vec<(u32, f64)>], bias: Option<Vec<f64>>) -> Combine {
    let entries = rows.iter().flatten().copied();
    let (columns, weights) = entries.unzip();
    let ends = rows.iter().scan(0, |end, row| {
        *end += row.len();
        Some(*end)
    });
    Combine {
        inputs: (0..inputs).collect(),
        outputs: (inputs..inputs + rows.len()).collect(),
        starts: std::iter::once(0).chain(ends).collect(),
        columns,
        weights,
        bias,
        scale: SCALE,
    }
}

/// Rows of a few patterns, so that some neighbours read the same inputs.
fn rows(inputs: usize) -> impl Strategy<Value = Vec<Vec<(u32, f64)>>> {
    let columns = prop::collection::vec(0..inputs as u32, 1..6);
    let patterns = prop::collection::vec((columns, 1usize..10), 1..5);
    let patterns = patterns.prop_map(|patterns| {
        let rows = patterns.into_iter();
        rows.flat_map(|(columns, rows)| vec![columns; rows])
            .collect::<Vec<_>>()
    });
    patterns.prop_flat_map(|rows| {
        let row = |columns: Vec<u32>| {
            let weights = prop::collection::vec(-1.0f64..1.0, columns.len());
            weights.prop_map(move |weights| columns.iter().copied().zip(weights).collect())
        };
        rows.into_iter().map(row).collect::<Vec<_>>()
    })
}

fn slots(inputs: usize, degree: usize) -> Vec<Vec<f64>> {
    let value = |input: usize, slot: usize| ((input * 31 + slot) as f64 * 0.7).sin();
    let input = |input| (0..degree).map(|slot| value(input, slot)).collect();
    (0..inputs).map(input).collect()
}

fn any_combine() -> impl Strategy<Value = Combine> {
    (1usize..5, any::<bool>()).prop_flat_map(|(inputs, biased)| {
        rows(inputs).prop_map(move |rows| {
            let bias = rows.iter().map(|row| row[0].1 * 3.0).collect();
            combine(inputs, &rows, biased.then_some(bias))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn combine_steps_equal_their_simulation(combine in any_combine(), log_degree in 3u32..8) {
        let inputs = slots(combine.inputs.len(), 1 << log_degree);
        Party::new(log_degree).check(&program(combine), &inputs);
    }
}

/// Of a limb, several strips and several parts; of the sums, more than one block.
#[test]
fn many_outputs_of_a_large_ring_equal_their_simulation() {
    let row = |row: usize| {
        let entry = |column: u32| (column, (row as f64 + f64::from(column)).cos());
        (0..3).map(entry).collect::<Vec<_>>()
    };
    let rows: Vec<_> = (0..200).map(row).collect();
    let literal = program(combine(3, &rows, Some(vec![0.25; 200])));
    Party::new(11).check(&literal, &slots(3, 1 << 11));
}

#[test]
fn inputs_may_differ_in_scale() {
    let mut literal = program(combine(2, &[vec![(0, 0.5), (1, 0.25)]], None));
    literal.inputs[1].1 = SCALE * 4.0;
    let party = Party::new(LOG_DEGREE);
    let compiled = party.compile(&literal);
    let mut sealed = party.seal(&slots(2, SLOTS), 4);
    // The same ciphertext at another scale is another message.
    sealed[1].scale *= 4.0;
    let keys = party.keys(&compiled);
    let outputs = compiled.run(&keys, sealed, 1, &mut |_| ControlFlow::Continue(()));
    let output = party.secret.decrypt(&outputs.unwrap()[0]);
    let got = hushwork_ckks::encoding::decode(&party.parameters, &output);
    let x = slots(2, SLOTS);
    for (slot, got) in got.iter().enumerate() {
        let want = 0.5 * x[0][slot] + 0.25 * x[1][slot] / 4.0;
        assert!((got - want).abs() < 1e-6, "{got} is not {want}");
    }
}

#[test]
fn progress_reaches_its_total() {
    let rows = vec![vec![(0, 1.0), (1, 2.0), (2, 3.0)]; 5];
    let literal = program(combine(3, &rows, None));
    let party = Party::new(LOG_DEGREE);
    let compiled = party.compile(&literal);
    let mut last = None;
    let mut watch = |progress: Progress| {
        last = Some(progress);
        ControlFlow::Continue(())
    };
    let sealed = party.seal(&slots(3, SLOTS), 4);
    let keys = party.keys(&compiled);
    compiled.run(&keys, sealed, 2, &mut watch).unwrap();
    let last = last.unwrap();
    assert!(last.total > 0 && last.done == last.total, "{last:?}");
}

#[test]
fn weights_take_eight_bytes_and_columns_four_a_block() {
    let rows = vec![vec![(0, 1.0), (2, 2.0)]; 5];
    let literal = program(combine(3, &rows, None));
    let program = Party::new(LOG_DEGREE).compile(&literal);
    assert_eq!(program.plaintext_bytes(), 5 * 2 * 8 + 2 * 4);
}

fn refusal(change: impl FnOnce(&mut Combine)) -> String {
    let rows = [vec![(0, 1.0)], vec![(1, 0.5), (0, 2.0)]];
    let mut step = combine(2, &rows, Some(vec![0.0, 1.0]));
    step.outputs = vec![3, 4];
    change(&mut step);
    let literal = ProgramLiteral {
        inputs: vec![(4, SCALE), (4, SCALE), (3, SCALE)],
        outputs: step.outputs.clone(),
        steps: vec![Step::Combine(step)],
    };
    let refused = Program::new(parameters(LOG_DEGREE), &literal);
    refused.map(drop).unwrap_err().to_string()
}

#[test]
fn wrong_steps_are_refused_with_what_is_wrong() {
    let cases = [
        (refusal(|c| c.inputs.clear()), "no inputs"),
        (refusal(|c| c.inputs[1] = 9), "register 9 was never written"),
        (refusal(|c| c.inputs[1] = 2), "register 2 has 3 limbs"),
        (
            refusal(|c| c.inputs = vec![0; MAX_CIPHERTEXTS + 1]),
            "16385 inputs, at most 16384",
        ),
        (refusal(|c| c.outputs[1] = 3), "register 3 is written twice"),
        (refusal(|c| c.outputs.truncate(1)), "3 starts, 1 outputs"),
        (refusal(|c| c.starts[0] = 1), "starts from 1 to 3"),
        (
            refusal(|c| c.starts[2] = 2),
            "starts from 0 to 2, 3 entries",
        ),
        (refusal(|c| c.starts[1] = 0), "an output without entries"),
        (refusal(|c| c.starts[1] = 9), "an output without entries"),
        (refusal(|c| c.columns.truncate(2)), "2 columns, 3 weights"),
        (refusal(|c| c.columns[1] = 2), "entry 1: no input 2"),
        (
            refusal(|c| c.weights[2] = f64::NAN),
            "entry 2: a value is not",
        ),
        (refusal(|c| c.weights[2] = 1e12), "entry 2: 1e12 at scale"),
        (refusal(|c| c.bias = Some(vec![1.0])), "1 biases, 2 outputs"),
        (
            refusal(|c| c.bias = Some(vec![0.0, f64::INFINITY])),
            "bias: a value is not finite",
        ),
        (refusal(|c| c.scale = f64::NAN), "scale NaN is out of range"),
        (refusal(|c| c.scale = 1.0), "weights would be encoded at"),
    ];
    for (message, expected) in cases {
        let expected = format!("step 0: {expected}");
        assert!(
            message.starts_with(&expected),
            "{message:?} is not {expected:?}"
        );
    }
}
