//! Pages whose text runs up or down them: a wide table that lies sideways, a page that was turned after it was
//! written. They are laid out as if the page lay the other way. Pure.

use super::{Glyph, Rule, Sheet};

/// The end of the grid.
const END: u16 = 65_535;
/// So large a share of the letters runs the same way, where a page is turned.
const MOST: f32 = 0.7;
/// Fewer letters are a mark at the page's edge.
const LEAST: usize = 60;

/// Which way the text of a page runs, other than to the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Down the page.
    Down,
    /// Up the page.
    Up,
}

impl Turn {
    /// The way that most letters follow each other.
    pub(super) fn of(sheet: &Sheet<'_>) -> Option<Self> {
        let (mut down, mut up, mut all) = (0usize, 0usize, 0usize);
        let middle = |sides: [u16; 4]| {
            let half = |a: u16, b: u16| (f32::from(a) + f32::from(b)) / 2.0;
            (half(sides[0], sides[2]) * sheet.width, half(sides[1], sides[3]) * sheet.height)
        };
        for pair in sheet.glyphs.windows(2) {
            let (Some(from), Some(to)) = (pair[0].sides, pair[1].sides) else { continue };
            // Such scripts are written downwards with their letters upright.
            if is_upright(pair[0].value) {
                all += 1;
                continue;
            }
            let (from, to) = (middle(from), middle(to));
            let (right, below) = (to.0 - from.0, to.1 - from.1);
            all += 1;
            down += usize::from(below > right.abs());
            up += usize::from(-below > right.abs());
        }
        let most = |count: usize| all >= LEAST && count as f32 >= MOST * all as f32;
        match (most(down), most(up)) {
            (true, _) => Some(Self::Down),
            (_, true) => Some(Self::Up),
            (false, false) => None,
        }
    }

    /// A box as it lies on the page when its text runs to the right.
    fn level(self, [left, top, right, bottom]: [u16; 4]) -> [u16; 4] {
        match self {
            Self::Down => [top, END - right, bottom, END - left],
            Self::Up => [END - bottom, left, END - top, right],
        }
    }

    /// The same box on the page as it is.
    pub(super) fn back(self, sides: [u16; 4]) -> [u16; 4] {
        match self {
            Self::Down => Self::Up.level(sides),
            Self::Up => Self::Down.level(sides),
        }
    }

    pub(super) fn glyphs(self, glyphs: &[Glyph]) -> Vec<Glyph> {
        glyphs.iter().map(|glyph| Glyph { sides: glyph.sides.map(|sides| self.level(sides)), ..*glyph }).collect()
    }

    pub(super) fn rules(self, rules: &[Rule]) -> Vec<Rule> {
        let rule = |rule: &Rule| {
            let sides = match rule.across {
                true => [rule.from, rule.at, rule.to, rule.at],
                false => [rule.at, rule.from, rule.at, rule.to],
            };
            let [left, top, right, bottom] = self.level(sides);
            match rule.across {
                true => Rule { across: false, at: left, from: top, to: bottom },
                false => Rule { across: true, at: top, from: left, to: right },
            }
        };
        rules.iter().map(rule).collect()
    }
}

/// Whether a letter of this kind stands upright in a line that runs down the page.
fn is_upright(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}')
}

#[cfg(test)]
mod tests {
    use super::{super::tests::set, *};
    use crate::extract::pdf::layout::{Hyphens, lay_out};

    const PAGE: (f32, f32) = (595.0, 842.0);

    fn lines() -> Vec<(u16, u16, f32, &'static str)> {
        vec![
            (2_000, 2_000, 10.0, "The fees of the house are these, for a year:"),
            (2_000, 6_000, 10.0, "Cleaning          900.00"),
            (2_000, 7_000, 10.0, "Winter service    480.00"),
            (2_000, 8_000, 10.0, "Lifts           1,250.00"),
        ]
    }

    #[test]
    fn a_page_on_its_side_reads_as_the_page_upright() {
        let glyphs = set(&lines());
        let rules = [Rule { across: true, at: 5_000, from: 1_000, to: 40_000 }];
        let upright =
            lay_out(Sheet { glyphs: &glyphs, rules: &rules, width: PAGE.1, height: PAGE.0 }, &mut Hyphens::default());
        assert!(upright.text.contains("The fees of the house"), "{}", upright.text);
        for (turn, other) in [(Turn::Down, Turn::Up), (Turn::Up, Turn::Down)] {
            // Turned the other way, the page lies on its side.
            let (glyphs, rules) = (other.glyphs(&glyphs), other.rules(&rules));
            let sheet = Sheet { glyphs: &glyphs, rules: &rules, width: PAGE.0, height: PAGE.1 };
            assert_eq!(Turn::of(&sheet), Some(turn));
            assert_eq!(turn.rules(&rules), [Rule { across: true, at: 5_000, from: 1_000, to: 40_000 }]);
            let page = lay_out(sheet, &mut Hyphens::default());
            assert_eq!(page.text, upright.text);
            let back: Vec<[u16; 4]> = page.words.iter().map(|word| turn.level(word.sides)).collect();
            assert_eq!(back, upright.words.iter().map(|word| word.sides).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_lines_of_a_page_on_its_side_are_put_in_order() {
        // PDFium tells them from the last to the first.
        let lines = [
            (2_000, 3_000, 10.0, "before the first day of the month that follows it."),
            (2_000, 2_000, 10.0, "The tenant gives notice of ninety days, in writing,"),
        ];
        let glyphs = Turn::Up.glyphs(&set(&lines));
        let page =
            lay_out(Sheet { glyphs: &glyphs, rules: &[], width: PAGE.0, height: PAGE.1 }, &mut Hyphens::default());
        assert_eq!(
            page.text,
            "The tenant gives notice of ninety days, in writing, before the first day of the month that follows it."
        );
    }

    #[test]
    fn what_runs_to_the_right_or_is_written_downwards_stays() {
        let glyphs = set(&lines());
        fn sheet(glyphs: &[Glyph]) -> Sheet<'_> {
            Sheet { glyphs, rules: &[], width: PAGE.0, height: PAGE.1 }
        }
        assert_eq!(Turn::of(&sheet(&glyphs)), None);
        assert_eq!(Turn::of(&sheet(&[])), None);
        let column: Vec<Glyph> = (0..200u16)
            .map(|n| Glyph { value: '契', sides: Some([60_000, n * 300, 60_800, n * 300 + 250]), size: 10.0 })
            .collect();
        assert_eq!(Turn::of(&sheet(&column)), None);
        // A mark at the edge of a page that is level.
        let edge = Turn::Up.glyphs(&set(&[(2_000, 2_000, 8.0, "Draft of the first of May, for the board only")]));
        let all = [&glyphs[..], &edge].concat();
        assert_eq!(Turn::of(&sheet(&all)), None);
    }
}
