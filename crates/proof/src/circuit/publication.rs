//! That a model's weights are in [-128, 127] and its biases within their bounds: shown once, when it
//! is published, and all that the bounds of sums rest on.

use p3_field::PrimeCharacteristicRing;

use super::columns::{Column, Source};
use super::entries::{Entries, Slots, signed};
use super::layout::Layout;
use super::lookups::{Counted, Lookup, Lookups};
use super::sums::{Kernel, Sum};
use super::tables::Table;
use super::{AUXILIARY, Circuit};
use crate::argument::{Seen, Subject};
use crate::error::Result;
use crate::field::{F, K, from_i64};
use crate::fractions::Fractions;
use crate::gkr;
use crate::linear::Tensor;
use crate::masked::{Plan, Planner, Side};

/// Bits of a bias's chunks.
const CHUNK: u32 = 10;

/// What is looked up of a model.
pub struct Publication {
    lookups: Lookups,
    biases: Vec<Bias>,
    slots: usize,
}

/// A bias plus 2^`log_bias`, in chunks.
struct Bias {
    tensor: Tensor,
    log_bias: u32,
    /// All but the lowest.
    chunks: Vec<Tensor>,
}

struct Assembly<'a> {
    layout: &'a mut Layout,
    tables: Vec<Counted>,
    lookups: Vec<Lookup>,
}

impl Assembly<'_> {
    fn look_up(&mut self, table: Table, shape: Tensor, column: Column) {
        let known = self
            .tables
            .iter()
            .position(|counted| counted.table == table);
        let index = known.unwrap_or_else(|| {
            let multiplicities = self.layout.add(1, 1, table.height());
            self.tables.push(Counted {
                table,
                multiplicities,
            });
            self.tables.len() - 1
        });
        self.lookups.push(Lookup {
            rows: shape.rows,
            columns: shape.width(),
            table: index,
            entries: vec![column],
        });
    }

    fn bias(&mut self, tensor: Tensor, log_bias: u32) -> Bias {
        let bits = log_bias + 1;
        let above: Vec<u32> = (1..bits.div_ceil(CHUNK)).collect();
        let chunks: Vec<Tensor> = above
            .iter()
            .map(|_| self.layout.add(tensor.rows, 1, tensor.columns))
            .collect();
        let mut lowest = Column {
            constant: from_i64(1 << log_bias),
            parts: vec![(F::ONE, Source::Tensor(tensor))],
        };
        for (index, chunk) in above.iter().zip(&chunks) {
            lowest
                .parts
                .push((-F::from_u32(1 << (CHUNK * index)), Source::Tensor(*chunk)));
            let range = Table::Range {
                low: 0,
                high: (1 << CHUNK.min(bits - CHUNK * index)) - 1,
            };
            self.look_up(range, *chunk, whole(*chunk));
        }
        self.look_up(
            Table::Range {
                low: 0,
                high: (1 << CHUNK.min(bits)) - 1,
            },
            tensor,
            lowest,
        );
        Bias {
            tensor,
            log_bias,
            chunks,
        }
    }
}

fn whole(tensor: Tensor) -> Column {
    Column {
        constant: F::ZERO,
        parts: vec![(F::ONE, Source::Tensor(tensor))],
    }
}

fn weights(sum: &Sum) -> impl Iterator<Item = Tensor> {
    sum.parts.iter().filter_map(|part| match part.kernel {
        Kernel::Weights(tensor) => Some(tensor),
        Kernel::Factor(_) => None,
    })
}

impl Publication {
    /// Of a circuit's weights.
    pub fn new(circuit: &Circuit) -> Self {
        let ((lookups, biases), slots) = Layout::of(AUXILIARY, |layout| {
            let mut assembly = Assembly {
                layout,
                tables: Vec::new(),
                lookups: Vec::new(),
            };
            let mut biases = Vec::new();
            for sum in &circuit.sums {
                for weights in weights(sum) {
                    let tensor = Tensor {
                        middle: 1,
                        columns: weights.width(),
                        ..weights
                    };
                    assembly.look_up(
                        Table::Range {
                            low: -128,
                            high: 127,
                        },
                        tensor,
                        whole(tensor),
                    );
                }
                biases.extend(
                    sum.bias
                        .map(|tensor| assembly.bias(tensor, sum.bounds.log_bias)),
                );
            }
            (Lookups::new(assembly.tables, assembly.lookups), biases)
        });
        Self {
            lookups,
            biases,
            slots,
        }
    }

    /// Levels of the tree of fractions.
    pub fn depth(&self) -> usize {
        self.lookups.depth()
    }

    /// Slots of the auxiliary commitment, and the columns of all that is looked up.
    ///
    /// # Errors
    /// Misuse, where weights are too large.
    pub fn witness(&self, weights: &[F]) -> Result<(Vec<F>, Entries)> {
        let mut slots = vec![F::ZERO; self.slots];
        for bias in &self.biases {
            for (index, chunk) in bias.chunks.iter().enumerate() {
                let shift = CHUNK * (index as u32 + 1);
                let digits = weights[bias.tensor.range()].iter().map(|value| {
                    (signed(*value) + (1 << bias.log_bias)) >> shift & ((1 << CHUNK) - 1)
                });
                slots[chunk.range()]
                    .iter_mut()
                    .zip(digits)
                    .for_each(|(slot, digit)| *slot = from_i64(digit));
            }
        }
        let all = Slots {
            weights,
            auxiliary: &slots,
            ..Slots::default()
        };
        let entries = self.lookups.entries(&all, &[]);
        self.lookups.count(&entries, &mut slots)?;
        Ok((slots, entries))
    }
}

impl Subject for Publication {
    type Known = ();

    fn plan(&self) -> Plan {
        let mut planner = Planner::default();
        let planned = gkr::run(&mut planner, self.lookups.depth(), K::ONE, None);
        debug_assert!(planned.is_ok(), "a planner receives nothing");
        planner.plan()
    }

    fn slots(&self) -> usize {
        self.slots
    }

    fn lookups(&self) -> Option<&Lookups> {
        Some(&self.lookups)
    }

    fn interact(
        &self,
        side: &mut impl Side,
        seen: &Seen,
        known: Option<(&(), Option<&Fractions>)>,
    ) -> Result<()> {
        let claims = self
            .lookups
            .show(side, seen, known.and_then(|(_, fractions)| fractions))?;
        side.require(claims.linear);
        Ok(())
    }
}
