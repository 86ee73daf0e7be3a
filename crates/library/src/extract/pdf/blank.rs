//! Whether a PDF page without text shows something all the same: a scan, a drawing.

use pdfium_render::prelude::*;

/// Objects that are looked at.
const MOST: usize = 200;

/// Whether there is anything to see on a page. In doubt there is.
pub fn shows_something(page: &PdfPage<'_>) -> bool {
    page.objects().iter().take(MOST).any(|object| match object.object_type() {
        PdfPageObjectType::Image
        | PdfPageObjectType::Path
        | PdfPageObjectType::Shading
        | PdfPageObjectType::XObjectForm
        | PdfPageObjectType::Unsupported => true,
        // Text that PDFium gives no chars for is spaces.
        PdfPageObjectType::Text => false,
    })
}
