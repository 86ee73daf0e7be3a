//! PDF through PDFium: text in reading order with the place of each word, and pages as pictures.
//!
//! PDFium is loaded from a file at run time (docs/decisions/0007-pdfium.md), in the worker only.

mod blank;
mod fields;
mod jpeg;
mod layout;
mod outline;
mod picture;
mod rules;

pub use jpeg::gray_of_jpeg;
pub use picture::render;

use super::{
    Page,
    about::{About, of_pdf},
    ocr,
};
use layout::{Glyph, Hyphens, Sheet};
use outline::Outline;
use pdfium_render::prelude::*;
use protocol::Fault;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// More pages than this are not read; the rest is told.
const MOST_PAGES: u32 = 5_000;
/// More chars than this on one page are not read; the rest is told. A page stays one page however long
/// it is, since its number and its picture are what a citation opens.
const MOST_CHARS: usize = 400_000;
/// The most pages of a document whose pictures are looked at for text.
const MOST_LOOKED_AT: usize = 400;
/// Dots per inch at which they are.
const DOTS: f32 = 300.0;
/// The grid on which word boxes are stored.
const GRID: i32 = 65_535;

/// A place on a page as the four sides that boxes have.
type Placed<'a> = dyn Fn(PdfRect) -> Option<[u16; 4]> + 'a;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    read_opened(&open(library()?, path, None)?, out)
}

/// Reads a document that asks for a password.
pub fn read_with(
    path: &Path,
    password: &str,
    out: &mut dyn FnMut(Page) -> Result<(), Fault>,
) -> Result<Vec<Fault>, Fault> {
    read_opened(&open(library()?, path, Some(password))?, out)
}

/// Who wrote it, and when it was made.
pub fn about(path: &Path, password: Option<&str>) -> Option<About> {
    use PdfDocumentMetadataTagType::{Author, CreationDate, ModificationDate};
    let document = open(library().ok()?, path, password).ok()?;
    let said = |tag| document.metadata().get(tag).map(|tag| tag.value().to_owned());
    let (author, created, changed) = (said(Author), said(CreationDate), said(ModificationDate));
    Some(of_pdf(author.as_deref(), created.as_deref(), changed.as_deref()))
}

fn read_opened(
    document: &PdfDocument<'_>,
    out: &mut dyn FnMut(Page) -> Result<(), Fault>,
) -> Result<Vec<Fault>, Fault> {
    let pages = document.pages();
    let outline = Outline::read(document);
    let total = u32::try_from(pages.len()).unwrap_or(0);
    if total == 0 {
        return Err(crate::faults::no_pages());
    }
    let mut notes = Vec::new();
    let (mut empty, mut broken, mut shortened) = (Vec::new(), Vec::new(), Vec::new());
    // Pages with nothing on them, and those whose text was read from their picture.
    let (mut blank, mut recognised, mut looked_at) = (0, Vec::new(), 0);
    let mut hyphens = Hyphens::default();
    for number in 1..=total.min(MOST_PAGES) {
        let read = pages.get(number as PdfPageIndex - 1).map_err(fault).and_then(|page| {
            let mut read = read_page(&page, number, &mut hyphens)?;
            if read.shows && looked_at < MOST_LOOKED_AT && ocr::is_here() {
                looked_at += 1;
                look_at(&page, &mut read.page);
                if !read.page.text.is_empty() {
                    recognised.push(number);
                }
            }
            Ok(read)
        });
        let page = match read {
            Ok(read) => {
                if !read.whole {
                    shortened.push(number);
                }
                match (read.page.text.is_empty(), read.shows) {
                    (true, true) => empty.push(number),
                    (true, false) => blank += 1,
                    (false, _) => {}
                }
                let mut page = read.page;
                outline.mark(&mut page);
                page
            }
            Err(_) => {
                broken.push(number);
                Page { number, ..Page::default() }
            }
        };
        out(page)?;
    }
    if broken.len() as u32 == total {
        return Err(crate::faults::no_readable_page());
    }
    let wordless = empty.len() + broken.len() + blank == total.min(MOST_PAGES) as usize;
    if wordless && empty.is_empty() {
        return Err(crate::faults::nothing_to_read());
    }
    if wordless {
        // There is something to see on its pages, so they are kept to be looked at.
        notes.push(if ocr::is_here() { crate::faults::no_words_found() } else { crate::faults::no_text() });
    } else if !empty.is_empty() {
        let unread =
            if ocr::is_here() { crate::faults::pages_without_words } else { crate::faults::pages_without_text };
        notes.push(unread(&empty));
    }
    if !recognised.is_empty() {
        notes.push(crate::faults::pages_recognised(&recognised));
    }
    if !broken.is_empty() {
        notes.push(crate::faults::pages_damaged(&broken));
    }
    if !shortened.is_empty() {
        notes.push(crate::faults::pages_shortened(&shortened, MOST_CHARS));
    }
    if total > MOST_PAGES {
        notes.push(crate::faults::pages_left_out(MOST_PAGES, total));
    }
    Ok(notes)
}

fn open<'a>(pdfium: &'a Pdfium, path: &Path, password: Option<&str>) -> Result<PdfDocument<'a>, Fault> {
    pdfium.load_pdf_from_file(path, password).map_err(fault).map_err(|fault| match password {
        Some(_) if fault.code == crate::faults::ASKS_PASSWORD => crate::faults::wrong_password(),
        Some(_) | None => fault,
    })
}

/// Reads the text in the picture of a page. What cannot be read that way stays without text.
fn look_at(page: &PdfPage<'_>, to: &mut Page) {
    let width = (page.width().value / 72.0 * DOTS) as u32;
    to.looked_at = true;
    if let Ok(read) = picture::draw(page, width).and_then(|picture| ocr::read(picture.png)) {
        (to.text, to.words) = (read.text, read.words);
    }
}

/// A page that was read.
struct ReadPage {
    page: Page,
    /// Whether all of its text was.
    whole: bool,
    /// Whether there is anything to see on it; told of pages without text only.
    shows: bool,
}

fn read_page(page: &PdfPage<'_>, number: u32, hyphens: &mut Hyphens) -> Result<ReadPage, Fault> {
    let text = page.text().map_err(fault)?;
    let grid = PdfRenderConfig::new().set_fixed_size(GRID, GRID);
    let place = |x: PdfPoints, y: PdfPoints| page.points_to_pixels(x, y, &grid).ok();
    let sides = |b: PdfRect| {
        let (x0, y0) = place(b.left(), b.top())?;
        let (x1, y1) = place(b.right(), b.bottom())?;
        // A rotated page turns corners round.
        let side = |v: i32| v.clamp(0, GRID) as u16;
        Some([side(x0.min(x1)), side(y0.min(y1)), side(x0.max(x1)), side(y0.max(y1))])
    };
    let mut glyphs = Vec::new();
    let chars = text.chars();
    // The first half of a letter beyond 16 bits, as in formulas.
    let mut half = None;
    for c in chars.iter().take(MOST_CHARS) {
        let value = match (half.take(), c.unicode_value()) {
            (_, high @ 0xd800..=0xdbff) => {
                half = Some(high);
                continue;
            }
            (Some(high), low @ 0xdc00..=0xdfff) => char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)),
            (_, whole) => char::from_u32(whole),
        };
        let Some(value) = value else { continue };
        // Line ends and spaces that PDFium adds have no place of their own.
        let bounds = if value.is_whitespace() { None } else { c.loose_bounds().ok() };
        glyphs.push(Glyph { value, sides: bounds.and_then(&sides), size: c.scaled_font_size().value.abs() });
    }
    let (width, height) = (page.width().value, page.height().value);
    let rules = rules::rules(page, &sides);
    let laid_out = layout::lay_out(Sheet { glyphs: &glyphs, rules: &rules, width, height }, hyphens);
    let whole = chars.len() <= MOST_CHARS;
    let mut read = Page {
        number,
        text: laid_out.text,
        width,
        height,
        words: laid_out.words,
        headings: laid_out.headings,
        ..Page::default()
    };
    fields::add(page, &sides, &mut read);
    read.blocks = layout::blocks(&read.text, laid_out.rows);
    let shows = read.text.is_empty() && blank::shows_something(page);
    Ok(ReadPage { page: read, whole, shows })
}

/// PDFium, loaded once per process.
fn library() -> Result<&'static Pdfium, Fault> {
    // The bindings are used by one thread: the worker has only its main thread.
    thread_local! {
        static PDFIUM: OnceLock<Result<&'static Pdfium, Fault>> = const { OnceLock::new() };
    }
    PDFIUM.with(|cell| {
        cell.get_or_init(|| {
            let mut reasons = Vec::new();
            for place in places() {
                match Pdfium::bind_to_library(&place) {
                    // One per process, for as long as it lives.
                    Ok(bindings) => return Ok(Box::leak(Box::new(Pdfium::new(bindings)))),
                    Err(e) => reasons.push(format!("{}: {}", place.display(), describe(&e))),
                }
            }
            Err(crate::faults::no_pdfium(&reasons.join("; ")))
        })
        .clone()
    })
}

/// Where the library may be: where the environment says, beside the program, in the user's data folder.
pub fn places() -> Vec<PathBuf> {
    let name = Pdfium::pdfium_platform_library_name();
    let mut places = Vec::new();
    if let Some(named) = std::env::var_os("ATELIER_PDFIUM").filter(|v| !v.is_empty()) {
        places.push(PathBuf::from(named));
    }
    if let Some(dir) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        places.push(dir.join(&name));
        places.push(dir.join("../lib/atelier").join(&name));
    }
    if let Some(dir) = data_dir() {
        places.push(dir.join("atelier/lib").join(&name));
    }
    places
}

fn data_dir() -> Option<PathBuf> {
    let var = |name: &str| std::env::var_os(name).filter(|v: &OsString| !v.is_empty()).map(PathBuf::from);
    if cfg!(target_os = "windows") {
        var("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        var("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        var("XDG_DATA_HOME").or_else(|| var("HOME").map(|home| home.join(".local/share")))
    }
}

fn describe(error: &PdfiumError) -> String {
    match error {
        PdfiumError::LoadLibraryError(e) => e.to_string(),
        other => format!("{other:?}"),
    }
}

fn fault(error: PdfiumError) -> Fault {
    match error {
        PdfiumError::PdfiumLibraryInternalError(PdfiumInternalError::PasswordError) => crate::faults::asks_password(),
        PdfiumError::PdfiumLibraryInternalError(PdfiumInternalError::SecurityError) => crate::faults::asks_password(),
        PdfiumError::PdfiumLibraryInternalError(PdfiumInternalError::FormatError) => crate::faults::not_a_pdf(),
        PdfiumError::IoError(e) => crate::faults::unreadable(&e.to_string()),
        other => crate::faults::damaged(&describe(&other)),
    }
}
