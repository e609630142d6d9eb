//! The same transform over the complex numbers, in double precision: slots and coefficients.

/// Root tables up to one degree.
#[derive(Debug)]
pub struct Embedding {
    log_degree: u32,
}

impl Embedding {
    /// Builds the tables.
    #[must_use]
    pub fn new(log_degree: u32) -> Self {
        Self { log_degree }
    }

    /// log2 of the largest length.
    #[must_use]
    pub fn log_degree(&self) -> u32 {
        self.log_degree
    }

    /// Coefficients to slots, in place; slot k is the value at exp(2 pi i 5^k / 4N).
    pub fn slots(&self, _values: &mut [f64]) {
        todo!()
    }

    /// Slots to coefficients, in place. A shorter vector stands for its repetition, and gives the
    /// coefficients of its subring.
    pub fn coefficients(&self, _values: &mut [f64]) {
        todo!()
    }
}
