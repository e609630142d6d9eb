//! The bounds on log2(QP) for 128-bit classical security, ternary secret, deviation 3.2.

/// Most bits of Q * P at degree 2^log_degree, where known: Bossuat et al., eprint 2024/463,
/// table 5.2. Hardness in the real subring is assumed to be that of the ring of the same degree.
#[must_use]
pub fn security_bound(log_degree: u32) -> Option<u32> {
    match log_degree {
        13 => Some(214),
        14 => Some(430),
        15 => Some(868),
        16 => Some(1747),
        17 => Some(3523),
        _ => None,
    }
}
