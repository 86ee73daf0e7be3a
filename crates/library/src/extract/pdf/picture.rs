//! A PDF page as a PNG.

use super::{fault, library, open};
use pdfium_render::prelude::*;
use protocol::Fault;
use std::path::Path;

/// The widest and highest picture, in pixels.
const LARGEST_SIDE: u32 = 4_096;
/// The narrowest picture.
const SMALLEST_WIDTH: u32 = 64;

/// A rendered page.
pub struct Picture {
    /// The PNG.
    pub png: Vec<u8>,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// Renders a page at most `width` pixels wide. Annotations are drawn; scripts and links do nothing.
pub fn render(path: &Path, page: u32, width: u32, password: Option<String>) -> Result<Picture, Fault> {
    let document = open(library()?, path, password.as_deref())?;
    let index = page.checked_sub(1).and_then(|p| PdfPageIndex::try_from(p).ok()).ok_or_else(crate::faults::no_page)?;
    let page = document.pages().get(index).map_err(|_| crate::faults::no_page())?;
    draw(&page, width)
}

/// Draws a page.
pub fn draw(page: &PdfPage<'_>, width: u32) -> Result<Picture, Fault> {
    let config = PdfRenderConfig::new()
        .set_target_width(width.clamp(SMALLEST_WIDTH, LARGEST_SIDE) as Pixels)
        .set_maximum_height(LARGEST_SIDE as Pixels)
        .set_format(PdfBitmapFormat::BGRA)
        .set_reverse_byte_order(false)
        .limit_render_image_cache_size(true);
    let bitmap = page.render_with_config(&config).map_err(fault)?;
    let (width, height) = (bitmap.width() as u32, bitmap.height() as u32);
    let rgba = bitmap.as_rgba_bytes();
    let png = encode(&rgba, width, height).map_err(|e| crate::faults::damaged(&e))?;
    Ok(Picture { png, width, height })
}

/// Pages are opaque: RGB without the fourth channel.
fn encode(rgba: &[u8], width: u32, height: u32) -> Result<Vec<u8>, String> {
    let (pixels, _) = rgba.as_chunks::<4>();
    if pixels.len() != width as usize * height as usize {
        return Err("the picture has the wrong size".into());
    }
    let rgb: Vec<u8> = pixels.iter().flat_map(|p| [p[0], p[1], p[2]]).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(|e| e.to_string())?;
    writer.write_image_data(&rgb).map_err(|e| e.to_string())?;
    writer.finish().map_err(|e| e.to_string())?;
    Ok(bytes)
}
