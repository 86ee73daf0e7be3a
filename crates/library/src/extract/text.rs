//! Plain text in any encoding.

use super::{Flow, Page, load, tidy};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
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
            detector.guess(None, Utf8Detection::Allow)
        });
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// European text in UTF-16 has a zero in every other byte.
pub(super) fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(1024)];
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let half = head.len() / 2;
    if odd * 10 > half * 7 && even * 10 < half {
        Some(UTF_16LE)
    } else if even * 10 > half * 7 && odd * 10 < half {
        Some(UTF_16BE)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        let text = "Café à Zürich, über 12 € und ein Übermaß an Prüfung: déjà vu.";
        let utf16 = |le: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|u| if le { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
        };
        let with_mark = [vec![0xff, 0xfe], utf16(true)].concat();
        let cases = [
            ("utf-8", text.as_bytes().to_vec()),
            ("windows-1252", encoding_rs::WINDOWS_1252.encode(text).0.into_owned()),
            ("utf-16le", utf16(true)),
            ("utf-16be", utf16(false)),
            ("utf-16 with mark", with_mark),
        ];
        for (name, bytes) in cases {
            assert_eq!(decode(&bytes, None), text, "{name}");
        }
        let greek = "Η σύμβαση λήγει την 31η Δεκεμβρίου και ανανεώνεται";
        let bytes = encoding_rs::ISO_8859_7.encode(greek).0.into_owned();
        assert_eq!(decode(&bytes, Some("iso-8859-7")), greek);
    }
}
