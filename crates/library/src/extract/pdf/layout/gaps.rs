//! Where does a word end that nothing in the file ends?
//!
//! Many programs write no blanks but move to where the next word begins. PDFium guesses most of these from how
//! far that is; where the font changes in between (`new` in italics, then the next word) it often does not, and
//! two words would be one that nobody looks for. Here a gap between two letters ends a word, unless all letters
//! around it stand so far apart.

use super::Glyph;

/// A gap of so many line heights parts words; poppler takes a tenth of the font's size.
const WORD_GAP: f32 = 0.17;
/// Letters that are half as far apart, most of them, are spaced for looks.
const SPACED: f32 = 0.5;

/// The glyphs with the blanks that are missing; `aspect` takes heights to widths.
pub(super) fn with_blanks(glyphs: &[Glyph], aspect: f32) -> Vec<Glyph> {
    let mut all = Vec::with_capacity(glyphs.len());
    let mut at = 0;
    while at < glyphs.len() {
        let end = run(glyphs, at);
        let run = &glyphs[at..end];
        let apart = wide(run, aspect);
        for (n, glyph) in run.iter().enumerate() {
            if n > 0 && apart.contains(&n) {
                all.push(Glyph { value: ' ', sides: None, size: glyph.size });
            }
            all.push(*glyph);
        }
        at = end;
    }
    all
}

/// The end of the letters from `start` on that follow each other to the right on one line, with no blank between.
fn run(glyphs: &[Glyph], start: usize) -> usize {
    let follows = |pair: &[Glyph]| {
        let [Some(a), Some(b)] = [pair[0].sides, pair[1].sides] else { return false };
        let shared = i32::from(a[3].min(b[3])) - i32::from(a[1].max(b[1]));
        let lower = i32::from(a[3] - a[1].min(a[3])).min(i32::from(b[3] - b[1].min(b[3])));
        b[0] > a[0] && shared * 2 > lower
    };
    start + 1 + glyphs[start..].windows(2).take_while(|pair| follows(pair)).count()
}

/// Before which letters of a run a word begins.
fn wide(run: &[Glyph], aspect: f32) -> Vec<usize> {
    let sides: Vec<[u16; 4]> = run.iter().filter_map(|glyph| glyph.sides).collect();
    let gaps: Vec<f32> = sides.windows(2).map(|pair| f32::from(pair[1][0]) - f32::from(pair[0][2])).collect();
    let height = sides.iter().map(|sides| sides[3].saturating_sub(sides[1])).max().unwrap_or(0);
    let least = WORD_GAP * f32::from(height) * aspect;
    let mut found: Vec<usize> = (0..gaps.len()).filter(|n| gaps[*n] > least).map(|n| n + 1).collect();
    if !found.is_empty() {
        let mut sorted = gaps;
        sorted.sort_by(f32::total_cmp);
        if sorted[(sorted.len() - 1) / 2] > SPACED * least {
            found.clear();
        }
    }
    found
}
