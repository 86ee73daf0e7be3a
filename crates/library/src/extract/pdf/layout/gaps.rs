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

/// Letters nearer than so many line heights touch.
const TOUCHING: f32 = 0.1;
/// A page is written downwards for PDFium where so large a share of its line ends, and so many, are between letters
/// that touch.
const FALSE_ENDS: (f32, usize) = (0.5, 6);
/// On such a page letters nearer than so many line heights are on one line.
const SAME_LINE: f32 = 0.6;

/// The glyphs without the line ends between letters that follow each other on one line: pages with little on them
/// PDFium takes for ones that are written downwards, with a line for each letter.
pub(super) fn without_false_ends(glyphs: &[Glyph], aspect: f32) -> Vec<Glyph> {
    let is_end = |glyph: &Glyph| matches!(glyph.value, '\r' | '\n');
    let (mut ends, mut touching) = (0usize, 0usize);
    let mut last: Option<(usize, [u16; 4])> = None;
    for (at, glyph) in glyphs.iter().enumerate().filter(|(_, glyph)| !is_end(glyph)) {
        let Some(sides) = glyph.sides else { continue };
        if let Some((_, before)) = last.filter(|(before, _)| glyphs[before + 1..at].iter().any(is_end)) {
            ends += 1;
            touching += usize::from(goes_on(before, sides, TOUCHING, aspect));
        }
        last = Some((at, sides));
    }
    if touching < FALSE_ENDS.1 || (touching as f32) < FALSE_ENDS.0 * ends as f32 {
        return glyphs.to_vec();
    }
    let mut all: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    // The line ends and blanks since the last letter.
    let mut held: Vec<Glyph> = Vec::new();
    let mut last = None;
    for glyph in glyphs {
        let Some(sides) = glyph.sides else {
            held.push(*glyph);
            continue;
        };
        if last.is_some_and(|last| goes_on(last, sides, SAME_LINE, aspect)) {
            held.retain(|glyph| !is_end(glyph));
        }
        all.append(&mut held);
        all.push(*glyph);
        last = Some(sides);
    }
    all.append(&mut held);
    all
}

/// Whether a letter follows another to the right at its height, nearer than so many line heights.
fn goes_on(last: [u16; 4], next: [u16; 4], near: f32, aspect: f32) -> bool {
    let height = f32::from(last[3].saturating_sub(last[1]).max(next[3].saturating_sub(next[1]))) * aspect;
    let gap = f32::from(next[0]) - f32::from(last[2]);
    next[0] > last[0] && is_level(last, next) && (-0.2 * height..near * height).contains(&gap)
}

/// Whether two letters stand at the same height.
fn is_level(a: [u16; 4], b: [u16; 4]) -> bool {
    let shared = i32::from(a[3].min(b[3])) - i32::from(a[1].max(b[1]));
    let lower = i32::from(a[3].saturating_sub(a[1])).min(i32::from(b[3].saturating_sub(b[1])));
    shared * 2 > lower
}

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
        b[0] > a[0] && is_level(a, b)
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
