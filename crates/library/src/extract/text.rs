//! Plain text in any encoding.

use super::{Flow, Page, load, tidy};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250, WINDOWS_1252};
use protocol::Fault;
use std::path::Path;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let text = tidy(&decode(&load(path)?, None));
    let mut flow = Flow::default();
    for paragraph in text.split("\n\n") {
        flow.block(paragraph, false);
    }
    flow.pages(out)?;
    Ok(Vec::new())
}

/// Bytes to text: a mark at the start, then UTF-8, then what the document says of itself, then what
/// it looks like.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    if let Some((encoding, skip)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[skip..]).0.into_owned();
    }
    // Japanese in seven bits would be ASCII too.
    if bytes.windows(2).any(|pair| pair == b"\x1b$") && bytes.is_ascii() {
        return ISO_2022_JP.decode_without_bom_handling(bytes).0.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.contains('\0')
    {
        return text.to_owned();
    }
    let encoding = utf16_without_mark(bytes)
        .or_else(|| declared.and_then(|label| Encoding::for_label(label.as_bytes())).filter(|e| *e != UTF_8))
        .unwrap_or_else(|| {
            let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
            detector.feed(bytes, true);
            match detector.guess(None, Utf8Detection::Allow) {
                guess if guess == WINDOWS_1252 && is_hungarian(bytes) => WINDOWS_1250,
                guess => guess,
            }
        });
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// Hungarian differs in two letters only from what looks like Western European: its text has to tell.
fn is_hungarian(bytes: &[u8]) -> bool {
    // ő, ű and their capitals.
    let own = |b: &u8| matches!(b, 0xf5 | 0xfb | 0xd5 | 0xdb);
    let head = &bytes[..bytes.len().min(HEAD)];
    bytes.iter().any(own)
        && whatlang::detect(&WINDOWS_1250.decode_without_bom_handling(head).0)
            .is_some_and(|found| found.lang() == whatlang::Lang::Hun)
}

/// Text in UTF-16 has its zeros, of Latin letters or at least of spaces and line ends, on one side only;
/// text in any other encoding has none.
pub(super) fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(HEAD) / 2 * 2];
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let half = head.len() / 2;
    // Latin letters need no more proof; others have to be spaces and letters of one writing.
    let fits = |(encoding, zeros): &(&'static Encoding, usize)| {
        zeros * 10 > half * 7 || is_one_writing(&encoding.decode_without_bom_handling(head).0)
    };
    let (little, big) = ((UTF_16LE, odd), (UTF_16BE, even));
    let sides = match (even, odd) {
        (0, 0) => return None,
        (even, odd) if even < odd => [little, big],
        (_, _) => [big, little],
    };
    sides.into_iter().find(fits).map(|(encoding, _)| encoding)
}

/// How many bytes are looked at.
const HEAD: usize = 4096;
/// Fewer chars than this are too few to tell a writing by.
const LEAST_CHARS: usize = 16;
/// An alphabet stands in one block of 256 chars, or in two.
const BLOCKS: usize = 2;

/// Whether nearly all chars are plain ones, or letters of one alphabet, or East Asian.
fn is_one_writing(text: &str) -> bool {
    let mut blocks: std::collections::HashMap<u32, usize> = std::collections::HashMap::new();
    let (mut count, mut east, mut odd) = (0, 0, 0);
    for c in text.chars() {
        count += 1;
        match c as u32 {
            0x20..=0x7e | 9 | 10 | 13 | 0xa0..=0xff | 0x2000..=0x20cf | 0x3000..=0x303f | 0xff00..=0xffef => {}
            0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7a3 => east += 1,
            0xfffd | 0..=0x1f | 0x7f..=0x9f | 0xe000..=0xf8ff => odd += 1,
            other => *blocks.entry(other >> 8).or_default() += 1,
        }
    }
    let mut sizes: Vec<usize> = blocks.into_values().collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    // East Asian text has no letters of an alphabet but Latin ones.
    let allowed = if east * 4 > count { 0 } else { BLOCKS };
    odd += sizes.iter().skip(allowed).sum::<usize>();
    count >= LEAST_CHARS && odd * 50 <= count
}

#[cfg(test)]
mod tests;
