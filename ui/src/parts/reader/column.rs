//! Where do the pages of a document lie when they stand in one column, and which of them are in sight?

use protocol::PageEntry;
use std::ops::Range;

/// The room between two pages, in CSS pixels.
pub const GAP: f64 = 16.0;
/// CSS pixels in a point.
const OF_A_POINT: f64 = 96.0 / 72.0;
/// The highest that a browser lays out without fail, in CSS pixels.
const HIGHEST: f64 = 30_000_000.0;
/// The sizes that the buttons step through, in percent.
const STEPS: [u32; 11] = [25, 50, 67, 80, 100, 125, 150, 200, 300, 400, 600];

/// How large the pages are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zoom {
    /// As wide as there is room.
    Fit,
    /// A share of their own size.
    Percent(u32),
}

impl Zoom {
    /// The next larger size than what is shown now, in percent.
    pub fn larger(shown: u32) -> Self {
        Self::Percent(STEPS.into_iter().find(|step| *step > shown).unwrap_or(STEPS[STEPS.len() - 1]))
    }

    /// The next smaller one.
    pub fn smaller(shown: u32) -> Self {
        Self::Percent(STEPS.into_iter().rev().find(|step| *step < shown).unwrap_or(STEPS[0]))
    }
}

/// A place in the column, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// From the column's top.
    pub top: f64,
    /// The page's width.
    pub width: f64,
    /// The page's height.
    pub height: f64,
}

/// Pages with a fixed layout, one under the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    places: Vec<Place>,
    /// The widest page, in CSS pixels.
    pub width: f64,
    /// Of all of them with the gaps.
    pub height: f64,
    /// Their size, in percent of their own.
    pub percent: u32,
}

impl Column {
    /// Lays the pages out in a room of this width.
    pub fn of(pages: &[PageEntry], zoom: Zoom, room: f64) -> Self {
        let widest = pages.iter().map(|page| f64::from(page.width)).fold(1.0, f64::max) * OF_A_POINT;
        let own: f64 = pages.iter().map(|page| f64::from(page.height) * OF_A_POINT).sum();
        let wanted = match zoom {
            Zoom::Fit => (room / widest).clamp(0.1, 2.0),
            Zoom::Percent(percent) => f64::from(percent) / 100.0,
        };
        let scale = wanted.min(HIGHEST / own.max(1.0));
        let mut top = GAP;
        let places = pages.iter().map(|page| {
            let side = |points: f32| f64::from(points) * OF_A_POINT * scale;
            let place = Place { top, width: side(page.width), height: side(page.height) };
            top += place.height + GAP;
            place
        });
        let places = places.collect();
        Self { places, width: widest * scale, height: top, percent: (scale * 100.0).round() as u32 }
    }

    /// Where a page lies, by its index.
    pub fn place(&self, index: usize) -> Option<Place> {
        self.places.get(index).copied()
    }

    /// The page at this height, by its index; the nearest where there is none.
    pub fn at(&self, y: f64) -> usize {
        self.places.partition_point(|place| place.top <= y).saturating_sub(1)
    }

    /// The pages in sight, and one more at each side, by their indices.
    pub fn seen(&self, top: f64, height: f64) -> Range<usize> {
        let last = self.at(top + height) + 2;
        self.at(top).saturating_sub(1)..last.min(self.places.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(sizes: &[(f32, f32)]) -> Vec<PageEntry> {
        let page = |(at, &(width, height)): (usize, &(f32, f32))| PageEntry {
            page: at as u32 + 1,
            label: None,
            width,
            height,
        };
        sizes.iter().enumerate().map(page).collect()
    }

    #[test]
    fn the_widest_page_fits_and_the_others_keep_their_share() {
        let column = Column::of(&pages(&[(600.0, 800.0), (300.0, 400.0)]), Zoom::Fit, 400.0);
        assert_eq!(column.percent, 50);
        assert_eq!(column.width, 400.0);
        let place = column.place(1).expect("two pages");
        assert!((place.width - 200.0).abs() < 1e-6 && (place.height - 800.0 / 3.0).abs() < 1e-6, "{place:?}");
        assert!((place.top - (GAP * 2.0 + 1600.0 / 3.0)).abs() < 1e-6, "{place:?}");
    }

    #[test]
    fn only_what_is_in_sight_is_drawn() {
        let column = Column::of(&pages(&[(600.0, 600.0); 1000]), Zoom::Percent(75), 100.0);
        // Pages of 600 pixels with gaps of 16.
        for (top, seen) in [(0.0, 0..3), (616.0 * 10.0 + 20.0, 9..13), (616.0 * 999.0 + 20.0, 998..1000)] {
            assert_eq!(column.seen(top, 700.0), seen, "{top}");
        }
        assert_eq!((column.at(0.0), column.at(617.0), column.at(1e9)), (0, 0, 999));
        assert_eq!(Column::default().seen(0.0, 700.0), 0..0);
    }

    #[test]
    fn a_column_is_never_higher_than_a_browser_can_draw() {
        let column = Column::of(&pages(&[(600.0, 800.0); 10_000]), Zoom::Percent(600), 100.0);
        assert!(column.height < HIGHEST * 1.01, "{}", column.height);
        assert!(column.percent < 600);
    }

    #[test]
    fn sizes_go_by_steps() {
        for (shown, larger, smaller) in [(100, 125, 80), (137, 150, 125), (600, 600, 400), (10, 25, 25)] {
            assert_eq!((Zoom::larger(shown), Zoom::smaller(shown)), (Zoom::Percent(larger), Zoom::Percent(smaller)));
        }
    }
}
