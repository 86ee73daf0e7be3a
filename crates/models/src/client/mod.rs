//! How a chat or an embedding request is made to any OpenAI-compatible server, ours or another.

mod answer;
mod sse;
mod wire;

use crate::{Delta, ModelError, Prompt};
use answer::Answer;
use egress::{Errand, Gate, Incoming, Outgoing, Url};
use futures::{Stream, StreamExt};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

/// The longest answer to anything but a chat.
const REPLY_LIMIT: u64 = 64 << 20;
/// The longest error body that is read.
const ERROR_LIMIT: u64 = 64 << 10;
/// How long a server may be silent. Reading a long prompt on a slow machine takes minutes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// A server and how to speak to it.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// For people: the endpoint's name or `atelier-engine`.
    pub(crate) name: String,
    /// Ends with a slash; `v1/…` is joined to it.
    pub(crate) base: Url,
    pub(crate) key: Option<String>,
    /// The model's name there.
    pub(crate) model: String,
    /// Whether it is our own engine.
    pub(crate) local: bool,
    /// How long it may say nothing. Signs of life between events say nothing: a server whose model hangs
    /// goes on sending them.
    pub(crate) patience: Duration,
}

impl Server {
    /// Reads a base address as people write it: with or without `/v1`, a slash, or the whole path
    /// of the chat call. What is wrong with one is said without repeating it: it may hold a secret.
    pub(crate) fn read_base(text: &str) -> Result<Url, ModelError> {
        let invalid = |reason: &str| ModelError::Invalid { reason: format!("the address {reason}") };
        let mut url = Url::parse(text.trim()).map_err(|_| invalid("cannot be read"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("is neither http nor https"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(invalid("names no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("holds a user name or password; put the key in its own field"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("must not have a query or fragment"));
        }
        let mut path = url.path().trim_end_matches('/');
        for known in ["/chat/completions", "/v1"] {
            path = path.strip_suffix(known).unwrap_or(path).trim_end_matches('/');
        }
        let path = format!("{path}/");
        url.set_path(&path);
        Ok(url)
    }

    fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    fn url(&self, path: &str) -> Result<Url, ModelError> {
        self.base.join(path).map_err(|error| ModelError::Invalid { reason: error.to_string() })
    }

    fn post(&self, path: &str, body: &Value) -> Result<Outgoing, ModelError> {
        let outgoing = Outgoing::post_json(self.url(path)?, body)?.patience(self.patience);
        Ok(match &self.key {
            Some(key) => outgoing.bearer(key)?,
            None => outgoing,
        })
    }

    /// Sends and accepts only success.
    async fn send(&self, gate: &Gate, errand: &Errand, path: &str, body: &Value) -> Result<Incoming, ModelError> {
        let answer = gate.send(errand, self.post(path, body)?).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = answer.bytes(ERROR_LIMIT).await.unwrap_or_default();
        let message = match serde_json::from_slice::<Value>(&body) {
            Ok(value) => wire::error_text(&value),
            Err(_) => wire::one_line(&String::from_utf8_lossy(&body)),
        };
        let message = if message.is_empty() { status.to_string() } else { message };
        Err(ModelError::Server { server: self.name.clone(), status: status.as_u16(), message })
    }

    async fn call(&self, gate: &Gate, errand: &Errand, path: &str, body: &Value) -> Result<Value, ModelError> {
        let answer = self.send(gate, errand, path, body).await?.bytes(REPLY_LIMIT).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| sse::broken(&self.name, format!("its reply cannot be read: {error}")))
    }

    /// The vectors of `texts`, in their order; `kind` is what they are to the model, "query" or "document".
    pub(crate) async fn embed(
        &self,
        gate: &Gate,
        errand: &Errand,
        texts: &[String],
        kind: &'static str,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let request = wire::EmbeddingsRequest {
            model: &self.model,
            input: texts,
            encoding_format: "float",
            input_type: kind,
            truncate: true,
        };
        let answer = self.call(gate, errand, "v1/embeddings", &json!(request)).await?;
        let broken = |reason: &str| sse::broken(&self.name, reason.to_owned());
        let reply: wire::Embeddings =
            serde_json::from_value(answer).map_err(|error| broken(&format!("its vectors cannot be read: {error}")))?;
        let mut vectors = vec![None; texts.len()];
        for embedding in reply.data {
            let place = vectors.get_mut(embedding.index).ok_or_else(|| broken("it sent more vectors than texts"))?;
            *place = Some(embedding.embedding);
        }
        vectors.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| broken("it sent fewer vectors than texts"))
    }

    /// How well each text answers the query, in their order.
    pub(crate) async fn rank(
        &self,
        gate: &Gate,
        errand: &Errand,
        query: &str,
        texts: &[String],
    ) -> Result<Vec<f32>, ModelError> {
        let request = wire::RerankRequest { model: &self.model, query, documents: texts, raw_scores: true };
        let answer = self.call(gate, errand, "v1/rerank", &json!(request)).await?;
        let broken = |reason: &str| sse::broken(&self.name, reason.to_owned());
        let reply: wire::Reranked =
            serde_json::from_value(answer).map_err(|error| broken(&format!("its order cannot be read: {error}")))?;
        let mut scores = vec![None; texts.len()];
        for one in reply.results {
            let place = scores.get_mut(one.index).ok_or_else(|| broken("it ordered more texts than there are"))?;
            *place = Some(one.relevance_score).filter(|score| score.is_finite());
        }
        scores.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| broken("it did not order every text"))
    }

    /// The prompt's tokens, counted by the engine's own tokenizer and template.
    pub(crate) async fn count(&self, gate: &Gate, prompt: &Prompt) -> Result<u32, ModelError> {
        let mut body = json!({ "messages": wire::messages(&prompt.messages) });
        if !prompt.tools.is_empty() {
            body["tools"] = wire::tools(&prompt.tools);
        }
        // Counted where it is laid out: there it is known which text is a control token and which only
        // looks like one, and the prompt's text does not tell that any more.
        let laid_out = self.call(gate, &prompt.errand, "apply-template", &body).await?;
        let Some(tokens) = laid_out["tokens"].as_u64() else {
            return Err(sse::broken(&self.name, "no count came back from /apply-template".into()));
        };
        Ok(u32::try_from(tokens).unwrap_or(u32::MAX))
    }

    /// Streams an answer. `asked` is when the person's wait began.
    pub(crate) fn chat(
        self,
        gate: Gate,
        prompt: Prompt,
        asked: Instant,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<Delta, ModelError>> + Send + 'static {
        async_stream::stream! {
            let mut answer = Answer::of(&self.name);
            let body = wire::chat(&self.model, &prompt, self.local);
            let sent = tokio::select! {
                biased;
                () = stop.cancelled() => None,
                sent = self.send(&gate, &prompt.errand, "v1/chat/completions", &body) => Some(sent),
            };
            let incoming = match sent {
                None => { yield Ok(answer.cancelled()); return; }
                Some(Err(error)) => { yield Err(error); return; }
                Some(Ok(incoming)) => incoming,
            };
            let mut pieces = incoming.bytes_stream();
            let (mut parser, mut events, mut deltas) = (sse::Parser::default(), Vec::new(), Vec::new());
            let mut said = tokio::time::Instant::now();
            while !answer.is_over() {
                let piece = tokio::select! {
                    biased;
                    () = stop.cancelled() => {
                        // Close the connection first: the server stops on it, and only then say so.
                        drop(pieces);
                        yield Ok(answer.cancelled());
                        return;
                    }
                    piece = pieces.next() => piece,
                    () = sleep_until(said + self.patience) => {
                        drop(pieces);
                        yield Err(egress::EgressError::Silent { host: self.host(), after: self.patience }.into());
                        return;
                    }
                };
                let fed = match piece {
                    None => answer.closed(&mut deltas),
                    Some(Err(egress::EgressError::Broken { .. })) => answer.closed(&mut deltas),
                    Some(Err(error)) => Err(error.into()),
                    Some(Ok(piece)) => feed(&self.name, &mut parser, &piece, &mut events).and_then(|()| {
                        if !events.is_empty() {
                            said = tokio::time::Instant::now();
                        }
                        events.drain(..).try_for_each(|event| answer.event(&event, asked.elapsed(), &mut deltas))
                    }),
                };
                for delta in deltas.drain(..) {
                    yield Ok(delta);
                }
                if let Err(error) = fed {
                    yield Err(error);
                    return;
                }
            }
        }
    }
}

fn feed(server: &str, parser: &mut sse::Parser, piece: &[u8], events: &mut Vec<String>) -> Result<(), ModelError> {
    parser.feed(piece, events).map_err(|reason| sse::broken(server, reason))
}

/// The end of an answer that was stopped before it began.
pub(crate) fn cancelled() -> Delta {
    Answer::default().cancelled()
}

/// A cautious estimate for servers that offer no tokenizer: one token for three bytes of text,
/// which over-counts English and is about right for scripts with several bytes per char.
pub(crate) fn estimate(prompt: &Prompt) -> u32 {
    let tools = if prompt.tools.is_empty() { 0 } else { wire::tools(&prompt.tools).to_string().len() };
    let texts: usize = prompt
        .messages
        .iter()
        .map(|message| {
            let calls: usize = message.tool_calls.iter().map(|call| call.name.len() + call.arguments.len() + 24).sum();
            message.content.len() + calls + 24
        })
        .sum();
    u32::try_from((texts + tools).div_ceil(3)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_addresses_as_people_write_them() {
        for (text, expected) in [
            ("https://a.test", "https://a.test/v1/chat/completions"),
            ("https://a.test/", "https://a.test/v1/chat/completions"),
            ("https://a.test/v1", "https://a.test/v1/chat/completions"),
            ("https://a.test/v1/", "https://a.test/v1/chat/completions"),
            (" https://a.test/openai/v1 ", "https://a.test/openai/v1/chat/completions"),
            ("https://a.test/v1/chat/completions", "https://a.test/v1/chat/completions"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/chat/completions"),
        ] {
            let base = Server::read_base(text).unwrap();
            assert_eq!(base.join("v1/chat/completions").unwrap().as_str(), expected, "{text}");
        }
        for text in [
            "",
            "a.test",
            "ftp://a.test",
            "file:///x",
            "https://u:secret@a.test",
            "https://secret@a.test",
            "https://a.test/?k=secret",
            "https://a.test/#secret",
            "https://secret:x/",
            "https://",
        ] {
            let error = Server::read_base(text).unwrap_err().fault();
            assert!(!format!("{error:?}").contains("secret"), "{text}: {error:?}");
        }
    }

    #[test]
    fn an_estimate_is_never_below_a_usual_tokenizer() {
        // "Hello world" style English has about four bytes per token.
        let text = "The quick brown fox jumps over the lazy dog. ".repeat(20);
        let message = crate::Message::new(crate::Role::User, text.clone());
        let prompt = Prompt {
            messages: vec![message],
            tools: Vec::new(),
            sampling: crate::Sampling::default(),
            errand: Errand::atelier("test"),
        };
        assert!(estimate(&prompt) as usize > text.len() / 4 + 4);
    }
}
