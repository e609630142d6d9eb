//! Transcripts for programmed challenges, made without weights, an input or a witness, that the
//! verifier's own code accepts.

use super::*;
use crate::circuit::link::Link;
use crate::circuit::publication::Publication;
use crate::commitment::Shown;
use crate::merkle::tests::around;

/// A proof about commitments that hold nothing, of these contents and shapes.
fn simulate<'a, S: Subject>(
    argument: &Argument<S>,
    contents: &[(usize, Shape)],
    seed: u64,
) -> (Binding<'a>, Proof) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut many = |count| {
        (0..count)
            .map(|_| random_extension(&mut rng))
            .collect::<Vec<K>>()
    };
    let (messages, factors) = (many(argument.messages()), many(argument.factors()));
    let [sum, first, second] = many(3)[..] else {
        unreachable!()
    };
    let values = many(contents.len());
    let mut shown: Vec<Shown> = Vec::new();
    let mut pinned = Vec::new();
    for ((content, shape), value) in contents.iter().zip(values) {
        let count = shape.width() * POSITIONS.len();
        let rows: Vec<F> = (0..count).map(|_| random(&mut rng)).collect();
        let (root, paths) = around(CODE.log_domain, &POSITIONS, &rows, &mut rng);
        shown.push(Shown { rows, paths });
        pinned.push((
            *content,
            Pinned {
                root,
                value,
                shape: *shape,
            },
        ));
    }
    let binding = Binding {
        pinned,
        ..Binding::default()
    };
    let quadratic = Quadratic {
        sums: [first, second],
        factors,
    };
    let mut proof = Proof {
        root: Digest::default(),
        sum,
        messages,
        quadratic,
        opening: Opening {
            rounds: Vec::new(),
            mask: K::ZERO,
            combination: Vec::new(),
            pads: Vec::new(),
            shown: Vec::new(),
        },
    };
    let mut challenger = script();
    let statements = argument.statements(&mut challenger, &proof).unwrap();
    let batch = challenger.challenge("statements");
    let (terms, target) = argument.relation(&binding, statements, batch);
    let rows: Vec<Vec<F>> = shown.iter().map(|shown| shown.rows.clone()).collect();
    let shapes = argument.shapes(&binding);
    proof.opening = opening::tests::simulate(
        &mut challenger,
        &CODE,
        &shapes,
        &rows,
        (&terms, target),
        &mut rng,
    );
    let own = &mut proof.opening.shown[0];
    (proof.root, own.paths) = around(CODE.log_domain, &POSITIONS, &own.rows, &mut rng);
    for (own, shown) in proof.opening.shown[1..].iter_mut().zip(shown) {
        own.paths = shown.paths;
    }
    (binding, proof)
}

fn assert_accepted<S: Subject>(argument: &Argument<S>, contents: &[(usize, Shape)]) {
    for seed in 0..4 {
        let (binding, proof) = simulate(argument, contents, seed);
        assert_eq!(argument.check(&mut script(), &binding, &proof), Ok(()));
        let mut other = Script::new(2, POSITIONS.to_vec());
        assert!(argument.check(&mut other, &binding, &proof).is_err());
        assert!(argument.verify(&binding, &proof).is_err());
    }
}

/// Whatever is said to have come out: nothing is known that it could contradict.
#[test]
fn runs_are_simulated() {
    let [_, weights, input] = shapes();
    for output in [Output::Public, Output::Class(0)] {
        for kind in [Input::Public, Input::Committed] {
            let mode = Mode {
                input: kind,
                output,
            };
            let circuit = Circuit::new(network(), mode).unwrap();
            let told = Told {
                input: (kind == Input::Public).then(|| slots(&[3, 14])),
                output: (output == Output::Public).then(|| slots(&[1234])),
            };
            let subject = Run::new(&circuit, &told);
            let mut contents = vec![(WEIGHTS, weights)];
            contents.extend((kind == Input::Committed).then_some((INPUT, input)));
            assert_accepted(&argument(&subject), &contents);
        }
    }
}

#[test]
fn publications_and_links_are_simulated() {
    let [_, weights, _] = shapes();
    let case = Case::example();
    let publication = Publication::new(&case.circuit);
    let argument = Argument::new(&publication, CODE, LOG_COLUMNS[0]);
    assert_accepted(&argument, &[(WEIGHTS, weights)]);
    let link = Link {
        rows: 2,
        columns: 4,
    };
    let contents = [(WEIGHTS, weights), (crate::circuit::link::LATER, weights)];
    assert_accepted(&Argument::new(&link, CODE, 0), &contents);
}
