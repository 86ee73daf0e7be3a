//! A highlight lies where another reader of PDFs sees the words.

use crate::common::*;
use protocol::{Rect, Span};
use std::{collections::HashMap, path::PathBuf};

/// How far a side may lie from where the other reader has it, as a share of the page: about 8 points in
/// height, since the two do not measure a letter's height alike, and 5 in width.
const HEIGHT: f32 = 0.01;
const WIDTH: f32 = 0.008;
/// So many words make a quote.
const QUOTE: usize = 8;

/// A word and its left, top, right and bottom as shares of the page.
type Word = (String, [f32; 4]);

/// The words of each page, as `pdftotext -bbox` has them.
fn words(path: &std::path::Path) -> Vec<Vec<Word>> {
    // Another program than ours, for comparison.
    #[allow(clippy::disallowed_methods)]
    let out = std::process::Command::new("pdftotext")
        .arg("-bbox")
        .arg(path)
        .arg("-")
        .output()
        .expect("pdftotext is installed (poppler-utils)");
    let text = String::from_utf8(out.stdout).unwrap();
    let number = |line: &str, name: &str| -> f32 {
        line.split_once(&format!("{name}=\"")).unwrap().1.split('"').next().unwrap().parse().unwrap()
    };
    let mut pages: Vec<Vec<Word>> = Vec::new();
    let mut size = (1.0, 1.0);
    for line in text.lines().map(str::trim) {
        if line.starts_with("<page") {
            size = (number(line, "width"), number(line, "height"));
            pages.push(Vec::new());
        } else if line.starts_with("<word") {
            let word = line.split_once('>').unwrap().1.trim_end_matches("</word>");
            let word = word.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
            let (x, y) = (|name| number(line, name) / size.0, |name| number(line, name) / size.1);
            pages.last_mut().unwrap().push((word, [x("xMin"), y("yMin"), x("xMax"), y("yMax")]));
        }
    }
    pages
}

fn around(sides: impl Iterator<Item = [f32; 4]>) -> [f32; 4] {
    sides.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]).unwrap()
}

fn sides(rect: &Rect) -> [f32; 4] {
    [rect.x, rect.y, rect.x + rect.w, rect.y + rect.h]
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_are_highlighted_where_pdftotext_has_their_words() {
    let here = Here::new().await;
    let samples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/sample");
    let names = ["office-lease.pdf", "supplier-services-agreement.pdf", "kaufvertrag-maschine.pdf"];
    let library = here.open().await;
    library.import(&here.person, &names.map(|name| samples.join(name))).await.unwrap();
    idle(&library).await;
    let documents: HashMap<_, _> = here.store.documents().await.unwrap().into_iter().map(|d| (d.name, d.id)).collect();
    for name in names {
        let mut compared = 0;
        for (page, theirs) in words(&samples.join(name)).iter().enumerate() {
            let page = page as u32 + 1;
            let text = library.page(documents[name], page, None, 100).await.unwrap().text;
            // Where each of our words stands, in chars.
            let mut ours: Vec<(usize, &str)> = Vec::new();
            for word in text.split_whitespace() {
                let byte = word.as_ptr() as usize - text.as_ptr() as usize;
                ours.push((text[..byte].chars().count(), word));
            }
            for quote in ours.chunks_exact(QUOTE) {
                let same = |at: &[Word]| at.iter().map(|w| w.0.as_str()).eq(quote.iter().map(|w| w.1));
                let found: Vec<_> = theirs.windows(QUOTE).filter(|at| same(at)).collect();
                // Words that stand there twice, or that a line's end cuts in two, say nothing.
                let [found] = found[..] else { continue };
                let (start, last) = (quote[0].0, quote[QUOTE - 1]);
                let span = Span { start: start as u32, end: (last.0 + last.1.chars().count()) as u32 };
                let shown = library.page(documents[name], page, Some(span), 100).await.unwrap();
                for (word, [left, top, right, bottom]) in found {
                    let (x, y) = ((left + right) / 2.0, (top + bottom) / 2.0);
                    let inside = |r: &Rect| r.x <= x && x <= r.x + r.w && r.y <= y && y <= r.y + r.h;
                    assert!(
                        shown.boxes.iter().any(inside),
                        "{name}, page {page}: {word:?} of {quote:?} is not highlighted"
                    );
                }
                let (box_, expected) = (around(shown.boxes.iter().map(sides)), around(found.iter().map(|w| w.1)));
                for (side, limit) in [WIDTH, HEIGHT, WIDTH, HEIGHT].into_iter().enumerate() {
                    let off = (box_[side] - expected[side]).abs();
                    assert!(off <= limit, "{name}, page {page}: {quote:?} is off by {off}: {box_:?}, not {expected:?}");
                }
                compared += 1;
            }
        }
        assert!(compared >= 10, "{name}: only {compared} quotes could be compared");
    }
    library.shutdown().await;
}
