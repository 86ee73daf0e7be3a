//! Which requests are let in: the right Host, the right Origin, and an open session.

use super::{MAX_BODY, Served};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::net::SocketAddr;

/// The session cookie's name. Browsers keep cookies by host, whatever the port: two servers on one
/// machine must not overwrite each other's.
pub(super) fn cookie_name(address: SocketAddr) -> String {
    format!("atelier-session-{}", address.port())
}

const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
         font-src 'self'; img-src 'self' data: blob:; connect-src 'self'; form-action 'none'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    // A name in a link is looked up only when somebody follows the link: a look-up tells it to others.
    ("x-dns-prefetch-control", "off"),
    ("cache-control", "no-cache"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Checks a request before anything else sees it, and adds the security headers to the response.
pub(super) async fn guard(State(served): State<Served>, request: Request, next: Next) -> Response {
    let refused = refuse(&served, request.method(), request.uri().path(), request.headers());
    let mut response = match refused {
        Some((status, why)) => (status, why).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn refuse(served: &Served, method: &Method, path: &str, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    if !host_is_ours(served.address, text(headers, header::HOST)) {
        return Some((StatusCode::FORBIDDEN, "this Host is not served here"));
    }
    let length = text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if length.is_some_and(|length: usize| length > MAX_BODY) {
        return Some((StatusCode::PAYLOAD_TOO_LARGE, "more than one request may carry"));
    }
    let api = path.starts_with("/api/");
    // A page of another site may make a browser send requests here: the browser then says whose
    // they are. Everything that reads or changes the workspace must come from our own page.
    let ours = text(headers, header::ORIGIN).map(|origin| origin_is_ours(served.address, origin));
    if ours == Some(false) || (api && ours.is_none()) {
        return Some((StatusCode::FORBIDDEN, "this Origin is not served here"));
    }
    if api
        && path != "/api/session"
        && !session(served.address, headers).is_some_and(|session| served.sessions.knows(session))
    {
        return Some((StatusCode::UNAUTHORIZED, "open the address that the terminal shows"));
    }
    if !api && method != Method::GET && method != Method::HEAD {
        return Some((StatusCode::METHOD_NOT_ALLOWED, "only GET"));
    }
    None
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn session(address: SocketAddr, headers: &HeaderMap) -> Option<&str> {
    let ours = cookie_name(address);
    text(headers, header::COOKIE)?
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == ours).then_some(value))
}

fn host_is_ours(address: SocketAddr, host: Option<&str>) -> bool {
    let Some(host) = host else { return false };
    let port = address.port();
    host == address.to_string()
        || (address.ip().is_loopback() && (host == format!("localhost:{port}") || host == format!("127.0.0.1:{port}")))
        // Bound to every interface: any address, never a name, which somebody else could point here.
        || (address.ip().is_unspecified() && host.parse::<SocketAddr>().is_ok_and(|named| named.port() == port))
}

fn origin_is_ours(address: SocketAddr, origin: &str) -> bool {
    origin.strip_prefix("http://").is_some_and(|host| host_is_ours(address, Some(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_served() {
        let loopback: SocketAddr = "127.0.0.1:4000".parse().unwrap();
        let everywhere: SocketAddr = "0.0.0.0:4000".parse().unwrap();
        for (address, host, ours) in [
            (loopback, "127.0.0.1:4000", true),
            (loopback, "localhost:4000", true),
            (loopback, "localhost:4001", false),
            (loopback, "127.0.0.1", false),
            (loopback, "evil.example:4000", false),
            (loopback, "127.0.0.1.evil.example:4000", false),
            (everywhere, "192.168.1.5:4000", true),
            (everywhere, "evil.example:4000", false),
        ] {
            assert_eq!(host_is_ours(address, Some(host)), ours, "{host}");
            assert_eq!(origin_is_ours(address, &format!("http://{host}")), ours, "{host}");
        }
        assert!(!host_is_ours(loopback, None));
        assert!(!origin_is_ours(loopback, "null"));
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        let cookies = "a=b; atelier-session-4001=other; atelier-session-4000=s3; c=d";
        headers.insert(header::COOKIE, HeaderValue::from_static(cookies));
        assert_eq!(session("127.0.0.1:4000".parse().unwrap(), &headers), Some("s3"));
        assert_eq!(session("127.0.0.1:4002".parse().unwrap(), &headers), None);
    }
}
