//! What a person is told of each error: what happened, what is safe, what to do.

use super::ModelError;
use protocol::{Fault, FaultKind};

impl ModelError {
    /// What a person is told.
    pub fn fault(&self) -> Fault {
        use FaultKind::*;
        let new = |kind, code: &str| Fault::new(kind, code, Fault::sentence(&self.to_string()));
        let fetch = "Fetch the file again, or run `cargo xtask setup` for the starter model.";
        match self {
            Self::NotFound { id } => {
                new(NotFound, "model.not_found").with("model", id).hint("Choose a model from the list of models.")
            }
            Self::ChosenGone { id } => new(NotFound, "model.chosen_gone")
                .with("model", id)
                .safe("No other model was asked; your question and documents are safe.")
                .hint("Put its file back, or choose another: in Models, or with `atelier models choose MODEL`."),
            Self::PassedOver { passed, reason, model } => new(Unavailable, "model.passed_over")
                .with("passed", passed)
                .with("reason", reason)
                .with("model", model)
                .hint("Fetch its file again or remove it from the models folder, or choose the model that shall answer."),
            Self::NoModel => new(Unavailable, "model.none").hint("Add a model: a GGUF file from this disk."),
            Self::Invalid { .. } => new(Invalid, "model.invalid"),
            Self::Truncated { file, expected, actual } => new(Damaged, "model.truncated")
                .with("file", file)
                .with("expected", expected)
                .with("actual", actual)
                .hint(fetch),
            Self::Malformed { file, reason } => {
                new(Damaged, "model.damaged").with("file", file).with("reason", reason).hint(fetch)
            }
            Self::Altered { file, expected, actual, starter } => {
                new(Damaged, "model.altered").with("file", file).with("expected", expected).with("actual", actual).hint(
                    if *starter {
                        "Fetch it again; in the models folder, delete the file and run `cargo xtask setup` to get the published one."
                    } else {
                        "Fetch the file again from where you trust it, or add it again if you replaced it on purpose."
                    },
                )
            }
            Self::Unsafe { file } => new(Refused, "model.unsafe")
                .with("file", file)
                .hint("Get the same model as GGUF or safetensors; those hold only numbers."),
            Self::Unknown { file, reason } => new(Invalid, "model.unknown")
                .with("file", file)
                .with("reason", reason)
                .hint("Choose a GGUF file, or a folder with model.safetensors, tokenizer.json and config.json."),
            Self::Unsupported { file, reason } => new(Unavailable, "model.unsupported")
                .with("file", file)
                .with("reason", reason)
                .safe("The file itself is whole and was not changed.")
                .hint("Choose a GGUF file of a family that is run here, such as Llama, Mistral, Qwen3 or Gemma 3, for example in Q4_K_M."),
            Self::Io { file, reason } => new(Unavailable, "model.io")
                .with("file", file)
                .with("reason", reason)
                .hint("Check that the file exists, that you may read it, and that the disk is not full."),
            Self::Memory { model, need, weights, cache, work, free } => new(Unavailable, "model.memory")
                .with("model", model)
                .with("need_mb", need)
                .with("weights_mb", weights)
                .with("cache_mb", cache)
                .with("work_mb", work)
                .with("free_mb", free)
                .safe("Nothing was loaded; your question and documents are safe.")
                .hint("Close other programs, or choose a smaller model."),
            Self::Disk { file, need, free } => new(Unavailable, "model.disk")
                .with("file", file)
                .with("need", need)
                .with("free", free)
                .hint("Free some disk space, or move the models folder."),
            Self::EngineStart { engine, reason } => new(Unavailable, "engine.start")
                .with("engine", engine)
                .with("reason", reason)
                .hint("Install Atelier again, or set ATELIER_ENGINE to the program."),
            Self::EngineSlow { after } => new(Unavailable, "engine.slow")
                .with("seconds", after.as_secs())
                .safe("Your question and documents are safe.")
                .hint("Try again; a smaller model loads faster."),
            Self::EngineLoad { model, reason } => new(Unavailable, "engine.load")
                .with("model", model)
                .with("reason", reason)
                .safe("Your question and documents are safe.")
                .hint("Choose another model."),
            Self::EngineCrashed { how, last, log } => new(Unavailable, "engine.crashed")
                .with("how", how)
                .with("last", last)
                .with("log", log)
                .safe("Your question, documents and the text so far are safe.")
                .hint("Ask again: the engine starts anew."),
            Self::EngineUnstable { times, how, log } => new(Unavailable, "engine.unstable")
                .with("times", times)
                .with("how", how)
                .with("log", log)
                .safe("Your question and documents are safe.")
                .hint("Choose another model, or wait a few minutes and ask again."),
            Self::Busy => new(Busy, "engine.busy").hint("Wait until a running answer ends."),
            Self::Stopped => new(Refused, "model.stopped").safe("What was fetched so far is kept for the next try."),
            Self::Closed => new(Unavailable, "models.closed").hint("Start Atelier again."),
            Self::Egress(error) => error.fault(),
            Self::Server { server, status, message } => {
                let hint = match status {
                    401 | 403 => "Check the key of this endpoint.",
                    404 => "Check the address and the model's name of this endpoint.",
                    413 => "Ask with fewer or shorter sources.",
                    429 => "The server is busy: wait a little and ask again.",
                    _ => "Try again, or ask whoever runs this server.",
                };
                let kind = if *status == 429 { Busy } else { Unavailable };
                new(kind, "model.server")
                    .with("server", server)
                    .with("status", status)
                    .with("reason", message)
                    .safe("Your question and documents are safe.")
                    .hint(hint)
            }
            Self::Protocol { server, reason } => new(Unavailable, "model.protocol")
                .with("server", server)
                .with("reason", reason)
                .hint("Check that the address is that of an OpenAI-compatible server."),
            Self::Hub { host, status, message } => {
                let hint = match status {
                    401 | 403 => "Accept the terms on the model's page, fetch the file with a browser, and add it from this disk; or choose another model.",
                    404 => "Look at the model's page: the file may have been renamed. It can be fetched with a browser and added from this disk.",
                    429 => "Wait a little, then go on: what is here is kept.",
                    _ => "Go on later: what is here is kept. Or name a mirror in the settings.",
                };
                new(if *status == 429 { Busy } else { Unavailable }, "model.hub")
                    .with("host", host)
                    .with("status", status)
                    .with("reason", message)
                    .safe("What was fetched so far is kept.")
                    .hint(hint)
            }
            Self::Replaced { host, file, expected, actual } => new(Refused, "model.replaced")
                .with("host", host)
                .with("file", file)
                .with("expected", expected)
                .with("actual", actual)
                .safe("Nothing was fetched.")
                .hint("Its maker may have published a newer one: look at the model's page, fetch it with a browser if you trust it, and add it from this disk; or get another model."),
            Self::Unproven { file } => new(Refused, "model.unproven")
                .with("file", file)
                .safe("Nothing was fetched.")
                .hint("Name a mirror that passes the hub's headers on, or fetch the file from a place that you trust and add it from this disk."),
            Self::Catalogue { file, reason } => new(Invalid, "model.catalogue")
                .with("file", file)
                .with("reason", reason)
                .safe("The catalogue that comes with Atelier holds meanwhile.")
                .hint("Mend the file, or delete it."),
            Self::Pack { folder, reason } => new(Damaged, "model.pack")
                .with("folder", folder)
                .with("reason", reason)
                .safe("Nothing was added.")
                .hint("Copy the pack again from where it was made, whole."),
            Self::Signer { folder, by, signer } => new(Refused, "model.signer")
                .with("folder", folder)
                .with("by", by)
                .with("signer", signer)
                .safe("Nothing was added.")
                .hint("Compare this fingerprint with the one that was shown where the pack was made. If it is the same, add the pack with it."),
            Self::BrokeOff { server } => new(Unavailable, "model.broke_off")
                .with("server", server)
                .safe("The text so far is kept.")
                .hint("Continue the answer or ask again."),
        }
    }
}
