//! The table of (before, news, after) for `fold`.

use super::*;
use std::str::FromStr;

fn uuid(n: u8) -> String {
    format!("00000000-0000-7000-8000-0000000000{n:02x}")
}
fn chat_id(n: u8) -> ChatId {
    ChatId::from_str(&uuid(n)).unwrap()
}
fn item_id(n: u8) -> ItemId {
    ItemId::from_str(&uuid(n)).unwrap()
}
fn turn_id(n: u8) -> TurnId {
    TurnId::from_str(&uuid(n)).unwrap()
}
fn chat(n: u8, changed_at: i64) -> ChatView {
    let agent = AgentId::from_str(&uuid(99)).unwrap();
    ChatView { id: chat_id(n), agent, title: format!("chat {n}"), started_at: 0, changed_at, items: 0 }
}
fn item(n: u8, parent: Option<u8>, text: &str) -> ItemView {
    ItemView {
        id: item_id(n),
        chat: chat_id(1),
        parent: parent.map(item_id),
        kind: if n % 2 == 1 { ItemKind::Question } else { ItemKind::Answer },
        author: "someone".into(),
        at: 0,
        text: text.into(),
        status: ItemStatus::Writing,
        attached: vec![],
        steps: vec![],
        citations: vec![],
        unsupported: vec![],
        supported: None,
        made: None,
        branches: vec![item_id(n)],
    }
}
fn open(items: Vec<ItemView>) -> Workspace {
    Workspace { open: Some(chat_id(1)), chats: vec![chat(1, 10)], items, ..Workspace::default() }
}
fn event(event: Event) -> News {
    News::Event(Box::new(event))
}
fn delta(at: u64, text: &str) -> News {
    event(Event::Delta { chat: chat_id(1), item: item_id(2), at, text: text.into() })
}
fn step(detail: &str) -> StepView {
    StepView {
        kind: StepKind::Searched,
        state: StepState::Done,
        detail: Detail::Text(detail.into()),
        count: None,
        ms: None,
        decided: None,
        undo: None,
    }
}

#[test]
fn items_of_the_open_chat() {
    let two = || open(vec![item(1, None, "q"), item(2, Some(1), "é")]);
    let other = ItemView { chat: chat_id(9), ..item(4, None, "elsewhere") };
    let step_at = |index| event(Event::StepChanged { chat: chat_id(1), item: item_id(2), index, step: step("x") });
    let table: Vec<(&str, Workspace, News, Folded, Vec<&str>)> = vec![
        ("a delta that fits", two(), delta(1, "t"), Touched(vec![Touch::Item(item_id(2))]), vec!["q", "ét"]),
        ("a delta known in part", two(), delta(0, "ét"), Touched(vec![Touch::Item(item_id(2))]), vec!["q", "ét"]),
        ("a delta known already", two(), delta(0, "é"), Touched(vec![Touch::Item(item_id(2))]), vec!["q", "é"]),
        ("a delta that leaves a gap", two(), delta(3, "t"), Folded::Reread, vec!["q", "é"]),
        ("a delta of another chat", open(vec![]), delta(0, "t"), Touched(vec![]), vec![]),
        (
            "an item at the end",
            two(),
            event(Event::ItemAdded(item(3, Some(2), "q2"))),
            Touched(vec![Touch::Items]),
            vec!["q", "é", "q2"],
        ),
        ("a branch", two(), event(Event::ItemAdded(item(5, None, "other"))), Folded::Reread, vec!["q", "é"]),
        ("an item of another chat", two(), event(Event::ItemAdded(other)), Touched(vec![]), vec!["q", "é"]),
        (
            "an item told twice",
            two(),
            event(Event::ItemAdded(item(2, Some(1), "again"))),
            Touched(vec![Touch::Item(item_id(2))]),
            vec!["q", "again"],
        ),
        ("the first step", two(), step_at(0), Touched(vec![Touch::Item(item_id(2))]), vec!["q", "é"]),
        ("a step after a gap", two(), step_at(1), Folded::Reread, vec!["q", "é"]),
        (
            "older items, one of them known",
            open(vec![item(3, None, "c")]),
            News::Older(Box::new(ChatPage {
                chat: chat(1, 10),
                items: vec![item(1, None, "a"), item(3, None, "c")],
                more: false,
            })),
            Touched(vec![Touch::Open, Touch::Items]),
            vec!["a", "c"],
        ),
        ("the end of it", two(), News::Closed, Touched(vec![Touch::Open, Touch::Items]), vec![]),
        ("a resync", two(), event(Event::Resync), Folded::Reopen, vec!["q", "é"]),
    ];
    for (name, mut space, news, expected, texts) in table {
        assert_eq!(fold(&mut space, news), expected, "{name}");
        assert_eq!(space.items.iter().map(|item| item.text.as_str()).collect::<Vec<_>>(), texts, "{name}");
    }
}

#[test]
fn chats_stay_newest_first() {
    let mut space = Workspace::default();
    for (n, at) in [(1, 10), (2, 30), (3, 20), (1, 40)] {
        fold(&mut space, News::Chat(chat(n, at)));
    }
    assert_eq!(space.chats.iter().map(|chat| chat.id).collect::<Vec<_>>(), [1, 2, 3].map(chat_id));
    fold(&mut space, event(Event::ChatRemoved(chat_id(2))));
    assert_eq!(space.chats.len(), 2);
}

#[test]
fn turns_come_move_and_go() {
    let mut space = Workspace::default();
    let moved = |item, state| event(Event::TurnMoved { chat: chat_id(1), turn: turn_id(7), item, state });
    fold(&mut space, moved(None, TurnState::Queued { ahead: 1 }));
    fold(&mut space, moved(Some(item_id(2)), TurnState::Writing));
    fold(&mut space, moved(None, TurnState::Checking));
    let expected =
        RunningTurn { turn: turn_id(7), chat: chat_id(1), item: Some(item_id(2)), state: TurnState::Checking };
    assert_eq!(space.turns, [expected]);
    fold(&mut space, event(Event::TurnEnded { chat: chat_id(1), turn: turn_id(7) }));
    assert!(space.turns.is_empty());
}

#[test]
fn notices_are_bounded_and_told_once() {
    let mut space = Workspace::default();
    for n in 0..50 {
        fold(&mut space, event(Event::Notice(Fault::new(FaultKind::Busy, format!("code.{}", n % 30), "x"))));
    }
    assert_eq!(space.notices.len(), NOTICES);
    assert_eq!(space.notices.last().map(|notice| notice.code.as_str()), Some("code.19"));
    fold(&mut space, News::Read("code.19".into()));
    assert_eq!(space.notices.len(), NOTICES - 1);
}
