//! What the terminal says and does where something is not as usual.

use atelier_tests::{place, workspace::Workspace};
use serde_json::Value;
use std::path::Path;

/// Runs a command with `--json` over other models; its exit code and what it printed.
fn with_models(workspace: &Workspace, models: &Path, args: &[&str]) -> (Option<i32>, Value) {
    let mut command = workspace.command();
    let out = command.env("ATELIER_MODELS", models).arg("--json").args(args).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    (out.status.code(), serde_json::from_str(&said).unwrap_or_else(|error| panic!("{args:?} ({error}): {said}")))
}

#[test]
fn no_model_answers_in_the_place_of_another_unsaid() {
    let workspace = Workspace::new();
    let models = workspace.folder().join("models");
    std::fs::create_dir(&models).unwrap();
    let starter = models.join(place::CHAT_MODEL);
    std::fs::copy(place::models().join(place::CHAT_MODEL), &starter).unwrap();
    std::fs::write(models.join("better.gguf"), b"GGUF\x03\0\0\0").unwrap();
    let ask = ["ask", "--role", "assistant", "--max-tokens", "8", "Say hello."];

    // The one that would answer by itself is broken.
    let (code, reply) = with_models(&workspace, &models, &ask);
    assert_eq!(code, Some(0), "{reply}");
    assert!(reply["model"].as_str().unwrap().contains("SmolLM2"), "{reply}");
    let notice = &reply["notices"][0];
    assert_eq!(
        (&notice["code"], &notice["values"]["passed"]),
        (&"model.passed_over".into(), &"better".into()),
        "{reply}"
    );

    // The one that was chosen is gone.
    let chosen = starter.file_stem().unwrap().to_str().unwrap();
    assert_eq!(with_models(&workspace, &models, &["models", "choose", "nobody"]).0, Some(3));
    assert_eq!(with_models(&workspace, &models, &["models", "choose", chosen]).0, Some(0));
    std::fs::rename(&starter, models.join("another.gguf")).unwrap();
    let (code, reply) = with_models(&workspace, &models, &ask);
    assert_eq!((code, &reply["fault"]["code"]), (Some(3), &"model.chosen_gone".into()), "{reply}");
}
