//! What does a hub say of a file before it is fetched?
//!
//! Model hubs answer a HEAD request for `REPOSITORY/resolve/REVISION/FILE` with the file's length, its
//! SHA-256 (large files) or its id as a blob of Git (small ones), and the commit that the revision
//! stands for, in the headers `x-linked-size`, `x-linked-etag`, `etag` and `x-repo-commit`. Large files
//! themselves come from another host, to which the same address redirects. A mirror that passes the
//! headers on works like the hub.

use super::{
    Order, Piece, Proof, fetch,
    patience::{Patience, Try},
};
use crate::{ModelError, catalogue};
use egress::{Errand, Gate, Incoming, Method, Outgoing, StatusCode, Url, header};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What a hub says of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Announced {
    bytes: Option<u64>,
    proof: Option<Proof>,
    /// The commit that its revision stands for.
    commit: Option<String>,
}

/// The address of a file of a repository.
pub(crate) fn address(hub: &str, repository: &str, revision: &str, path: &str) -> String {
    format!("{}/{repository}/resolve/{revision}/{path}", hub.trim_end_matches('/'))
}

/// Asks the hub about the pieces that it has yet to be asked about, and binds the order to what it says.
pub(super) async fn ask(
    gate: &Gate,
    order: &mut Order,
    errand: &Errand,
    backoff: Duration,
    stop: &CancellationToken,
) -> Result<(), ModelError> {
    let mut missing = Vec::new();
    for piece in order.pieces.iter_mut().filter(|piece| piece.ask) {
        let url = fetch::address(&piece.url)?;
        match patiently(gate, &url, errand, backoff, stop).await {
            Ok(announced) => bind(piece, announced)?,
            Err(ModelError::Hub { status: 404, .. }) if piece.optional => missing.push(piece.to.clone()),
            Err(error) => return Err(error),
        }
    }
    order.pieces.retain(|piece| !missing.contains(&piece.to));
    Ok(())
}

async fn patiently(
    gate: &Gate,
    url: &Url,
    errand: &Errand,
    backoff: Duration,
    stop: &CancellationToken,
) -> Result<Announced, ModelError> {
    let mut patience = Patience::new(backoff);
    loop {
        let request = Outgoing::new(Method::HEAD, url.clone()).patience(Duration::from_secs(30)).without_redirects();
        let tried = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(ModelError::Stopped),
            answer = gate.send(errand, request) => match answer {
                Err(error) => fetch::later(error)?,
                Ok(answer) => read(&answer)?,
            },
        };
        match tried {
            Try::Done(announced) => return Ok(announced),
            Try::Later(wait, error) => patience.wait(false, wait, error, stop).await?,
        }
    }
}

fn read(answer: &Incoming) -> Result<Try<Announced>, ModelError> {
    let status = answer.status();
    match status {
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => return Ok(Try::Done(Announced::default())),
        status if status.is_success() || status.is_redirection() => {}
        status => return fetch::refusal(answer, status),
    }
    let text = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let linked = text("x-linked-etag").or_else(|| text(header::ETAG.as_str()).filter(|_| status.is_success()));
    // The length of a redirect is that of its own words.
    let length =
        text("x-linked-size").or_else(|| text(header::CONTENT_LENGTH.as_str()).filter(|_| status.is_success()));
    Ok(Try::Done(Announced {
        bytes: length.and_then(|length| length.parse().ok()),
        proof: linked.and_then(proof),
        commit: text("x-repo-commit").filter(|commit| is_commit(commit)).map(str::to_owned),
    }))
}

/// An entity tag as hubs write it: the file's SHA-256 or its id as a blob.
fn proof(tag: &str) -> Option<Proof> {
    let tag = tag.trim_start_matches("W/").trim_matches('"').to_ascii_lowercase();
    if catalogue::is_sha256(&tag) {
        return Some(Proof::Sha256(tag));
    }
    is_commit(&tag).then_some(Proof::Blob(tag))
}

/// Whether this is a SHA-1 in hex, which is how Git names commits and blobs.
fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Binds a piece to what was announced. What the catalogue says goes before what the hub says.
fn bind(piece: &mut Piece, announced: Announced) -> Result<(), ModelError> {
    let Announced { bytes, proof, commit } = announced;
    match (&piece.proof, &proof) {
        (Proof::Sha256(expected), Some(Proof::Sha256(actual))) if !expected.eq_ignore_ascii_case(actual) => {
            let url = Url::parse(&piece.url).ok();
            return Err(ModelError::Replaced {
                host: url.as_ref().map(super::host).unwrap_or_default(),
                file: url.map(|url| url.path().trim_start_matches('/').to_owned()).unwrap_or_default(),
                expected: expected.clone(),
                actual: actual.clone(),
            });
        }
        (Proof::Nothing, None) if catalogue::is_weights(&piece.to) => {
            return Err(ModelError::Unproven { file: piece.url.clone() });
        }
        (Proof::Nothing, Some(Proof::Blob(_))) if catalogue::is_weights(&piece.to) => {
            // Git names large files by a pointer: such a tag is not of the weights themselves.
            return Err(ModelError::Unproven { file: piece.url.clone() });
        }
        (Proof::Nothing, Some(proof)) => piece.proof = proof.clone(),
        (Proof::Sha256(_) | Proof::Blob(_), _) | (Proof::Nothing, None) => {}
    }
    piece.bytes = bytes.or(piece.bytes);
    if let Some(commit) = commit {
        // The rest of the order, and a later try, read the same state of the repository.
        if let Some((before, after)) = piece.url.split_once("/resolve/")
            && let Some((_, path)) = after.split_once('/')
        {
            piece.url = format!("{before}/resolve/{commit}/{path}");
        }
    }
    piece.ask = false;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(proof: Proof, to: &str) -> Piece {
        let url = address("https://hub.example/", "a/b", "main", "dir/m.gguf");
        Piece { url, to: to.to_owned(), bytes: None, proof, ask: true, optional: false, about: 5 }
    }

    #[test]
    fn a_piece_is_bound_to_the_commit_and_the_hash_that_were_announced() {
        let (hash, commit) = ("ab".repeat(32), "cd".repeat(20));
        let mut one = piece(Proof::Nothing, "m.gguf");
        let said = Announced { bytes: Some(7), proof: Some(Proof::Sha256(hash.clone())), commit: Some(commit.clone()) };
        bind(&mut one, said).unwrap();
        assert_eq!(one.url, format!("https://hub.example/a/b/resolve/{commit}/dir/m.gguf"));
        assert_eq!((one.bytes, one.proof, one.ask), (Some(7), Proof::Sha256(hash.clone()), false));
        // What the catalogue names must be what the hub has.
        let mut other = piece(Proof::Sha256("ef".repeat(32)), "m.gguf");
        let said = Announced { proof: Some(Proof::Sha256(hash)), ..Announced::default() };
        assert_eq!(bind(&mut other, said).unwrap_err().fault().code, "model.replaced");
    }

    #[test]
    fn weights_without_a_proof_are_refused_and_small_files_are_not() {
        let code = |piece: &mut Piece, said| bind(piece, said).map_err(|error| error.fault().code);
        let blob = || Some(Proof::Blob("12".repeat(20)));
        for proof in [None, blob()] {
            let said = Announced { proof, ..Announced::default() };
            assert_eq!(code(&mut piece(Proof::Nothing, "m.gguf"), said), Err("model.unproven".to_owned()));
        }
        let mut small = piece(Proof::Nothing, "config.json");
        code(&mut small, Announced { proof: blob(), ..Announced::default() }).unwrap();
        assert_eq!(Some(small.proof), blob());
        code(&mut piece(Proof::Nothing, "config.json"), Announced::default()).unwrap();
    }

    #[test]
    fn tags_are_read_as_hubs_write_them() {
        for (tag, expected) in [
            (format!("\"{}\"", "AB".repeat(32)), Some(Proof::Sha256("ab".repeat(32)))),
            (format!("W/\"{}\"", "ab".repeat(20)), Some(Proof::Blob("ab".repeat(20)))),
            ("\"v1\"".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(proof(&tag), expected, "{tag}");
        }
    }
}
