//! Random networks, weights and inputs.

use hushwork_proof::circuit::Network;
use hushwork_proof::circuit::description::{Description, Layer, Meaning, Sum, Term};
use hushwork_proof::circuit::geometry::{Size, Window};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::networks::size;

pub struct Draw(ChaCha20Rng);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0.next_u64() as usize % limit
    }

    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1) as usize) as i32
    }

    pub fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        seed
    }

    /// A network that is one.
    pub fn network(&mut self) -> Network {
        (0..1000)
            .find_map(|_| Network::new(self.description()?).ok())
            .expect("few descriptions are refused")
    }

    fn description(&mut self) -> Option<Description> {
        let ranges = [[0, 255], [-128, 127], [-255, 0], [0, 1], [-3, 7]];
        let input = size(1 + self.below(5), 1 + self.below(5), 1 + self.below(5));
        let mut sizes = vec![input];
        let mut layers = Vec::new();
        for _ in 0..self.below(9) {
            if let Some((layer, size)) = self.layer(&sizes) {
                layers.push(layer);
                sizes.push(size);
            }
        }
        let (output, _) = self.sum(&sizes)?;
        Some(Description {
            input,
            range: ranges[self.below(ranges.len())],
            layers,
            output,
            meaning: Meaning::default(),
        })
    }

    fn layer(&mut self, sizes: &[Size]) -> Option<(Layer, Size)> {
        if self.below(3) == 0 {
            let input = self.recent(sizes);
            let (window, [height, width]) = self.window(sizes[input])?;
            let made = size(height, width, sizes[input].channels);
            return Some((Layer::Maximum { input, window }, made));
        }
        let (sum, made) = self.sum(sizes)?;
        let [low, high] = [self.between(-127, 0), self.between(0, 127)];
        let table = self.coin().then(|| {
            let entries = 0..256;
            entries.map(|_| self.between(low, high)).collect()
        });
        let layer = Layer::Requantise {
            sum,
            shift: self.below(11) as u32,
            signed: self.coin(),
            table,
        };
        Some((layer, made))
    }

    fn sum(&mut self, sizes: &[Size]) -> Option<(Sum, Size)> {
        let (first, made) = self.term(sizes)?;
        let mut terms = vec![first];
        for _ in 0..16 {
            if let Some((mut term, mut other)) = self.term(sizes) {
                if let Term::Weighted { channels, .. } = &mut term {
                    (*channels, other.channels) = (made.channels, made.channels);
                }
                if other == made && terms.len() < 3 {
                    terms.push(term);
                }
            }
        }
        let bias = self.coin();
        Some((Sum { terms, bias }, made))
    }

    fn term(&mut self, sizes: &[Size]) -> Option<(Term, Size)> {
        let input = self.recent(sizes);
        let (window, [height, width]) = self.window(sizes[input])?;
        if self.below(3) == 0 {
            let factor = [1, -1, 3, 64, -500][self.below(5)];
            let made = size(height, width, sizes[input].channels);
            return Some((
                Term::Fixed {
                    input,
                    window,
                    factor,
                },
                made,
            ));
        }
        let channels = 1 + self.below(5);
        let term = Term::Weighted {
            input,
            window,
            channels,
        };
        Some((term, size(height, width, channels)))
    }

    /// A value, rather the last than others.
    fn recent(&mut self, sizes: &[Size]) -> usize {
        let any = self.below(sizes.len());
        if self.coin() { sizes.len() - 1 } else { any }
    }

    fn window(&mut self, size: Size) -> Option<(Window, [usize; 2])> {
        let kernel = [1 + self.below(3), 1 + self.below(3)];
        let padding = std::array::from_fn(|_| match self.below(3) {
            0 => self.below(kernel[0].min(kernel[1])),
            _ => 0,
        });
        let stride = [1 + self.below(2), 1 + self.below(2)];
        let window = Window {
            kernel,
            stride,
            padding,
        };
        Some((window, window.output(size)?))
    }

    /// Weights as they are written, some of them as large as they get.
    pub fn weights(&mut self, network: &Network) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (sum, bounds) in network.sums() {
            for term in &sum.terms {
                if let Term::Weighted {
                    input,
                    window,
                    channels,
                } = term
                {
                    let count = window.taps() * network.values()[*input].size.channels * channels;
                    let extreme = self.below(4) == 0;
                    bytes.extend((0..count).map(|_| match (extreme, self.coin()) {
                        (false, _) => self.below(256) as u8,
                        (true, true) => 128,
                        (true, false) => 127,
                    }));
                }
            }
            if sum.bias {
                let bound: i32 = 1 << bounds.log_bias;
                let biases = (0..bounds.size.channels).flat_map(|_| match self.below(8) {
                    0 => (-bound).to_le_bytes(),
                    1 => (bound - 1).to_le_bytes(),
                    _ => (self.between(-bound, bound - 1) >> self.below(16)).to_le_bytes(),
                });
                bytes.extend(biases);
            }
        }
        bytes
    }

    pub fn input(&mut self, network: &Network) -> Vec<i32> {
        let value = network.values()[0];
        let extreme = self.below(4) == 0;
        let count = value.size.len();
        let of = |_| match (extreme, self.coin()) {
            (false, _) => self.between(value.range.low, value.range.high),
            (true, true) => value.range.low,
            (true, false) => value.range.high,
        };
        (0..count).map(of).collect()
    }
}
