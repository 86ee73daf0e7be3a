//! `atelier eval retrieval`: how often the right document is found, and how high.

use super::{in_scratch, table};
use crate::{cli, out::Out};
use app::{
    Config,
    eval::{Half, Retrieval, RetrievalReport, retrieval as measure},
};
use protocol::{Fault, SearchMode};
use std::process::ExitCode;

pub(super) async fn retrieval(config: Config, asked: cli::Retrieval, out: &Out) -> Result<ExitCode, Fault> {
    let mut modes = asked.mode.list();
    if asked.rerank {
        modes.push(SearchMode::Reranked);
    }
    let wanted = Retrieval {
        corpus: asked.corpus,
        split: asked.split,
        modes,
        half: asked.half.map(|half| match half {
            cli::Half::Tuning => Half::Tuning,
            cli::Half::Report => Half::Report,
        }),
        limit: asked.limit,
        runs: asked.runs,
    };
    let report = in_scratch(config, Some(&asked.cache), out, async |door, files| {
        measure(&door.app, &wanted, files, &|told| out.note(told)).await
    })
    .await?;
    for missing in wanted.modes.iter().filter(|mode| report.modes.iter().all(|measured| measured.mode != **mode)) {
        out.note(match missing {
            SearchMode::Reranked => "no reranker is installed, or it fell behind for every question",
            SearchMode::Hybrid | SearchMode::Text | SearchMode::Vector => {
                "without an embedding model there is only the search by words"
            }
        });
    }
    out.value(&report, text);
    Ok(ExitCode::SUCCESS)
}

fn text(report: &RetrievalReport) -> String {
    let rows: Vec<Vec<String>> = report
        .modes
        .iter()
        .map(|measured| {
            let figures = [measured.ndcg_10, measured.recall_100, measured.mrr_10].map(|x| format!("{x:.4}"));
            let times = [measured.p50_ms, measured.p99_ms].map(|x| format!("{x:.1}"));
            let late = match measured.fell_back {
                0 => String::new(),
                late => format!(" ({late} without it)"),
            };
            let mode = format!("{:?}", measured.mode).to_lowercase() + &late;
            [mode].into_iter().chain(figures).chain(times).collect()
        })
        .collect();
    let head = ["mode", "nDCG@10", "recall@100", "MRR@10", "p50 ms", "p99 ms"];
    let embedding = report.embed_query.as_ref().map_or_else(String::new, |times| {
        format!("; embedding a query: {} ms, 99 of 100 within {} ms", times["p50_ms"], times["p99_ms"])
    });
    format!(
        "{}\n{} ({}): {} questions, {} documents, {} passages, imported in {:.1} s{embedding}",
        table(&head, &rows),
        report.set,
        report.split,
        report.queries,
        report.documents,
        report.passages,
        report.import_s
    )
}
