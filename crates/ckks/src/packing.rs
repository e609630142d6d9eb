//! Residues in exactly as many bits as their modulus has.

use hushwork_ring::Modulus;

use crate::error::{Detail, Error, Result};

/// Bytes of `count` packed residues.
pub fn packed_bytes(count: usize, modulus: &Modulus) -> usize {
    (count * modulus.bits() as usize).div_ceil(8)
}

/// Appends residues, low bits first.
pub fn pack(values: &[u64], modulus: &Modulus, out: &mut Vec<u8>) {
    let (mut window, mut filled) = (0u128, 0);
    for value in values {
        window |= u128::from(*value) << filled;
        filled += modulus.bits();
        while filled >= 32 {
            out.extend((window as u32).to_le_bytes());
            window >>= 32;
            filled -= 32;
        }
    }
    out.extend(&window.to_le_bytes()[..filled.div_ceil(8) as usize]);
}

/// Reads what `pack` wrote; refuses residues not below the modulus and stray bits at the end.
pub fn unpack(bytes: &[u8], modulus: &Modulus, values: &mut [u64]) -> Result<()> {
    let (bits, mask) = (modulus.bits(), (1u64 << modulus.bits()) - 1);
    let (mut window, mut filled, mut next) = (0u128, 0, bytes);
    for value in values {
        while filled < bits {
            let (taken, rest) = next.split_at(next.len().min(4));
            let mut word = [0; 4];
            word[..taken.len()].copy_from_slice(taken);
            window |= u128::from(u32::from_le_bytes(word)) << filled;
            filled += 32;
            next = rest;
        }
        *value = window as u64 & mask;
        window >>= bits;
        filled -= bits;
        if *value >= modulus.value() {
            let detail = Detail::new(
                "residue too large",
                format!("below {}", modulus.value()),
                *value,
            );
            return Err(Error::MalformedBytes(detail));
        }
    }
    if window == 0 {
        Ok(())
    } else {
        Err(Error::MalformedBytes(Detail::new("stray bits", 0, window)))
    }
}
