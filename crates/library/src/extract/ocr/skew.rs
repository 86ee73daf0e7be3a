//! How far the lines of a scanned page are from level, by projection profiles (Postl, "Detection of linear oblique
//! structures and skew scan in digitized documents", ICPR 1986): along the lines of a text, rows of ink and rows of
//! paper alternate most sharply.

use super::gray::Gray;

/// Pages are looked for within so many degrees of level.
const WIDEST: f32 = 20.0;
/// Tesseract itself reads what is as level as this.
const LEVEL: f32 = 2.0;
/// A page is turned where its lines stand out so much more sharply than they do as it is.
const CLEARER: f64 = 1.25;
/// So many dark pixels tell the angle.
const ENOUGH: usize = 40_000;
/// Fewer are no text.
const LEAST: usize = 300;

/// The angle of a page's lines to level, in degrees: above 0 where they fall to the right. None where they are level
/// enough, or it has none to tell it by.
pub fn skew(page: &Gray) -> Option<f32> {
    let ink = ink(page);
    if ink.len() < LEAST {
        return None;
    }
    let height = page.height as f32;
    let sharpest = |angles: &mut dyn Iterator<Item = f32>| {
        angles.map(|angle| (sharpness(&ink, angle, height), angle)).max_by(|a, b| a.0.total_cmp(&b.0))
    };
    let steps = WIDEST as i32;
    let (_, rough) = sharpest(&mut (-steps..=steps).map(|step| step as f32))?;
    let (sharp, angle) = sharpest(&mut (-10..=10).map(|step| rough + step as f32 / 10.0))?;
    (angle.abs() >= LEVEL && sharp >= CLEARER * sharpness(&ink, 0.0, height)).then_some(angle)
}

/// Where ink ends downwards, which most letters do on their line; a black bar or a photo has an edge only. Thinned out
/// by chance, since a grid has rows of its own in some direction.
fn ink(page: &Gray) -> Vec<(f32, f32)> {
    let (width, dark) = (page.width as usize, page.darkness());
    let ends = |at: &usize| page.pixels[*at] < dark && page.pixels[at + width] >= dark;
    let all = || (0..page.pixels.len().saturating_sub(width)).filter(ends);
    let one_in = (all().count() / ENOUGH).max(1) as u32;
    // Knuth's multiplicative hash.
    let kept = |at: &usize| ((*at as u32).wrapping_mul(2_654_435_761) >> 12).is_multiple_of(one_in);
    all().filter(kept).map(|at| ((at % width) as f32, (at / width) as f32)).collect()
}

/// How sharply rows of ink alternate with rows of paper where the page is turned by so many degrees.
fn sharpness(ink: &[(f32, f32)], degrees: f32, height: f32) -> f64 {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    // Two pixels to a row: letters are some 20 high.
    let row = |(x, y): (f32, f32)| ((y * cosine - x * sine) / 2.0).floor() as i32;
    let mut rows = vec![0u32; height as usize * 2];
    let middle = rows.len() as i32 / 2 - height as i32 / 4;
    for point in ink {
        if let Some(count) = usize::try_from(row(*point) + middle).ok().and_then(|at| rows.get_mut(at)) {
            *count += 1;
        }
    }
    rows.windows(2).map(|pair| (f64::from(pair[0]) - f64::from(pair[1])).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of short strokes, falling by so many degrees.
    fn page(degrees: f32) -> Gray {
        let mut page = Gray::white(1_200, 1_600);
        let slope = degrees.to_radians().tan();
        for line in 0..25u32 {
            for x in (150..1_050u32).filter(|x| x % 13 < 8) {
                for y in 0..12 {
                    let y = 200.0 + (line * 45 + y) as f32 + x as f32 * slope;
                    if (0.0..1_600.0).contains(&y) {
                        page.pixels[y as usize * 1_200 + x as usize] = 20;
                    }
                }
            }
        }
        page
    }

    #[test]
    fn the_angle_of_the_lines() {
        for degrees in [-15.0, -7.0, -2.5, 2.5, 4.0, 7.3, 12.0, 18.0] {
            let found = skew(&page(degrees)).unwrap();
            assert!((found - degrees).abs() < 0.35, "{degrees}: {found}");
        }
        for level in [0.0, 1.2, -1.5] {
            assert_eq!(skew(&page(level)), None, "{level}");
        }
    }

    #[test]
    fn what_has_no_lines_stays_as_it_is() {
        assert_eq!(skew(&Gray::white(800, 600)), None);
        // A black bar, and noise.
        let mut bar = Gray::white(800, 600);
        bar.pixels[..800 * 300].fill(0);
        assert_eq!(skew(&bar), None);
        let mut state = 7u32;
        let mut noise = Gray::white(800, 600);
        for pixel in &mut noise.pixels {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *pixel = (state >> 24) as u8;
        }
        assert_eq!(skew(&noise), None);
        assert_eq!(skew(&Gray::white(0, 0)), None);
    }
}
