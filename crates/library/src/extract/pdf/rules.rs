//! The lines that are drawn on a page, straight across or straight down: the borders of tables among them.

use super::layout::Rule;
use pdfium_render::prelude::*;

/// Objects of a page that are looked at: drawings and maps have more, and are no tables.
const MOST_OBJECTS: usize = 8_000;
/// Rules of a page.
const MOST: usize = 8_000;
/// Parts of a path.
const MOST_SEGMENTS: u32 = 400;
/// Forms in forms that are looked into.
const DEEPEST: usize = 4;
/// A line is straight that leaves its direction by so many points at most.
const STRAIGHT: f32 = 0.6;
/// Shorter ones, in points, are parts of letters and ornaments.
const SHORTEST: f32 = 4.0;

/// The rules of a page; `sides` places a rectangle on the grid.
pub fn rules(page: &PdfPage<'_>, sides: &super::Placed<'_>) -> Vec<Rule> {
    let mut gathered = Gathered { found: Vec::new(), left: MOST_OBJECTS, sides };
    gathered.take(page.objects().iter(), &[]);
    gathered.found
}

struct Gathered<'a> {
    found: Vec<Rule>,
    /// So many objects may still be looked at.
    left: usize,
    sides: &'a super::Placed<'a>,
}

impl Gathered<'_> {
    /// Takes objects in, those of forms too; the matrices lead from the innermost form out to the page.
    fn take<'p>(&mut self, objects: impl Iterator<Item = PdfPageObject<'p>>, forms: &[PdfMatrix]) {
        for object in objects {
            if self.left == 0 || self.found.len() >= MOST {
                return;
            }
            self.left -= 1;
            if let Some(path) = object.as_path_object().filter(|path| is_drawn(path)) {
                self.path(path, forms);
            } else if let Some(form) = object.as_x_object_form_object().filter(|_| forms.len() < DEEPEST)
                && let Ok(matrix) = form.matrix()
            {
                let forms: Vec<PdfMatrix> = [matrix].into_iter().chain(forms.iter().copied()).collect();
                self.take(form.iter(), &forms);
            }
        }
    }

    fn path(&mut self, path: &PdfPagePathObject<'_>, forms: &[PdfMatrix]) {
        let Ok(matrix) = path.matrix() else { return };
        let segments = path.segments();
        if segments.len() > MOST_SEGMENTS {
            return;
        }
        let (mut start, mut at) = (None, None);
        for segment in segments.transform(matrix).iter() {
            let point = forms.iter().fold(segment.point(), |(x, y), form| form.apply_to_points(x, y));
            let point = (point.0.value, point.1.value);
            match segment.segment_type() {
                PdfPathSegmentType::MoveTo => start = Some(point),
                PdfPathSegmentType::LineTo => self.found.extend(at.and_then(|from| rule(from, point, self.sides))),
                PdfPathSegmentType::BezierTo | PdfPathSegmentType::Unknown => {}
            }
            at = Some(point);
            if segment.is_close() {
                self.found.extend(start.and_then(|to| rule(point, to, self.sides)));
                at = start;
            }
        }
    }
}

/// Whether anything of a path is seen.
fn is_drawn(path: &PdfPagePathObject<'_>) -> bool {
    let filled = path.fill_mode().is_ok_and(|mode| mode != PdfPathFillMode::None);
    filled || path.is_stroked().unwrap_or(false)
}

/// The line from a point to another, where it runs straight across or down.
fn rule(from: (f32, f32), to: (f32, f32), sides: &super::Placed<'_>) -> Option<Rule> {
    let (wide, high) = ((to.0 - from.0).abs(), (to.1 - from.1).abs());
    if wide.max(high) < SHORTEST || wide.min(high) > STRAIGHT {
        return None;
    }
    let points = |at: f32| PdfPoints::new(at);
    let rect = PdfRect::new(
        points(from.1.min(to.1)),
        points(from.0.min(to.0)),
        points(from.1.max(to.1)),
        points(from.0.max(to.0)),
    );
    // On the page as it is shown: one that is turned has its borders turned, too.
    let [left, top, right, bottom] = sides(rect)?;
    Some(if right - left >= bottom - top {
        Rule { across: true, at: top / 2 + bottom / 2, from: left, to: right }
    } else {
        Rule { across: false, at: left / 2 + right / 2, from: top, to: bottom }
    })
}
