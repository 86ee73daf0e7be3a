//! What is asked for and on whose behalf: a request and its errand.

use crate::EgressError;
use bytes::Bytes;
use reqwest::{
    Method, Url,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use serde::Serialize;
use std::time::Duration;

/// Who sends something, and why: what the ledger says to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// A person's or an agent's name, or `Atelier`.
    pub who: String,
    /// One line.
    pub why: String,
}

impl Errand {
    /// An errand of `who`.
    pub fn new(who: impl Into<String>, why: impl Into<String>) -> Self {
        Self { who: who.into(), why: why.into() }
    }

    /// An errand of Atelier itself.
    pub fn atelier(why: impl Into<String>) -> Self {
        Self::new("Atelier", why)
    }
}

/// A request that has not been judged yet.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) patience: Duration,
    pub(crate) follow: bool,
}

impl Outgoing {
    /// A request without a body.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            patience: Duration::from_secs(60),
            follow: true,
        }
    }

    /// A GET.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// A DELETE.
    pub fn delete(url: Url) -> Self {
        Self::new(Method::DELETE, url)
    }

    /// A POST of JSON.
    pub fn post_json(url: Url, body: &impl Serialize) -> Result<Self, EgressError> {
        let body = serde_json::to_vec(body).map_err(|error| EgressError::Address {
            reason: format!("the request cannot be written as JSON: {error}"),
        })?;
        let mut outgoing = Self::new(Method::POST, url);
        outgoing.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        outgoing.body = body.into();
        Ok(outgoing)
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds a bearer token. It never appears in a log, and never follows a redirect to another host.
    pub fn bearer(self, token: &str) -> Result<Self, EgressError> {
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| EgressError::Address { reason: "the key holds characters that no header can carry".into() })?;
        value.set_sensitive(true);
        Ok(self.header(header::AUTHORIZATION, value))
    }

    /// How long the other side may stay silent: until its headers, and between two pieces of body.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Hands redirects to the caller instead of following them.
    #[must_use]
    pub fn without_redirects(mut self) -> Self {
        self.follow = false;
        self
    }
}
