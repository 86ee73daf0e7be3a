//! What a chart or a diagram says: its words, and its figures as a table.

use super::{
    Flow, tidy,
    xml::{Node, Xml},
};
use protocol::Fault;

/// Points of one series that are read.
const MOST_POINTS: usize = 2_000;
/// Series that are read.
const MOST_SERIES: usize = 100;

/// What was read of a drawing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// Its words: titles, the texts of a diagram.
    words: Vec<String>,
    /// Its figures, the first row names the series.
    rows: Vec<Vec<String>>,
}

impl Said {
    /// Adds it to a text.
    pub fn write(&self, flow: &mut Flow) {
        for (at, line) in self.words.iter().enumerate() {
            flow.item(&format!("- {line}"), 0, at > 0);
        }
        for (at, row) in self.rows.iter().enumerate() {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            flow.row(&cells, at == 0, at > 0);
        }
    }

    /// All of it in one line.
    pub fn flat(&self) -> String {
        let rows = self.rows.iter().map(|row| row.join(" "));
        self.words.iter().cloned().chain(rows).collect::<Vec<_>>().join("; ")
    }
}

#[derive(Default)]
struct Series {
    name: String,
    /// Category and value by the number of the point.
    categories: Vec<String>,
    values: Vec<String>,
}

/// Reads a chart's or a diagram's part.
pub(crate) fn said(text: &str) -> Result<Said, Fault> {
    let mut xml = Xml::of(text);
    let (mut said, mut all, mut series) = (Said::default(), Vec::<Series>::new(), None::<Series>);
    let (mut para, mut point, mut part) = (String::new(), 0usize, String::new());
    let (mut in_text, mut in_value) = (false, false);
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.name() {
                "ser" => series = Some(Series::default()),
                name @ ("tx" | "cat" | "val" | "xVal" | "yVal") => part = name.to_owned(),
                "pt" => point = tag.number("idx").unwrap_or(0),
                "v" => in_value = true,
                "t" => in_text = true,
                "p" => para.clear(),
                _ => {}
            },
            Node::Close(name) => match name.as_str() {
                "ser" => {
                    if let Some(series) = series.take().filter(|_| all.len() < MOST_SERIES) {
                        all.push(series);
                    }
                }
                "v" => in_value = false,
                "t" => in_text = false,
                "p" => {
                    let line = tidy(&para).split_whitespace().collect::<Vec<_>>().join(" ");
                    if !line.is_empty() {
                        said.words.push(line);
                    }
                    para.clear();
                }
                _ => {}
            },
            Node::Text(text) => {
                if in_text {
                    para.push_str(&text);
                }
                if let Some(series) = series.as_mut().filter(|_| in_value && point < MOST_POINTS) {
                    let column = match part.as_str() {
                        "cat" | "xVal" => &mut series.categories,
                        "val" | "yVal" => &mut series.values,
                        _ => {
                            series.name.push_str(&text);
                            continue;
                        }
                    };
                    column.resize(column.len().max(point + 1), String::new());
                    column[point].push_str(&text);
                }
            }
        }
    }
    let longest = all.iter().map(|s| s.values.len().max(s.categories.len())).max().unwrap_or(0);
    if longest > 0 {
        let names = all.iter().map(|series| series.name.clone());
        said.rows.push([String::new()].into_iter().chain(names).collect());
        for at in 0..longest {
            let category = all.iter().find_map(|s| s.categories.get(at).filter(|c| !c.is_empty()).cloned());
            let values = all.iter().map(|s| s.values.get(at).cloned().unwrap_or_default());
            said.rows.push([category.unwrap_or_default()].into_iter().chain(values).collect());
        }
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_its_title_and_a_table() {
        let point = |at: usize, value: &str| format!("<c:pt idx='{at}'><c:v>{value}</c:v></c:pt>");
        let series = |name: &str, values: [&str; 2]| {
            format!(
                "<c:ser><c:tx><c:strRef><c:strCache>{}</c:strCache></c:strRef></c:tx><c:cat>{}{}</c:cat><c:val>{}{}</c:val></c:ser>",
                point(0, name),
                point(0, "2024"),
                point(1, "2025"),
                point(0, values[0]),
                point(1, values[1])
            )
        };
        let text = format!(
            "<c:chart><c:title><a:p><a:r><a:t>Rent </a:t></a:r><a:r><a:t>by year</a:t></a:r></a:p></c:title>{}{}</c:chart>",
            series("Flat", ["900", "950"]),
            series("Shop", ["1200", ""])
        );
        let said = said(&text).unwrap();
        assert_eq!(said.words, ["Rent by year"]);
        assert_eq!(said.rows, [["", "Flat", "Shop"], ["2024", "900", "1200"], ["2025", "950", ""]]);
    }
}
