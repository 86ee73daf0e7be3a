//! How often is something tried again, and how long is waited in between? Never without a limit.

use crate::ModelError;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Tries in a row that bring nothing new before it is given up.
const MAX_TRIES: u32 = 6;
/// The longest wait that a server may ask for.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// What one try came to.
pub(super) enum Try<T> {
    /// It is done.
    Done(T),
    /// It may work later: after this wait if the server names one.
    Later(Option<Duration>, ModelError),
}

/// Counts the tries in a row that brought nothing new.
pub(super) struct Patience {
    /// The first wait after a failure; it doubles with each one.
    backoff: Duration,
    tries: u32,
}

impl Patience {
    pub(super) fn new(backoff: Duration) -> Self {
        Self { backoff, tries: 0 }
    }

    /// Waits until the next try, or gives up with the error of the last one.
    pub(super) async fn wait(
        &mut self,
        progress: bool,
        asked: Option<Duration>,
        error: ModelError,
        stop: &CancellationToken,
    ) -> Result<(), ModelError> {
        self.tries = if progress { 1 } else { self.tries + 1 };
        if self.tries >= MAX_TRIES {
            return Err(error);
        }
        let wait = asked.unwrap_or(self.backoff * 2u32.pow(self.tries - 1)).min(MAX_WAIT);
        tracing::info!(%error, ?wait, "a download goes on after a wait");
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(ModelError::Stopped),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }
}
