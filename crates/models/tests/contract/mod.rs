//! What every chat model and every embedder promises, whatever is behind it: one suite, run on each.

#![allow(dead_code)] // each test uses its part

use egress::Errand;
use futures::StreamExt;
use models::*;
use tokio_util::sync::CancellationToken;

fn prompt(words: &str) -> Prompt {
    Prompt {
        messages: vec![Message::new(Role::User, words)],
        tools: Vec::new(),
        sampling: Sampling { max_tokens: 256, seed: Some(1), ..Sampling::default() },
        errand: Errand::atelier("a test"),
    }
}

/// The answer's text and its end; stops it after the first piece where that is wanted.
async fn ask(model: &dyn ChatModel, words: &str, stop_early: bool) -> (String, Delta) {
    let stop = CancellationToken::new();
    let mut stream = model.chat(prompt(words), stop.clone()).await.unwrap();
    let (mut text, mut end) = (String::new(), None);
    while let Some(delta) = stream.next().await {
        assert!(end.is_none(), "something came after the end");
        match delta.unwrap() {
            Delta::Text(more) => {
                text.push_str(&more);
                if stop_early {
                    stop.cancel();
                }
            }
            done @ Delta::Done { .. } => end = Some(done),
            Delta::Loading { .. } | Delta::Reading { .. } | Delta::Reasoning(_) | Delta::ToolCall { .. } => {}
        }
    }
    (text, end.expect("an answer that breaks off is an error"))
}

/// The promises of a chat model. It answers `short` in few words and `long` in many.
pub async fn chat_model(model: &dyn ChatModel, short: &str, long: &str) {
    let card = model.card();
    assert!(!card.id.is_empty() && !card.name.is_empty() && !card.engine.is_empty() && card.context > 0, "{card:?}");

    let (text, end) = ask(model, short, false).await;
    let Delta::Done { finish, prompt_tokens, completion_tokens, .. } = end else { unreachable!() };
    assert!(!text.is_empty() && matches!(finish, Finish::Stop | Finish::Length), "{text:?} {finish:?}");
    assert!(prompt_tokens > 0 && completion_tokens > 0);
    assert_eq!(ask(model, short, false).await.0, text, "without chance the same answer comes again");

    let (text, end) = ask(model, long, true).await;
    assert!(!text.is_empty());
    assert!(matches!(end, Delta::Done { finish: Finish::Cancelled, .. }), "{end:?}");

    // Who leaves without a word does not leave a model behind that is busy for ever.
    let mut left = model.chat(prompt(long), CancellationToken::new()).await.unwrap();
    while !matches!(left.next().await, Some(Ok(Delta::Text(_)))) {}
    drop(left);
    assert!(!ask(model, short, false).await.0.is_empty());

    let count = async |words: &str| model.count_tokens(&prompt(words)).await.unwrap();
    let (one, many) = (count("word").await, count(&"word ".repeat(100)).await);
    assert!(one > 0 && many > one + 50, "{one} {many}");
}

/// The promises of an embedder.
pub async fn embedder(embedder: &dyn Embedder) {
    assert!(!embedder.id().is_empty());
    let texts = ["a lease", "a much longer sentence about the notice period", "é"].map(str::to_owned).to_vec();
    let together = embedder.embed(texts.clone()).await.unwrap();
    assert_eq!(together.len(), texts.len());
    for (text, vector) in texts.into_iter().zip(&together) {
        assert_eq!(vector.len(), embedder.dims());
        let alone = embedder.embed(vec![text.clone()]).await.unwrap().remove(0);
        let far = alone.iter().zip(vector).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
        assert!(far < 1e-4, "{text}: {far} away from itself among others");
    }
    assert!(embedder.embed(Vec::new()).await.unwrap().is_empty());
}
