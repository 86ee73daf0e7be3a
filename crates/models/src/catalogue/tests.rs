//! Is the catalogue that comes with Atelier sound, and is a bad one refused?

use super::*;

#[test]
fn what_comes_with_atelier_can_be_read_and_is_european_first() {
    let all = read(include_bytes!("../../catalogue.json")).unwrap();
    assert!(all.hub.is_some() && all.offers.len() >= 15, "{}", all.offers.len());
    let chats: Vec<_> = all.offers.iter().filter(|offer| offer.purpose == ModelUse::Chat).collect();
    let first_foreign = chats.iter().position(|offer| !EUROPE.contains(&offer.origin.as_str())).unwrap();
    assert!(first_foreign >= 5);
    assert!(chats[first_foreign..].iter().all(|offer| !EUROPE.contains(&offer.origin.as_str())));
    for offer in &all.offers {
        assert!(!offer.licence.is_empty() && !offer.languages.is_empty() && offer.context > 0, "{}", offer.id);
        assert!(offer.origin.len() == 2 && offer.origin.chars().all(|c| c.is_ascii_uppercase()), "{}", offer.id);
        assert!(offer.languages.iter().all(|language| language.len() == 2), "{}", offer.id);
        assert!(offer.bytes() > 10 << 20 && offer.parameters > 10_000_000, "{}", offer.id);
        if offer.purpose == ModelUse::Chat {
            // Between two and sixteen bits for a weight; a cache of 4 KB to 1 MB for a token.
            let bits = offer.bytes() as f64 * 8.0 / offer.parameters as f64;
            assert!((2.0..17.0).contains(&bits), "{}: {bits} bits for a weight", offer.id);
            assert!((4_000..1_000_000).contains(&offer.cache_per_token), "{}", offer.id);
            assert!(
                offer.files[0].path.to_ascii_lowercase().contains(&offer.quantisation.to_ascii_lowercase()),
                "{}",
                offer.id
            );
        } else {
            for part in ["config.json", "tokenizer.json", "model.safetensors"] {
                assert!(offer.files.iter().any(|file| file.path == part), "{}: {part}", offer.id);
            }
        }
    }
}

fn one(change: impl FnOnce(&mut serde_json::Value)) -> Result<Catalogue, String> {
    let mut value = serde_json::json!({
        "hub": "https://hub.example",
        "offers": [{
            "id": "A-3B.Q4_K_M", "name": "A 3B", "purpose": "chat", "maker": "A", "origin": "FR",
            "licence": "Apache-2.0", "languages": ["fr"], "parameters": 3_000_000_000_u64, "context": 8192,
            "quantisation": "Q4_K_M", "repository": "a/a-3b-gguf",
            "files": [{ "path": "a-3b.Q4_K_M.gguf", "bytes": 2_000_000_000_u64 }],
        }],
    });
    change(&mut value);
    read(value.to_string().as_bytes())
}

#[test]
fn what_could_reach_outside_is_refused() {
    assert!(one(|_| {}).is_ok());
    type Change = fn(&mut serde_json::Value);
    let changes: &[(Change, &str)] = &[
        (|v| v["offers"][0]["id"] = "../a".into(), "name"),
        (|v| v["offers"][0]["files"][0]["path"] = "../../a.gguf".into(), "fetched"),
        (|v| v["offers"][0]["files"][0]["path"] = "/etc/a.gguf".into(), "fetched"),
        (|v| v["offers"][0]["files"][0]["path"] = "pytorch_model.bin".into(), "GGUF"),
        (|v| v["offers"][0]["files"][0]["sha256"] = "beef".into(), "SHA-256"),
        (|v| v["offers"][0]["repository"] = "a".into(), "owner/name"),
        (|v| v["offers"][0]["repository"] = "../a".into(), "owner/name"),
        (|v| v["offers"][0]["revision"] = "a/../b".into(), "owner/name"),
        (|v| v["offers"][0]["files"] = serde_json::json!([]), "no files"),
        (|v| v["hub"] = "file:///etc".into(), "https"),
        (|v| v["hub"] = "https://me:secret@hub.example".into(), "password"),
        (
            |v| v["offers"][0].as_object_mut().map(|offer| offer.remove("licence")).map(drop).unwrap_or_default(),
            "licence",
        ),
        (
            |v| {
                let twice = v["offers"][0].clone();
                v["offers"].as_array_mut().map(|all| all.push(twice)).unwrap_or_default()
            },
            "twice",
        ),
    ];
    for (change, word) in changes {
        let reason = one(change).unwrap_err();
        assert!(reason.contains(word), "{reason} has no {word}");
    }
}

#[test]
fn a_folders_own_catalogue_replaces_and_adds() {
    let dir = tempfile::tempdir().unwrap();
    let builtin = Catalogue::of(dir.path()).unwrap();
    assert_eq!(builtin, Catalogue::builtin());
    let replaced = builtin.offers[0].id.clone();
    let file = dir.path().join(FILE);
    let own = |id: &str| {
        serde_json::json!({
            "hub": "https://models.bank.example/hub",
            "offers": [{
                "id": id, "name": "Ours", "purpose": "chat", "maker": "The bank", "origin": "LU",
                "licence": "internal", "languages": ["lb"], "parameters": 1_000_000_000_u64, "context": 4096,
                "quantisation": "Q8_0", "repository": "bank/ours", "files": [{ "path": "ours.Q8_0.gguf", "bytes": 1 }],
            }],
        })
    };
    std::fs::write(&file, own(&replaced).to_string()).unwrap();
    let all = Catalogue::of(dir.path()).unwrap();
    assert_eq!((all.offers.len(), all.offer(&replaced).unwrap().name.as_str()), (builtin.offers.len(), "Ours"));
    assert_eq!(all.hub.as_deref(), Some("https://models.bank.example/hub"));
    std::fs::write(&file, own("Ours").to_string()).unwrap();
    assert_eq!(Catalogue::of(dir.path()).unwrap().offers.len(), builtin.offers.len() + 1);
    std::fs::write(&file, "{ not json").unwrap();
    let fault = Catalogue::of(dir.path()).unwrap_err().fault();
    assert_eq!(fault.code, "model.catalogue");
    assert!(fault.hint.is_some() && fault.message.contains("catalogue.json"), "{fault}");
}
