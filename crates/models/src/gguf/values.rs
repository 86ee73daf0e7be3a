//! Are the numbers of a file numbers? Each block of weights hangs on one or two scales; where one of
//! them is infinite or none at all, so is every answer of the model. They are looked at while the file
//! is read for its hash, which costs next to nothing.

use super::types::Reals;

/// A tensor of a file: where it stands, and the blocks that it is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Bytes of a block.
    pub(super) block: usize,
    pub(super) reals: Reals,
}

/// Looks at a file piece by piece, from its first byte to its last.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// By where they start; none overlap.
    extents: Vec<Extent>,
    /// The extent that is looked at.
    current: usize,
    /// Bytes that were seen.
    at: u64,
    /// The beginning of a block whose end is still to come.
    begun: Vec<u8>,
}

impl Values {
    pub(super) fn new(mut extents: Vec<Extent>) -> Self {
        extents.retain(|extent| extent.reals != Reals::None && extent.block > 0);
        extents.sort_unstable_by_key(|extent| extent.start);
        Self { extents, ..Self::default() }
    }

    /// Takes the next bytes of the file. False where a number that ends in them is none.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> bool {
        let mut sound = true;
        while let Some(extent) = self.extents.get(self.current).copied().filter(|_| !bytes.is_empty()) {
            if self.at >= extent.end {
                self.current += 1;
                self.begun.clear();
                continue;
            }
            let until = if self.at < extent.start { extent.start } else { extent.end };
            let here = usize::try_from(until - self.at).unwrap_or(usize::MAX).min(bytes.len());
            let (part, rest) = bytes.split_at(here);
            if self.at >= extent.start {
                sound &= self.blocks(part, extent);
            }
            self.at += here as u64;
            bytes = rest;
        }
        self.at += bytes.len() as u64;
        sound
    }

    fn blocks(&mut self, mut part: &[u8], extent: Extent) -> bool {
        let mut sound = true;
        if !self.begun.is_empty() {
            let (end, rest) = part.split_at((extent.block - self.begun.len()).min(part.len()));
            self.begun.extend_from_slice(end);
            part = rest;
            if self.begun.len() < extent.block {
                return true;
            }
            sound = finite(&self.begun, extent.reals);
            self.begun.clear();
        }
        let blocks = part.chunks_exact(extent.block);
        self.begun.extend_from_slice(blocks.remainder());
        blocks.fold(sound, |sound, block| sound & finite(block, extent.reals))
    }
}

/// Whether the numbers of a block are finite: an exponent of ones alone stands for infinity or no number.
fn finite(block: &[u8], reals: Reals) -> bool {
    let short = |at: usize| block.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]));
    let word = |at: usize| u32::from(short(at)) | u32::from(short(at + 2)) << 16;
    match reals {
        Reals::None => true,
        Reals::F16(places) => places.iter().all(|at| short(*at) & 0x7c00 != 0x7c00),
        Reals::Bf16 => short(0) & 0x7f80 != 0x7f80,
        Reals::F32 => word(0) & 0x7f80_0000 != 0x7f80_0000,
        Reals::F64 => word(4) & 0x7ff0_0000 != 0x7ff0_0000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(start: u64, blocks: u64, block: usize, reals: Reals) -> Extent {
        Extent { start, end: start + blocks * block as u64, block, reals }
    }

    #[test]
    fn a_scale_that_is_no_number_is_found_wherever_the_pieces_end() {
        let extents = || {
            vec![
                extent(64, 3, 20, Reals::F16(&[0, 2])),
                extent(128, 2, 210, Reals::F16(&[208])),
                extent(8, 4, 4, Reals::F32),
                extent(24, 2, 2, Reals::Bf16),
                extent(32, 1, 8, Reals::F64),
                extent(40, 1, 17, Reals::None),
            ]
        };
        // Everything else may be anything: it is all ones here.
        let mut sound = vec![0xff; 700];
        let places = [8, 12, 16, 20, 24, 26, 36, 64, 66, 84, 86, 104, 106, 128 + 208, 128 + 210 + 208];
        for place in places {
            sound[place..place + 4].fill(0);
        }
        let whole = |bytes: &[u8], piece: usize| {
            let mut values = Values::new(extents());
            bytes.chunks(piece).fold(true, |sound, piece| sound & values.feed(piece))
        };
        for piece in [1, 2, 3, 7, 64, 209, 1000] {
            assert!(whole(&sound, piece), "pieces of {piece}");
            for (place, bits) in [
                (8, &0x7fc0_0000_u32.to_le_bytes()[..]),
                (20, &0xff80_0000_u32.to_le_bytes()),
                (26, &0x7f80_u16.to_le_bytes()),
                (32, &f64::NAN.to_le_bytes()),
                (66, &0x7c00_u16.to_le_bytes()),
                (104, &0xfe00_u16.to_le_bytes()),
                (128 + 210 + 208, &0x7e01_u16.to_le_bytes()),
            ] {
                let mut bad = sound.clone();
                bad[place..place + bits.len()].copy_from_slice(bits);
                assert!(!whole(&bad, piece), "at {place} in pieces of {piece}");
            }
        }
    }
}
