//! From a network to its circuit.

use super::assembly::Assembly;
use super::digits::Digits;
use super::layout::Layout;
use super::network::Network;
use super::sums::sums;
use super::{AUXILIARY, Circuit, Mode, Output};
use crate::error::{Detail, Error, Result};
use crate::linear::Tensor;

/// Bits of the chunks by which a class is shown to be the largest.
pub const CHUNK: u32 = 10;

/// Where everything lies.
#[derive(Clone, Debug)]
pub struct Places {
    /// Slots of the weights' commitment.
    pub weights: usize,
    /// Slots of the auxiliary commitment, without atoms.
    pub auxiliary: usize,
    /// The input and every layer's output.
    pub values: Vec<Tensor>,
    /// Of each layer.
    pub layers: Vec<LayerPlaces>,
    /// Second and third chunk of what the largest output exceeds the others by.
    pub class: Option<[Tensor; 2]>,
    /// The output, where it is committed.
    pub output: Option<Tensor>,
}

/// What a layer commits to.
#[derive(Clone, Debug)]
pub enum LayerPlaces {
    /// The digits of each sum, besides the output.
    Digits(DigitPlaces),
    /// The largest of the first two taps, of the first three, and so on: the last is the output.
    Maxima(Vec<Tensor>),
}

/// The digits of each sum.
#[derive(Clone, Debug)]
pub struct DigitPlaces {
    /// How sums are cut.
    pub digits: Digits,
    /// Lowest digit, where the shift is not zero.
    pub low: Option<Tensor>,
    /// Highest digit.
    pub high: Tensor,
    /// Sign of the highest digit.
    pub sign: Tensor,
}

pub(super) fn circuit(network: Network, mode: Mode) -> Result<Circuit> {
    check_mode(&network, mode)?;
    let (sums, weights) = sums(&network);
    let ((places, lookups), auxiliary) = Layout::of(AUXILIARY, |layout| {
        let mut assembly = Assembly::new(&network, layout);
        let places = assembly.places(&sums, mode);
        (places, assembly.finish())
    });
    let places = Places {
        weights,
        auxiliary,
        ..places
    };
    Ok(Circuit {
        network,
        mode,
        sums,
        places,
        lookups,
    })
}

fn check_mode(network: &Network, mode: Mode) -> Result<()> {
    let Output::Class(class) = mode.output else {
        return Ok(());
    };
    let bounds = network.output();
    if bounds.size.positions() != 1 || bounds.magnitude >= 1 << 28 {
        let expected = "a vector of less than 2^28";
        return Err(Error::InvalidNetwork(Detail::new(
            "an output with a class",
            expected,
            format!("{bounds:?}"),
        )));
    }
    if class >= bounds.size.channels {
        let expected = format!("below {}", bounds.size.channels);
        return Err(Error::InvalidProof(Detail::new("a class", expected, class)));
    }
    Ok(())
}
