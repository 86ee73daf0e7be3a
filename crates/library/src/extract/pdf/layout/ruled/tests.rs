//! Words between drawn lines.

use super::*;

/// A page of 655 by 655 points, so that a point is a hundred units of the grid.
const SIDE: f32 = 655.35;

fn across(at: u16, from: u16, to: u16) -> Rule {
    Rule { across: true, at: at * 100, from: from * 100, to: to * 100 }
}

fn down(at: u16, from: u16, to: u16) -> Rule {
    Rule { across: false, at: at * 100, from: from * 100, to: to * 100 }
}

/// A line of words five points wide to a letter, from these points on.
fn line(left: u16, top: u16, text: &str) -> Line {
    let mut at = left;
    let words: Vec<Piece> = text
        .split(' ')
        .map(|word| {
            let wide = word.chars().count() as u16 * 5;
            let sides = [at * 100, top * 100, (at + wide) * 100, (top + 10) * 100];
            at += wide + 4;
            Piece { text: word.to_owned(), sides }
        })
        .collect();
    let sides = words.iter().map(|word| word.sides).reduce(around).unwrap();
    Line { words, sides, size: 10.0, hyphenated: false }
}

/// The page as text: a line for each line and each row.
fn shown(lines: Vec<Line>, rules: &[Rule]) -> String {
    let words = |words: &[Piece]| words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let parts = find(lines, rules, SIDE, SIDE).into_iter().map(|part| match part {
        Part::Line(line) => words(&line.words),
        Part::Table(rows) => {
            let row = |row: &TableRow| {
                row.iter().map(|(n, cell)| format!("{n}:{}", words(cell))).collect::<Vec<_>>().join(" | ")
            };
            rows.iter().map(row).collect::<Vec<_>>().join("\n")
        }
    });
    parts.collect::<Vec<_>>().join("\n")
}

/// The borders of a table of three columns and two rows, each cell's drawn by itself.
fn borders() -> Vec<Rule> {
    let mut rules = Vec::new();
    for (left, right) in [(50, 150), (150, 250), (250, 350)] {
        for (top, bottom) in [(100, 120), (120, 160)] {
            rules.extend([
                across(top, left, right),
                across(bottom, left, right),
                down(left, top, bottom),
                down(right, top, bottom),
            ]);
        }
    }
    rules
}

fn page() -> Vec<Line> {
    vec![
        line(50, 50, "The fees are these."),
        line(55, 105, "Service"),
        line(155, 105, "What it is"),
        line(255, 105, "Fee"),
        line(155, 125, "A visit on"),
        // In the middle of a row of three lines.
        line(55, 135, "Inspection"),
        line(155, 135, "every first"),
        line(255, 135, "900.00"),
        line(155, 145, "Monday"),
        line(50, 200, "They are due at once."),
    ]
}

const TABLE: &str = "The fees are these.\n1:Service | 2:What it is | 3:Fee\n\
    1:Inspection | 2:A visit on every first Monday | 3:900.00\nThey are due at once.";

#[test]
fn wrapped_and_centred_cells_are_cells() {
    assert_eq!(shown(page(), &borders()), TABLE);
    // PDFium takes words of one height for one line.
    let mut together = page();
    let fee = together.remove(7);
    let what = together.remove(6);
    together[5].words.extend(what.words.into_iter().chain(fee.words));
    assert_eq!(shown(together, &borders()), TABLE);
}

#[test]
fn a_table_may_be_open_at_its_sides() {
    let rules =
        [across(100, 50, 350), across(120, 50, 350), across(160, 50, 350), down(150, 100, 160), down(250, 100, 160)];
    assert_eq!(shown(page(), &rules), TABLE);
}

#[test]
fn lines_that_nearly_meet_do() {
    let mut rules = borders();
    for rule in &mut rules {
        (rule.from, rule.to) = (rule.from + 120, rule.to - 120);
        rule.at += 90;
    }
    assert_eq!(shown(page(), &rules), TABLE);
}

#[test]
fn cells_without_a_border_between_them_are_one() {
    let mut rules = borders();
    // The first two of the heading row; the last column from top to bottom.
    rules.retain(|rule| !(!rule.across && rule.at == 15_000 && rule.to == 12_000));
    rules.retain(|rule| !(rule.across && rule.at == 12_000 && rule.from == 25_000));
    let lines = vec![
        line(55, 105, "Service and what it is"),
        line(255, 105, "Fee"),
        line(55, 135, "Inspection"),
        line(155, 135, "A visit"),
        line(255, 135, "in euros"),
    ];
    assert_eq!(shown(lines, &rules), "1:Service and what it is | 3:Fee in euros\n1:Inspection | 2:A visit");
}

#[test]
fn an_empty_cell_keeps_its_place_and_a_table_in_a_cell_its_own() {
    let mut lines = page();
    lines.remove(7);
    assert!(shown(lines, &borders()).contains("1:Inspection | 2:A visit on every first Monday\n"));
    let outer = [
        across(90, 40, 500),
        across(300, 40, 500),
        across(400, 40, 500),
        down(40, 90, 400),
        down(400, 90, 400),
        down(500, 90, 400),
    ];
    let mut lines = page();
    lines.extend([line(410, 110, "Annex"), line(60, 350, "Total"), line(410, 350, "1")]);
    let rules: Vec<Rule> = outer.into_iter().chain(borders()).collect();
    let text = shown(lines, &rules);
    assert!(text.contains("1:Inspection | 2:A visit on every first Monday | 3:900.00"), "{text}");
    assert_eq!(text.matches("Inspection").count(), 1, "{text}");
    assert!(text.contains("1:They are due at once. | 2:Annex\n1:Total | 2:1"), "{text}");
}

#[test]
fn what_is_no_table_stays_text() {
    let plain: Vec<String> = page().iter().map(|line| shown(vec![line.clone()], &[])).collect();
    let plain = plain.join("\n");
    for (name, rules) in [
        ("no lines", vec![]),
        ("a frame", vec![across(40, 40, 400), across(300, 40, 400), down(40, 40, 300), down(400, 40, 300)]),
        ("a line over and under", vec![across(95, 40, 400), across(190, 40, 400)]),
        (
            "two columns",
            vec![across(40, 40, 400), across(300, 40, 400), down(40, 40, 300), down(150, 40, 300), down(400, 40, 300)],
        ),
        // Lines of a drawing: the words lie across them.
        ("a drawing", (0..12).flat_map(|n| [across(40 + 20 * n, 40, 400), down(40 + 13 * n, 40, 260)]).collect()),
    ] {
        assert_eq!(shown(page(), &rules), plain, "{name}");
    }
}

#[test]
fn any_rules_end() {
    let mut state = 7u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u16
    };
    for size in [1, 3, 40, 800] {
        let rules: Vec<Rule> =
            (0..size).map(|n| Rule { across: n % 2 == 0, at: next(), from: next(), to: next() }).collect();
        for side in [SIDE, 1.0, 0.01, 100_000.0] {
            assert!(!find(page(), &rules, side, side).is_empty());
        }
    }
    find(
        page(),
        &[Rule { across: true, at: 0, from: 0, to: 0 }, Rule { across: false, at: 65_535, from: 65_535, to: 0 }],
        0.0,
        0.0,
    );
}

/// Lines between rows, and under the last.
const BETWEEN: [u16; 3] = [118, 160, 180];

fn between() -> Vec<Rule> {
    BETWEEN.iter().map(|at| across(*at, 50, 350)).collect()
}

fn with_rows() -> Vec<Line> {
    let mut page = page();
    page.insert(9, line(55, 165, "Cleaning"));
    page.insert(10, line(155, 165, "Twice a week"));
    page.insert(11, line(255, 165, "480.00"));
    page
}

#[test]
fn lines_between_rows_make_rows_whose_cells_are_apart() {
    let expected = TABLE.replace("900.00\n", "900.00\n1:Cleaning | 2:Twice a week | 3:480.00\n");
    // The names of the columns stand over the first line.
    assert_eq!(shown(with_rows(), &between()), expected);
    let mut closed = between();
    closed.push(across(100, 50, 350));
    assert_eq!(shown(with_rows(), &closed), expected);
}

#[test]
fn lines_between_texts_make_no_rows() {
    let plain: Vec<String> = with_rows().iter().map(|line| shown(vec![line.clone()], &[])).collect();
    // Lines over and under a body of several rows, as in a book: they do not say where a row ends.
    let body = [across(100, 50, 350), across(118, 50, 350), across(180, 50, 350)];
    let mut rows = with_rows();
    for (at, word) in [(4, "once"), (4, "x")] {
        rows.insert(at, line(if word == "x" { 255 } else { 55 }, 125, word));
    }
    rows.insert(12, line(55, 150, "again"));
    rows.insert(13, line(255, 150, "12.00"));
    let texts: Vec<String> = rows.iter().map(|line| shown(vec![line.clone()], &[])).collect();
    assert_eq!(shown(rows, &body), texts.join("\n"));
    // A paragraph between two lines each.
    let paragraphs = vec![line(50, 105, "One paragraph of a text"), line(50, 125, "another one of it")];
    let texts: Vec<String> = paragraphs.iter().map(|line| shown(vec![line.clone()], &[])).collect();
    assert_eq!(shown(paragraphs, &between()), texts.join("\n"));
    // Lines that do not begin and end together.
    let others = [across(118, 50, 350), across(160, 70, 350), across(180, 50, 300)];
    assert_eq!(shown(with_rows(), &others), plain.join("\n"));
}

#[test]
fn specks_on_the_first_line_are_no_names() {
    let mut page = with_rows();
    for left in [60, 200] {
        let mut speck = line(left, 118, ".");
        speck.words[0].sides = [left * 100, 11_850, left * 100 + 50, 11_860];
        speck.sides = speck.words[0].sides;
        page.push(speck);
    }
    page.retain(|line| line.sides[1] != 10_500);
    assert!(!find(page, &between(), SIDE, SIDE).is_empty());
}

#[test]
fn lines_that_part_some_columns_only_part_none() {
    // A box with one line down, between the years, and two figures on either side of it.
    let mut rules = vec![down(50, 100, 160), down(200, 100, 160), down(350, 100, 160)];
    rules.extend([across(100, 50, 350), across(120, 50, 350), across(160, 50, 350)]);
    let rows = |top| vec![line(55, top, "Sales"), line(110, top, "900"), line(210, top, "100"), line(300, top, "11.5")];
    let lines: Vec<Line> = [105, 125, 140].into_iter().flat_map(rows).collect();
    let mut together: Vec<Line> = lines
        .chunks(4)
        .map(|row| {
            let words: Vec<Piece> = row.iter().flat_map(|line| line.words.clone()).collect();
            let sides = words.iter().map(|word| word.sides).reduce(around).unwrap();
            Line { words, sides, size: 10.0, hyphenated: false }
        })
        .collect();
    assert_eq!(shown(together.clone(), &rules), "Sales 900 100 11.5\nSales 900 100 11.5\nSales 900 100 11.5");
    // One line down between all of them parts them, and figures have a row each.
    rules.extend([down(100, 100, 160), down(290, 100, 160)]);
    together.truncate(3);
    assert_eq!(shown(together, &rules), "1:Sales | 2:900 | 3:100 | 4:11.5\n".repeat(3).trim_end());
}
