//! The numbers and bullets before the items of lists and before headings.

use super::{
    super::docx::numeral,
    styles::{Level, Styles},
};
use std::collections::HashMap;

/// How far the lists have counted.
#[derive(Default)]
pub(super) struct Lists {
    counters: HashMap<String, Vec<u32>>,
    outline: [u32; 10],
}

impl Lists {
    /// A list begins anew.
    pub fn begin(&mut self, style: &str) {
        self.counters.remove(style);
    }

    /// The number of the next heading of a level; empty where headings have none.
    pub fn heading(&mut self, styles: &Styles, level: u8) -> String {
        let at = usize::from(level.clamp(1, 10)) - 1;
        let Some(look) = styles.outline.get(at) else { return String::new() };
        self.outline[at] = if self.outline[at] == 0 { look.start.max(1) } else { self.outline[at].saturating_add(1) };
        self.outline[at + 1..].fill(0);
        numbered(&styles.outline, at, &self.outline)
    }

    /// The mark of the next item of a list at a depth.
    pub fn item(&mut self, styles: &Styles, style: &str, depth: usize) -> String {
        let Some(levels) = styles.lists.get(style) else { return "-".to_owned() };
        let at = depth.min(levels.len().saturating_sub(1));
        let counters = self.counters.entry(style.to_owned()).or_default();
        counters.resize(10, 0);
        let start = levels.get(at).map_or(1, |level| level.start.max(1));
        counters[at] = if counters[at] == 0 { start } else { counters[at].saturating_add(1) };
        counters[at + 1..].fill(0);
        match levels.get(at).map(|level| level.format.is_some()) {
            Some(true) => numbered(levels, at, counters),
            Some(false) | None => "-".to_owned(),
        }
    }
}

/// A number as a level of a list writes it, with the levels over it that it shows.
fn numbered(levels: &[Level], at: usize, counters: &[u32]) -> String {
    let Some(level) = levels.get(at) else { return String::new() };
    if level.format.as_deref().is_none_or(str::is_empty) {
        return String::new();
    }
    let first = (at + 1).saturating_sub(level.shown.max(1));
    let form = |at: usize| match levels[at].format.as_deref() {
        Some("a") => "lowerLetter",
        Some("A") => "upperLetter",
        Some("i") => "lowerRoman",
        Some("I") => "upperRoman",
        Some(_) | None => "decimal",
    };
    let numbers: Vec<String> = (first..=at).map(|at| numeral(counters[at].max(1), form(at))).collect();
    format!("{}{}{}", level.prefix, numbers.join("."), level.suffix).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_count_as_the_program_counts() {
        let level = |format: Option<&str>, suffix: &str, shown| Level {
            format: format.map(str::to_owned),
            suffix: suffix.into(),
            shown,
            start: 1,
            ..Level::default()
        };
        let mut styles = Styles::default();
        styles.lists.insert("L".into(), vec![level(Some("1"), ".", 1), level(Some("a"), ")", 2), level(None, "", 1)]);
        styles.outline = vec![level(Some("1"), "", 1), level(Some("1"), "", 2), level(Some(""), "", 1)];
        let mut lists = Lists::default();
        let marks = [0, 1, 1, 0, 1, 2].map(|depth| lists.item(&styles, "L", depth));
        assert_eq!(marks, ["1.", "1.a)", "1.b)", "2.", "2.a)", "-"]);
        lists.begin("L");
        assert_eq!(lists.item(&styles, "L", 0), "1.");
        assert_eq!(lists.item(&styles, "other", 3), "-");
        let numbers = [1, 2, 2, 1, 2, 3, 7].map(|level| lists.heading(&styles, level));
        assert_eq!(numbers, ["1", "1.1", "1.2", "2", "2.1", "", ""]);
    }
}
