//! What openings of a commitment say about it, within its budget and beyond.

use p3_field::PrimeCharacteristicRing;

use super::*;
use crate::algebra::{rank, solve};
use crate::field::from_i64;
use crate::pin::Pinned;

const CODE: Code = Code {
    log_domain: 8,
    rows: 48,
    queries: 8,
};

/// Slots that fill a commitment of so many columns up to three openings.
fn full(log_columns: usize) -> Vec<F> {
    let rows = CODE.rows - 3 * CODE.queries - PIN_ROWS;
    (0..rows << log_columns)
        .map(|index| from_i64(index as i64 * 37 % 256 - 128))
        .collect()
}

fn commit(slots: &[F], log_columns: usize, seed: u8) -> Committed {
    Committed::new(&CODE, log_columns, slots.to_vec(), None, [seed; 32]).unwrap()
}

fn unmasked(log_columns: usize) -> Shape {
    Shape {
        log_columns,
        masked: false,
    }
}

/// Positions that some openings show, all of them different.
fn positions(openings: usize) -> Vec<usize> {
    (0..openings * CODE.queries)
        .map(|index| 5 * index + 1)
        .collect()
}

/// Powers of the points at positions: what a column's coefficients are multiplied with.
fn vandermonde(positions: &[usize]) -> Vec<Vec<F>> {
    let row = |position: &usize| {
        code::point(*position, CODE.log_domain)
            .powers()
            .take(CODE.rows)
            .collect()
    };
    positions.iter().map(row).collect()
}

/// Everything that is said of a commitment, as equations about all of its rows: of each position
/// all columns, and the pin.
fn said(pinned: &Pinned, positions: &[usize]) -> Vec<Vec<F>> {
    let width = pinned.shape.width();
    let mut equations = Vec::new();
    for powers in vandermonde(positions) {
        for column in 0..width {
            let mut row = vec![F::ZERO; CODE.rows * width];
            for (index, power) in powers.iter().enumerate() {
                row[index * width + column] = *power;
            }
            equations.push(row);
        }
    }
    let statement = pinned.statement(&CODE, 0);
    let term = &statement.terms[0];
    let coefficients: Vec<K> = term
        .rows
        .iter()
        .flat_map(|row| term.columns.iter().map(move |column| *row * *column))
        .collect();
    for coordinate in 0..DEGREE {
        equations.push(
            coefficients
                .iter()
                .map(|value| split(value)[coordinate])
                .collect(),
        );
    }
    equations
}

/// For every number of columns, an empty commitment being opened as often as it may be: what is
/// said has as many degrees of freedom among the random rows as there is to say.
#[test]
fn openings_and_pins_say_nothing_of_slots() {
    for log_columns in 0..5 {
        let slots = full(log_columns);
        assert_eq!(unmasked(log_columns).openings(&CODE, slots.len()), 3);
        let pinned = Pinned::of(&CODE, &commit(&slots, log_columns, 1));
        let random = |row: Vec<F>| row[slots.len()..].to_vec();
        let equations: Vec<Vec<F>> = said(&pinned, &positions(3))
            .into_iter()
            .map(random)
            .collect();
        let count = equations.len();
        assert_eq!(count, ((3 * CODE.queries) << log_columns) + DEGREE);
        assert_eq!(rank(equations), count);
    }
}

/// The rows that so many openings show.
fn shown(committed: &Committed, openings: usize) -> Vec<F> {
    committed.show(&positions(openings)).rows
}

#[test]
fn too_many_openings_give_all_slots_away() {
    let slots = full(2);
    let committed = commit(&slots, 2, 1);
    let openings = CODE.rows / CODE.queries;
    let rows = shown(&committed, openings);
    for column in 0..4 {
        let values: Vec<F> = rows.iter().skip(column).step_by(4).copied().collect();
        let found = solve(&vandermonde(&positions(openings)), &values).unwrap();
        let of_column: Vec<F> = slots.iter().skip(column).step_by(4).copied().collect();
        assert_eq!(found[..of_column.len()], of_column);
    }
}

/// Other slots with other random rows are opened to the same rows and have the same pin.
#[test]
fn openings_within_the_budget_fit_other_slots() {
    let slots = full(2);
    let committed = commit(&slots, 2, 1);
    let pinned = Pinned::of(&CODE, &committed);
    let others: Vec<F> = slots.iter().map(|slot| -*slot + F::TWO).collect();
    let change: Vec<F> = others.iter().zip(&slots).map(|(a, b)| *a - *b).collect();
    let fitting = |openings: usize| {
        let equations = said(&pinned, &positions(openings));
        let (known, random): (Vec<_>, Vec<_>) = equations
            .iter()
            .map(|row| row.split_at(slots.len()))
            .unzip();
        let owed = |row: &&[F]| -row.iter().zip(&change).map(|(a, b)| *a * *b).sum::<F>();
        let random: Vec<Vec<F>> = random.into_iter().map(<[F]>::to_vec).collect();
        solve(&random, &known.iter().map(owed).collect::<Vec<F>>())
    };
    let more = fitting(3).unwrap();
    let tail = committed.slots[slots.len()..]
        .iter()
        .zip(more)
        .map(|(slot, change)| *slot + change);
    let all: Vec<F> = others.into_iter().chain(tail).collect();
    let salts = vec![[0; SALT_BYTES]; 1 << CODE.log_domain];
    let other = Committed::filled(&CODE, committed.shape, all, None, salts);
    assert_eq!(shown(&other, 3), shown(&committed, 3));
    assert_eq!(
        pinned.statement(&CODE, 0).terms[0].apply(&other.slots),
        pinned.value
    );
    assert_ne!(shown(&other, 4), shown(&committed, 4));
    assert_eq!(fitting(4), None);
}

/// Inputs from a short list, of which one is committed to.
fn guesses() -> Vec<Vec<F>> {
    (0..16)
        .map(|guess| (0..40).map(|index| from_i64(guess * index % 17)).collect())
        .collect()
}

const SECRET: usize = 11;

/// A commitment whose randomness is known to everybody.
fn bare(slots: &[F]) -> Committed {
    let mut rows = slots.to_vec();
    rows.resize(CODE.rows << 2, F::ZERO);
    let salts = vec![[0; SALT_BYTES]; 1 << CODE.log_domain];
    Committed::filled(&CODE, unmasked(2), rows, None, salts)
}

#[test]
fn an_input_without_randomness_is_guessed() {
    let guesses = guesses();
    let root = bare(&guesses[SECRET]).root();
    let found: Vec<usize> = (0..16)
        .filter(|guess| bare(&guesses[*guess]).root() == root)
        .collect();
    assert_eq!(found, [SECRET]);
    let real = commit(&guesses[SECRET], 2, 3).root();
    assert!(guesses.iter().all(|guess| bare(guess).root() != real));
}

/// The rows that are shown fit every guess.
#[test]
fn shown_rows_fit_every_guess() {
    let guesses = guesses();
    let committed = commit(&guesses[SECRET], 2, 3);
    let pinned = Pinned::of(&CODE, &committed);
    let openings = committed.shape.openings(&CODE, guesses[SECRET].len());
    let equations = said(&pinned, &positions(openings));
    let values: Vec<F> = shown(&committed, openings)
        .into_iter()
        .chain(split(&pinned.value).to_vec())
        .collect();
    for guess in guesses {
        let owed = |(row, value): (&Vec<F>, &F)| {
            *value - row.iter().zip(&guess).map(|(a, b)| *a * *b).sum::<F>()
        };
        let owed: Vec<F> = equations.iter().zip(&values).map(owed).collect();
        let random: Vec<Vec<F>> = equations
            .iter()
            .map(|row| row[guess.len()..].to_vec())
            .collect();
        assert!(solve(&random, &owed).is_some());
    }
}

/// Digests beside the path to a row: without salts, those who know the rows they are of can tell.
#[test]
fn digests_are_salted() {
    let slots = &guesses()[SECRET];
    let salted = commit(slots, 2, 3);
    let rows = salted.slots.to_vec();
    let salts = vec![[0; SALT_BYTES]; 1 << CODE.log_domain];
    let unsalted = Committed::filled(&CODE, salted.shape, rows.clone(), None, salts.clone());
    let guessed = Committed::filled(&CODE, salted.shape, rows, None, salts);
    let beside = |committed: &Committed| committed.show(&[8]).paths.digests[0];
    assert_eq!(beside(&guessed), beside(&unsalted));
    assert_ne!(beside(&guessed), beside(&salted));
    assert_eq!(guessed.show(&[9]).rows, salted.show(&[9]).rows);
}

fn distinct<T: std::hash::Hash + Eq>(values: impl IntoIterator<Item = T>) -> bool {
    let mut seen = std::collections::HashSet::new();
    values.into_iter().all(|value| seen.insert(value))
}

/// Rows after the slots, masks and salts: none comes twice, from one seed or another.
#[test]
fn everything_else_is_random() {
    let slots = full(2);
    let all =
        [1, 2].map(|seed| Committed::new(&CODE, 2, slots.clone(), Some(4), [seed; 32]).unwrap());
    let rows = all.iter().flat_map(|one| &one.slots[slots.len()..]);
    assert!(distinct(rows));
    let masks = || all.iter().filter_map(|one| one.masks.as_ref());
    let masks = masks().flat_map(|masks| [&masks.combination, &masks.pads, &masks.of_pads]);
    let masks: Vec<K> = masks.flat_map(|mask| mask.to_vec()).collect();
    assert_eq!(masks.len(), 2 * (CODE.rows + 2 * (8 + CODE.queries)));
    assert!(distinct(masks));
    let everywhere: Vec<usize> = (0..1 << CODE.log_domain).collect();
    assert!(distinct(
        all.iter().flat_map(|one| one.show(&everywhere).paths.salts)
    ));
}
