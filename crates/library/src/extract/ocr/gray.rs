//! A picture in shades of gray: read from PNG, turned, and written as PNG again.

use crate::extract::WordBox;
use std::io::Cursor;

/// More pixels are not looked at: of so many, each is a byte several times over.
const MOST_PIXELS: u64 = 40 << 20;
const WHITE: u8 = 255;
/// The grid on which word boxes are stored.
const GRID: f32 = 65_535.0;

/// A picture, a byte for each pixel: 0 is black.
#[derive(Clone, Debug, PartialEq)]
pub struct Gray {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u8>,
}

impl Gray {
    /// An empty page.
    pub fn white(width: u32, height: u32) -> Self {
        Self { width, height, pixels: vec![WHITE; width as usize * height as usize] }
    }

    /// Reads a PNG; None where it is none, or too large.
    pub fn of_png(png: &[u8]) -> Option<Self> {
        let mut decoder = png::Decoder::new(Cursor::new(png));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().ok()?;
        let (width, height) = (reader.info().width, reader.info().height);
        if u64::from(width) * u64::from(height) > MOST_PIXELS {
            return None;
        }
        let mut bytes = vec![0; reader.output_buffer_size()?];
        let frame = reader.next_frame(&mut bytes).ok()?;
        bytes.truncate(frame.buffer_size());
        let channels = frame.color_type.samples();
        let of = |pixel: &[u8]| match *pixel {
            [gray] => gray,
            // On white paper, like everything that is drawn.
            [gray, seen] => over_white(gray, seen),
            [red, green, blue] => luma(red, green, blue),
            [red, green, blue, seen] => over_white(luma(red, green, blue), seen),
            _ => WHITE,
        };
        let pixels: Vec<u8> = bytes.chunks_exact(channels).map(of).collect();
        (pixels.len() == width as usize * height as usize).then_some(Self { width, height, pixels })
    }

    /// The picture as a PNG.
    pub fn png(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().ok()?;
        writer.write_image_data(&self.pixels).ok()?;
        writer.finish().ok()?;
        Some(bytes)
    }

    /// What is darker than this is ink (Otsu, "A threshold selection method from gray-level histograms", 1979).
    pub fn darkness(&self) -> u8 {
        let mut counts = [0u64; 256];
        for pixel in &self.pixels {
            counts[usize::from(*pixel)] += 1;
        }
        let (all, sum) =
            (self.pixels.len() as f64, (0..).zip(counts).map(|(shade, n): (u64, u64)| shade * n).sum::<u64>());
        let (mut below, mut dark, mut best, mut widest) = (0.0, 0.0, 0, 0.0);
        for (shade, count) in (0u8..=255).zip(counts) {
            below += count as f64;
            dark += f64::from(shade) * count as f64;
            if below == 0.0 || below == all {
                continue;
            }
            let apart = dark / below - (sum as f64 - dark) / (all - below);
            let between = below * (all - below) * apart * apart;
            if between > widest {
                (widest, best) = (between, shade);
            }
        }
        best.saturating_add(1)
    }

    /// The page turned so that lines which fall by so many degrees are level, on a page that holds all of it.
    pub fn turned(&self, degrees: f32) -> (Self, Turn) {
        let turn = Turn::new(self, degrees);
        let mut page = Self::white(turn.to.0 as u32, turn.to.1 as u32);
        let width = page.width as usize;
        for (at, pixel) in page.pixels.iter_mut().enumerate() {
            let (x, y) = turn.back((at % width) as f32 + 0.5, (at / width) as f32 + 0.5);
            *pixel = self.shade(x - 0.5, y - 0.5);
        }
        (page, turn)
    }

    /// The shade between pixels; white beside the page.
    fn shade(&self, x: f32, y: f32) -> u8 {
        let (left, top) = (x.floor(), y.floor());
        let (right, down) = (x - left, y - top);
        let at = |x: f32, y: f32| {
            let inside = x >= 0.0 && y >= 0.0 && x < self.width as f32 && y < self.height as f32;
            if inside {
                f32::from(self.pixels[y as usize * self.width as usize + x as usize])
            } else {
                f32::from(WHITE)
            }
        };
        let above = at(left, top) * (1.0 - right) + at(left + 1.0, top) * right;
        let below = at(left, top + 1.0) * (1.0 - right) + at(left + 1.0, top + 1.0) * right;
        (above * (1.0 - down) + below * down).round() as u8
    }
}

/// How a page was turned.
pub struct Turn {
    sine: f32,
    cosine: f32,
    from: (f32, f32),
    to: (f32, f32),
}

impl Turn {
    fn new(page: &Gray, degrees: f32) -> Self {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let (width, height) = (page.width as f32, page.height as f32);
        let to = (width * cosine + height * sine.abs(), width * sine.abs() + height * cosine);
        Self { sine, cosine, from: (width, height), to: (to.0.ceil(), to.1.ceil()) }
    }

    /// Where a place on the turned page lies on the page as it was.
    fn back(&self, x: f32, y: f32) -> (f32, f32) {
        let (x, y) = (x - self.to.0 / 2.0, y - self.to.1 / 2.0);
        (x * self.cosine - y * self.sine + self.from.0 / 2.0, x * self.sine + y * self.cosine + self.from.1 / 2.0)
    }

    /// The same word's box on the page as it was: upright, and so a little larger.
    pub fn box_back(&self, word: WordBox) -> WordBox {
        let [left, top, right, bottom] = word.sides.map(|side| f32::from(side) / GRID);
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
        let corners = corners.map(|(x, y)| self.back(x * self.to.0, y * self.to.1));
        let share = |at: f32, of: f32| (at / of.max(1.0) * GRID).clamp(0.0, GRID) as u16;
        let xs = corners.map(|(x, _)| share(x, self.from.0));
        let ys = corners.map(|(_, y)| share(y, self.from.1));
        let least = |all: [u16; 4]| all.into_iter().min().unwrap_or_default();
        let most = |all: [u16; 4]| all.into_iter().max().unwrap_or_default();
        WordBox { sides: [least(xs), least(ys), most(xs), most(ys)], ..word }
    }
}

/// How light a colour looks (ITU-R BT.601).
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)) / 1_000) as u8
}

fn over_white(gray: u8, seen: u8) -> u8 {
    ((u32::from(gray) * u32::from(seen) + u32::from(WHITE) * (255 - u32::from(seen))) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_and_back() {
        let mut page = Gray::white(30, 20);
        page.pixels[45] = 7;
        assert_eq!(Gray::of_png(&page.png().unwrap()), Some(page));
        assert_eq!(Gray::of_png(b"\x89PNG\r\n\x1a\nno"), None);
        assert_eq!(Gray::of_png(b""), None);
    }

    #[test]
    fn what_is_ink() {
        let mut page = Gray::white(100, 100);
        page.pixels[..900].fill(60);
        page.pixels[900..1_000].fill(80);
        page.pixels[1_000..5_000].fill(230);
        assert!((81..=230).contains(&page.darkness()), "{}", page.darkness());
        assert!(Gray::white(0, 0).darkness() <= 1);
    }

    #[test]
    fn a_turned_page_holds_all_and_its_boxes_lead_back() {
        let mut page = Gray::white(400, 200);
        // A dark square near a corner.
        for y in 5..25 {
            page.pixels[y * 400 + 370..y * 400 + 390].fill(0);
        }
        let (turned, turn) = page.turned(10.0);
        assert!(turned.width > 400 && turned.height > 200);
        let dark: Vec<usize> = (0..turned.pixels.len()).filter(|at| turned.pixels[*at] < 128).collect();
        assert!((380..=420).contains(&dark.len()), "{}", dark.len());
        let (wide, high) = (turned.width as usize, turned.height as usize);
        let xs = || dark.iter().map(|at| at % wide);
        let ys = || dark.iter().map(|at| at / wide);
        let grid = |at: usize, of: usize| (at * 65_535 / of) as u16;
        let sides = [
            grid(xs().min().unwrap(), wide),
            grid(ys().min().unwrap(), high),
            grid(xs().max().unwrap() + 1, wide),
            grid(ys().max().unwrap() + 1, high),
        ];
        let back = turn.box_back(WordBox { start: 3, length: 4, sides });
        let [left, top, right, bottom] = back.sides.map(|side| f32::from(side) / 65_535.0);
        assert_eq!((back.start, back.length), (3, 4));
        let near = |at: f32, wanted: f32| (at - wanted).abs() < 9.0;
        assert!(near(left * 400.0, 370.0) && near(right * 400.0, 390.0), "{left} {right}");
        assert!(near(top * 200.0, 5.0) && near(bottom * 200.0, 25.0), "{top} {bottom}");
    }
}
