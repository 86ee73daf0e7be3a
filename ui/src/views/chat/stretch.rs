//! Which rows of a transcript are on the page: one stretch of them around what is seen. Those above
//! and below it are blank space of their height, measured when they were last drawn, else estimated.
//! So a chat of thousands of items costs what its visible part costs.

use protocol::ItemId;
use std::{collections::HashMap, ops::Range};

/// Rows are drawn this far beyond both edges of the view, in CSS pixels.
const DRAWN: f64 = 1_000.0;
/// The stretch moves when less than this is left beyond an edge.
const ENOUGH: f64 = 600.0;
/// A row that was never measured, while none was.
const USUAL: f64 = 180.0;
/// Between two rows, as in the style sheet.
const GAP: f64 = 22.0;
/// While text is selected, rows that were drawn stay, up to so many.
const SELECTED: usize = 400;

/// How high rows are, with the gap that follows each, in CSS pixels.
#[derive(Default)]
pub struct Heights {
    known: HashMap<ItemId, f64>,
    sum: f64,
}

impl Heights {
    /// A row was measured, without its gap. One that is not laid out tells nothing.
    pub fn learn(&mut self, id: ItemId, height: f64) {
        if height > 0.0 {
            let height = height + GAP;
            self.sum += height - self.known.insert(id, height).unwrap_or(0.0);
        }
    }

    /// What a row takes: measured, else the mean of those that were.
    pub fn of(&self, id: ItemId) -> f64 {
        self.known.get(&id).copied().unwrap_or_else(|| self.mean())
    }

    fn mean(&self) -> f64 {
        if self.known.is_empty() { USUAL } else { self.sum / self.known.len() as f64 }
    }

    fn all(&self, ids: &[ItemId]) -> f64 {
        ids.iter().map(|id| self.of(*id)).sum()
    }
}

/// The view, in CSS pixels from the first row's upper edge.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Its upper edge; negative over the first row.
    pub top: f64,
    /// How high it is.
    pub height: f64,
}

/// What is on the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stretch {
    /// The rows that are drawn, as places among all.
    pub rows: Range<usize>,
    /// The blank above them, in CSS pixels.
    pub above: f64,
    /// The blank below them.
    pub below: f64,
}

/// The view's upper edge as the heights known now have it, from how far below the page's list it begins.
/// The blank on the page is as high as was estimated when it was drawn: what is seen of it is scaled.
pub fn located(ids: &[ItemId], heights: &Heights, page: &Stretch, offset: f64) -> f64 {
    let rows = page.rows.start.min(ids.len())..page.rows.end.min(ids.len());
    if rows.is_empty() {
        return offset;
    }
    let (above, drawn) = (heights.all(&ids[..rows.start]), heights.all(&ids[rows.clone()]));
    let scaled = |part: f64, of: f64, to: f64| if of > 0.0 { part * to / of } else { part };
    let into = offset - page.above;
    if into < 0.0 {
        above + scaled(into, page.above, above)
    } else if into > drawn {
        above + drawn + scaled(into - drawn, page.below, heights.all(&ids[rows.end..]))
    } else {
        above + into
    }
}

/// The stretch for a view. `now` is kept while it covers enough, so that it moves seldom.
pub fn around(ids: &[ItemId], heights: &Heights, seen: Seen, now: Range<usize>) -> Stretch {
    let now = now.start.min(ids.len())..now.end.min(ids.len());
    let needed = within(ids, heights, seen, ENOUGH);
    let most = within(ids, heights, seen, DRAWN * 2.0);
    let kept = now.start <= needed.start && now.end >= needed.end && now.start >= most.start && now.end <= most.end;
    placed(ids, heights, if kept && !now.is_empty() { now } else { within(ids, heights, seen, DRAWN) })
}

/// The stretch made longer, so that rows drawn before stay: text selected in them would be lost.
pub fn with(ids: &[ItemId], heights: &Heights, next: Stretch, now: Range<usize>) -> Stretch {
    let long = next.rows.start.min(now.start)..next.rows.end.max(now.end).min(ids.len());
    if now.is_empty() || long.len() > SELECTED { next } else { placed(ids, heights, long) }
}

/// The stretch at the end, for a view of which nothing is known yet.
pub fn at_end(ids: &[ItemId], heights: &Heights) -> Stretch {
    let seen = Seen { top: heights.all(ids), height: 0.0 };
    placed(ids, heights, within(ids, heights, seen, DRAWN))
}

/// Where a row begins, in CSS pixels from the first one's upper edge.
pub fn top_of(ids: &[ItemId], heights: &Heights, row: usize) -> f64 {
    heights.all(&ids[..row.min(ids.len())])
}

fn placed(ids: &[ItemId], heights: &Heights, rows: Range<usize>) -> Stretch {
    Stretch { above: heights.all(&ids[..rows.start]), below: heights.all(&ids[rows.end..]), rows }
}

/// The rows that a view shows once it is made higher by `more` at both edges; at least one, if there is one.
fn within(ids: &[ItemId], heights: &Heights, seen: Seen, more: f64) -> Range<usize> {
    let (from, to) = (seen.top - more, seen.top + seen.height + more);
    let mut edge = 0.0;
    let (mut start, mut end) = (None, 0);
    for (at, id) in ids.iter().enumerate() {
        let top = edge;
        edge += heights.of(*id);
        if edge > from && start.is_none() {
            start = Some(at);
        }
        if top < to {
            end = at + 1;
        }
    }
    let start = start.unwrap_or(ids.len().saturating_sub(1));
    start..end.max(start + 1).min(ids.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> Vec<ItemId> {
        (0..count).map(|at| format!("00000000-0000-7000-8000-{at:012}").parse().unwrap()).collect()
    }

    fn known(ids: &[ItemId], height: f64) -> Heights {
        let mut heights = Heights::default();
        ids.iter().for_each(|id| heights.learn(*id, height - GAP));
        heights
    }

    #[test]
    fn a_stretch_covers_the_view_and_no_more_than_it_must() {
        let all = ids(5_000);
        let heights = known(&all, 100.0);
        for top in [-40.0, 0.0, 333.0, 250_000.0, 499_400.0, 499_990.0] {
            let drawn = around(&all, &heights, Seen { top, height: 600.0 }, 0..0);
            let (first, last) = (drawn.rows.start as f64 * 100.0, drawn.rows.end as f64 * 100.0);
            assert!(first <= top.max(0.0) && last >= (top + 600.0).min(500_000.0), "{top}: {drawn:?}");
            assert!(drawn.rows.len() < 45, "{top}: {drawn:?}");
            assert_eq!((drawn.above, drawn.below), (first, 500_000.0 - last), "{top}");
        }
    }

    #[test]
    fn a_stretch_moves_only_when_its_edge_comes_near_and_is_let_go_when_it_grew_long() {
        let all = ids(1_000);
        let heights = known(&all, 100.0);
        let seen = |top: f64| Seen { top, height: 600.0 };
        let first = around(&all, &heights, seen(50_000.0), 0..0);
        assert_eq!(around(&all, &heights, seen(50_300.0), first.rows.clone()).rows, first.rows);
        assert_ne!(around(&all, &heights, seen(50_500.0), first.rows.clone()).rows, first.rows);
        // Nothing drawn before is near the view, or far too much is drawn.
        for now in [0..20, 980..1_000, 0..1_000] {
            assert_eq!(around(&all, &heights, seen(50_000.0), now).rows, first.rows);
        }
    }

    #[test]
    fn the_view_is_found_again_where_the_blank_was_estimated_otherwise() {
        let all = ids(30);
        let heights = known(&all, 100.0);
        // Drawn when rows were thought to be half as high.
        let page = Stretch { rows: 10..20, above: 500.0, below: 500.0 };
        for (offset, expected) in
            [(500.0, 1_000.0), (900.0, 1_400.0), (0.0, 0.0), (250.0, 500.0), (1_500.0, 2_000.0), (2_000.0, 3_000.0)]
        {
            assert_eq!(located(&all, &heights, &page, offset), expected, "{offset}");
        }
        assert_eq!(located(&all, &heights, &Stretch::default(), 70.0), 70.0);
        // Older rows came before what was the first one.
        let page = Stretch { rows: 10..30, above: 0.0, below: 0.0 };
        assert_eq!((located(&all, &heights, &page, 40.0), located(&all, &heights, &page, -9.0)), (1_040.0, 991.0));
    }

    #[test]
    fn selected_rows_stay_while_they_are_not_too_many() {
        let all = ids(5_000);
        let heights = known(&all, 100.0);
        let drawn = around(&all, &heights, Seen { top: 20_000.0, height: 600.0 }, 0..0);
        let longer = with(&all, &heights, drawn.clone(), 150..160);
        assert_eq!((longer.rows.start, longer.rows.end, longer.above), (150, drawn.rows.end, 15_000.0));
        assert_eq!(with(&all, &heights, drawn.clone(), 4_990..5_000), drawn);
        assert_eq!(with(&all, &heights, drawn.clone(), 0..0), drawn);
    }

    #[test]
    fn the_end_is_drawn_before_anything_is_measured() {
        let all = ids(60);
        let drawn = at_end(&all, &Heights::default());
        assert_eq!((drawn.rows.end, drawn.below), (60, 0.0));
        assert!((5..20).contains(&drawn.rows.len()), "{drawn:?}");
        assert_eq!(at_end(&[], &Heights::default()), Stretch::default());
        assert_eq!(at_end(&all[..2], &Heights::default()).rows, 0..2);
    }

    #[test]
    fn rows_that_were_never_measured_are_thought_as_high_as_the_others_are() {
        let all = ids(4);
        let mut heights = known(&all[..2], 122.0);
        assert_eq!(heights.of(all[3]), 122.0);
        heights.learn(all[0], 300.0);
        assert_eq!((heights.of(all[0]), heights.of(all[3])), (322.0, 222.0));
        heights.learn(all[0], 0.0);
        assert_eq!(heights.of(all[0]), 322.0, "a row that is not laid out tells nothing");
        assert_eq!(top_of(&all, &heights, 2), 444.0);
    }

    #[test]
    fn fewer_rows_than_were_drawn_and_views_beyond_them_are_no_harm() {
        let all = ids(3);
        let heights = known(&all, 100.0);
        for seen in [Seen { top: 90_000.0, height: 600.0 }, Seen { top: -90_000.0, height: 0.0 }] {
            let drawn = around(&all, &heights, seen, 40..60);
            assert!(!drawn.rows.is_empty() && drawn.rows.end <= 3, "{drawn:?}");
        }
        assert_eq!(around(&[], &heights, Seen { top: 0.0, height: 600.0 }, 40..60), Stretch::default());
    }
}
