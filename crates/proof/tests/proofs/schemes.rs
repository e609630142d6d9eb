//! A proof holds for one network with one set of parameters, and for one kind of statement.

use hushwork_proof::circuit::description::Description;
use hushwork_proof::error::{Error, Result};
use hushwork_proof::model::{Numbers, Outcome, Statement, Tell};
use hushwork_proof::parameters::Parameters;
use hushwork_proof::scheme::{Scheme, Visibility, Weights};

use crate::model::{BOUND, Model, roomy};
use crate::networks::{activated, activation, convolutional, squares};

fn is_refused(result: &Result<()>) -> bool {
    matches!(
        result,
        Err(Error::InvalidProof(_) | Error::MalformedBytes(_))
    )
}

/// Networks with weights of the same shape that differ in what they do.
fn others() -> [Description; 7] {
    let mut changed = squares();
    changed[200] += 1;
    [
        activation(7, true, Some(squares()), 7),
        activation(5, true, Some(squares()), 7),
        activation(6, false, Some(squares()), 7),
        activation(6, true, None, 7),
        activation(6, true, Some(changed), 7),
        activation(6, true, Some(squares()), 8),
        Description {
            range: [-127, 127],
            ..activated()
        },
    ]
}

/// Checks a proof of one scheme by another, with what the other makes of the same weights.
fn verify_by(
    scheme: &Scheme,
    model: &Model,
    input: &[i32],
    outcome: &Outcome,
    proof: &[u8],
) -> Result<()> {
    let weights = Weights::Public(&model.field);
    let statement = Statement {
        model: scheme.model(&weights),
        weights,
        input: Numbers::Public(input.to_vec()),
        outcome: outcome.clone(),
        bound: BOUND,
    };
    scheme.verify_run(&statement, proof)
}

#[test]
fn a_proof_is_bound_to_its_network() {
    let model = Model::new(&activated(), Visibility::Public, 51);
    let input = vec![0; 5];
    let proved = model.prove(&input, None, Tell::Class);
    let verify =
        |scheme: &Scheme| verify_by(scheme, &model, &input, &proved.outcome, &proved.proof);
    assert_eq!(verify(&model.scheme), Ok(()));
    for description in others() {
        let scheme = crate::model::scheme(&description, Visibility::Public);
        assert_ne!(scheme.digest(), model.scheme.digest());
        assert!(is_refused(&verify(&scheme)), "{description:?}");
    }
}

#[test]
fn a_proof_is_bound_to_its_parameters() {
    let model = Model::new(&convolutional(), Visibility::Public, 52);
    let input = model.input(1);
    let proved = model.prove(&input, None, Tell::Class);
    let roomy = roomy(Visibility::Public);
    let mut code = roomy.code;
    code.queries += 1;
    let others = [
        Parameters { code, ..roomy },
        Parameters {
            weights: roomy.weights + 1,
            ..roomy
        },
        Parameters {
            publication: roomy.publication + 1,
            ..roomy
        },
        Parameters {
            boundary: roomy.boundary + 1,
            ..roomy
        },
        Parameters {
            auxiliary: roomy.auxiliary + 1,
            ..roomy
        },
    ];
    for parameters in others {
        let description = convolutional().to_bytes();
        let scheme = Scheme::read(&description, Visibility::Public, parameters).unwrap();
        let result = verify_by(&scheme, &model, &input, &proved.outcome, &proved.proof);
        assert!(is_refused(&result), "{parameters:?}");
    }
}

/// What is told of an output is one thing or another.
#[test]
fn a_proof_is_bound_to_what_it_tells() {
    let model = Model::new(&convolutional(), Visibility::Hidden, 53);
    let input = model.input(1);
    let hidden = model.hide(&input, [1; 32]);
    let tells = [Tell::Numbers, Tell::Class, Tell::Commitment([2; 32])];
    let kinds = tells
        .into_iter()
        .flat_map(|tell| [(tell, false), (tell, true)]);
    let all: Vec<_> = kinds
        .map(|(tell, hide)| {
            let hidden = hide.then_some(&hidden);
            let proved = model.prove(&input, hidden, tell);
            (model.told(&input, hidden), proved.outcome, proved.proof)
        })
        .collect();
    for (index, (told, outcome, _)) in all.iter().enumerate() {
        for (other, (_, _, proof)) in all.iter().enumerate() {
            let result = model.verify(told.clone(), outcome.clone(), proof);
            assert_eq!(result.is_ok(), index == other);
            assert!(index == other || is_refused(&result));
        }
    }
}
