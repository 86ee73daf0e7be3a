//! A model behind an OpenAI-compatible server that a person has configured.

use crate::{
    ChatModel, Delta, ModelCard, ModelError, Prompt,
    client::{self, Server},
};
use async_trait::async_trait;
use egress::{Gate, Url};
use futures::stream::{BoxStream, StreamExt};
use protocol::{EndpointView, GateVerdict, Place, Verdict};
use std::{fmt, time::Instant};
use tokio_util::sync::CancellationToken;

/// What an endpoint's id begins with.
pub(crate) const PREFIX: &str = "endpoint:";

/// An OpenAI-compatible server, configured by a person. Nothing is sent to it until a rule of the
/// workspace allows its host.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name here.
    pub name: String,
    /// Its base address, with or without `/v1`.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// Its key.
    pub key: Option<String>,
    /// Its context in tokens, where known; otherwise a cautious size is assumed.
    pub context: Option<u32>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.as_ref().map(|_| "…");
        f.debug_struct("Endpoint").field("name", &self.name).field("url", &self.url).field("key", &key).finish()
    }
}

/// Whether this can be an endpoint's address: http or https, a host, and no secret in it. To be
/// asked before an address is written anywhere.
///
/// # Errors
/// What is wrong with it, without repeating it.
pub fn check_address(url: &str) -> Result<(), ModelError> {
    Server::read_base(url).map(drop)
}

/// What nearly every server offers today.
const CAUTIOUS_CONTEXT: u32 = 8192;

impl Endpoint {
    /// How it looks from outside, with what the gate says of it now.
    pub(crate) fn view(&self, gate: &Gate) -> EndpointView {
        let verdict = Server::read_base(&self.url).map(|url| gate.verdict(&url));
        EndpointView {
            name: self.name.clone(),
            url: self.url.clone(),
            model: self.model.clone(),
            has_key: self.key.is_some(),
            verdict: match verdict {
                Ok(GateVerdict::Allowed) => Verdict::Allow,
                Ok(GateVerdict::Denied | GateVerdict::Sealed) | Err(_) => Verdict::Deny,
            },
        }
    }

    /// The model behind it.
    pub(crate) fn model(&self, gate: &Gate) -> Result<Remote, ModelError> {
        let base = Server::read_base(&self.url)?;
        let card = ModelCard {
            id: format!("{PREFIX}{}", self.name),
            name: self.model.clone(),
            place: if is_loopback(&base) { Place::Here } else { Place::Outside },
            context: self.context.unwrap_or(CAUTIOUS_CONTEXT),
            parameters: 0,
            tools: true,
            sha256: String::new(),
            engine: base.host_str().unwrap_or_default().to_owned(),
        };
        let server = Server {
            name: self.name.clone(),
            base,
            key: self.key.clone().filter(|key| !key.is_empty()),
            model: self.model.clone(),
            local: false,
            patience: client::PATIENCE,
        };
        Ok(Remote { card, server, gate: gate.clone() })
    }
}

/// Only a literal loopback address is surely this machine; a name can be resolved to anything.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A chat model elsewhere.
pub(crate) struct Remote {
    card: ModelCard,
    server: Server,
    gate: Gate,
}

#[async_trait]
impl ChatModel for Remote {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    async fn chat(
        &self,
        prompt: Prompt,
        stop: CancellationToken,
    ) -> Result<BoxStream<'static, Result<Delta, ModelError>>, ModelError> {
        Ok(self.server.clone().chat(self.gate.clone(), prompt, Instant::now(), stop).boxed())
    }

    async fn count_tokens(&self, prompt: &Prompt) -> Result<u32, ModelError> {
        // Counting there would send the prompt before anyone asked for an answer.
        Ok(client::estimate(prompt))
    }
}
