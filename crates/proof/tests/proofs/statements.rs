//! What is said of a run: its weights, its input, its output, and what else it is bound to.

use hushwork_proof::circuit::{Input, Mode, Output};
use hushwork_proof::commitment::{Committed, Shape};
use hushwork_proof::error::{Error, Result};
use hushwork_proof::field::{F, K, from_i64};
use hushwork_proof::model::{Numbers, Outcome, Statement, Tell, slots};
use hushwork_proof::pin::Pinned;
use hushwork_proof::scheme::{Visibility, Weights};
use p3_field::PrimeCharacteristicRing;

use crate::forgery::Forgery;
use crate::model::{Model, spread};
use crate::networks::{convolutional, residual};

const MODE: Mode = Mode {
    input: Input::Public,
    output: Output::Public,
};

fn model() -> Model {
    Model::new(&convolutional(), Visibility::Hidden, 11)
}

/// A model whose weights differ from another's in one slot.
fn other(model: &Model, changed: usize) -> Model {
    let mut bytes = model.bytes.clone();
    bytes[changed] = if bytes[changed] == 127 {
        126
    } else {
        bytes[changed].wrapping_add(1)
    };
    Model::with(model.scheme.clone(), bytes, [12; 32])
}

fn is_invalid(result: Result<()>) -> bool {
    matches!(result, Err(Error::InvalidProof(_)))
}

#[test]
fn other_weights_are_refused() {
    let model = model();
    let input = model.input(1);
    let told = || Numbers::Public(input.clone());
    for changed in [0, 10, model.bytes.len() - 20] {
        let other = other(&model, changed);
        let forgery = Forgery::honest(&other, MODE, &input);
        let theirs = other.statement(told(), forgery.output());
        forgery.assert_shown(&theirs, &[other.root()]);
        let ours = model.statement(told(), forgery.output());
        forgery.assert_refused(&ours, &[model.root()]);
        forgery.assert_refused(&ours, &[other.root()]);
        let mut mixed = Forgery::honest(&other, MODE, &input);
        mixed.weights = model.field.clone();
        mixed.assert_refused(&ours, &[model.root()]);
        let proof = other.prove(&input, None, Tell::Numbers);
        let said = model.statement(told(), proof.outcome);
        assert!(is_invalid(model.scheme.verify_run(&said, &proof.proof)));
    }
}

#[test]
fn another_input_is_refused() {
    let model = model();
    let input = model.input(1);
    for index in [0, 17, 35] {
        let mut said = input.clone();
        said[index] = (said[index] + 1) % 256;
        let mut forgery = Forgery::honest(&model, MODE, &input);
        let statement = model.statement(Numbers::Public(said.clone()), forgery.output());
        forgery.assert_refused(&statement, &[model.root()]);
        let tensor = forgery.circuit.input();
        forgery.set(tensor, index, said[index].into());
        forgery.assert_refused(&statement, &[model.root()]);
    }
}

#[test]
fn another_committed_input_is_refused() {
    let model = model();
    let (input, said) = (model.input(1), model.input(2));
    let [hidden, other] = [&input, &said].map(|input| model.hide(input, [3; 32]));
    let mode = Mode {
        input: Input::Committed,
        ..MODE
    };
    let forgery = Forgery::honest(&model, mode, &input);
    let statement =
        |hidden: &Committed| model.statement(model.told(&[], Some(hidden)), forgery.output());
    forgery.assert_shown(&statement(&hidden), &[model.root(), &hidden]);
    forgery.assert_refused(&statement(&other), &[model.root(), &other]);
    forgery.assert_refused(&statement(&other), &[model.root(), &hidden]);
    forgery.assert_refused(&statement(&hidden), &[model.root(), &other]);
}

/// One number is outside of the network's range.
#[test]
fn a_committed_input_is_in_its_range() {
    let model = model();
    for outside in [-1, 256, 1 << 20] {
        let mut input = model.input(1);
        input[5] = outside;
        let hidden = model.hide(&input, [3; 32]);
        let mode = Mode {
            input: Input::Committed,
            ..MODE
        };
        let forgery = Forgery::honest(&model, mode, &input);
        let statement = model.statement(model.told(&[], Some(&hidden)), forgery.output());
        forgery.assert_refused(&statement, &[model.root(), &hidden]);
        let public = model.statement(Numbers::Public(input), forgery.output());
        assert!(is_invalid(model.scheme.verify_run(&public, &[])));
    }
}

#[test]
fn another_output_is_refused() {
    let model = model();
    let input = model.input(1);
    let forgery = Forgery::honest(&model, MODE, &input);
    let proved = model.prove(&input, None, Tell::Numbers);
    for index in 0..proved.numbers.len() {
        let mut numbers = proved.numbers.clone();
        numbers[index] += 1;
        let outcome = Outcome::Numbers(Numbers::Public(numbers));
        let statement = model.statement(Numbers::Public(input.clone()), outcome);
        forgery.assert_refused(&statement, &[model.root()]);
        assert!(is_invalid(
            model.scheme.verify_run(&statement, &proved.proof)
        ));
    }
}

#[test]
fn another_committed_output_is_refused() {
    let model = model();
    let input = model.input(1);
    let mode = Mode {
        output: Output::Committed,
        ..MODE
    };
    let mut forgery = Forgery::honest(&model, mode, &input);
    let numbers = model.prove(&input, None, Tell::Numbers).numbers;
    let mut others = numbers.clone();
    others[1] += 1;
    let size = model.scheme.network().output().size;
    let commit = |numbers: &[i32]| {
        model
            .scheme
            .commit_boundary(slots(&spread(numbers, size)), [4; 32])
            .unwrap()
    };
    let [committed, other] = [&numbers, &others].map(|numbers| commit(numbers));
    let statement = |committed: &Committed| {
        let outcome = Outcome::Numbers(model.told(&[], Some(committed)));
        model.statement(Numbers::Public(input.clone()), outcome)
    };
    forgery.assert_shown(&statement(&committed), &[model.root(), &committed]);
    forgery.assert_refused(&statement(&other), &[model.root(), &other]);
    forgery.assert_refused(&statement(&committed), &[model.root(), &other]);
    forgery.witness.output = slots(&spread(&others, size));
    forgery.assert_refused(&statement(&other), &[model.root(), &other]);
}

/// A proof holds for the nonce, the hotkey and the model that it was made for.
#[test]
fn a_proof_is_bound_to_everything_that_is_said() {
    let model = model();
    let input = model.input(1);
    let proved = model.prove(&input, None, Tell::Numbers);
    let honest = model.statement(Numbers::Public(input), proved.outcome.clone());
    let verify = |statement: &Statement| model.scheme.verify_run(statement, &proved.proof);
    assert_eq!(verify(&honest), Ok(()));
    for bound in [
        b"nonce 2, hotkey 5F".as_slice(),
        b"nonce 1, hotkey 5G",
        b"",
        b"nonce 1, hotkey 5F ",
    ] {
        assert!(is_invalid(verify(&Statement {
            bound,
            ..honest.clone()
        })));
    }
    let mut digest = model.digest;
    digest[0] ^= 1;
    assert!(is_invalid(verify(&Statement {
        model: digest,
        ..honest.clone()
    })));
    let Weights::Hidden(pinned) = honest.weights else {
        panic!("hidden weights");
    };
    let mut root = pinned.root;
    root[31] ^= 1;
    let value = pinned.value + K::ONE;
    for pinned in [Pinned { root, ..pinned }, Pinned { value, ..pinned }] {
        let weights = Weights::Hidden(pinned);
        assert!(is_invalid(verify(&Statement {
            weights,
            ..honest.clone()
        })));
    }
    let shapes = [
        Shape {
            log_columns: 4,
            masked: false,
        },
        Shape {
            log_columns: 62,
            masked: false,
        },
        Shape {
            masked: true,
            ..pinned.shape
        },
    ];
    for shape in shapes {
        let weights = Weights::Hidden(Pinned { shape, ..pinned });
        assert!(is_invalid(verify(&Statement {
            weights,
            ..honest.clone()
        })));
        let input = Numbers::Committed(Pinned { shape, ..pinned });
        assert!(is_invalid(verify(&Statement {
            input,
            ..honest.clone()
        })));
    }
    let weights = Weights::Public(&model.field);
    assert!(is_invalid(verify(&Statement {
        weights,
        ..honest.clone()
    })));
}

#[test]
fn numbers_are_as_many_as_there_are() {
    let model = model();
    let input = model.input(1);
    let proved = model.prove(&input, None, Tell::Numbers);
    let verify = |input: &[i32], output: &[i32]| {
        let outcome = Outcome::Numbers(Numbers::Public(output.to_vec()));
        model.verify(Numbers::Public(input.to_vec()), outcome, &proved.proof)
    };
    let output = &proved.numbers;
    assert_eq!(verify(&input, output), Ok(()));
    assert!(is_invalid(verify(&input[1..], output)));
    assert!(is_invalid(verify(&[&input[..], &[0]].concat(), output)));
    assert!(is_invalid(verify(&input, &output[1..])));
    assert!(is_invalid(verify(&input, &[&output[..], &[0]].concat())));
    assert!(is_invalid(verify(&[], &[])));
    assert!(is_invalid(verify(&input, &[i32::MIN, i32::MAX, 0])));
}

/// The same network with the same weights, seen by everybody.
#[test]
fn public_weights_are_the_models() {
    let model = Model::new(&residual(), Visibility::Public, 5);
    let input = model.input(1);
    let proved = model.prove(&input, None, Tell::Class);
    let honest = model.statement(Numbers::Public(input), proved.outcome.clone());
    let verify = |field: &[F], digest| {
        let weights = Weights::Public(field);
        let statement = Statement {
            weights,
            model: digest,
            ..honest.clone()
        };
        model.scheme.verify_run(&statement, &proved.proof)
    };
    assert_eq!(verify(&model.field, model.digest), Ok(()));
    assert!(is_invalid(verify(&model.field, [0; 32])));
    let changed = |index: usize, value: i64| {
        let mut field = model.field.clone();
        field[index] = from_i64(value);
        field
    };
    let lengths = [
        &model.field[1..],
        &[&model.field[..], &[F::ZERO]].concat(),
        &[],
    ];
    let others = [
        changed(3, 128),
        changed(3, -129),
        changed(3, i64::from(model.slots[3]) ^ 1),
    ];
    for field in lengths.into_iter().chain(others.iter().map(Vec::as_slice)) {
        assert!(is_invalid(verify(
            field,
            model.scheme.model(&Weights::Public(field))
        )));
        assert!(is_invalid(verify(field, model.digest)));
    }
}
