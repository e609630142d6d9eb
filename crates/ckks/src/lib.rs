//! See the floor plan in the README.
