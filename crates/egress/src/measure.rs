//! How many bytes do a request's and an answer's heads take?
//!
//! HTTP/1.1 is spoken throughout, and every header that goes out is set by the gate or its caller,
//! so the head's size follows from its parts. Not counted: TLS records, chunk framing, TCP and IP
//! headers, DNS. Bodies are counted exactly, elsewhere.

use reqwest::{Method, StatusCode, Url, header::HeaderMap};

/// `name: value` and the line's end, for each.
fn lines(headers: &HeaderMap) -> u64 {
    headers.iter().map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64).sum()
}

/// The request line, the headers with `Host`, and the empty line.
pub(crate) fn request_head(method: &Method, url: &Url, headers: &HeaderMap) -> u64 {
    let path = url.path().len() + url.query().map_or(0, |query| query.len() + 1);
    let line = method.as_str().len() + 1 + path + " HTTP/1.1\r\n".len();
    let port = url.port().map_or(0, |port| 1 + port.to_string().len());
    let host = "host: \r\n".len() + url.host_str().map_or(0, str::len) + port;
    (line + host + 2) as u64 + lines(headers)
}

/// The status line, the headers and the empty line.
pub(crate) fn answer_head(status: StatusCode, headers: &HeaderMap) -> u64 {
    let reason = status.canonical_reason().map_or(0, str::len);
    ("HTTP/1.1 200 \r\n".len() + reason + 2) as u64 + lines(headers)
}
