//! Weights within their bounds, and the same weights in later commitments.

use hushwork_proof::argument::{Binding, Secrets, Subject};
use hushwork_proof::circuit::entries::Slots;
use hushwork_proof::circuit::publication::Publication;
use hushwork_proof::circuit::{Circuit, Input, Mode, Output, WEIGHTS};
use hushwork_proof::commitment::Committed;
use hushwork_proof::error::{Error, Result};
use hushwork_proof::field::{F, PRIME, from_i64};
use hushwork_proof::hiding::HIDING;
use hushwork_proof::model::{Tell, slots};
use hushwork_proof::pin::Pinned;
use hushwork_proof::scheme::{Scheme, Visibility};

use crate::forgery::settle;
use crate::model::{Model, scheme};
use crate::networks::convolutional;

fn model() -> Model {
    Model::new(&convolutional(), Visibility::Hidden, 31)
}

fn circuit(scheme: &Scheme) -> Circuit {
    let mode = Mode {
        input: Input::Public,
        output: Output::Public,
    };
    scheme.circuit(mode).unwrap()
}

fn is_invalid(result: &Result<()>) -> bool {
    matches!(result, Err(Error::InvalidProof(_)))
}

/// A proof about weights that need not be within their bounds, and whether it convinces.
fn publish(model: &Model, field: &[F], legal: bool) -> Result<()> {
    let scheme = &model.scheme;
    let publication = Publication::new(&circuit(scheme));
    let lookups = publication.lookups().unwrap();
    let (mut auxiliary, _) = publication.witness(&model.field)?;
    let all = Slots {
        weights: field,
        auxiliary: &auxiliary,
        ..Slots::default()
    };
    let mut entries = lookups.entries(&all, &[]);
    settle(lookups, &mut entries, &mut auxiliary, legal);
    let committed = scheme.commit(field, [1; 32]).unwrap();
    let pinned = scheme.pin(&committed);
    let secrets = Secrets {
        committed: &[&committed],
        slots: auxiliary,
        entries,
        known: (),
        seed: [2; 32],
    };
    let binding = Binding {
        pinned: vec![(WEIGHTS, pinned)],
        weights: None,
        context: scheme.context("publication", &[]),
    };
    let proof = scheme.publications(&publication).prove(&binding, secrets)?;
    scheme.verify_publication(pinned, &proof.to_bytes())
}

#[test]
fn weights_out_of_range_cannot_be_published() {
    let model = model();
    let circuit = circuit(&model.scheme);
    let bias = circuit.sums[0].bias.unwrap().base;
    let bound = 1 << circuit.sums[0].bounds.log_bias;
    let wrapped = i64::from(PRIME) / 2;
    let weights = [128, -129, 1 << 20, wrapped].map(|value| (0, value));
    let biases = [bound, -bound - 1, wrapped].map(|value| (bias, value));
    for legal in [false, true] {
        assert_eq!(publish(&model, &model.field, legal), Ok(()));
        for (slot, value) in weights.into_iter().chain(biases) {
            let mut field = model.field.clone();
            field[slot] = from_i64(value);
            assert!(is_invalid(&publish(&model, &field, legal)));
            let committed = model.scheme.commit(&field, [1; 32]).unwrap();
            let honest = model.scheme.prove_publication(&field, &committed, [2; 32]);
            assert!(matches!(honest, Err(Error::Misuse(_))));
        }
    }
}

#[test]
fn biases_out_of_range_are_no_weights() {
    let model = model();
    let circuit = circuit(&model.scheme);
    let bound: i32 = 1 << circuit.sums[0].bounds.log_bias;
    let first = 9 * 3;
    for (bias, inside) in [
        (bound - 1, true),
        (bound, false),
        (-bound, true),
        (-bound - 1, false),
    ] {
        let mut bytes = model.bytes.clone();
        bytes[first..][..4].copy_from_slice(&bias.to_le_bytes());
        let read = model.scheme.weights(&bytes);
        assert_eq!(matches!(read, Err(Error::InvalidNetwork(_))), !inside);
    }
    for bytes in [&model.bytes[1..], &[&model.bytes[..], &[0]].concat(), &[]] {
        assert!(matches!(
            model.scheme.weights(bytes),
            Err(Error::InvalidNetwork(_))
        ));
    }
}

fn link(scheme: &Scheme, committed: [&Committed; 2]) -> Result<()> {
    let proof = scheme.prove_link(committed[0], committed[1], [3; 32])?;
    scheme.verify_link(scheme.pin(committed[0]), scheme.pin(committed[1]), &proof)
}

#[test]
fn other_weights_cannot_be_linked() {
    let model = model();
    let Model { scheme, field, .. } = &model;
    let later = scheme.commit(field, [4; 32]).unwrap();
    assert_eq!(link(scheme, [model.root(), &later]), Ok(()));
    for changed in [0, field.len() / 2, field.len() - 1] {
        let mut other = field.clone();
        other[changed] += from_i64(1);
        let other = scheme.commit(&other, [5; 32]).unwrap();
        assert!(is_invalid(&link(scheme, [model.root(), &other])));
        assert!(is_invalid(&link(scheme, [&other, &later])));
    }
    let proof = scheme.prove_link(model.root(), &later, [3; 32]).unwrap();
    let [earlier, later] = [model.root(), &later].map(|committed| scheme.pin(committed));
    assert_eq!(scheme.verify_link(earlier, later, &proof), Ok(()));
    assert_eq!(earlier == later, !HIDING);
    for other in [(later, earlier), (earlier, earlier)] {
        let result = scheme.verify_link(other.0, other.1, &proof);
        assert_eq!(is_invalid(&result), HIDING);
    }
}

/// A proof of one kind is none of another.
#[test]
fn kinds_of_proofs_are_told_apart() {
    let model = model();
    let scheme = &model.scheme;
    let pinned = scheme.pin(model.root());
    let published = scheme
        .prove_publication(&model.field, model.root(), [1; 32])
        .unwrap();
    let linked = scheme
        .prove_link(model.root(), model.root(), [2; 32])
        .unwrap();
    let input = model.input(1);
    let run = model.prove(&input, None, Tell::Numbers);
    assert_eq!(scheme.verify_publication(pinned, &published), Ok(()));
    assert_eq!(scheme.verify_link(pinned, pinned, &linked), Ok(()));
    assert!(scheme.verify_publication(pinned, &linked).is_err());
    assert!(scheme.verify_publication(pinned, &run.proof).is_err());
    assert!(scheme.verify_link(pinned, pinned, &published).is_err());
    let told = model.told(&input, None);
    assert!(model.verify(told, run.outcome, &published).is_err());
}

/// Public weights are neither published nor linked, and layouts are the scheme's.
#[test]
fn commitments_have_the_schemes_layout() {
    let model = model();
    let scheme_of_all = scheme(&convolutional(), Visibility::Public);
    let published = model
        .scheme
        .prove_publication(&model.field, model.root(), [1; 32])
        .unwrap();
    let pinned = model.scheme.pin(model.root());
    assert!(is_invalid(
        &scheme_of_all.verify_publication(pinned, &published)
    ));
    assert!(is_invalid(
        &scheme_of_all.verify_link(pinned, pinned, &published)
    ));
    for log_columns in [0, 4, 6, 63, usize::MAX] {
        let mut other: Pinned = pinned;
        other.shape.log_columns = log_columns;
        assert!(is_invalid(
            &model.scheme.verify_publication(other, &published)
        ));
        assert!(is_invalid(
            &model.scheme.verify_link(pinned, other, &published)
        ));
        assert!(is_invalid(
            &model.scheme.verify_link(other, pinned, &published)
        ));
    }
}

/// A caller's own bugs.
#[test]
fn too_few_weights_are_a_misuse() {
    let model = model();
    let short = &model.field[1..];
    let misused = |result: Result<()>| matches!(result, Err(Error::Misuse(_)));
    assert!(misused(model.scheme.commit(short, [1; 32]).map(|_| ())));
    let proved = model.scheme.prove_publication(short, model.root(), [1; 32]);
    assert!(misused(proved.map(|_| ())));
    let mut owned = model.owned();
    owned.slots = &model.slots[1..];
    let input = model.input(1);
    let proved = model
        .scheme
        .prove_run(owned, &input, None, Tell::Numbers, b"", [1; 32]);
    assert!(misused(proved.map(|_| ())));
    let large = slots(&vec![0; 1 << 20]);
    assert!(misused(
        model.scheme.commit_boundary(large, [1; 32]).map(|_| ())
    ));
}
