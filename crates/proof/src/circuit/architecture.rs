//! Descriptions as bytes: MessagePack arrays, as `hushwork.networks.integers` writes them.

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::description::{Description, Layer, Meaning, Sum, Term};
use super::geometry::{Size, Window};
use crate::error::{Detail, Error, Result, malformed};

/// Most bytes of a description.
pub const LIMIT: usize = 16 << 20;
/// Of the format.
pub const VERSION: u32 = 1;

/// version, name, (height, width, channels), low, high, input scale, layers, output, output scale,
/// labels
type Fields = (
    u32,
    String,
    [usize; 3],
    i32,
    i32,
    f64,
    Vec<Layer>,
    Sum,
    f64,
    Vec<String>,
);

impl Description {
    /// Canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self {
            input,
            range: [low, high],
            layers,
            output,
            meaning,
        } = self;
        let Meaning {
            name,
            input_scale,
            output_scale,
            labels,
        } = meaning;
        let shape = [input.height, input.width, input.channels];
        let fields = (
            VERSION,
            name,
            shape,
            low,
            high,
            input_scale,
            layers,
            output,
            output_scale,
            labels,
        );
        rmp_serde::to_vec(&fields).unwrap_or_default()
    }

    /// Reads what a stranger sent.
    ///
    /// # Errors
    /// TooLarge, UnsupportedVersion, or MalformedBytes, which bytes are too that are not canonical.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > LIMIT {
            return Err(Error::TooLarge(Detail::new(
                "architecture",
                format!("at most {LIMIT} bytes"),
                bytes.len(),
            )));
        }
        let read = rmp_serde::from_slice(bytes)
            .map_err(|error| malformed("architecture", "its fields", error))?;
        let (
            version,
            name,
            shape,
            low,
            high,
            input_scale,
            layers,
            output,
            output_scale,
            labels,
        ): Fields = read;
        if version != VERSION {
            return Err(Error::UnsupportedVersion(Detail::new(
                "architecture",
                VERSION,
                version,
            )));
        }
        let [height, width, channels] = shape;
        let meaning = Meaning {
            name,
            input_scale,
            output_scale,
            labels,
        };
        let input = Size {
            height,
            width,
            channels,
        };
        let made = Self {
            input,
            range: [low, high],
            layers,
            output,
            meaning,
        };
        if made.to_bytes() != bytes {
            return Err(malformed("architecture", "its one encoding", "another"));
        }
        Ok(made)
    }
}

const WEIGHTED: u8 = 0;
const FIXED: u8 = 1;
const REQUANTISE: u8 = 0;
const MAXIMUM: u8 = 1;

impl Serialize for Term {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Weighted {
                input,
                window,
                channels,
            } => (WEIGHTED, input, window, channels).serialize(serializer),
            Self::Fixed {
                input,
                window,
                factor,
            } => (FIXED, input, window, factor).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Term {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let (kind, input, window, last): (u8, usize, Window, i32) =
            Deserialize::deserialize(deserializer)?;
        match (kind, usize::try_from(last)) {
            (WEIGHTED, Ok(channels)) => Ok(Self::Weighted {
                input,
                window,
                channels,
            }),
            (FIXED, _) => Ok(Self::Fixed {
                input,
                window,
                factor: last,
            }),
            _ => Err(D::Error::custom(
                "a term is [0, input, window, channels] or [1, input, window, factor]",
            )),
        }
    }
}

impl Serialize for Layer {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Requantise {
                sum,
                shift,
                signed,
                table,
            } => (REQUANTISE, &sum.terms, sum.bias, shift, signed, table).serialize(serializer),
            Self::Maximum { input, window } => (MAXIMUM, input, window).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Layer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_seq(LayerVisitor)
    }
}

struct LayerVisitor;

impl<'de> Visitor<'de> for LayerVisitor {
    type Value = Layer;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("[0, terms, has_bias, shift, signed, table] or [1, input, window]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> std::result::Result<Layer, A::Error> {
        match next(&mut fields)? {
            REQUANTISE => {
                let sum = Sum {
                    terms: next(&mut fields)?,
                    bias: next(&mut fields)?,
                };
                let (shift, signed, table) =
                    (next(&mut fields)?, next(&mut fields)?, next(&mut fields)?);
                Ok(Layer::Requantise {
                    sum,
                    shift,
                    signed,
                    table,
                })
            }
            MAXIMUM => Ok(Layer::Maximum {
                input: next(&mut fields)?,
                window: next(&mut fields)?,
            }),
            _ => Err(A::Error::custom("a layer is tagged 0 or 1")),
        }
    }
}

fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    fields: &mut A,
) -> std::result::Result<T, A::Error> {
    fields
        .next_element()?
        .ok_or_else(|| A::Error::custom("fields are missing"))
}
