//! Where do packed weights live, so that reading them is as fast as the memory allows?
//!
//! Writing a token reads every weight once, so it runs at the speed of memory, and on 4 KiB pages a good
//! third of that speed goes into address translation. Weights therefore lie in few large regions for which
//! huge pages are asked (Linux; elsewhere plain pages).

use crate::error::ShapeError;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// The size of a huge page on x86-64 and the usual one on 64-bit ARM.
pub(crate) const HUGE_PAGE: usize = 2 << 20;
/// What a region has at least, if the arena grows beyond its first estimate.
const SMALLEST_REGION: usize = 8 << 20;
/// A cache line, and the strictest alignment of anything placed.
const ALIGN: usize = 64;

/// Memory for packed weights, handed out piece by piece and freed when the last piece is dropped.
pub struct Arena {
    region: Option<Arc<Region>>,
    used: usize,
    first: usize,
}

impl Arena {
    /// An arena that expects `bytes` in all. It may hold more or less; memory that nothing is placed in is
    /// never touched.
    pub fn new(bytes: usize) -> Self {
        Self { region: None, used: 0, first: bytes }
    }

    /// Room for `count` values, all zero.
    pub(crate) fn place<T: Plain>(&mut self, count: usize) -> Result<Placed<T>, ShapeError> {
        const { assert!(align_of::<T>() <= ALIGN) };
        let bytes = count.checked_mul(size_of::<T>()).ok_or(ShapeError::TooLarge)?;
        let rounded = bytes.checked_next_multiple_of(ALIGN).ok_or(ShapeError::TooLarge)?;
        let fits = |region: &Arc<Region>| region.bytes - self.used >= rounded;
        let region = match self.region.take().filter(fits) {
            Some(region) => region,
            None => {
                let region = Arc::new(Region::new(rounded.max(self.first).max(SMALLEST_REGION))?);
                (self.used, self.first) = (0, 0);
                region
            }
        };
        // SAFETY: `used + rounded` is at most the region's size, checked by `fits` or by the size asked for.
        let start = unsafe { region.start.add(self.used) };
        self.used += rounded;
        self.region = Some(Arc::clone(&region));
        Ok(Placed { start: start.cast(), count, _region: region, _owns: PhantomData })
    }
}

/// Values in an [`Arena`]. Nobody else has this stretch of it.
pub(crate) struct Placed<T> {
    start: *mut T,
    count: usize,
    _region: Arc<Region>,
    _owns: PhantomData<T>,
}

// SAFETY: a `Placed` owns its stretch of memory as a `Box<[T]>` would; the region is only freed when all are gone.
unsafe impl<T: Send> Send for Placed<T> {}
// SAFETY: as above; shared access gives only `&[T]`.
unsafe impl<T: Sync> Sync for Placed<T> {}

impl<T: Plain> Deref for Placed<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: `place` gave `count` aligned values inside a live region, zeroed, which `Plain` makes valid.
        unsafe { std::slice::from_raw_parts(self.start, self.count) }
    }
}

impl<T: Plain> Placed<T> {
    /// The values, to fill them in.
    pub(crate) fn as_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`; the mutable borrow of the only owner makes the access exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.count) }
    }
}

/// A type for which all bits zero is a value, and which needs no drop.
///
/// # Safety
/// Both must be true of the implementing type.
pub(crate) unsafe trait Plain: Copy + Send + Sync {}

// SAFETY: zero is a number.
unsafe impl Plain for f32 {}
// SAFETY: zero is a number.
unsafe impl Plain for u16 {}
// SAFETY: an array of plain values.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

/// A stretch of zeroed memory.
struct Region {
    start: *mut u8,
    bytes: usize,
    #[cfg(unix)]
    mapped: *mut u8,
    #[cfg(unix)]
    mapped_bytes: usize,
}

// SAFETY: a region is only an owned address range; access goes through `Placed`, which has its own rules.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

#[cfg(unix)]
impl Region {
    fn new(bytes: usize) -> Result<Self, ShapeError> {
        let bytes = bytes.checked_next_multiple_of(HUGE_PAGE).ok_or(ShapeError::TooLarge)?;
        let mapped_bytes = bytes.checked_add(HUGE_PAGE).ok_or(ShapeError::TooLarge)?;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
        // SAFETY: a fresh anonymous mapping, at an address of the system's choice.
        let mapped = unsafe { libc::mmap(std::ptr::null_mut(), mapped_bytes, protection, flags, -1, 0) };
        if mapped == libc::MAP_FAILED {
            return Err(ShapeError::OutOfMemory { bytes });
        }
        let mapped = mapped.cast::<u8>();
        // A multiple of the huge page inside the mapping, which is one huge page longer than needed.
        let skip = mapped.align_offset(HUGE_PAGE).min(HUGE_PAGE);
        // SAFETY: `skip` is at most one huge page, the slack of the mapping.
        let start = unsafe { mapped.add(skip) };
        #[cfg(target_os = "linux")]
        // SAFETY: the range lies inside our own mapping. A hint only: failure leaves plain pages.
        unsafe {
            libc::madvise(start.cast(), bytes, libc::MADV_HUGEPAGE);
        }
        Ok(Self { start, bytes, mapped, mapped_bytes })
    }
}

#[cfg(unix)]
impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping that `new` made; no `Placed` refers to it any more.
        unsafe {
            libc::munmap(self.mapped.cast(), self.mapped_bytes);
        }
    }
}

#[cfg(not(unix))]
impl Region {
    fn layout(bytes: usize) -> Result<std::alloc::Layout, ShapeError> {
        std::alloc::Layout::from_size_align(bytes, ALIGN).map_err(|_| ShapeError::TooLarge)
    }

    fn new(bytes: usize) -> Result<Self, ShapeError> {
        // SAFETY: the size is not zero: `Arena::place` asks for at least `SMALLEST_REGION`.
        let start = unsafe { std::alloc::alloc_zeroed(Self::layout(bytes)?) };
        if start.is_null() { Err(ShapeError::OutOfMemory { bytes }) } else { Ok(Self { start, bytes }) }
    }
}

#[cfg(not(unix))]
impl Drop for Region {
    fn drop(&mut self) {
        if let Ok(layout) = Self::layout(self.bytes) {
            // SAFETY: allocated by `new` with the same layout.
            unsafe { std::alloc::dealloc(self.start, layout) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_zeroed_apart_and_outlive_the_arena() {
        let mut arena = Arena::new(100);
        let mut pieces: Vec<Placed<u16>> =
            [3usize, 0, 70_000, 5_000_000].iter().map(|&count| arena.place(count).unwrap()).collect();
        drop(arena);
        assert!(pieces.iter().all(|piece| piece.iter().all(|&value| value == 0)));
        for (number, piece) in (1u16..).zip(&mut pieces) {
            piece.as_mut().fill(number);
        }
        for (number, piece) in (1u16..).zip(&pieces) {
            assert!(piece.iter().all(|&value| value == number));
            assert_eq!(piece.as_ptr() as usize % ALIGN, 0);
        }
    }

    #[test]
    fn an_impossible_size_is_an_error() {
        assert!(matches!(Arena::new(0).place::<f32>(usize::MAX / 2), Err(ShapeError::TooLarge)));
        assert!(matches!(Arena::new(0).place::<u16>(1 << 60), Err(ShapeError::OutOfMemory { .. })));
    }
}
