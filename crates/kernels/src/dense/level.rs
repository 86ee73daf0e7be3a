//! Which inner loops of the encoder run on this processor?

use super::plain;
use super::product::Curve;
use super::tile::{CodePanel, CodeTile, Counts, HalfPanel, Line, Panel, ROWS, Sums, Tile};
#[cfg(target_arch = "x86_64")]
use super::x86;
use crate::isa::{Isa, Kind};

/// A set of inner loops that this processor can run: a value other than `Portable` exists only after the
/// instructions were detected. A new one (NEON) is a variant here and two products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level(Loops);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loops {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// A function for which the compiler makes the instructions of each level from the same source.
macro_rules! shells {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => { $(
        pub(crate) fn $name(self, $($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            fn avx2($($argument: $type),*) {
                plain::$name::<true>($($argument),*);
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512vnni")]
            fn avx512($($argument: $type),*) {
                plain::$name::<true>($($argument),*);
            }
            match self.0 {
                Loops::Portable => plain::$name::<{ plain::FUSED }>($($argument),*),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a `Level` of this kind exists only where the instructions were detected.
                Loops::Avx2 | Loops::AvxVnni => unsafe { avx2($($argument),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                Loops::Avx512 => unsafe { avx512($($argument),*) },
            }
        }
    )* };
}

impl Level {
    /// The best loops for an instruction set.
    pub(crate) fn of(isa: Isa) -> Self {
        match isa.kind() {
            Kind::Portable => Self(Loops::Portable),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => Self(Loops::Avx2),
            #[cfg(target_arch = "x86_64")]
            Kind::AvxVnni => Self(Loops::AvxVnni),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => Self::avx512().unwrap_or(Self(Loops::Avx2)),
            // The plain loops; the compiler makes vectors of some of them.
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => Self(Loops::Portable),
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn avx512() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni");
        has.then_some(Self(Loops::Avx512))
    }

    /// Every level this processor offers, slowest first.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        let mut found = vec![Self(Loops::Portable)];
        #[cfg(target_arch = "x86_64")]
        if Isa::available().any(|isa| isa.kind() == Kind::Avx2) {
            found.push(Self(Loops::Avx2));
            if Isa::available().any(|isa| isa.kind() == Kind::AvxVnni) {
                found.push(Self(Loops::AvxVnni));
            }
            found.extend(Self::avx512());
        }
        found
    }

    shells! {
        bend(curve: Curve, values: &mut [f32]);
        finish(sums: &mut Sums, rows: usize, bias: &[Line; 2], curve: Curve);
        scale(counts: &Counts, tokens: &[f32; ROWS], outputs: &[Line; 2], sums: &mut Sums);
        code(values: &[f32], row: usize, tile: &mut [CodeTile], found: &mut (f32, i32));
        softmax(tile: &mut [Tile], rows: usize, live: usize, inverses: &mut [f32; ROWS]);
        layer_norm(row: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32);
    }

    /// The sums of a tile and a panel, column by column.
    pub(crate) fn floats(self, tile: &[Tile], panel: &[Panel], sums: &mut Sums) {
        match self.0 {
            Loops::Portable => plain::floats(tile, panel, sums),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a `Level` of this kind exists only where the instructions were detected.
            Loops::Avx2 | Loops::AvxVnni => unsafe { x86::floats_256(tile, panel, sums) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Loops::Avx512 => unsafe { x86::floats_512(tile, panel, sums) },
        }
    }

    /// The sums of a tile and a panel in codes, exact; `totals` are those of each token's codes.
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables, reason = "only `vpdpbusd` takes them away"))]
    pub(crate) fn codes(self, tile: &[CodeTile], panel: &[CodePanel], totals: &[i32; ROWS], counts: &mut Counts) {
        match self.0 {
            Loops::Portable => plain::codes(tile, panel, counts),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a `Level` of this kind exists only where the instructions were detected.
            Loops::Avx2 => unsafe { x86::codes_256(tile, panel, counts) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Loops::AvxVnni => unsafe { x86::codes_vnni_256(tile, panel, totals, counts) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Loops::Avx512 => unsafe { x86::codes_512(tile, panel, totals, counts) },
        }
    }

    /// Half precision to single.
    pub(crate) fn widen(self, halves: &[HalfPanel], panels: &mut [Panel]) {
        match self.0 {
            Loops::Portable => plain::widen(halves, panels),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a `Level` of this kind exists only where the instructions were detected; AVX-512 is
            // only used where AVX2 is.
            Loops::Avx2 | Loops::AvxVnni | Loops::Avx512 => unsafe { x86::widen(halves, panels) },
        }
    }
}
