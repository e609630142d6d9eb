//! Runs are what descriptions say, and all of them can be shown.

use hushwork_proof::circuit::run::run;
use hushwork_proof::circuit::{Input, Mode, Network, Output};
use hushwork_proof::model::Tell;
use hushwork_proof::scheme::Visibility;
use proptest::prelude::*;

use crate::model::{Model, gather, spread};
use crate::naive;
use crate::networks::all;
use crate::random::Draw;

const PLAIN: Mode = Mode {
    input: Input::Public,
    output: Output::Public,
};

const VISIBILITIES: [Visibility; 2] = [Visibility::Public, Visibility::Hidden];

fn wide(numbers: &[i32]) -> Vec<i64> {
    numbers.iter().map(|number| i64::from(*number)).collect()
}

/// Every value and the output, by the crate and by hand.
fn check_run(seed: u64) {
    let mut draw = Draw::new(seed);
    let network = draw.network();
    let (bytes, input) = (draw.weights(&network), draw.input(&network));
    let by_hand = naive::run(network.description(), &bytes, &input);
    let scheme = crate::model::scheme(network.description(), Visibility::Public);
    let circuit = scheme.circuit(PLAIN).unwrap();
    let weights = scheme.weights(&bytes).unwrap();
    let done = run(&circuit, &weights, spread(&input, network.values()[0].size));
    for ((value, slots), expected) in network.values().iter().zip(&done.values).zip(&by_hand) {
        assert_eq!(wide(&gather(slots, value.size)), expected.numbers);
        let inside = |number: &i64| {
            (i64::from(value.range.low)..=i64::from(value.range.high)).contains(number)
        };
        assert!(expected.numbers.iter().all(inside));
    }
    let output = gather(&done.sums[done.sums.len() - 1], network.output().size);
    assert_eq!(wide(&output), by_hand[by_hand.len() - 1].numbers);
    for ((_, bounds), sum) in network.sums().zip(&done.sums) {
        assert!(
            sum.iter()
                .all(|sum| i64::from(*sum).abs() <= bounds.magnitude)
        );
    }
}

/// One kind of run of a model.
fn check_proof(model: &Model, seed: u64, hide: bool, tell: Tell) {
    let input = model.input(seed);
    let hidden = hide.then(|| model.hide(&input, [5; 32]));
    let proved = model.prove(&input, hidden.as_ref(), tell);
    let told = model.told(&input, hidden.as_ref());
    assert_eq!(model.verify(told, proved.outcome, &proved.proof), Ok(()));
    let by_hand = naive::run(model.scheme.network().description(), &model.bytes, &input);
    assert_eq!(wide(&proved.numbers), by_hand[by_hand.len() - 1].numbers);
}

fn tells(network: &Network) -> Vec<Tell> {
    let output = network.output();
    let mut tells = vec![Tell::Numbers, Tell::Commitment([6; 32])];
    if output.size.positions() == 1 && output.magnitude < 1 << 28 {
        tells.push(Tell::Class);
    }
    tells
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn runs_are_what_descriptions_say(seed: u64) {
        check_run(seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn random_networks_are_proved(seed: u64, visibility in 0..2usize, hide: bool, tell in 0..3usize) {
        let network = Draw::new(seed).network();
        let model = Model::new(network.description(), VISIBILITIES[visibility], seed);
        let tells = tells(&network);
        check_proof(&model, seed, hide, tells[tell % tells.len()]);
    }

    #[test]
    fn random_networks_are_published_and_linked(seed: u64) {
        let network = Draw::new(seed).network();
        let model = Model::new(network.description(), Visibility::Hidden, seed);
        let Model { scheme, field, .. } = &model;
        let proof = scheme.prove_publication(field, model.root(), [2; 32]).unwrap();
        prop_assert_eq!(scheme.verify_publication(scheme.pin(model.root()), &proof), Ok(()));
        let later = scheme.commit(field, [3; 32]).unwrap();
        let link = scheme.prove_link(model.root(), &later, [4; 32]).unwrap();
        let (earlier, later) = (scheme.pin(model.root()), scheme.pin(&later));
        prop_assert_eq!(scheme.verify_link(earlier, later, &link), Ok(()));
    }
}

#[test]
fn every_kind_of_run_is_proved() {
    for description in all() {
        let network = Network::new(description.clone()).unwrap();
        for visibility in VISIBILITIES {
            let model = Model::new(&description, visibility, 3);
            for tell in tells(&network) {
                check_proof(&model, 8, false, tell);
                check_proof(&model, 9, true, tell);
            }
        }
    }
}
