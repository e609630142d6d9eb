//! Linear algebra over F, for tests that count what is said.

use p3_field::{Field, PrimeCharacteristicRing};

use crate::field::F;

/// The rank of a matrix, given by its rows.
pub fn rank(mut rows: Vec<Vec<F>>) -> usize {
    eliminate(&mut rows).len()
}

/// Some x with `rows` x = `values`, if there is one.
pub fn solve(rows: &[Vec<F>], values: &[F]) -> Option<Vec<F>> {
    let width = rows.first().map_or(0, Vec::len);
    let with_value = |(row, value): (&Vec<F>, &F)| row.iter().copied().chain([*value]).collect();
    let mut rows: Vec<Vec<F>> = rows.iter().zip(values).map(with_value).collect();
    let pivots = eliminate(&mut rows);
    let mut solution = vec![F::ZERO; width];
    for (row, column) in rows.iter().zip(pivots) {
        *solution.get_mut(column)? = row[width];
    }
    Some(solution)
}

/// Brings rows to reduced echelon form: the columns of their pivots.
fn eliminate(rows: &mut [Vec<F>]) -> Vec<usize> {
    let mut pivots = Vec::new();
    for column in 0..rows.first().map_or(0, Vec::len) {
        let first = pivots.len();
        let Some(found) = (first..rows.len()).find(|row| rows[*row][column] != F::ZERO) else {
            continue;
        };
        rows.swap(first, found);
        let scale = rows[first][column].inverse();
        rows[first].iter_mut().for_each(|value| *value *= scale);
        let pivot = rows[first].clone();
        for (index, row) in rows.iter_mut().enumerate() {
            let factor = row[column];
            if index != first && factor != F::ZERO {
                let both = row[column..].iter_mut().zip(&pivot[column..]);
                both.for_each(|(value, own)| *value -= factor * *own);
            }
        }
        pivots.push(column);
    }
    pivots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::from_i64;

    fn matrix(rows: &[&[i64]]) -> Vec<Vec<F>> {
        let row = |row: &&[i64]| row.iter().map(|value| from_i64(*value)).collect();
        rows.iter().map(row).collect()
    }

    #[test]
    fn ranks_and_solutions_are_right() {
        let rows = matrix(&[&[0, 1, 2], &[1, 1, 1], &[2, 3, 4]]);
        assert_eq!(rank(rows.clone()), 2);
        let [consistent, other] = [[3, 2, 7], [3, 2, 8]].map(|values| values.map(from_i64));
        let solution = solve(&rows, &consistent).unwrap();
        for (row, value) in rows.iter().zip(consistent) {
            let sum: F = row.iter().zip(&solution).map(|(a, b)| *a * *b).sum();
            assert_eq!(sum, value);
        }
        assert_eq!(solve(&rows, &other), None);
        assert_eq!(rank(Vec::new()), 0);
    }
}
