//! Do models travel on a stick whole, signed, and only from whom they should? And can a model be removed
//! and brought back?

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail loudly, also in its helpers

mod gguf_file;

use ed25519_dalek::{Signer, SigningKey};
use egress::Gate;
use futures::FutureExt;
use models::*;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

async fn open(folder: &Path) -> Models {
    let gate = Gate::new(Arc::new(|_| async { Ok(()) }.boxed()));
    Models::open(ModelsConfig::new(folder, "/no/engine", folder.join("logs")), gate).await.unwrap()
}

fn seal(seed: u8) -> (Seal, [u8; 32]) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let public = key.verifying_key().to_bytes();
    (Seal { key: public, by: "Ada".into(), sign: Arc::new(move |message| key.sign(message).to_bytes()) }, public)
}

struct Setup {
    dir: tempfile::TempDir,
    from: Models,
    to: Models,
}

async fn setup() -> Setup {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (open(&dir.path().join("from")).await, open(&dir.path().join("to")).await);
    gguf_file::write(&dir.path().join("tiny.gguf"), "tiny");
    gguf_file::write_encoder(&dir.path().join("mini"), 4);
    std::fs::create_dir(dir.path().join("mini/1_Pooling")).unwrap();
    std::fs::write(dir.path().join("mini/1_Pooling/config.json"), "{}").unwrap();
    for name in ["tiny.gguf", "mini"] {
        from.add(dir.path().join(name)).await.unwrap();
    }
    std::fs::create_dir(dir.path().join("stick")).unwrap();
    Setup { dir, from, to }
}

impl Setup {
    async fn pack(&self, seal: &Seal) -> PathBuf {
        let ids = ["tiny".to_owned(), "mini".to_owned()];
        let pack = self.from.pack(&ids, self.dir.path().join("stick"), seal.clone()).await.unwrap();
        assert_eq!((pack.models.as_slice(), pack.signer), (ids.as_slice(), fingerprint(&seal.key)));
        pack.folder.into()
    }
    fn arrived(&self) -> Vec<String> {
        self.to.view().models.into_iter().map(|model| model.id).collect()
    }
}

#[tokio::test]
async fn a_pack_is_added_where_its_signer_is_known() {
    let setup = setup().await;
    let (seal, key) = seal(1);
    let pack = setup.pack(&seal).await;
    assert!(is_pack(&pack) && pack.file_name().unwrap().to_string_lossy().ends_with(".atelier-models"));
    // Nobody knows the signer: the fingerprint is told, and with it the pack is taken.
    let error = setup.to.add_pack(pack.clone(), Vec::new(), None).await.unwrap_err().fault();
    assert_eq!((error.code.as_str(), error.values["signer"].as_str()), ("model.signer", fingerprint(&key).as_str()));
    let other = fingerprint(&[9; 32]);
    assert!(setup.to.add_pack(pack.clone(), vec![[7; 32]], Some(other)).await.is_err());
    assert!(setup.arrived().is_empty());
    let typed = fingerprint(&key).replace(' ', "").to_uppercase();
    setup.to.add_pack(pack.clone(), Vec::new(), Some(typed)).await.unwrap();
    assert_eq!(setup.arrived(), ["mini", "tiny"]);
    let whole = setup.dir.path().join("to/mini/1_Pooling/config.json");
    assert!(whole.exists(), "what belongs to the model comes with it");
    // A device of the workspace needs no further word; what is here already stays sound.
    let view = setup.to.add_pack(pack, vec![key], None).await.unwrap();
    assert!(view.fault.is_none());
    let second = setup.pack(&seal).await;
    assert!(second.to_string_lossy().contains(" 2."), "nothing is overwritten: {}", second.display());
}

#[tokio::test]
async fn a_pack_that_was_changed_adds_nothing() {
    type Change = fn(&Path);
    let changes: &[(&str, Change)] = &[
        ("a weight", |pack| flip(&pack.join("models/tiny.gguf"))),
        ("a small file", |pack| flip(&pack.join("models/mini/tokenizer.json"))),
        ("the list", |pack| {
            let text = std::fs::read_to_string(pack.join("pack.json")).unwrap();
            std::fs::write(pack.join("pack.json"), text.replace("\"Ada\"", "\"Eve\"")).unwrap();
        }),
        ("the signature", |pack| std::fs::write(pack.join("pack.sig"), "00".repeat(64)).unwrap()),
        ("a missing file", |pack| std::fs::remove_file(pack.join("models/mini/config.json")).unwrap()),
        ("a longer file", |pack| {
            let mut bytes = std::fs::read(pack.join("models/tiny.gguf")).unwrap();
            bytes.push(0);
            std::fs::write(pack.join("models/tiny.gguf"), bytes).unwrap();
        }),
        ("a link out of it", |pack| {
            std::fs::remove_file(pack.join("models/tiny.gguf")).unwrap();
            #[cfg(unix)]
            std::os::unix::fs::symlink("/etc/hostname", pack.join("models/tiny.gguf")).unwrap();
        }),
        ("a list that is none", |pack| std::fs::write(pack.join("pack.json"), "{").unwrap()),
    ];
    for (what, change) in changes {
        let setup = setup().await;
        let (seal, key) = seal(1);
        let pack = setup.pack(&seal).await;
        change(&pack);
        let fault = setup.to.add_pack(pack, vec![key], None).await.unwrap_err().fault();
        assert_eq!(fault.code, "model.pack", "{what}: {fault}");
        assert!(fault.safe.is_some() && setup.arrived().is_empty(), "{what}");
    }
}

/// A list that is signed and names what it should not.
#[tokio::test]
async fn a_signed_list_cannot_reach_outside_the_pack() {
    let (seal, key) = seal(1);
    for (id, path, purpose) in [
        ("tiny", "../../secret.gguf", "chat"),
        ("../tiny", "tiny.gguf", "chat"),
        ("mini", "mini/../../secret", "embedding"),
        ("mini", "/etc/hostname", "embedding"),
        ("mini", "other/model.safetensors", "embedding"),
    ] {
        let setup = setup().await;
        let pack = setup.dir.path().join("forged");
        std::fs::create_dir(&pack).unwrap();
        let key_text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let list = serde_json::json!({
            "format": 1, "by": "Ada", "key": key_text,
            "models": [{ "id": id, "purpose": purpose, "files": [{ "path": path, "bytes": 1, "sha256": "ab".repeat(32) }] }],
        });
        let text = list.to_string();
        let signature = (seal.sign)(format!("atelier model pack 1\n{text}").as_bytes());
        let signature: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(pack.join("pack.sig"), signature).unwrap();
        std::fs::write(pack.join("pack.json"), text).unwrap();
        let fault = setup.to.add_pack(pack, vec![key], None).await.unwrap_err().fault();
        assert_eq!(fault.code, "model.pack", "{path}: {fault}");
    }
}

fn flip(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn a_removed_model_can_be_brought_back_until_atelier_is_closed() {
    let setup = setup().await;
    for id in ["tiny", "mini"] {
        setup.from.remove(id).await.unwrap();
        assert!(setup.from.view().models.iter().all(|model| model.id != id));
        setup.from.restore(id).await.unwrap();
        assert!(setup.from.view().models.iter().any(|model| model.id == id && model.fault.is_none()));
    }
    assert_eq!(setup.from.remove("no such").await.unwrap_err().fault().code, "model.not_found");
    assert_eq!(setup.from.restore("no such").await.unwrap_err().fault().code, "model.not_found");
    // A file that is not in the folder is never removed from where it is.
    let outside = setup.dir.path().join("tiny.gguf");
    assert!(setup.from.remove(outside.to_str().unwrap()).await.is_err() && outside.exists());
    setup.from.remove("tiny").await.unwrap();
    setup.from.shutdown().await;
    let again = open(&setup.dir.path().join("from")).await;
    assert_eq!(again.restore("tiny").await.unwrap_err().fault().code, "model.not_found");
    let names = std::fs::read_dir(setup.dir.path().join("from")).unwrap().flatten();
    assert!(names.map(|entry| entry.file_name()).all(|name| !name.to_string_lossy().contains("tiny")));
}
