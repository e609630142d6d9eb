//! What honest provers show, and what dishonest ones cannot.

mod correctness;
mod descriptions;
mod model;
mod naive;
mod networks;
mod random;
mod strangers;
