//! `atelier eval scale`: how import and search behave as a library grows, as a table and a picture.

use super::{in_scratch, picture, table};
use crate::{cli, out::Out};
use app::{
    Config,
    eval::{Scale, ScaleReport, Size, scale as measure},
};
use picture::{Curve, Panel};
use protocol::{Fault, FaultKind};
use std::{path::Path, process::ExitCode};

pub(super) async fn scale(config: Config, asked: cli::Scale, out: &Out) -> Result<ExitCode, Fault> {
    let report = match &asked.again {
        Some(earlier) => again(earlier)?,
        None => {
            let mut chunks = asked.chunks;
            chunks.sort_unstable();
            let wanted = Scale { chunks, real: asked.real };
            in_scratch(config, None, out, async |door, files| {
                let data = files.with_file_name("workspace");
                measure(&door.app, &wanted, files, &data, &|told| out.note(told)).await
            })
            .await?
        }
    };
    if let Some(path) = asked.picture {
        std::fs::write(&path, picture::draw("How a library grows", &panels(&report))).map_err(|error| {
            Fault::new(FaultKind::Unavailable, "eval.no_picture", format!("{}: {error}.", path.display()))
                .with("path", path.display())
                .with("detail", &error)
        })?;
    }
    out.value(&report, text);
    Ok(ExitCode::SUCCESS)
}

/// What an earlier run measured.
fn again(path: &Path) -> Result<ScaleReport, Fault> {
    let read = std::fs::read(path).map_err(|error| error.to_string());
    read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string())).map_err(|detail| {
        Fault::new(FaultKind::Invalid, "eval.no_report", format!("{} is no report of this: {detail}.", path.display()))
            .with("path", path.display())
            .with("detail", detail)
            .hint("Name a file that has what `atelier --json eval scale` printed.")
    })
}

fn panels(report: &ScaleReport) -> Vec<Panel> {
    let curve = |name: &'static str, y: &dyn Fn(&Size) -> f64| Curve {
        name,
        points: report.sizes.iter().map(|size| (f64::from(size.chunks), y(size))).collect(),
    };
    let ms = |value: &serde_json::Value, key: &str| value[key].as_f64().unwrap_or(0.0);
    let mut sum = 0.0;
    let so_far: Vec<(f64, f64)> = report
        .sizes
        .iter()
        .map(|size| {
            sum += size.words_s;
            (f64::from(size.chunks), sum)
        })
        .collect();
    vec![
        Panel { title: "Seconds of import", curves: vec![Curve { name: "found by words", points: so_far }] },
        Panel {
            title: "Milliseconds of a search",
            curves: vec![
                curve("words, median", &|size| ms(&size.typing, "p50_ms")),
                curve("words, 99 of 100", &|size| ms(&size.typing, "p99_ms")),
                curve("both, median", &|size| ms(&size.hybrid, "p50_ms")),
                curve("both, 99 of 100", &|size| ms(&size.hybrid, "p99_ms")),
            ],
        },
        Panel {
            title: "Bytes",
            curves: vec![
                curve("index, a page", &|size| size.index_per_page),
                curve("database, a page", &|size| size.database_per_page),
                curve("vectors, a passage", &|size| size.vectors_per_chunk),
            ],
        },
    ]
}

fn text(report: &ScaleReport) -> String {
    let pair = |times: &serde_json::Value| format!("{} / {}", times["p50_ms"], times["p99_ms"]);
    let rows: Vec<Vec<String>> = report
        .sizes
        .iter()
        .map(|size| {
            vec![
                size.chunks.to_string(),
                format!("{:.1}", size.words_s),
                format!("{:.0}", size.chunks_per_s),
                format!("{:.0}", size.pages_per_s),
                format!("{:.0} %", size.reading_share * 100.0),
                format!("{:.1}", size.vectors_s),
                format!("{:.0}", size.index_per_page),
                format!("{:.0}", size.database_per_page),
                pair(&size.typing),
                pair(&size.hybrid),
                pair(&size.while_reading),
                size.memory.map_or_else(|| "–".to_owned(), |bytes| format!("{:.0}", bytes as f64 / 1e6)),
            ]
        })
        .collect();
    let head = [
        "passages",
        "import s",
        "passages/s",
        "pages/s",
        "of it reading",
        "vectors s",
        "index B/page",
        "database B/page",
        "words ms (p50 / p99)",
        "both ms",
        "words while reading ms",
        "memory MB",
    ];
    let load = |load: Option<f64>| load.map_or_else(|| "–".to_owned(), |load| format!("{load:.1}"));
    let real = report.embedded_per_s.map_or_else(String::new, |rate| {
        format!("\nThe real embedding model reads {rate:.1} passages a second; the vectors here are random.")
    });
    format!("{}\nLoad: {} to {}.{real}", table(&head, &rows), load(report.load[0]), load(report.load[1]))
}
