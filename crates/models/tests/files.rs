//! Are models on disk found, checked and added as promised?

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail loudly, also in its helpers

mod gguf_file;

use egress::Gate;
use futures::FutureExt;
use models::*;
use protocol::{ModelUse, ModelView};
use std::path::{Path, PathBuf};

struct Setup {
    dir: tempfile::TempDir,
    models: Models,
}

async fn open(folder: &Path) -> Models {
    let gate = Gate::new(std::sync::Arc::new(|_| async { Ok(()) }.boxed()));
    Models::open(ModelsConfig::new(folder, "/no/engine", folder.join("logs")), gate).await.unwrap()
}

async fn setup() -> Setup {
    let dir = tempfile::tempdir().unwrap();
    let models = open(&dir.path().join("models")).await;
    Setup { dir, models }
}

impl Setup {
    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
    fn one(&self, id: &str) -> ModelView {
        self.models.view().models.into_iter().find(|model| model.id == id).unwrap()
    }
}

#[tokio::test]
async fn a_file_is_added_whole_and_described() {
    let setup = setup().await;
    gguf_file::write(&setup.file("tiny.gguf"), "Tiny");
    let mut events = setup.models.events();
    let view = setup.models.add(setup.file("tiny.gguf")).await.unwrap();
    assert_eq!((view.id.as_str(), view.name.as_str(), view.purpose), ("tiny", "tiny", ModelUse::Chat));
    assert_eq!((view.architecture.as_str(), view.quantisation.as_str(), view.context), ("llama", "F32", 2048));
    assert_eq!((view.parameters, view.sha256.len(), view.chosen, view.starter), (32, 64, true, false));
    assert!(view.fits && view.fault.is_none());
    assert_eq!(events.try_recv().unwrap(), ModelsEvent::Models);
    let names: Vec<_> =
        std::fs::read_dir(setup.file("models")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().ends_with(".part")), "{names:?}");
    let all = setup.models.view();
    assert!(all.memory_free > 0 && all.memory_total >= all.memory_free && all.disk_free > 0);

    gguf_file::write_encoder(&setup.file("mini"), 4);
    let view = setup.models.add(setup.file("mini")).await.unwrap();
    assert_eq!((view.purpose, view.architecture.as_str(), view.parameters), (ModelUse::Embedding, "bert", 4));
    assert_eq!(setup.models.embedder().unwrap().dims(), 4);
    let same = setup.models.embedder().unwrap().id().to_owned();
    std::fs::write(setup.file("models/mini/tokenizer.json"), "{\"a\":1}").unwrap();
    let other = setup.models.embedder().unwrap().id().to_owned();
    assert_ne!(other, same, "another tokenizer, other vectors");
    std::fs::create_dir(setup.file("models/mini/1_Pooling")).unwrap();
    std::fs::write(setup.file("models/mini/1_Pooling/config.json"), r#"{"pooling_mode_cls_token":true}"#).unwrap();
    assert_ne!(setup.models.embedder().unwrap().id(), other, "another pooling, other vectors");
    // And it is copied with the rest.
    std::fs::rename(setup.file("models/mini"), setup.file("pooled")).unwrap();
    setup.models.add(setup.file("pooled")).await.unwrap();
    assert!(setup.file("models/pooled/1_Pooling/config.json").is_file());
}

#[tokio::test]
async fn what_is_no_model_is_refused_with_file_and_cure() {
    let setup = setup().await;
    let whole = gguf_file::bytes("x");
    for (name, bytes, code) in [
        ("cut.gguf", &whole[..whole.len() - 1], "model.truncated"),
        ("page.gguf", b"<!DOCTYPE html><title>404</title>", "model.unknown"),
        ("pytorch.bin", b"PK\x03\x04", "model.unsafe"),
        ("pickle.gguf", b"\x80\x04\x95\x0f", "model.unsafe"),
        ("notes.txt", b"hello, this is text", "model.unknown"),
        ("empty.gguf", b"", "model.truncated"),
    ] {
        std::fs::write(setup.file(name), bytes).unwrap();
        let fault = setup.models.add(setup.file(name)).await.unwrap_err().fault();
        assert_eq!(fault.code, code, "{name}");
        assert!(fault.message.contains(name) && fault.hint.is_some(), "{fault}");
    }
    assert_eq!(setup.models.add(setup.file("nothing.gguf")).await.unwrap_err().fault().code, "model.io");
    assert_eq!(setup.models.view().models.len(), 0);
    gguf_file::write_encoder(&setup.file("half"), 4);
    std::fs::remove_file(setup.file("half/tokenizer.json")).unwrap();
    let fault = setup.models.add(setup.file("half")).await.unwrap_err().fault();
    assert!(fault.code == "model.unknown" && fault.message.contains("tokenizer.json"), "{fault}");
}

#[tokio::test]
async fn a_file_that_changes_behind_our_back_is_told_and_not_used() {
    let setup = setup().await;
    gguf_file::write(&setup.file("tiny.gguf"), "Tiny");
    setup.models.add(setup.file("tiny.gguf")).await.unwrap();
    assert!(setup.models.verify("tiny").await.is_ok());
    let inside = setup.file("models/tiny.gguf");
    let mut bytes = std::fs::read(&inside).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&inside, bytes).unwrap();
    let fault = setup.models.verify("tiny").await.unwrap_err().fault();
    assert_eq!(fault.code, "model.altered");
    assert!(fault.message.contains("tiny.gguf") && fault.hint.is_some());
    assert_eq!(setup.one("tiny").fault.unwrap().code, "model.altered");
    assert_eq!(setup.models.chat_model(Some("tiny")).await.err().unwrap().fault().code, "model.altered");
    let again = open(&setup.file("models")).await;
    assert!(again.chat_model(Some("tiny")).await.is_err(), "also after a restart");
    // Added again it was changed on purpose.
    assert!(setup.models.add(&inside).await.unwrap().fault.is_none());
    assert!(setup.models.chat_model(Some("tiny")).await.is_ok());
    std::fs::write(&inside, b"GGUF").unwrap();
    assert_eq!(setup.one("tiny").fault.unwrap().code, "model.truncated");
}

#[tokio::test]
async fn a_starter_file_that_is_not_the_published_one_is_told() {
    let setup = setup().await;
    let name = "SmolLM2-135M-Instruct.Q4_1";
    gguf_file::write(&setup.file(&format!("{name}.gguf")), "impostor");
    let fault = setup.models.add(setup.file(&format!("{name}.gguf"))).await.unwrap_err().fault();
    assert_eq!(fault.code, "model.altered");
    assert!(fault.hint.unwrap().contains("cargo xtask setup"));
    assert!(!setup.file(&format!("models/{name}.gguf")).exists(), "it is in the place of the right one");
}

/// A copy of the starter model with some bytes flipped, as far as can be told without the model: as many
/// bytes, and other ones.
#[tokio::test]
async fn a_file_that_passes_for_the_starter_under_another_name_is_refused() {
    let setup = setup().await;
    let copy = |path: &Path| {
        gguf_file::write(path, "copy");
        std::fs::File::options().write(true).open(path).unwrap().set_len(98_362_432).unwrap();
    };
    copy(&setup.file("copy.gguf"));
    let fault = setup.models.add(setup.file("copy.gguf")).await.unwrap_err().fault();
    assert!(fault.code == "model.altered" && fault.message.contains("copy.gguf") && fault.hint.is_some(), "{fault}");
    assert_eq!(setup.models.view().models.len(), 0);
    // Put there by hand it is told, and never chosen by itself.
    copy(&setup.file("models/a.gguf"));
    gguf_file::write(&setup.file("models/b.gguf"), "b");
    assert_eq!(setup.models.chat_model(None).await.unwrap().card().id, "b");
    assert_eq!(setup.models.verify("a").await.unwrap_err().fault().code, "model.altered");
    let (a, b) = (setup.one("a"), setup.one("b"));
    assert_eq!((a.fault.unwrap().code.as_str(), a.chosen, a.starter, b.chosen), ("model.altered", false, false, true));
}

#[tokio::test]
async fn a_file_whose_weights_are_no_numbers_is_refused() {
    let setup = setup().await;
    let mut bytes = gguf_file::bytes("nan");
    let at = bytes.len() - 4;
    bytes[at..].copy_from_slice(&f32::NAN.to_le_bytes());
    for path in ["nan.gguf", "models/hand.gguf"] {
        std::fs::write(setup.file(path), &bytes).unwrap();
    }
    let fault = setup.models.add(setup.file("nan.gguf")).await.unwrap_err().fault();
    assert!(fault.code == "model.damaged" && fault.message.contains("nan.gguf") && fault.hint.is_some(), "{fault}");
    assert!(!setup.file("models/nan.gguf").exists());
    assert_eq!(setup.models.chat_model(Some("hand")).await.err().unwrap().fault().code, "model.damaged");
    assert_eq!(setup.one("hand").fault.unwrap().code, "model.damaged");
    let again = open(&setup.file("models")).await;
    assert!(again.chat_model(Some("hand")).await.is_err(), "also after a restart");
}

#[tokio::test]
async fn the_first_that_is_not_the_starter_answers_unless_chosen() {
    let setup = setup().await;
    assert_eq!(setup.models.chat_model(None).await.err().unwrap().fault().code, "model.none");
    for name in ["b", "c"] {
        gguf_file::write(&setup.file(&format!("models/{name}.gguf")), name);
    }
    assert_eq!(setup.models.chat_model(None).await.unwrap().card().id, "b");
    setup.models.choose(Some("c".into())).await.unwrap();
    assert_eq!(setup.models.chat_model(None).await.unwrap().card().id, "c");
    assert!(setup.one("c").chosen && !setup.one("b").chosen);
    // Another one does not answer in the place of one that was chosen and is gone.
    assert_eq!(setup.models.choose(Some("d".into())).await.unwrap_err().fault().code, "model.not_found");
    let fault = setup.models.chat_model(None).await.err().unwrap().fault();
    assert!(fault.code == "model.chosen_gone" && fault.safe.is_some() && fault.hint.is_some(), "{fault}");
    assert!(setup.models.view().models.iter().all(|model| !model.chosen));
    let path = setup.file("elsewhere.gguf");
    gguf_file::write(&path, "elsewhere");
    let model = setup.models.chat_model(Some(path.to_str().unwrap())).await.unwrap();
    assert_eq!((model.card().id.as_str(), model.card().context, model.card().sha256.len()), ("elsewhere", 2048, 64));
}
