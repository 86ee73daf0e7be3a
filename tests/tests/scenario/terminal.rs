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

#[test]
fn an_answer_that_was_cut_short_goes_on() {
    let workspace = Workspace::new();
    let question = "Write a detailed lesson plan about the water cycle.";
    let first = workspace.json(["ask", "--role", "assistant", "--max-tokens", "16", question]);
    assert_eq!(first["status"], "cut_short", "{first}");
    let item = first["item"].as_str().unwrap();
    let longer = workspace.json(["ask", "--continue", item, "--max-tokens", "16"]);
    assert_eq!((&longer["item"], &longer["chat"]), (&first["item"], &first["chat"]), "{longer}");
    let (before, after) = (first["answer"].as_str().unwrap(), longer["answer"].as_str().unwrap());
    assert!(after.starts_with(before.trim_end()) && after.len() > before.len(), "{before}\n{after}");

    // A person sees all of it, how it ended, and how to go on.
    let out = workspace.run(["--lang", "fr", "ask", "--continue", item, "--max-tokens", "16"]);
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(said.starts_with(after.trim_end()), "{said}");
    for words in ["longueur maximale", "atelier ask --continue", "cette machine"] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    // And so does whoever reads the chat later.
    let chat = first["chat"].as_str().unwrap();
    let export = workspace.run(["export", chat]);
    let export = String::from_utf8_lossy(&export.stdout);
    assert!(export.contains("*The answer reached the longest length that is set.*"), "{export}");

    // What is finished is not gone on with.
    let done = workspace.ask("What is the boiling point of tungsten?");
    let out = workspace.run(["ask", "--continue", done["item"].as_str().unwrap()]);
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));
    for wrong in [&["ask"][..], &["ask", "--continue", item, "And then?"]] {
        assert_eq!(workspace.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}
