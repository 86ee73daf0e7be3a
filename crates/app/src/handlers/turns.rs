//! Questions and the turns that answer them.

use crate::App;
use protocol::*;

pub(crate) async fn send(
    app: &App,
    actor: &Actor,
    SendMessage { chat, text, attached }: SendMessage,
) -> Result<TurnId, Fault> {
    app.driver().ask(actor, chat, text, attached).await.map_err(Fault::from)
}

pub(crate) async fn edit(app: &App, actor: &Actor, EditMessage { item, text }: EditMessage) -> Result<TurnId, Fault> {
    app.driver().edit(actor, item, text).await.map_err(Fault::from)
}

pub(crate) async fn regenerate(app: &App, actor: &Actor, Regenerate { item }: Regenerate) -> Result<TurnId, Fault> {
    app.driver().regenerate(actor, item).await.map_err(Fault::from)
}

pub(crate) async fn go_on(app: &App, actor: &Actor, ContinueAnswer { item }: ContinueAnswer) -> Result<TurnId, Fault> {
    app.driver().continue_answer(actor, item).await.map_err(Fault::from)
}

pub(crate) async fn stop(app: &App, _: &Actor, StopTurn { turn, now }: StopTurn) -> Result<(), Fault> {
    app.driver().stop(turn, now);
    Ok(())
}

pub(crate) async fn decide(app: &App, actor: &Actor, Decide { asked, decision }: Decide) -> Result<(), Fault> {
    app.driver().decide(actor, asked, decision).await?;
    if decision == Decision::AllowAlways {
        app.refresh_rules().await?;
    }
    Ok(())
}

pub(crate) async fn explain(app: &App, _: &Actor, Explain { item }: Explain) -> Result<Explanation, Fault> {
    app.store().explanation(item).await?.ok_or_else(|| {
        Fault::new(FaultKind::NotFound, "item.unexplained", "This answer needed no model, or is not finished.")
    })
}

pub(crate) async fn replay(app: &App, _: &Actor, Replay { item }: Replay) -> Result<ReplayReport, Fault> {
    app.driver().replay(item).await.map_err(Fault::from)
}
