//! What a reader of documents can reach when a document has taken it over.
//!
//! A program that Tesseract's place names is started by the worker, inside its sandbox. This one does what
//! a hostile document would, and says how far it came.

use crate::common::*;
use library::{Library, LibraryConfig};
use protocol::DocumentState;
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

/// What is tried, each with a name that one word of the answer begins with.
const TRIED: &[&str] = &["read", "list", "write", "delete", "rename", "connect", "signal", "look"];

/// The program: `said` for a word of a page in the form that Tesseract gives.
fn program(at: &Path, port: u16) -> PathBuf {
    let (dir, process) = (at.display(), std::process::id());
    let script = format!(
        r#"#!/bin/bash
if [ "$1" = --list-langs ]; then printf 'List of available languages (1):\neng\n'; exit; fi
cat > /dev/null
word=0
try() {{
    word=$((word + 1))
    if eval "$2" > /dev/null 2>&1; then how=done; else how=refused; fi
    printf '5\t1\t1\t1\t1\t%d\t%d\t10\t90\t20\t96\t%s\n' $word $((word * 100)) "$1-$how"
}}
printf 'level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n'
printf '1\t1\t0\t0\t0\t0\t0\t0\t1000\t100\t-1\t\n'
try read 'cat {dir}/secret'
try list 'ls {dir}'
try write ': > {dir}/new'
try delete 'rm {dir}/victim'
try rename 'mv {dir}/other {dir}/renamed'
try connect 'exec 3<>/dev/tcp/127.0.0.1/{port}'
try signal 'kill -0 {process}'
try look 'cat /proc/{process}/environ'
"#
    );
    let path = at.join("tesseract");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn lay_out(at: &Path) {
    for name in ["secret", "victim", "other"] {
        fs::write(at.join(name), "private").unwrap();
    }
}

fn picture() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 1_000, 100);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&vec![255; 100_000]).unwrap();
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_takes_its_reader_over_comes_nowhere() {
    let outside = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let program = program(outside.path(), listener.local_addr().unwrap().port());
    let all = |how: &str| TRIED.iter().map(|tried| format!("{tried}-{how}")).collect::<Vec<_>>();

    // Outside it can do all of it: what follows shows the sandbox and no fault of the program.
    lay_out(outside.path());
    #[allow(clippy::disallowed_methods)] // the program alone, to compare
    let free = Command::new(&program).stdin(std::process::Stdio::null()).output().unwrap();
    let free = String::from_utf8(free.stdout).unwrap();
    let words: Vec<&str> = free.lines().skip(2).filter_map(|line| line.rsplit('\t').next()).collect();
    assert_eq!(words, all("done"));

    lay_out(outside.path());
    fs::remove_file(outside.path().join("new")).unwrap();
    let here = Here::new().await;
    let mut named = std::ffi::OsString::from("ATELIER_TESSERACT=");
    named.push(&program);
    let config = LibraryConfig::new(here.dir.path().join("index"), vec!["env".into(), named, WORKER.into()]);
    let library = Library::open(here.store.clone(), config).await.unwrap();
    let path = here.folder(&[]).join("scan.png");
    fs::write(&path, picture()).unwrap();
    let document = library.import(&here.person, &[path]).await.unwrap().documents[0];
    idle(&library).await;
    let view = here.store.document(document).await.unwrap();
    assert!(matches!(view.state, DocumentState::Ready { .. }), "{:?}", view.state);
    let text = library.page(document, 1, None, 600).await.unwrap().text;
    assert_eq!(text.split_whitespace().collect::<Vec<_>>(), all("refused"));
    assert!(!outside.path().join("new").exists() && outside.path().join("victim").exists());
    listener.set_nonblocking(true).unwrap();
    listener.accept().unwrap();
    listener.accept().expect_err("only the program outside has come through");
    library.shutdown().await;
}
