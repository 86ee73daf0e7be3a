//! What happens to each token's row between the products: norms, rotations, the gate.

use crate::cpu::Cpu;
use crate::isa::{Isa, Kind};
use crate::portable;

#[cfg(target_arch = "aarch64")]
use crate::neon;
#[cfg(target_arch = "x86_64")]
use crate::{avx2, avx512};

impl Isa {
    fn rms_norm(self, values: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
        match self.kind() {
            Kind::Portable => portable::rows::rms_norm(values, weight, epsilon, out),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx2 | Kind::AvxVnni => unsafe { avx2::rows::rms_norm(values, weight, epsilon, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx512 => unsafe { avx512::rows::rms_norm(values, weight, epsilon, out) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Neon => unsafe { neon::rows::rms_norm(values, weight, epsilon, out) },
        }
    }

    fn silu_multiply(self, gate: &mut [f32], up: &[f32]) {
        match self.kind() {
            Kind::Portable => portable::rows::silu_multiply(gate, up),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx2 | Kind::AvxVnni => unsafe { avx2::rows::silu_multiply(gate, up) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx512 => unsafe { avx512::rows::silu_multiply(gate, up) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Neon => unsafe { neon::rows::silu_multiply(gate, up) },
        }
    }
}

impl Cpu {
    /// `out = values / rms(values) * weight` for each row of `weight.len()` values.
    ///
    /// # Panics
    /// If the sizes do not fit together.
    pub fn rms_norm(&self, values: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
        let width = weight.len();
        assert_eq!(values.len(), out.len(), "as many outputs as inputs");
        self.each_row(out, width, |first, out| {
            for (row, out) in (first..).zip(out.chunks_exact_mut(width)) {
                self.isa().rms_norm(&values[row * width..][..width], weight, epsilon, out);
            }
        });
    }

    /// [`Cpu::rms_norm`] of each row, or part of a row, in place.
    ///
    /// # Panics
    /// If `values` is not a whole number of rows of `weight.len()` values.
    pub fn rms_norm_in_place(&self, values: &mut [f32], weight: &[f32], epsilon: f32) {
        let width = weight.len();
        self.each_row(values, width, |_, values| {
            let mut normed = vec![0.0; width];
            for row in values.chunks_exact_mut(width) {
                self.isa().rms_norm(row, weight, epsilon, &mut normed);
                row.copy_from_slice(&normed);
            }
        });
    }

    /// `gate = silu(gate) * up`, where silu(x) = x / (1 + e^-x), in rows of `width`.
    ///
    /// # Panics
    /// If the sizes do not fit together.
    pub fn silu_multiply(&self, gate: &mut [f32], up: &[f32], width: usize) {
        assert_eq!(gate.len(), up.len(), "as many gates as values");
        self.each_row(gate, width, |first, gate| {
            self.isa().silu_multiply(gate, &up[first * width..][..gate.len()]);
        });
    }

    /// Adds `bias` to each row.
    ///
    /// # Panics
    /// If `values` is not a whole number of rows of `bias.len()` values.
    pub fn add_bias(&self, values: &mut [f32], bias: &[f32]) {
        self.each_row(values, bias.len(), |_, values| {
            for row in values.chunks_exact_mut(bias.len()) {
                row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
            }
        });
    }

    /// Rows on all threads; a single row, which is done sooner than a thread wakes, on this one.
    pub(crate) fn each_row(&self, data: &mut [f32], width: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
        assert!(width > 0 && data.len().is_multiple_of(width), "whole rows of {width}");
        if data.len() <= width.max(4096) {
            work(0, data);
        } else {
            self.pool().rows(data, width, work);
        }
    }
}
