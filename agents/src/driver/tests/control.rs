//! Stopping, queueing, saving, closing.

use super::{
    super::Timing,
    house::{Act, house, quick},
};
use crate::AgentError;
use models::Finish;
use protocol::*;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

#[tokio::test]
async fn a_soft_stop_waits_for_the_token_and_no_longer() {
    let go = Arc::new(Notify::new());
    let runs = vec![
        vec![Act::Say("One"), Act::Wait(go.clone()), Act::Say(" two"), Act::Say(" three"), Act::Hang],
        vec![Act::Say("One"), Act::Hang],
        vec![Act::Say("One"), Act::Hang],
    ];
    let timing = Timing { grace: Duration::from_millis(200), ..quick() };
    let house = house("assistant", false, timing, runs).await;

    let turn = house.ask("First").await;
    house.told("One").await;
    house.driver.stop(turn, false);
    house.until(|event| matches!(event, Event::TurnMoved { state: TurnState::Stopping, .. }).then_some(())).await;
    go.notify_one();
    let stopped = house.ended(turn).await;
    assert_eq!((stopped.text.as_str(), &stopped.status), ("One two", &ItemStatus::Stopped));

    // At once.
    house.forget_events();
    let turn = house.ask("Second").await;
    house.told("One").await;
    house.driver.stop(turn, true);
    assert_eq!(house.ended(turn).await.text, "One");

    // A model that hangs is not waited for.
    house.forget_events();
    let turn = house.ask("Third").await;
    house.told("One").await;
    house.driver.stop(turn, false);
    assert_eq!(house.ended(turn).await.status, ItemStatus::Stopped);
    assert!(house.driver.running().is_empty());
}

#[tokio::test]
async fn one_turn_of_a_chat_runs_and_the_others_wait_their_turn() {
    let go = Arc::new(Notify::new());
    let say = |text| vec![Act::Say(text), Act::End(Finish::Stop)];
    let first = vec![Act::Say("One."), Act::Wait(go.clone()), Act::End(Finish::Stop)];
    let house = house("assistant", false, quick(), vec![first, say("Four.")]).await;
    let (a, b) = (house.ask("First").await, house.ask("Second").await);
    let (c, d) = (house.ask("Third").await, house.ask("Fourth").await);
    let ahead = |turn: TurnId| match house.driver.running().iter().find(|t| t.turn == turn).map(|t| t.state.clone()) {
        Some(TurnState::Queued { ahead }) => ahead,
        other => panic!("{other:?}"),
    };
    assert_eq!([ahead(b), ahead(c), ahead(d)], [1, 2, 3]);

    // One that waits can be stopped: it never asks a model, and those behind it move up.
    house.driver.stop(b, false);
    house.driver.stop(c, true);
    house.ended(c).await;
    house.ended(b).await;
    assert_eq!(ahead(d), 1);
    go.notify_one();
    house.ended(a).await;
    let last = house.ended(d).await;
    assert_eq!((last.text.as_str(), house.prompts().len()), ("Four.", 2));
    let said: Vec<_> = house.prompts()[1].messages.iter().skip(1).map(|message| message.content.clone()).collect();
    assert_eq!(said, ["First", "One.", "Fourth"], "stopped questions without an answer are not told");
}

#[tokio::test]
async fn a_chat_takes_only_so_many_questions() {
    let house = house("assistant", false, quick(), vec![vec![Act::Hang]]).await;
    for n in 0..super::super::lanes::LANE {
        house.ask(&format!("Question {n}")).await;
    }
    let more = house.driver.ask(&house.actor, house.chat, "One more".into(), vec![]).await;
    assert!(matches!(more, Err(AgentError::QueueFull { .. })));
    house.driver.shutdown().await;
    assert!(house.driver.running().is_empty());
}

#[tokio::test]
async fn text_is_saved_while_it_comes_and_kept_when_the_app_closes() {
    let house = house("assistant", false, quick(), vec![vec![Act::Say("One"), Act::Say(" two"), Act::Hang]]).await;
    let turn = house.ask("First").await;
    house.told("One two").await;
    let saved = async {
        while house.last().await.text != "One two" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), saved).await.expect("a checkpoint of the text so far");
    assert_eq!(house.last().await.status, ItemStatus::Writing);

    house.driver.shutdown().await;
    let answer = house.ended(turn).await;
    assert_eq!((answer.text.as_str(), &answer.status), ("One two", &ItemStatus::Interrupted));
    let closed = house.driver.ask(&house.actor, house.chat, "Second".into(), vec![]).await;
    assert!(matches!(closed, Err(AgentError::Closing)));
}

#[tokio::test]
async fn who_reads_in_mid_answer_has_what_the_others_were_told() {
    let timing = Timing { checkpoint: Duration::from_secs(3_600), ..quick() };
    let runs =
        vec![vec![Act::Say("One"), Act::Say(" two"), Act::End(Finish::Length)], vec![Act::Say(" three"), Act::Hang]];
    let house = house("researcher", false, timing, runs).await;
    let told = async |text: &str| {
        house.told(text).await;
        let mut items = vec![house.last().await];
        house.driver.catch_up(&mut items);
        items.remove(0)
    };
    let turn = house.ask("What does the tenant pay in rent every month?").await;
    house.ended(turn).await;
    let cut = house.last().await;
    house.forget_events();
    let turn = house.driver.continue_answer(&house.actor, cut.id).await.unwrap();
    let answer = told(" three").await;
    assert_eq!(house.last().await.text, cut.text, "nothing was saved yet");
    assert_eq!(answer.text, format!("{} three", cut.text));
    assert_eq!(answer.steps.first().map(|step| (&step.kind, step.state)), Some((&StepKind::Searched, StepState::Done)));
    house.driver.stop(turn, true);
    let ended = house.ended(turn).await;
    let mut items = vec![ended.clone()];
    house.driver.catch_up(&mut items);
    assert_eq!(items, [ended], "what has ended is as it was recorded");
}

#[tokio::test]
async fn a_length_limit_can_be_continued() {
    let runs = vec![vec![Act::Say("One"), Act::End(Finish::Length)], vec![Act::Say(" two."), Act::End(Finish::Stop)]];
    let house = house("assistant", false, quick(), runs).await;
    let cut = house.answer("Count").await;
    assert_eq!(cut.status, ItemStatus::CutShort);
    let turn = house.driver.continue_answer(&house.actor, cut.id).await.unwrap();
    let whole = house.ended(turn).await;
    assert_eq!((whole.id, whole.text.as_str(), &whole.status), (cut.id, "One two.", &ItemStatus::Complete));
}

#[tokio::test]
async fn a_turn_that_breaks_ends_and_leaves_its_chat_usable() {
    let go = Arc::new(Notify::new());
    let runs = vec![
        vec![Act::Break],
        vec![Act::Say("One"), Act::Wait(go.clone()), Act::Break],
        vec![Act::Say("Three."), Act::End(Finish::Stop)],
    ];
    let house = house("assistant", false, quick(), runs).await;
    let broken = house.answer("First").await;
    let ItemStatus::Failed { fault } = &broken.status else { panic!("{broken:?}") };
    assert_eq!(fault.code, "turn.broke");

    house.forget_events();
    let (second, third) = (house.ask("Second").await, house.ask("Third").await);
    house.told("One").await;
    let saved = async {
        while house.store.chat_page(house.chat, None, 10).await.unwrap().items.iter().all(|item| item.text != "One") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), saved).await.expect("a checkpoint of the text so far");
    go.notify_one();
    house.ended(second).await;
    let last = house.ended(third).await;
    assert_eq!((last.text.as_str(), &last.status), ("Three.", &ItemStatus::Complete), "the next one goes on");
    let items = house.store.chat_page(house.chat, None, 10).await.unwrap().items;
    let kept = items.iter().find(|item| item.text == "One").unwrap();
    assert_eq!(kept.status, ItemStatus::Interrupted);
    assert!(house.driver.running().is_empty());
}
