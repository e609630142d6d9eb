//! Proofs whose bytes are changed, cut short or continued.

use hushwork_proof::argument::{Binding, Proof};
use hushwork_proof::circuit::interaction::{Run, Told};
use hushwork_proof::circuit::{Input, Mode, Output};
use hushwork_proof::codec::{LIMIT, Lengths};
use hushwork_proof::error::{Error, Result};
use hushwork_proof::field::{DEGREE, F_BYTES, PRIME};
use hushwork_proof::hiding::hiding;
use hushwork_proof::model::{Numbers, Tell};
use hushwork_proof::parameters::Setting;
use hushwork_proof::scheme::{Scheme, Visibility};

use crate::model::Model;
use crate::networks::{first_half, small};
use crate::random::Draw;

/// A proof, and what checks it.
struct Case<'a> {
    proof: Vec<u8>,
    verify: Verify<'a>,
}

type Verify<'a> = Box<dyn Fn(&[u8]) -> Result<()> + 'a>;

/// The smallest proofs that there are.
fn public() -> Model {
    let description = small();
    let setting = Setting { log_domain: 14 };
    let scheme = Scheme::choose(&description.to_bytes(), Visibility::Public, setting).unwrap();
    let bytes = Draw::new(41).weights(scheme.network());
    Model::with(scheme, bytes, [0; 32])
}

fn run_of(model: &Model) -> Case<'_> {
    let input = model.input(1);
    let proved = model.prove(&input, None, Tell::Class);
    let told = Numbers::Public(input);
    Case {
        proof: proved.proof,
        verify: Box::new(move |proof| model.verify(told.clone(), proved.outcome.clone(), proof)),
    }
}

fn publication_of(model: &Model) -> Case<'_> {
    let scheme = &model.scheme;
    let pinned = scheme.pin(model.root());
    Case {
        proof: scheme
            .prove_publication(&model.field, model.root(), [1; 32])
            .unwrap(),
        verify: Box::new(move |proof| scheme.verify_publication(pinned, proof)),
    }
}

fn link_of(model: &Model) -> Case<'_> {
    let scheme = &model.scheme;
    let later = scheme.commit(&model.field, [2; 32]).unwrap();
    let [pinned, after] = [model.root(), &later].map(|committed| scheme.pin(committed));
    Case {
        proof: scheme.prove_link(model.root(), &later, [1; 32]).unwrap(),
        verify: Box::new(move |proof| scheme.verify_link(pinned, after, proof)),
    }
}

fn is_malformed(result: Result<()>) -> bool {
    matches!(result, Err(Error::MalformedBytes(_)))
}

impl Case<'_> {
    /// Changes one byte at a time.
    fn mutate(&self, count: usize, seed: u64) {
        let mut draw = Draw::new(seed);
        assert_eq!((self.verify)(&self.proof), Ok(()));
        let mut proof = self.proof.clone();
        for _ in 0..count {
            let index = draw.below(proof.len());
            let before = proof[index];
            proof[index] ^= 1 + draw.below(255) as u8;
            match (self.verify)(&proof) {
                Err(Error::InvalidProof(_) | Error::MalformedBytes(_)) => (),
                other => panic!(
                    "byte {index} changed from {before} to {}: {other:?}",
                    proof[index]
                ),
            }
            proof[index] = before;
        }
    }
}

#[test]
fn no_byte_of_a_run_can_be_changed() {
    run_of(&public()).mutate(10_000, 1);
}

#[test]
fn no_byte_of_a_publication_or_a_link_can_be_changed() {
    let model = Model::new(&first_half(), Visibility::Hidden, 42);
    publication_of(&model).mutate(500, 2);
    link_of(&model).mutate(500, 3);
}

/// Where each part of a proof of `lengths` ends, up to the rows that are shown.
fn ends(lengths: &Lengths) -> Vec<usize> {
    let pads = 2 * lengths.rounds;
    let elements = [
        1,
        lengths.messages,
        hiding(2),
        lengths.factors,
        pads,
        hiding(1),
        lengths.rows,
        hiding(pads + lengths.queries),
    ];
    let mut ends = vec![32];
    for count in elements {
        ends.push(ends[ends.len() - 1] + count * DEGREE * F_BYTES);
    }
    ends
}

fn lengths(model: &Model) -> Lengths {
    let mode = Mode {
        input: Input::Public,
        output: Output::Class(0),
    };
    let (circuit, told) = (model.scheme.circuit(mode).unwrap(), Told::default());
    let run = Run::new(&circuit, &told);
    model
        .scheme
        .lengths(&model.scheme.runs(&run), &Binding::default())
}

#[test]
fn proofs_have_one_length() {
    let model = public();
    let case = run_of(&model);
    let ends = ends(&lengths(&model));
    let (rows, digests) = (ends[ends.len() - 1], case.proof.len());
    for end in ends.into_iter().flat_map(|end| [end - 1, end, end + 1]) {
        assert!(is_malformed((case.verify)(&case.proof[..end])));
    }
    for end in [
        0,
        31,
        rows + 4,
        rows + 8,
        rows + 12,
        digests - 32,
        digests - 1,
    ] {
        assert!(is_malformed((case.verify)(&case.proof[..end])));
    }
    for more in [1, 4, 20, 32] {
        let longer = [&case.proof[..], &vec![0; more]].concat();
        assert!(is_malformed((case.verify)(&longer)));
    }
    let huge = vec![0; LIMIT + 1];
    assert!(matches!((case.verify)(&huge), Err(Error::TooLarge(_))));
}

/// Numbers of rows and of digests that are not those of the positions.
#[test]
fn rows_and_digests_are_as_many_as_there_are() {
    let model = public();
    let case = run_of(&model);
    let all = lengths(&model);
    let counts = ends(&all)[8];
    let word = |at: usize| u32::from_le_bytes(case.proof[at..][..4].try_into().unwrap());
    let (rows, digests) = (word(counts), word(counts + 4));
    for (at, count) in [(counts, rows), (counts + 4, digests)] {
        for other in [0, 1, count - 1, count + 1, 1 << 31, u32::MAX] {
            let mut proof = case.proof.clone();
            proof[at..][..4].copy_from_slice(&other.to_le_bytes());
            assert!((case.verify)(&proof).is_err());
        }
    }
    let parsed = Proof::from_bytes(&case.proof, &all).unwrap();
    assert_eq!(parsed.to_bytes(), case.proof);
    let width = all.widths[0];
    let mut fewer = parsed.clone();
    let shown = &mut fewer.opening.shown[0];
    shown.rows.truncate(shown.rows.len() - width);
    shown.paths.salts.pop();
    let mut more = parsed.clone();
    more.opening.shown[0].paths.digests.push([0; 32]);
    let mut less = parsed.clone();
    less.opening.shown[0].paths.digests.pop();
    for other in [fewer, more, less] {
        assert!((case.verify)(&other.to_bytes()).is_err());
    }
}

/// Every word below 2^32 - p has a second encoding.
#[test]
fn words_have_one_encoding() {
    let model = public();
    let case = run_of(&model);
    let end = ends(&lengths(&model))[8];
    let mut encoded = 0;
    for at in (32..end).step_by(F_BYTES) {
        let word = u32::from_le_bytes(case.proof[at..][..4].try_into().unwrap());
        let other = word.checked_add(PRIME).unwrap_or(PRIME);
        let mut proof = case.proof.clone();
        proof[at..][..4].copy_from_slice(&other.to_le_bytes());
        assert!(is_malformed((case.verify)(&proof)));
        encoded += 1;
    }
    assert!(encoded > 1000);
}

#[test]
fn no_lookup_sums_to_a_zero_denominator() {
    let model = public();
    let case = run_of(&model);
    let mut proof = case.proof.clone();
    proof[32..][..DEGREE * F_BYTES].fill(0);
    assert!(matches!((case.verify)(&proof), Err(Error::InvalidProof(_))));
}
