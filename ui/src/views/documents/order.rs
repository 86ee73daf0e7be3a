//! The order of the documents' table, and which of its rows are drawn.

use crate::i18n;
use protocol::{DocumentState, DocumentView};
use std::cmp::Ordering;

/// So many rows are on the page at once: a large library opens and scrolls as a small one does.
pub(super) const DRAWN: usize = 200;
/// A row's usual height in CSS pixels, as in the style sheet; rows with more to say are higher.
pub(super) const ROW: f64 = 36.0;

/// A column that the table can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    Language,
    Pages,
    Size,
    State,
    Added,
}

/// By which column, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// The column.
    pub by: Column,
    /// From the greatest down.
    pub down: bool,
}

impl Order {
    /// Newest first.
    pub(super) const FIRST: Self = Self { by: Column::Added, down: true };

    /// After a press on a column's head: the other way round, or by that column.
    pub(super) fn pressed(self, by: Column) -> Self {
        let first_down = match by {
            Column::Added | Column::Pages | Column::Size => true,
            Column::Name | Column::Language | Column::State => false,
        };
        Self { by, down: if self.by == by { !self.down } else { first_down } }
    }

    /// What assistive technology is told of a column.
    pub(super) fn aria(self, of: Column) -> &'static str {
        match (self.by == of, self.down) {
            (false, _) => "none",
            (true, true) => "descending",
            (true, false) => "ascending",
        }
    }

    /// Sorts; documents that are equal keep their order.
    pub(super) fn sort(self, documents: &mut [&DocumentView]) {
        match self.by {
            // The names are made comparable once each, not at every comparison.
            Column::Name => documents.sort_by_cached_key(|document| i18n::folded(&document.name)),
            Column::Language => documents.sort_by(|a, b| a.language.cmp(&b.language)),
            Column::Pages => documents.sort_by_key(|document| document.pages),
            Column::Size => documents.sort_by_key(|document| document.bytes),
            Column::State => documents.sort_by(|a, b| by_state(&a.state, &b.state)),
            Column::Added => documents.sort_by_key(|document| document.added_at),
        }
        if self.down {
            documents.reverse();
        }
    }
}

/// What needs a person first, what is done last.
fn by_state(a: &DocumentState, b: &DocumentState) -> Ordering {
    let rank = |state: &DocumentState| match state {
        DocumentState::Failed { .. } => 0,
        DocumentState::Indexing { .. } => 1,
        DocumentState::Reading => 2,
        DocumentState::Waiting => 3,
        DocumentState::Ready { meaning: false } => 4,
        DocumentState::Ready { meaning: true } => 5,
    };
    rank(a).cmp(&rank(b))
}

/// What is seen of the drawn rows, in CSS pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Where the view begins in the whole table.
    pub top: f64,
    /// How high the view is.
    pub height: f64,
    /// How high the drawn rows are together.
    pub drawn: f64,
}

/// From which row on to draw, so that there are rows on both sides of what is seen.
pub(super) fn start(now: usize, count: usize, seen: Seen) -> usize {
    let last = count.saturating_sub(DRAWN);
    let now = now.min(last);
    let shown = (count - now).min(DRAWN);
    let average = if shown == 0 || seen.drawn <= 0.0 { ROW } else { seen.drawn / shown as f64 };
    let before = seen.top - now as f64 * ROW;
    let after = seen.drawn - before - seen.height;
    let enough = average * 20.0;
    if (before >= enough || now == 0) && (after >= enough || now == last) && before > -1.0 {
        return now;
    }
    // Scrolled: from the first row that is seen. Jumped beyond what is drawn: from the spot itself.
    let first = if before >= 0.0 && before <= seen.drawn {
        now as f64 + before / average
    } else if before < 0.0 {
        seen.top / ROW
    } else {
        now as f64 + shown as f64 + (before - seen.drawn) / ROW
    };
    (first.max(0.0) as usize).saturating_sub(DRAWN / 3).min(last)
}

/// From which row on to draw so that this one is among them.
pub(super) fn with(now: usize, count: usize, row: usize) -> usize {
    if (now..now + DRAWN).contains(&row) { now } else { row.saturating_sub(DRAWN / 2).min(count.saturating_sub(DRAWN)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(name: &str, pages: u32, added_at: i64) -> DocumentView {
        DocumentView {
            id: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
            name: name.into(),
            origin: String::new(),
            format: "pdf".into(),
            bytes: u64::from(pages) * 10,
            hash: String::new(),
            pages,
            passages: 0,
            language: None,
            author: None,
            dated: None,
            added_at,
            state: DocumentState::Ready { meaning: true },
            notes: Vec::new(),
            earlier: false,
            parent: None,
            labels: Vec::new(),
        }
    }

    #[test]
    fn documents_are_sorted_both_ways() {
        let all = [document("b", 3, 1), document("Été", 1, 2), document("A", 2, 3)];
        let table = [
            (Order::FIRST, ["A", "Été", "b"]),
            (Order { by: Column::Name, down: false }, ["A", "b", "Été"]),
            (Order { by: Column::Pages, down: true }, ["b", "A", "Été"]),
        ];
        for (order, expected) in table {
            let mut sorted: Vec<&DocumentView> = all.iter().collect();
            order.sort(&mut sorted);
            assert_eq!(sorted.iter().map(|document| document.name.as_str()).collect::<Vec<_>>(), expected);
        }
        assert_eq!(Order::FIRST.pressed(Column::Added), Order { by: Column::Added, down: false });
        assert_eq!(Order::FIRST.pressed(Column::Name), Order { by: Column::Name, down: false });
    }

    #[test]
    fn the_drawn_rows_follow_the_view() {
        let seen = |top: f64| Seen { top, height: 700.0, drawn: DRAWN as f64 * ROW };
        let table = [
            // A short list is drawn whole.
            (0, 100, 1_000.0, 0),
            // At the start, and a little further: nothing to do.
            (0, 10_000, 0.0, 0),
            (0, 10_000, 3_000.0, 0),
            // Near the end of what is drawn, and back again.
            (0, 10_000, 6_400.0, 111),
            (111, 10_000, 111.0 * ROW + 100.0, 47),
            // A jump down, a jump up, and the end of the list.
            (0, 10_000, 5_000.0 * ROW, 4_934),
            (4_934, 10_000, 100.0 * ROW, 34),
            (4_934, 10_000, 9_999.0 * ROW, 9_800),
        ];
        for (now, count, top, expected) in table {
            assert_eq!(start(now, count, seen(top)), expected, "{now} {top}");
        }
        assert_eq!(with(0, 10_000, 150), 0);
        assert_eq!(with(0, 10_000, 9_999), 9_800);
        assert_eq!(with(9_800, 10_000, 5), 0);
    }
}
