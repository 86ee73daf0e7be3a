//! The contrast of colour pairs in a token sheet, by WCAG 2.2.

use std::collections::HashMap;

/// The colours of a theme by name, as the sheet writes them.
pub type Theme = HashMap<String, String>;

/// The custom properties of the first block that follows a selector.
pub fn block(css: &str, selector: &str) -> Theme {
    let css = without_comments(css);
    let after = css.split_once(&format!("{selector} {{")).unwrap_or_else(|| panic!("no block {selector}")).1;
    let inside = after.split('}').next().expect("a block ends");
    inside
        .split(';')
        .filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

fn without_comments(css: &str) -> String {
    let mut plain = String::new();
    let mut rest = css;
    while let Some((before, comment)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    plain + rest
}

/// The contrast of an ink on a ground; a ground that lets light through lies on `under`.
pub fn ratio(theme: &Theme, ink: &str, ground: &str, under: Option<&str>) -> f64 {
    let under = under.map(|name| colour(theme, name, None));
    let (one, other) = (light(colour(theme, ink, None)), light(colour(theme, ground, under)));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn colour(theme: &Theme, name: &str, under: Option<[f64; 3]>) -> [f64; 3] {
    let value = theme.get(name).unwrap_or_else(|| panic!("no colour --{name}"));
    if let Some(hex) = value.strip_prefix('#') {
        let part = |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("two hex digits"));
        return [part(0), part(2), part(4)];
    }
    let numbers: Vec<f64> = value
        .trim_start_matches("rgba(")
        .trim_end_matches(')')
        .split(',')
        .map(|number| number.trim().parse().unwrap_or_else(|_| panic!("--{name}: {value}")))
        .collect();
    let under = under.unwrap_or_else(|| panic!("--{name} lets light through: on what?"));
    std::array::from_fn(|at| (numbers[at] * numbers[3] + under[at] * (1.0 - numbers[3])).round())
}

fn light([red, green, blue]: [f64; 3]) -> f64 {
    let part = |value: f64| {
        let value = value / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ratios() {
        let theme = block(
            ":root { --black: #000000; /* --black: #FFFFFF; */ --white: #FFFFFF; --grey: #767676; --veil: rgba(0, 0, 0, .5); }",
            ":root",
        );
        for (ink, ground, under, expected) in [
            ("black", "white", None, 21.0),
            ("grey", "white", None, 4.54),
            ("white", "veil", Some("white"), 3.95),
            ("white", "white", None, 1.0),
        ] {
            let found = ratio(&theme, ink, ground, under);
            assert!((found - expected).abs() < 0.05, "{ink} on {ground}: {found}");
        }
    }
}
