//! Files whose text is not read: they are kept, found by their name, and say why.

use super::{EXTRACTORS, Page, extractor, named, ocr, sniff};
use crate::faults;
use protocol::Fault;
use std::path::Path;

/// Pictures by their first bytes.
const PICTURES: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tif"),
    (b"MM\0*", "tif"),
];
/// The formats of pictures, by first bytes or by name.
const PICTURE_FORMATS: &[&str] =
    &["png", "jpg", "gif", "tif", "bmp", "webp", "heic", "heif", "avif", "svg", "psd", "ico", "jp2", "raw", "dng"];
/// What a file is called whose name says nothing.
const UNKNOWN: &str = "file";

/// The format of any file: one that is read, or what people call it.
pub fn format_of(head: &[u8], name: &Path) -> String {
    if let Some(format) = picture(head).or_else(|| sniff(head, name)) {
        return format.to_owned();
    }
    let ending = name.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let ending = match ending.as_str() {
        "jpeg" | "jpe" => "jpg",
        "tiff" => "tif",
        other => other,
    };
    let fits = (1..=8).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    // What does not hold what its name says is not called so.
    let of_another = EXTRACTORS.iter().any(|e| e.format == ending || e.extensions.contains(&ending));
    if fits && !of_another && !matches!(ending, "png" | "jpg" | "gif" | "bmp" | "webp") {
        ending.to_owned()
    } else {
        UNKNOWN.to_owned()
    }
}

/// The formats of pictures that text is looked for in, where that can be done here.
pub const LOOKED_AT: &[&str] = &["png", "jpg", "tif", "bmp", "gif", "webp"];

/// The version of what reads the text in pictures, like [`super::Extractor::version`].
pub const PICTURE_VERSION: u32 = 1;

/// Whether a format is one of them.
pub fn is_picture(format: &str) -> bool {
    LOOKED_AT.contains(&format)
}

/// Reads the text in a picture: one page.
pub fn read_picture(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let read = ocr::read(super::load(path)?)?;
    if read.text.is_empty() {
        return Err(faults::no_text_in_picture());
    }
    // Its layout is fixed, in pixels.
    let (width, height) = (read.width as f32, read.height as f32);
    out(Page { number: 1, text: read.text, words: read.words, width, height, looked_at: true, ..Page::default() })?;
    Ok(vec![faults::pages_recognised(&[1])])
}

/// Whether files of this format are only kept.
pub fn is_stored(format: &str) -> bool {
    extractor(format).is_none()
}

/// The text by which a kept file is found: its name, and the words in it.
pub fn name_text(name: &str) -> String {
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let words = words.join(" ");
    if words == name || words.is_empty() { name.to_owned() } else { format!("{name}\n{words}") }
}

/// Why the text of a kept file is not read.
pub fn why(format: &str, name: &Path) -> Fault {
    match named(name) {
        Some(named) if format == UNKNOWN => faults::other_than_named(named),
        Some(_) | None if is_picture(format) => faults::picture_not_read(format),
        Some(_) | None if PICTURE_FORMATS.contains(&format) => faults::picture_of_another_kind(format),
        Some(_) | None => faults::text_not_read(format),
    }
}

fn picture(head: &[u8]) -> Option<&'static str> {
    let by_mark = PICTURES.iter().find(|(mark, _)| head.starts_with(mark)).map(|(_, format)| *format);
    let webp = || (head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP")).then_some("webp");
    let heic = || {
        let brand = head.get(4..12)?;
        match &brand[4..] {
            b"heic" | b"heix" | b"mif1" | b"msf1" if &brand[..4] == b"ftyp" => Some("heic"),
            b"avif" if &brand[..4] == b"ftyp" => Some("avif"),
            _ => None,
        }
    };
    // Text may begin with these two letters too.
    let bmp = || (head.starts_with(b"BM") && head.get(6..10) == Some(&[0; 4])).then_some("bmp");
    by_mark.or_else(webp).or_else(heic).or_else(bmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_file_is_found_by_the_words_of_its_name() {
        for (name, text) in [
            ("IMG_2034.jpg", "IMG_2034.jpg\nIMG 2034 jpg"),
            ("plan", "plan"),
            ("…", "…"),
            ("Übersicht (2).png", "Übersicht (2).png\nÜbersicht 2 png"),
        ] {
            assert_eq!(name_text(name), text);
        }
    }

    #[test]
    fn every_file_has_a_format_and_a_reason() {
        for (head, name, format, code) in [
            (&b"\x89PNG\r\n\x1a\n\0\0"[..], "scan.png", "png", "document.picture_not_read"),
            (b"\xff\xd8\xff\xe0", "photo.JPEG", "jpg", "document.picture_not_read"),
            (b"\xff\xd8\xff\xe0", "photo", "jpg", "document.picture_not_read"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "a.webp", "webp", "document.picture_not_read"),
            (b"\0\0\0\x18ftypheic\0\0", "IMG_1.HEIC", "heic", "document.picture_of_another_kind"),
            (b"\x7fELF\x02\x01\x01\0", "program", "file", "document.text_not_read"),
            (b"\x7fELF\x02\x01\x01\0", "fake.pdf", "file", "document.other_than_named"),
            (b"\x7fELF\x02\x01\x01\0", "fake.png", "file", "document.text_not_read"),
            (b"\0\0\0\x18ftypmp42", "film.mp4", "mp4", "document.text_not_read"),
            (b"\0\x01", "x.a-strange-ending", "file", "document.text_not_read"),
        ] {
            let found = format_of(head, Path::new(name));
            assert_eq!(found, format, "{name}");
            assert!(is_stored(&found));
            assert_eq!(why(&found, Path::new(name)).code, code, "{name}");
        }
        assert_eq!(format_of(b"%PDF-1.7", Path::new("a.bin")), "pdf");
        assert_eq!(format_of(b"text", Path::new("a.txt")), "txt");
    }
}
