//! Maxima and classes: what is said to be the largest is.

use hushwork_proof::circuit::description::Description;
use hushwork_proof::circuit::description::Meaning;
use hushwork_proof::circuit::{Input, Mode, Output};
use hushwork_proof::model::{Numbers, Outcome, Tell};
use hushwork_proof::scheme::Visibility;

use crate::forgery::Forgery;
use crate::model::{Model, scheme};
use crate::networks::{fixed, maximum, plain, size, weighted, window};

const MODE: Mode = Mode {
    input: Input::Public,
    output: Output::Public,
};

fn pooled() -> Model {
    let description = Description {
        input: size(2, 2, 1),
        range: [-100, 100],
        layers: vec![maximum(0, window(2, 2, 0))],
        output: plain(vec![fixed(1, window(1, 1, 0), 1)]),
        meaning: Meaning::default(),
    };
    Model::with(
        scheme(&description, Visibility::Public),
        Vec::new(),
        [1; 32],
    )
}

const INPUT: [i32; 4] = [3, 9, -5, 7];

fn forged(model: &Model, maxima: [i32; 3]) -> Forgery<'_> {
    Forgery::new(model, MODE, &INPUT, |_, run| {
        run.maxima[0] = maxima.map(|largest| vec![largest]).to_vec();
        run.values[1] = vec![maxima[2]];
    })
}

#[test]
fn a_maximum_is_the_largest_of_its_inputs() {
    let model = pooled();
    let told = || Numbers::Public(INPUT.to_vec());
    let honest = forged(&model, [9, 9, 9]);
    honest.assert_shown(&model.statement(told(), honest.output()), &[]);
    for maxima in [
        [9, 9, 10],
        [10, 10, 10],
        [9, 10, 10],
        [9, 9, 7],
        [3, 3, 7],
        [3, -5, 7],
        [9, 9, -5],
        [9, 9, 8],
        [9, 7, 9],
    ] {
        let forgery = forged(&model, maxima);
        forgery.assert_refused(&model.statement(told(), forgery.output()), &[]);
    }
}

/// Three outputs, of which the first two are equal and the third is smaller.
fn classes() -> Model {
    let description = Description {
        input: size(1, 1, 1),
        range: [0, 255],
        layers: Vec::new(),
        output: plain(vec![weighted(0, window(1, 1, 0), 3)]),
        meaning: Meaning::default(),
    };
    let bytes = vec![100, 100, 99];
    Model::with(scheme(&description, Visibility::Public), bytes, [1; 32])
}

/// A prover who says that a class is the largest, in as good chunks as there are.
fn said(model: &Model, class: usize, chunks: Option<[i64; 2]>) -> Forgery<'_> {
    let output = Output::Class(class);
    let mut forgery = Forgery::honest(model, Mode { output, ..MODE }, &[200]);
    for (tensor, chunk) in forgery
        .circuit
        .places
        .class
        .unwrap()
        .into_iter()
        .zip(chunks.into_iter().flatten())
    {
        (0..3).for_each(|channel| forgery.set(tensor, channel, chunk));
    }
    forgery
}

#[test]
fn a_class_is_the_lowest_of_the_largest() {
    let model = classes();
    let statement = |class| model.statement(Numbers::Public(vec![200]), Outcome::Class(class));
    said(&model, 0, None).assert_shown(&statement(0), &[]);
    for class in [1, 2] {
        for chunks in [None, Some([0, 0]), Some([-1, -1]), Some([1023, 1023])] {
            said(&model, class, chunks).assert_refused(&statement(class), &[]);
        }
    }
    let proof = model.prove(&[200], None, Tell::Class).proof;
    assert_eq!(model.scheme.verify_run(&statement(0), &proof), Ok(()));
    for class in [1, 2, 3, usize::MAX] {
        assert!(model.scheme.verify_run(&statement(class), &proof).is_err());
    }
}
