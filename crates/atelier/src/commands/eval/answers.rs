//! `atelier eval answers`: whether questions are answered with evidence, and refused without.

use super::{in_scratch, table};
use crate::{cli, out::Out};
use app::{
    Config,
    eval::{Answers, AnswersReport, answers as measure},
};
use protocol::Fault;
use std::process::ExitCode;

pub(super) async fn answers(config: Config, asked: cli::Answers, out: &Out) -> Result<ExitCode, Fault> {
    let wanted = Answers { set: asked.set, limit: asked.limit };
    let report = in_scratch(config, Some(&asked.cache), out, async |door, _| {
        measure(&door.app, &wanted, &|told| out.note(told)).await
    })
    .await?;
    out.value(&report, text);
    Ok(ExitCode::SUCCESS)
}

fn text(report: &AnswersReport) -> String {
    let rows: Vec<Vec<String>> = [
        ("right document among six passages", report.document_hit),
        ("right page among them", report.page_hit),
        ("passage with the answer among them", report.passage_hit),
        ("closest sentence holds the answer", report.exact_quote),
        ("quotes that stand on their page", report.verbatim),
        ("answerable: answered", report.answered),
        ("unanswerable: refused", report.refused),
        ("citations that are right (precision)", report.citation_precision),
        ("true answers cited rightly (recall)", report.citation_recall),
    ]
    .into_iter()
    .filter(|(_, share)| share.of > 0)
    .map(|(what, share)| {
        vec![what.to_owned(), format!("{:.3}", share.value()), format!("{} of {}", share.yes, share.of)]
    })
    .collect();
    let claims: Vec<Vec<String>> = report
        .claims
        .iter()
        .map(|(kind, counts)| [kind.clone()].into_iter().chain(counts.map(|count| count.to_string())).collect())
        .collect();
    format!(
        "{}\n\n{}\n{}: {} answerable and {} unanswerable questions, {} passages",
        table(&["measure", "share", "count"], &rows),
        table(&["answer", "claims", "cited", "with the right sentence"], &claims),
        report.set,
        report.answerable,
        report.unanswerable,
        report.passages
    )
}
