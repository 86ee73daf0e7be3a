//! `atelier models …`.

mod catalogue;
mod get;

use crate::{
    cli::ModelsCommand,
    door::{Door, absolute},
    out::{Out, bytes, exit_code},
};
use protocol::*;
use std::process::ExitCode;

pub(super) async fn models(door: &Door, command: ModelsCommand, out: &Out) -> Result<ExitCode, Fault> {
    match command {
        ModelsCommand::List => {
            let view = door.call(ListModels {}).await?;
            out.value(&view, list_text);
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Catalogue { all } => catalogue::list(door, all, out).await,
        ModelsCommand::Get { models, sha256, mirror } => get::get(door, models, sha256, mirror, out).await,
        ModelsCommand::Add { path, signer } => {
            let model = door.call(AddModel { path: absolute(&path)?, signer }).await?;
            out.value(&model, |model| format!("added {}", row(model)));
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Pack { models, to } => {
            let pack = door.call(PackModels { models, folder: absolute(&to)? }).await?;
            out.value(&pack, |pack| {
                format!(
                    "{} written to {}\nsigned with the key {}\nadd it elsewhere with `atelier models add PACK --signer '{}'`",
                    bytes(pack.bytes),
                    pack.folder,
                    pack.signer,
                    pack.signer
                )
            });
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Remove { model } => {
            let half = door.call(ListModels {}).await?.downloads.iter().any(|download| download.id == model);
            if half {
                door.call(DropDownload { model: model.clone() }).await?;
            } else {
                door.call(RemoveModel { model: model.clone() }).await?;
            }
            out.value(&serde_json::json!({ "removed": model }), |_| format!("{model} was deleted"));
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Measure { model } => {
            let model = door.call(MeasureModel { model }).await?;
            out.value(&model, |model| {
                format!("{} writes {:.1} tokens/s here", model.id, model.tokens_per_second.unwrap_or(0.0))
            });
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Choose { model } => {
            door.call(ChooseModel { model: model.clone() }).await?;
            out.value(&serde_json::json!({ "chosen": model }), |_| format!("{model} answers from now on"));
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Verify { model } => {
            let all = match model {
                Some(model) => vec![model],
                None => door.call(ListModels {}).await?.models.into_iter().map(|model| model.id).collect(),
            };
            let mut verified = Vec::new();
            for model in all {
                verified.push(door.call(VerifyModel { model }).await?);
            }
            let bad = verified.iter().any(|model| model.fault.is_some());
            out.value(&verified, |models| models.iter().map(row).collect::<Vec<_>>().join("\n"));
            Ok(if bad { ExitCode::from(exit_code(FaultKind::Damaged)) } else { ExitCode::SUCCESS })
        }
    }
}

fn list_text(view: &ModelsView) -> String {
    let mut lines: Vec<String> = view.models.iter().map(row).collect();
    if lines.is_empty() {
        lines.push(format!(
            "no models in {}; fetch one with `atelier models get`, or add one with `atelier models add FILE`",
            view.folder
        ));
    }
    for endpoint in &view.endpoints {
        lines.push(format!("endpoint:{}  {}  {}  {:?}", endpoint.name, endpoint.url, endpoint.model, endpoint.verdict));
    }
    if view.models.iter().any(|model| model.starter) {
        lines.push(
            "The starter model is tiny: it shows how Atelier works and is often wrong. \
             For real work fetch one of 3 to 8 billion parameters: see `atelier models catalogue`."
                .to_owned(),
        );
    }
    for download in &view.downloads {
        lines.push(get::row(download));
    }
    lines.push(format!("{} of {} memory free", bytes(view.memory_free), bytes(view.memory_total)));
    lines.join("\n")
}

fn row(model: &ModelView) -> String {
    let mut row = format!(
        "{} {}  {} {} {}  context {}  {} on disk, {} in memory  sha256 {}",
        if model.chosen { "*" } else { " " },
        model.id,
        match model.purpose {
            ModelUse::Chat => "chat",
            ModelUse::Embedding => "embedding",
            ModelUse::Reranking => "reranker",
        },
        model.architecture,
        model.quantisation,
        model.context,
        bytes(model.bytes),
        bytes(model.memory),
        model.sha256.get(..12).unwrap_or("not computed"),
    );
    match (model.tokens_per_second, model.expected_per_second) {
        (Some(speed), _) => row.push_str(&format!("  {speed:.1} tokens/s")),
        (None, Some(speed)) => row.push_str(&format!("  about {speed:.0} tokens/s")),
        (None, None) => {}
    }
    if let Some(fault) = &model.fault {
        row.push_str(&format!("\n    {fault}"));
    } else if !model.fits {
        row.push_str("\n    does not fit in the memory that is free now");
    }
    row
}
