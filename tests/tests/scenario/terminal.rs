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
    assert!(
        export.contains(
            "*The answer was cut off: it reached the longest length that is set, or had begun to repeat itself.*"
        ),
        "{export}"
    );

    // What is finished is not gone on with.
    let done = workspace.ask("What is the boiling point of tungsten?");
    let out = workspace.run(["ask", "--continue", done["item"].as_str().unwrap()]);
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));
    for wrong in [&["ask"][..], &["ask", "--continue", item, "And then?"]] {
        assert_eq!(workspace.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn what_cannot_be_done_is_said_and_leaves_nothing_behind() {
    let workspace = Workspace::new();
    for (args, code, kind) in [
        (&["search", " "][..], 2, "cli.empty_query"),
        (&["ask", "--role", "nobody", "Hello?"], 3, "cli.unknown_role"),
        (&["ask", " "], 2, "question.empty"),
    ] {
        let (ended, printed) = with_models(&workspace, &place::models(), args);
        assert_eq!((ended, &printed["fault"]["code"]), (Some(code), &kind.into()), "{printed}");
    }
    assert_eq!(workspace.json(["chats"]), serde_json::json!([]), "an empty chat was left behind");
    // What is told to a file has no colours in it.
    let out = workspace.command().env("ATELIER_LOG", "debug").arg("chats").output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr);
    assert!(told.contains("DEBUG") && !told.contains('\u{1b}'), "{told}");
}

#[test]
fn what_an_import_passes_over_is_counted() {
    let workspace = Workspace::new();
    let folder = workspace.folder().join("papers");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("note.md"), "# A note\n\nThe spare key hangs behind the blue door.\n").unwrap();
    std::fs::write(folder.join(".hidden.md"), "Hidden.").unwrap();
    std::fs::write(folder.join("program.pdf"), b"\x7fELF\x02\x01\x01\0").unwrap();
    let out = workspace.run(["import".as_ref(), folder.as_os_str()]);
    let said = String::from_utf8_lossy(&out.stdout);
    // What cannot be read is kept all the same, says why, and is found by its name.
    assert_eq!(out.status.code(), Some(0), "{said}");
    assert!(said.contains("passed over: 1 hidden") && said.contains("of the kind PDF"), "{said}");
    let kept = workspace.json(["search", "program", "--mode", "text"]);
    assert_eq!(kept["hits"][0]["document"], "program.pdf", "{kept}");
    let found = workspace.json(["search", "spare key", "--mode", "vector"]);
    assert!(!found.to_string().contains("-0.0"), "{found}");
}

#[test]
fn a_chat_is_removed_and_comes_back() {
    let workspace = Workspace::new();
    let chat = workspace.ask("What is the boiling point of tungsten?")["chat"].as_str().unwrap().to_owned();
    assert_eq!(workspace.json(["chats", "--remove", &chat]), serde_json::json!([]));
    assert!(workspace.json(["removed"]).to_string().contains(&chat));
    workspace.json(["restore", &chat]);
    assert!(workspace.json(["chats"]).to_string().contains(&chat));
    assert_eq!(workspace.run(["chats", "--remove", "nobody"]).status.code(), Some(2));
}
