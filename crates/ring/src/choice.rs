//! Which kernel runs: the fastest that this processor has, or the one that is asked for.

use std::ffi::OsStr;
use std::sync::{Arc, OnceLock};

use crate::kernel::Kernel;
use crate::modulus::Modulus;
use crate::portable::Portable;

/// The environment variable that asks for a kernel by name.
pub const VARIABLE: &str = "HUSHWORK_KERNEL";

/// One of the kernels, which all give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// AVX-512 IFMA.
    Ifma,
    /// AVX2 and FMA.
    Avx2,
    /// Plain Rust.
    Portable,
}

/// The environment asks for a kernel that this processor does not have, or that nobody has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{VARIABLE} names no kernel of this processor (expected {expected}, got {got})")]
pub struct UnknownKernel {
    /// Every name that would do.
    pub expected: String,
    /// The name that came.
    pub got: String,
}

impl Choice {
    /// The name by which it is asked for.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ifma => "ifma",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn is_available(self) -> bool {
        match self {
            Self::Ifma => crate::ifma::available(),
            Self::Avx2 => crate::avx2::available(),
            Self::Portable => true,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_available(self) -> bool {
        self == Self::Portable
    }

    /// Those that this processor can run, fastest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let all = [Self::Ifma, Self::Avx2, Self::Portable];
        all.into_iter()
            .filter(|choice| choice.is_available())
            .collect()
    }

    /// The one that `VARIABLE` names, or the fastest where it is not set. It is read once.
    ///
    /// # Errors
    /// UnknownKernel
    pub fn from_environment() -> Result<Self, UnknownKernel> {
        static CHOICE: OnceLock<Result<Choice, UnknownKernel>> = OnceLock::new();
        let choose = || Self::from_name(std::env::var_os(VARIABLE).as_deref());
        CHOICE.get_or_init(choose).clone()
    }

    fn from_name(name: Option<&OsStr>) -> Result<Self, UnknownKernel> {
        let available = Self::available();
        let Some(name) = name else {
            return Ok(available[0]);
        };
        let named = available.iter().find(|choice| name == choice.name());
        named.copied().ok_or_else(|| UnknownKernel {
            expected: available
                .iter()
                .map(|c| c.name())
                .collect::<Vec<_>>()
                .join(" or "),
            got: name.to_string_lossy().into_owned(),
        })
    }

    /// This kernel for one modulus.
    ///
    /// # Panics
    /// Unless it is available, and the modulus is 1 mod 4 * 2^log_degree.
    #[must_use]
    pub fn kernel(self, modulus: Modulus, log_degree: u32) -> Arc<dyn Kernel> {
        let portable = Portable::new(modulus, log_degree);
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Ifma => Arc::new(crate::ifma::Ifma::new(portable)),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Arc::new(crate::avx2::Avx2::new(portable)),
            _ => Arc::new(portable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_available_kernel_is_found_by_its_name() {
        for choice in Choice::available() {
            assert_eq!(Choice::from_name(Some(choice.name().as_ref())), Ok(choice));
        }
        assert_eq!(Choice::from_name(None), Ok(Choice::available()[0]));
    }

    #[test]
    fn any_other_name_is_refused() {
        for name in ["", "AVX2", "sse"] {
            let error = Choice::from_name(Some(name.as_ref())).unwrap_err();
            assert_eq!(error.got, name);
            assert!(error.expected.ends_with("portable"));
        }
    }
}
