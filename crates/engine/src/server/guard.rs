//! Who may ask: only programs that know the token, and only by a loopback name.
//!
//! The check of `Host` closes the door to web pages that point a name of their own at 127.0.0.1.
//! No header ever allows another origin.

use super::{MAX_BODY, Problem, Server, Shared, anthropic};
use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;

pub(super) async fn check(server: Shared, request: Request, next: Next) -> Response {
    match refusal(&server, request.uri().path(), request.headers()) {
        Some(problem) => anthropic::spoken(request.uri(), problem),
        None => {
            let span = tracing::debug_span!(
                "request",
                method = %request.method(),
                path = request.uri().path(),
                status = tracing::field::Empty,
            );
            let response = next.run(request).instrument(span.clone()).await;
            span.record("status", response.status().as_u16());
            response
        }
    }
}

fn refusal(server: &Server, path: &str, headers: &HeaderMap) -> Option<Problem> {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    if !is_loopback(host, server.address.port()) {
        let message = "the Host is not 127.0.0.1, localhost or [::1] with the port of this engine";
        return Some(Problem::new(StatusCode::FORBIDDEN, "wrong_host", message));
    }
    // Whether it is alive is no secret, and a supervisor asks before all else.
    if path == "/health" || path == "/v1/health" {
        return None;
    }
    // Anthropic's clients send the token under a name of their own.
    let bearer = headers.get(header::AUTHORIZATION).and_then(|h| h.to_str().ok()?.strip_prefix("Bearer "));
    let given = bearer.or_else(|| headers.get("x-api-key")?.to_str().ok()).unwrap_or_default();
    if !same(given.as_bytes(), server.token.as_bytes()) {
        let message = "the bearer token is missing or wrong";
        return Some(Problem::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message));
    }
    // Refused before it is sent; a body without a length is cut off where it passes the limit.
    let length = headers.get(header::CONTENT_LENGTH).and_then(|n| n.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|n| n > MAX_BODY) {
        let message = format!("the body is longer than {MAX_BODY} bytes");
        return Some(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message));
    }
    None
}

fn is_loopback(host: &str, port: u16) -> bool {
    let Some((name, given)) = host.rsplit_once(':') else { return false };
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|n| n.eq_ignore_ascii_case(name)) && given == port.to_string()
}

/// Compares in a time that tells nothing about where two tokens differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (x, y)| differ | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_with_our_port() {
        for (host, ok) in [
            ("127.0.0.1:81", true),
            ("localhost:81", true),
            ("LOCALHOST:81", true),
            ("[::1]:81", true),
            ("127.0.0.1", false),
            ("127.0.0.1:82", false),
            ("127.0.0.1.evil.example:81", false),
            ("evil.example:81", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(host, 81), ok, "{host}");
        }
    }

    #[test]
    fn tokens_are_compared_whole() {
        for (a, b, equal) in [("abc", "abc", true), ("abc", "abd", false), ("abc", "ab", false), ("", "a", false)] {
            assert_eq!(same(a.as_bytes(), b.as_bytes()), equal, "{a} {b}");
        }
    }
}
