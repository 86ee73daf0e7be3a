//! How near is a query to each of many vectors that are kept as bytes? Products of whole numbers, exact.
//!
//! One plain loop, compiled once for each instruction set: the compiler turns it into the processor's
//! products of pairs, and the sums are the same numbers on every one, since nothing is rounded.

use crate::isa::{Isa, Kind};

/// The largest number of a query: with rows of up to [`LONGEST`] bytes no sum can overflow.
pub const MOST: i16 = 2047;
/// The longest row.
pub const LONGEST: usize = 8192;

/// Writes the product of `query` with each row into `out`. Rows are the first `query.len()` bytes of
/// every `stride` bytes of `rows`.
///
/// # Panics
/// `rows` holds fewer than `out.len()` rows, a row is longer than `stride` or [`LONGEST`], or a number
/// of the query is above [`MOST`].
pub fn scan(isa: Isa, query: &[i16], rows: &[i8], stride: usize, out: &mut [i32]) {
    assert!(!query.is_empty() && query.len() <= LONGEST && query.len() <= stride, "{} in {stride}", query.len());
    assert!(query.iter().all(|x| (-MOST..=MOST).contains(x)), "a number of the query is too large");
    assert!(rows.len() / stride >= out.len(), "{} rows of {stride} are not in {}", out.len(), rows.len());
    match isa.kind() {
        Kind::Portable => plain(query, rows, stride, out),
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 | Kind::AvxVnni => {
            // SAFETY: an `Isa` of this kind exists only where the processor has the instructions.
            unsafe { avx2(query, rows, stride, out) }
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => {
            // SAFETY: an `Isa` of this kind exists only where the processor has the instructions.
            unsafe { avx512(query, rows, stride, out) }
        }
        // Every 64-bit Arm has NEON: the plain loop is compiled for it.
        #[cfg(target_arch = "aarch64")]
        Kind::Neon => plain(query, rows, stride, out),
    }
}

#[inline(always)]
fn plain(query: &[i16], rows: &[i8], stride: usize, out: &mut [i32]) {
    for (row, product) in rows.chunks_exact(stride).zip(out) {
        let pairs = query.iter().zip(&row[..query.len()]);
        *product = pairs.map(|(x, y)| i32::from(*x) * i32::from(*y)).sum();
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(query: &[i16], rows: &[i8], stride: usize, out: &mut [i32]) {
    plain(query, rows, stride, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn avx512(query: &[i16], rows: &[i8], stride: usize, out: &mut [i32]) {
    plain(query, rows, stride, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_instruction_set_gives_the_exact_sums(
            dims in 1usize..600, gap in 0usize..70, count in 0usize..9, seed in any::<u64>(),
        ) {
            let mut state = seed | 1;
            let mut next = || { state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); state >> 40 };
            let query: Vec<i16> = (0..dims).map(|_| (next() % 4095) as i16 - MOST).collect();
            let stride = dims + gap;
            let rows: Vec<i8> = (0..stride * count).map(|_| next() as u8 as i8).collect();
            let exact: Vec<i64> = rows.chunks(stride)
                .map(|row| query.iter().zip(row).map(|(x, y)| i64::from(*x) * i64::from(*y)).sum())
                .collect();
            for isa in Isa::available() {
                let mut out = vec![0; count];
                scan(isa, &query, &rows, stride, &mut out);
                let out: Vec<i64> = out.into_iter().map(i64::from).collect();
                prop_assert_eq!(&out, &exact, "{:?}", isa);
            }
        }
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let (query, rows) = (vec![MOST; LONGEST], vec![i8::MIN; LONGEST]);
        for isa in Isa::available() {
            let mut out = [0];
            scan(isa, &query, &rows, LONGEST, &mut out);
            assert_eq!(i64::from(out[0]), i64::from(MOST) * 128 * -(LONGEST as i64), "{isa:?}");
        }
    }
}
