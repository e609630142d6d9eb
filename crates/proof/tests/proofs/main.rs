//! What honest provers show, and what dishonest ones cannot.

mod bytes;
mod chains;
mod correctness;
mod descriptions;
mod forgery;
mod maxima;
mod model;
mod multiplicities;
mod naive;
mod networks;
mod publications;
mod random;
mod requantisation;
mod schemes;
mod statements;
mod strangers;
