//! Predicted noise.
