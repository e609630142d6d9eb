//! That two commitments hold the same weights.

use p3_field::PrimeCharacteristicRing;

use super::WEIGHTS;
use super::lookups::Lookups;
use crate::argument::{Seen, Subject};
use crate::error::Result;
use crate::field::powers;
use crate::fractions::Fractions;
use crate::linear::{Linear, Tensor, Term};
use crate::masked::{Plan, Side};

/// The later of two commitments that are linked; the earlier is [`WEIGHTS`].
pub const LATER: usize = 4;

/// Two commitments of one layout, whose first rows are to be the same.
pub struct Link {
    /// Rows that weights fill.
    pub rows: usize,
    /// Columns for slots.
    pub columns: usize,
}

impl Subject for Link {
    type Known = ();

    fn plan(&self) -> Plan {
        Plan::default()
    }

    fn slots(&self) -> usize {
        0
    }

    fn lookups(&self) -> Option<&Lookups> {
        None
    }

    fn interact(
        &self,
        side: &mut impl Side,
        _: &Seen,
        _: Option<(&(), Option<&Fractions>)>,
    ) -> Result<()> {
        let point = side.challenge("same weights");
        let rows = powers(point.exp_u64(self.columns as u64), self.rows);
        let columns = powers(point, self.columns);
        let whole = |commitment| Tensor {
            commitment,
            base: 0,
            rows: self.rows,
            middle: 1,
            columns: self.columns,
        };
        let negative = rows.iter().map(|row| -*row).collect();
        let terms = vec![
            Term::flat(whole(WEIGHTS), rows, columns.clone()),
            Term::flat(whole(LATER), negative, columns),
        ];
        side.require(Linear {
            terms,
            ..Linear::default()
        });
        Ok(())
    }
}
