//! A JPEG in shades of gray. PDFium has a decoder for it, which is reached by way of a page that shows it.

use super::{library, picture};
use crate::extract::ocr::Gray;

/// Pixels of a point on the page that is made.
const SCALE: u32 = 4;

/// Decodes a JPEG; None where it is none.
pub fn gray_of_jpeg(jpeg: &[u8]) -> Option<Gray> {
    let frame = Frame::of(jpeg)?;
    let document = library().ok()?.load_pdf_from_byte_vec(frame.page(jpeg), None).ok()?;
    let page = document.pages().get(0).ok()?;
    Gray::of_png(&picture::draw(&page, frame.width).ok()?.png)
}

/// What a JPEG says of itself.
#[derive(Debug, PartialEq)]
struct Frame {
    width: u32,
    height: u32,
    channels: u8,
}

impl Frame {
    /// Reads the segments up to the frame's (ITU-T T.81, B.2).
    fn of(jpeg: &[u8]) -> Option<Self> {
        let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
        loop {
            let [0xff, kind, after @ ..] = rest else { return None };
            // Markers may be padded.
            if *kind == 0xff {
                rest = &rest[1..];
                continue;
            }
            let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
            let segment = after.get(..length)?;
            if matches!(kind, 0xc0..=0xcf if !matches!(kind, 0xc4 | 0xc8 | 0xcc)) {
                let [_, _, _, high, low, wide, narrow, channels, ..] = *segment else { return None };
                let side = |most, least| u32::from(u16::from_be_bytes([most, least]));
                let (width, height) = (side(wide, narrow), side(high, low));
                return (width > 0 && height > 0).then_some(Self { width, height, channels });
            }
            rest = &after[length..];
        }
    }

    /// A PDF of one page that shows it.
    fn page(&self, jpeg: &[u8]) -> Vec<u8> {
        let Self { width, height, channels } = self;
        let space = match channels {
            1 => "Gray",
            4 => "CMYK",
            _ => "RGB",
        };
        let (wide, high) = (width.div_ceil(SCALE), height.div_ceil(SCALE));
        let shows = format!("{wide} 0 0 {high} 0 0 cm /P Do");
        let image = format!(
            "/Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/Device{space}/BitsPerComponent 8/Filter/DCTDecode"
        );
        let stream = |about: &str, bytes: &[u8]| {
            [format!("<<{about}/Length {}>>stream\n", bytes.len()).as_bytes(), bytes, b"\nendstream"].concat()
        };
        let objects: [Vec<u8>; 5] = [
            b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
            format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 {wide} {high}]/Resources<</XObject<</P 5 0 R>>>>/Contents 4 0 R>>")
                .into_bytes(),
            stream("", shows.as_bytes()),
            stream(&image, jpeg),
        ];
        let mut pdf = b"%PDF-1.4\n".to_vec();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
        for (at, object) in objects.iter().enumerate() {
            table += &format!("{:010} 00000 n \n", pdf.len());
            pdf.extend(format!("{} 0 obj\n", at + 1).as_bytes());
            pdf.extend(object);
            pdf.extend(b"\nendobj\n");
        }
        let start = pdf.len();
        table += &format!("trailer<</Root 1 0 R/Size {}>>\nstartxref\n{start}\n%%EOF", objects.len() + 1);
        pdf.extend(table.as_bytes());
        pdf
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_of_a_jpeg() {
        let about =
            [&[0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff][..], &[0xff, 0xc2, 0, 11, 8, 0, 90, 1, 44, 3, 0, 0, 0]];
        let jpeg = about.concat();
        assert_eq!(Frame::of(&jpeg), Some(Frame { width: 300, height: 90, channels: 3 }));
        for cut in 0..jpeg.len() {
            assert_eq!(Frame::of(&jpeg[..cut]), None, "{cut}");
        }
        assert_eq!(Frame::of(b"\x89PNG"), None);
        assert_eq!(Frame::of(&[0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 0, 0, 0, 3, 0, 0, 0]), None);
        assert_eq!(Frame::of(&[0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xe0, 0, 0]), None, "a length of nothing ends");
    }
}
