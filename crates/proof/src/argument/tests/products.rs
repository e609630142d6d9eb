//! Atoms that are not what they are said to be.

use super::*;
use crate::masked::tests::value;

/// A proof from atoms that a prover chose, under challenges that it cannot choose.
fn shown(case: &Case, atoms: Vec<K>, change: impl Fn(&mut Proof)) -> Result<()> {
    let subject = case.subject();
    let argument = argument(&subject);
    let draws = Draws {
        atoms,
        ..case.draw(&argument, 1)
    };
    let [auxiliary, weights, input] = case.commit(&draws);
    let binding = bound([&weights, &input].map(|committed| Pinned::of(&CODE, committed)));
    let all = [&weights, &input];
    let mut challenger = binding.transcript();
    let mut proof = argument.show(
        &mut challenger,
        &binding,
        case.secrets(&all),
        &draws.atoms,
        &auxiliary,
    )?;
    change(&mut proof);
    argument.verify(&binding, &proof)
}

fn drawn(case: &Case) -> (Vec<K>, Atoms) {
    let subject = case.subject();
    let argument = argument(&subject);
    let atoms = case.draw(&argument, 1).atoms;
    (atoms, argument.atoms)
}

fn is_invalid(result: Result<()>) -> bool {
    matches!(result, Err(Error::InvalidProof(_)))
}

#[test]
fn a_product_atom_is_a_product() {
    let case = Case::example();
    let (atoms, places) = drawn(&case);
    assert_eq!(shown(&case, atoms.clone(), |_| ()), Ok(()));
    for triple in places.plan.triples() {
        let mut other = atoms.clone();
        other[triple.product] += K::ONE;
        assert!(is_invalid(shown(&case, other, |_| ())));
    }
    let mut other = atoms;
    let triple = places.plan.triples().next().unwrap();
    other[triple.left] += K::ONE;
    assert!(is_invalid(shown(&case, other, |_| ())));
}

#[test]
fn the_dummy_is_not_zero() {
    let case = Case::example();
    let (mut atoms, places) = drawn(&case);
    atoms[places.dummy()] = K::ZERO;
    assert!(is_invalid(shown(&case, atoms.clone(), |_| ())));
    assert!(is_invalid(shown(&case, atoms, |proof| proof.sum = K::ONE)));
}

/// Were products not checked, a prover who knew the challenges could make up for a false output with
/// one of them: everything holds but that it is a product.
#[test]
fn a_false_product_hides_a_false_output() {
    let mut case = Case::example();
    let (mut atoms, places) = drawn(&case);
    assert_eq!(violated(&case, &atoms), []);
    case.told.output = Some(slots(&[case.done.sums[1][0] + 1]));
    let broken = violated(&case, &atoms);
    let [(_, by)] = broken[..] else {
        panic!("one statement holds no longer: {broken:?}");
    };
    let last = places.plan.triples().last().unwrap();
    atoms[last.product] -= by;
    let checks = violated(&case, &atoms);
    let [(index, _)] = checks[..] else {
        panic!("only the products' sum holds no longer: {checks:?}");
    };
    assert_eq!(index, count(&case) - 1);
    assert!(is_invalid(shown(&case, atoms, |_| ())));
}

fn count(case: &Case) -> usize {
    let (atoms, _) = drawn(case);
    statements(case, &atoms).len()
}

/// Statements that do not hold for what is committed, and their values.
fn violated(case: &Case, atoms: &[K]) -> Vec<(usize, K)> {
    let slots = case.slots(atoms);
    let of = |statement: &Linear| {
        let about = |term: &Term| {
            let place = [AUXILIARY, WEIGHTS, INPUT]
                .iter()
                .position(|content| *content == term.tensor.commitment);
            term.apply(&slots[place.unwrap()])
        };
        let terms = statement.terms.iter().map(about).sum::<K>();
        terms
            + value(
                &Linear {
                    terms: Vec::new(),
                    ..statement.clone()
                },
                atoms,
            )
    };
    let values = statements(case, atoms);
    let values = values.iter().map(of).enumerate();
    values.filter(|(_, value)| *value != K::ZERO).collect()
}

fn statements(case: &Case, atoms: &[K]) -> Vec<Linear> {
    let subject = case.subject();
    let argument = argument(&subject);
    let draws = Draws {
        atoms: atoms.to_vec(),
        ..case.draw(&argument, 1)
    };
    let [auxiliary, weights, input] = case.commit(&draws);
    let binding = bound([&weights, &input].map(|committed| Pinned::of(&CODE, committed)));
    let secrets = [&weights, &input];
    let proof = argument.show(
        &mut script(),
        &binding,
        case.secrets(&secrets),
        atoms,
        &auxiliary,
    );
    argument.statements(&mut script(), &proof.unwrap()).unwrap()
}
