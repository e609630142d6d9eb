//! Where tensors lie in a commitment: the widest first, so that each begins at a multiple of its width.

use crate::linear::Tensor;

/// Tensors of one commitment, by the order in which they are asked for. What asks is run twice:
/// the first time to know them all, the second time to get them placed.
pub struct Layout {
    commitment: usize,
    tensors: Vec<Tensor>,
    next: Option<usize>,
}

impl Layout {
    /// Runs `ask` twice: what it gives the second time, and the slots that its tensors take.
    pub fn of<T>(commitment: usize, mut ask: impl FnMut(&mut Self) -> T) -> (T, usize) {
        let mut layout = Self {
            commitment,
            tensors: Vec::new(),
            next: None,
        };
        ask(&mut layout);
        let slots = layout.place();
        (ask(&mut layout), slots)
    }

    /// A tensor.
    pub fn add(&mut self, rows: usize, middle: usize, columns: usize) -> Tensor {
        if let Some(next) = &mut self.next {
            *next += 1;
            return self.tensors[*next - 1];
        }
        let tensor = Tensor {
            commitment: self.commitment,
            base: 0,
            rows,
            middle,
            columns,
        };
        self.tensors.push(tensor);
        tensor
    }

    fn place(&mut self) -> usize {
        let mut order: Vec<usize> = (0..self.tensors.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(self.tensors[*index].width()));
        let mut slots = 0;
        for index in order {
            self.tensors[index].base = slots;
            slots += self.tensors[index].len();
        }
        self.next = Some(0);
        slots
    }
}
