//! With a model of meaning that knows several languages, a question finds what answers it in another one.

use atelier_tests::{
    place, sample,
    skip::skip,
    workspace::{Workspace, environment},
};
use serde_json::Value;
use std::process::Command;

/// Questions, and the document that answers each in another language.
const ASKED: [(&str, &str); 8] = [
    ("Quel médicament a provoqué une éruption cutanée ?", "discharge-letter.md"),
    ("Qui approuve une facture de plus de 10 000 livres ?", "invoice-policy.md"),
    ("Wie viel darf ein Hotelzimmer in einer Hauptstadt kosten?", "travel-policy.md"),
    ("Welche Klasse darf man auf langen Flügen buchen?", "travel-policy.md"),
    ("How much does a reproduction cost in the town archive?", "hausordnung-archiv.md"),
    ("Combien de temps dure la garantie de la machine ?", "kaufvertrag-maschine.pdf"),
    ("On which days may people work from home?", "proces-verbal-conseil.pdf"),
    ("Wie hoch ist die Jahresmiete des Gebäudes?", "office-lease.pdf"),
];

/// Questions about nothing that the documents are about.
const STRANGE: [&str; 4] = [
    "What is the boiling point of tungsten in kelvin?",
    "Comment prépare-t-on une sauce béarnaise ?",
    "Wer gewann 1997 den Marathon der Frauen in Osaka?",
    "Which whale dives the deepest?",
];

/// The samples in a workspace whose only model of meaning is multilingual E5.
struct Multilingual {
    workspace: Workspace,
}

impl Multilingual {
    /// None where the package that the model comes from has no build.
    fn new() -> Option<Self> {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            skip("multilingual E5 comes from a package for Linux on x86-64");
            return None;
        }
        let this = Self { workspace: Workspace::new() };
        this.json(&["import", &sample::folder().display().to_string()]);
        Some(this)
    }

    fn json(&self, args: &[&str]) -> Value {
        let mut command = Command::new(place::program("atelier"));
        environment(&mut command);
        command.env("ATELIER_MODELS", place::cached("models")).arg("--data").arg(self.workspace.data());
        let out = command.arg("--json").args(args).output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    }
}

#[test]
fn a_question_finds_its_answer_in_another_language() {
    let Some(here) = Multilingual::new() else { return };
    let mut missed = Vec::new();
    for (question, document) in ASKED {
        let reply = here.json(&["search", question, "--limit", "8"]);
        assert_eq!(reply["mode"], "hybrid", "{reply}");
        let hits = reply["hits"].as_array().unwrap();
        let place = hits.iter().take(4).position(|hit| hit["document"] == document);
        println!("{question}: {place:?} of {}", hits.len());
        missed.extend(place.is_none().then_some(question));
    }
    // A small model in four bits: not all.
    assert!(missed.len() <= 1, "not among the first four: {missed:#?}");
}

#[test]
fn what_the_documents_say_nothing_about_is_not_taken_for_near() {
    let Some(here) = Multilingual::new() else { return };
    let mut shown = 0;
    for question in STRANGE {
        let reply = here.json(&["search", question, "--mode", "vector", "--limit", "20"]);
        assert_eq!(reply["mode"], "vector", "{reply}");
        let near = reply["hits"].as_array().unwrap().iter().filter(|hit| hit["words"] == 0.0).count();
        println!("{question}: {near}");
        shown += near;
    }
    // Cosines as they are would show 20 for each: no two texts are further apart than 0.7 to this model.
    assert!(shown <= 6, "{shown} passages are shown that hold none of the words and answer nothing");
}
