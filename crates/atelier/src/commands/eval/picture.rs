//! Curves as an SVG picture: both axes in powers of ten, no script, readable in light and dark.

use std::fmt::Write as _;

/// A curve with its name.
pub(super) struct Curve {
    pub(super) name: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// Curves over one pair of axes.
pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) curves: Vec<Curve>,
}

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 44.0;
const GAP: f64 = 40.0;
const BELOW: f64 = 110.0;
/// Seen by people who see colours differently, on white and on black.
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
const INK: &str = "#777777";

/// Draws panels side by side.
pub(super) fn draw(title: &str, panels: &[Panel]) -> String {
    let width = panels.len() as f64 * (LEFT + WIDTH + GAP);
    let height = TOP + HEIGHT + BELOW;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"{INK}\">\n<title>{title}</title>\n"
    );
    for (at, panel) in panels.iter().enumerate() {
        let left = LEFT + at as f64 * (LEFT + WIDTH + GAP);
        panel.draw(left, &mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Whole powers of ten around some numbers.
fn decades(all: impl Iterator<Item = f64>) -> (i32, i32) {
    let logs = all.filter(|x| *x > 0.0).map(f64::log10);
    let (least, most) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
    if least > most {
        return (0, 1);
    }
    let (from, to) = (least.floor() as i32, most.ceil() as i32);
    (from, to.max(from + 1))
}

impl Panel {
    fn draw(&self, left: f64, svg: &mut String) {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let (x_from, x_to) = decades(points().map(|(x, _)| *x));
        let (y_from, y_to) = decades(points().map(|(_, y)| *y));
        let place = |value: f64, from: i32, to: i32| (value.log10() - f64::from(from)) / f64::from(to - from);
        let x = |value: f64| left + place(value, x_from, x_to) * WIDTH;
        let y = |value: f64| TOP + HEIGHT - place(value, y_from, y_to) * HEIGHT;
        let bottom = TOP + HEIGHT;
        let _ =
            writeln!(svg, "<text x=\"{left:.0}\" y=\"{:.0}\" font-weight=\"bold\">{}</text>", TOP - 16.0, self.title);
        for power in x_from..=x_to {
            let at = x(10f64.powi(power));
            let _ = writeln!(svg, "<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"{INK}\" stroke-opacity=\".3\"/>");
            let _ = writeln!(
                svg,
                "<text x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
                bottom + 16.0,
                short(power)
            );
        }
        for power in y_from..=y_to {
            let at = y(10f64.powi(power));
            let _ = writeln!(svg, "<path d=\"M{left} {at:.1}h{WIDTH}\" stroke=\"{INK}\" stroke-opacity=\".3\"/>");
            let _ = writeln!(
                svg,
                "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 6.0,
                at + 4.0,
                short(power)
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">passages</text>",
            left + WIDTH / 2.0,
            bottom + 32.0
        );
        for (at, (curve, colour)) in self.curves.iter().zip(COLOURS.iter().cycle()).enumerate() {
            let drawn: Vec<(f64, f64)> =
                curve.points.iter().filter(|(a, b)| *a > 0.0 && *b > 0.0).map(|(a, b)| (x(*a), y(*b))).collect();
            let path: Vec<String> = drawn.iter().map(|(a, b)| format!("{a:.1} {b:.1}")).collect();
            let _ =
                writeln!(svg, "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>", path.join("L"));
            for (a, b) in drawn {
                let _ = writeln!(svg, "<circle cx=\"{a:.1}\" cy=\"{b:.1}\" r=\"3\" fill=\"{colour}\"/>");
            }
            let line = bottom + 50.0 + at as f64 * 15.0;
            let _ = writeln!(svg, "<path d=\"M{left} {:.0}h14\" stroke=\"{colour}\" stroke-width=\"2\"/>", line - 4.0);
            let _ = writeln!(svg, "<text x=\"{:.0}\" y=\"{line:.0}\">{}</text>", left + 20.0, curve.name);
        }
    }
}

/// A power of ten as people write it.
fn short(power: i32) -> String {
    match power {
        0..=2 => 10u32.pow(power as u32).to_string(),
        3..=5 => format!("{}k", 10u32.pow(power as u32 - 3)),
        6..=8 => format!("{}M", 10u32.pow(power as u32 - 6)),
        -3..=-1 => format!("{:.*}", (-power) as usize, 10f64.powi(power)),
        _ => format!("1e{power}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_lie_within_their_axes() {
        let curve = Curve { name: "words", points: vec![(1_000.0, 0.5), (100_000.0, 40.0), (1e6, 0.0)] };
        let svg = draw("t", &[Panel { title: "Milliseconds", curves: vec![curve] }]);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
        // 10^3 is the left end, 10^5 two thirds of the way to 10^6, 0.5 between 0.1 and 1.
        assert!(svg.contains("<circle cx=\"52.0\"") && svg.contains("<circle cx=\"252.0\""), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2, "nothing has no place among powers of ten");
        for label in [">0.1<", ">1<", ">100<", ">1k<", ">1M<", ">words<"] {
            assert!(svg.contains(label), "{label}");
        }
    }

    #[test]
    fn axes_of_nothing() {
        assert_eq!(decades(std::iter::empty()), (0, 1));
        assert_eq!(decades([10.0].into_iter()), (1, 2));
        assert_eq!([-2, 0, 2, 3, 5, 6, 9].map(short), ["0.01", "1", "100", "1k", "100k", "1M", "1e9"]);
    }
}
