//! Fractions whose numerators are not those that are committed.

use super::*;
use crate::circuit::entries::Slots;

/// A run whose layer gives something else than its sum becomes, with nothing counted.
fn forged() -> (Case, Vec<F>, Vec<Vec<Vec<F>>>) {
    let mut case = Case::example();
    case.done.values[1][0] += 1;
    let weights: Vec<i32> = vec![10, -3, 7, 120, -1, 2];
    case.done.sums.pop();
    case.done.output(&case.circuit, &weights);
    case.told.output = Some(slots(&case.done.sums[1]));
    let witness = Witness::values(&case.circuit, &case.done);
    let sums: Vec<Vec<F>> = case.done.sums.iter().map(|sum| slots(sum)).collect();
    let all = Slots {
        weights: &case.weights,
        ..witness.slots()
    };
    let entries = case.circuit.lookups.entries(&all, &sums);
    (case, witness.auxiliary, entries)
}

/// A prover who makes the fractions sum to zero once it knows the challenges.
#[test]
fn numerators_are_the_counts_that_are_committed() {
    let (case, auxiliary, entries) = forged();
    let subject = case.subject();
    let argument = argument(&subject);
    let atoms = argument.atoms.draw(&mut ChaCha20Rng::seed_from_u64(1));
    let slots = auxiliary.into_iter().chain(atoms::slots(&atoms)).collect();
    let own = Committed::new(&CODE, LOG_COLUMNS[0], slots, Some(rounds()), [1; 32]).unwrap();
    let values = Witness::values(&case.circuit, &case.done);
    let weights =
        Committed::new(&CODE, LOG_COLUMNS[1], case.weights.clone(), None, [2; 32]).unwrap();
    let input = Committed::new(&CODE, LOG_COLUMNS[2], values.input.clone(), None, [3; 32]).unwrap();
    let binding = bound([&weights, &input].map(|committed| Pinned::of(&CODE, committed)));
    let mut challenger = binding.transcript();
    let fingerprint = fingerprint(&mut challenger, &own.root());
    let dummy = argument.atoms.dummy();
    let lookups = &case.circuit.lookups;
    let fractions = lookups
        .fractions(
            &entries,
            &own.slots,
            &fingerprint,
            atoms.get(dummy).copied(),
        )
        .balanced();
    let (zero, sum) = fractions.root();
    assert_eq!(zero, K::ZERO);
    challenger.absorb_extension("sum", &[sum]);
    let mut sender = Sender::new(&mut challenger, &argument.atoms.plan, &atoms);
    let seen = Seen {
        fingerprint,
        sum,
        dummy,
        phases: crate::argument::SILENT,
    };
    let known = subject.known(&values, &case.weights);
    subject
        .interact(&mut sender, &seen, Some((&known, Some(&fractions))))
        .unwrap();
    let (messages, mut statements) = sender.finish();
    let (quadratic, of_products) = quadratic::prove(&mut challenger, &argument.atoms, &atoms);
    statements.extend(of_products);
    let batch = challenger.challenge("statements");
    let (terms, target) = argument.relation(&binding, statements, batch);
    let all = [&own, &weights, &input];
    let opening = opening::open(&mut challenger, &CODE, &all, &terms, target).unwrap();
    let proof = Proof {
        root: own.root(),
        sum,
        messages,
        quadratic,
        opening,
    };
    assert!(matches!(
        argument.verify(&binding, &proof),
        Err(Error::InvalidProof(_))
    ));
}
