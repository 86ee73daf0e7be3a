//! `atelier models list`, `add`, `choose` and `verify`.

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
        ModelsCommand::Add { path } => {
            let model = door.call(AddModel { path: absolute(&path)? }).await?;
            out.value(&model, |model| format!("added {}", row(model)));
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
        lines.push(format!("no models in {}; add one with `atelier models add FILE`", view.folder));
    }
    for endpoint in &view.endpoints {
        lines.push(format!("endpoint:{}  {}  {}  {:?}", endpoint.name, endpoint.url, endpoint.model, endpoint.verdict));
    }
    if view.models.iter().any(|model| model.starter) {
        lines.push(
            "The starter model is tiny: it shows how Atelier works and is often wrong. \
             For real work add a model of 3 to 8 billion parameters in Q4_K_M."
                .to_owned(),
        );
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
        },
        model.architecture,
        model.quantisation,
        model.context,
        bytes(model.bytes),
        bytes(model.memory),
        model.sha256.get(..12).unwrap_or("not computed"),
    );
    if let Some(fault) = &model.fault {
        row.push_str(&format!("\n    {fault}"));
    } else if !model.fits {
        row.push_str("\n    does not fit in the memory that is free now");
    }
    row
}
