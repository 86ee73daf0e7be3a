//! Which instruction set does this processor offer, and which inner loops may therefore run?

use std::{fmt, sync::OnceLock};

/// What the program is kept to, if it is.
static MOST: OnceLock<Isa> = OnceLock::new();

/// An instruction set whose inner loops may run on this processor.
///
/// A value other than the portable one can only be had from what was detected, so holding one proves that the
/// processor has the instructions; that is what makes calling into the vector code sound.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Isa(Kind);

/// The families of inner loops. A new one is a variant here and a module beside `avx2`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX2 with products of bytes, which Intel's laptops have since 2021.
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    /// AVX-512 with its products of bytes, and everything of AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// NEON with its products of bytes.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Isa {
    /// The fastest instruction set of this processor, or the one that [`Isa::keep_to`] named.
    pub fn detect() -> Self {
        MOST.get().copied().or_else(|| Self::available().last()).unwrap_or(Self::portable())
    }

    /// From now on [`Isa::detect`] gives this one: to measure what other processors have, or to go round one that
    /// computes wrongly. Only the first call counts.
    pub fn keep_to(self) {
        let _ = MOST.set(self);
    }

    /// Plain Rust, the reference that every other instruction set is tested against.
    pub const fn portable() -> Self {
        Self(Kind::Portable)
    }

    /// Every instruction set this processor offers, slowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        let mut found = [Some(Self::portable()), None, None, None];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c") {
            found[1] = Some(Self(Kind::Avx2));
            if is_x86_feature_detected!("avxvnni") {
                found[2] = Some(Self(Kind::AvxVnni));
            }
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni")
            {
                found[3] = Some(Self(Kind::Avx512));
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") && std::arch::is_aarch64_feature_detected!("dotprod") {
            found[1] = Some(Self(Kind::Neon));
        }
        found.into_iter().flatten()
    }

    /// The one of this name, where the processor offers it.
    pub fn named(name: &str) -> Option<Self> {
        Self::available().find(|isa| isa.name() == name)
    }

    /// The name shown in reports.
    pub const fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::AvxVnni => "avx-vnni",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "neon",
        }
    }

    pub(crate) const fn kind(self) -> Kind {
        self.0
    }
}

impl fmt::Debug for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_is_the_last_one_available() {
        let names: Vec<&str> = Isa::available().map(Isa::name).collect();
        println!("{names:?}");
        assert_eq!(names.first(), Some(&"portable"));
        assert_eq!(names.last(), Some(&Isa::detect().name()));
    }
}
