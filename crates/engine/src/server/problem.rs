//! An error as OpenAI's clients read it.

use crate::error::EngineError;
use axum::{
    Json,
    http::{HeaderName, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// An error answer: a status and `{"error": {message, type, param, code, hint}}`.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    error: Value,
}

impl Problem {
    /// A problem with its stable code.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let kind = match status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            429 => "rate_limit_error",
            503 => "unavailable_error",
            400..=499 => "invalid_request_error",
            _ => "server_error",
        };
        let error = json!({"message": message.into(), "type": kind, "param": null, "code": code});
        Self { status, error }
    }

    /// A request that asks for something the engine does not do, or wrongly. The message names the parameter: it is
    /// all that some clients show.
    #[must_use]
    pub fn invalid(param: &str, message: impl Into<String>) -> Self {
        let message: String = message.into();
        let message = if message.contains(param) { message } else { format!("{param}: {message}") };
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message).with("param", param)
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.error[name] = value.into();
        self
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The status of the answer.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// When a client that came at a busy time may come again: clients of OpenAI and Anthropic wait so long by themselves.
    pub(super) fn patience(&self) -> Option<[(HeaderName, &'static str); 1]> {
        (self.status == StatusCode::TOO_MANY_REQUESTS).then_some([(RETRY_AFTER, "1")])
    }

    /// For a prompt that is too long: its tokens, and how many fit.
    pub(super) fn too_long(&self) -> Option<(u64, u64)> {
        Some((self.error["n_prompt_tokens"].as_u64()?, self.error["n_ctx"].as_u64()?))
    }

    /// The body: `{"error": …}`.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({"error": self.error})
    }
}

impl From<&EngineError> for Problem {
    fn from(error: &EngineError) -> Self {
        let status = match error {
            EngineError::Invalid { .. } | EngineError::ContextFull { .. } | EngineError::Template(_) => {
                StatusCode::BAD_REQUEST
            }
            EngineError::NoModel(_) | EngineError::UnknownModel { .. } => StatusCode::NOT_FOUND,
            EngineError::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
            EngineError::Loading | EngineError::Closing => StatusCode::SERVICE_UNAVAILABLE,
            EngineError::Io { .. }
            | EngineError::NotGguf(_)
            | EngineError::Version { .. }
            | EngineError::Truncated { .. }
            | EngineError::Malformed { .. }
            | EngineError::Missing { .. }
            | EngineError::Architecture { .. }
            | EngineError::Unsupported { .. }
            | EngineError::Tokenizer { .. }
            | EngineError::Compute(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let problem = Self::new(status, error.code(), error.to_string()).with("hint", error.hint());
        match error {
            EngineError::ContextFull { asked, context } => {
                problem.with("n_prompt_tokens", *asked).with("n_ctx", *context)
            }
            EngineError::Invalid { param, .. } => problem.with("param", *param),
            // As OpenAI has it: the request is what is wrong.
            EngineError::UnknownModel { .. } => problem.with("type", "invalid_request_error").with("param", "model"),
            _ => problem,
        }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        Self::from(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Json(self.body());
        (self.status, self.patience(), body).into_response()
    }
}
