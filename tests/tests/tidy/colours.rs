//! Every pair of colours that the interface uses is readable in both themes.

use atelier_tests::{contrast, place};

const INKS: &[&str] = &["ink", "ink-2", "ink-3", "blue", "local", "outside", "danger"];

/// An ink, the ground it is on, what lies under a ground that lets light through, and the least contrast.
type Pair = (String, String, Option<String>, f64);

fn pairs() -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    let mut add = |ink: &str, ground: &str, under: Option<&str>, least: f64| {
        pairs.push((ink.to_owned(), ground.to_owned(), under.map(str::to_owned), least));
    };
    for ink in INKS {
        for surface in ["desk", "sheet", "well", "raised"] {
            add(ink, surface, None, 4.5);
        }
        for surface in ["desk", "sheet", "raised"] {
            add(ink, "hover", Some(surface), 4.5);
            add(ink, "selected", Some(surface), 4.5);
        }
    }
    for ink in ["ink", "ink-2"] {
        add(ink, "active", Some("sheet"), 4.5);
        add(ink, "active", Some("raised"), 4.5);
    }
    for colour in ["blue", "local", "outside", "danger"] {
        let wash = format!("{colour}-wash");
        for ink in [colour, "ink", "ink-2", "ink-3"] {
            add(ink, &wash, None, 4.5);
        }
    }
    for (ink, ground) in [
        ("paper-ink", "paper"),
        ("paper-ink", "paper-mark"),
        ("on-ink", "ink-fill"),
        ("on-ink", "ink-fill-hover"),
        ("on-blue", "blue-fill"),
        ("on-danger", "danger-fill"),
        ("sheet", "outside"),
        ("ink", "mark"),
        ("ink", "mark-strong"),
    ] {
        add(ink, ground, None, 4.5);
    }
    for person in 1..=6 {
        add(&format!("p{person}"), &format!("p{person}-wash"), None, 4.5);
        add("sheet", &format!("p{person}"), None, 4.5);
    }
    for surface in ["desk", "sheet", "well", "raised"] {
        for mark in ["line-control", "focus", "outside-fill"] {
            add(mark, surface, None, 3.0);
        }
    }
    add("blue-fill", "sheet", None, 3.0);
    add("mark-line", "mark", None, 1.5);
    pairs
}

#[test]
fn every_pair_can_be_read_in_both_themes() {
    let css = std::fs::read_to_string(place::root().join("ui/styles/tokens.css")).unwrap();
    let light = contrast::block(&css, ":root");
    let mut dark = light.clone();
    dark.extend(contrast::block(&css, ":root[data-theme=\"dark\"]"));
    let mut system = light.clone();
    system.extend(contrast::block(&css, ":root:not([data-theme=\"light\"])"));
    assert_eq!(dark, system, "the two dark blocks of tokens.css must be the same");
    let mut low = Vec::new();
    for (theme, name) in [(&light, "light"), (&dark, "dark")] {
        for (ink, ground, under, least) in pairs() {
            let found = contrast::ratio(theme, &ink, &ground, under.as_deref());
            if found < least {
                low.push(format!("{name}: {ink} on {ground} ({under:?}) is {found:.2}, needs {least}"));
            }
        }
    }
    assert!(low.is_empty(), "{}", low.join("\n"));
}
