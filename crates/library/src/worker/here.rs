//! A file read without a child, for programs that have limits of their own.

use super::{Asked, Frame, Job, child::answer};
use std::path::Path;

/// Reads a file as the worker does, in this process and without its limits, and takes the answer as its
/// parent does: for programs that have limits of their own, like the fuzz targets. Returns the bytes of text.
///
/// # Panics
/// Where a page contradicts itself or the answer is none.
#[allow(clippy::expect_used)] // whoever calls it wants to know
pub fn read_here(format: &str, path: &Path) -> u64 {
    let mut output = Vec::new();
    let asked = Asked { path: path.to_owned(), format: format.to_owned(), parts: true, password: None };
    answer(Job::Read(asked), &mut output).expect("memory takes every answer");
    let (mut rest, mut text) = (output.as_slice(), 0);
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let frame: Frame = serde_json::from_slice(&rest[..end]).expect("a frame a line");
        rest = &rest[end + 1..];
        match frame {
            Frame::Page(page) => {
                text += page.text.len() as u64;
                page.page().expect("blocks and passages lie in the text, one behind the other");
            }
            Frame::Bytes { bytes } => rest = &rest[bytes as usize..],
            Frame::Done { .. }
            | Frame::Entered(_)
            | Frame::Part { .. }
            | Frame::PartEnd { .. }
            | Frame::Failed(_)
            | Frame::Picture { .. } => {}
        }
    }
    assert!(rest.is_empty(), "the last frame ends too");
    text
}
