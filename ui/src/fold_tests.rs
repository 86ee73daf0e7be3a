//! The table of (before, news, after) for `fold`.

use super::*;
use crate::state::Shown;
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
    let shown = Shown { chat: Some(chat_id(1)), ..Shown::default() };
    Workspace { open: Some(chat_id(1)), shown, chats: vec![chat(1, 10)], items, ..Workspace::default() }
}
fn texts(space: &Workspace) -> Vec<&str> {
    space.items.iter().map(|item| item.text.as_str()).collect()
}
fn page(n: u8, items: Vec<ItemView>, more: bool) -> ChatPage {
    ChatPage { chat: chat(n, 10), items, more }
}
fn newest(n: u8, items: Vec<ItemView>) -> News {
    News::Newest(Box::new(page(n, items, false)))
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
    let elsewhere = event(Event::Delta { chat: chat_id(9), item: item_id(2), at: 1, text: "t".into() });
    let step_at = |index| event(Event::StepChanged { chat: chat_id(1), item: item_id(2), index, step: step("x") });
    let table: Vec<(&str, Workspace, News, Folded, Vec<&str>)> = vec![
        ("a delta that fits", two(), delta(1, "t"), Touched(vec![Touch::Item(item_id(2))]), vec!["q", "ét"]),
        ("a delta known in part", two(), delta(0, "ét"), Touched(vec![Touch::Item(item_id(2))]), vec!["q", "ét"]),
        ("a delta known already", two(), delta(0, "é"), Touched(vec![Touch::Item(item_id(2))]), vec!["q", "é"]),
        ("a delta that leaves a gap", two(), delta(3, "t"), Folded::Reread(vec![]), vec!["q", "é"]),
        ("a delta of an item that was missed", open(vec![]), delta(0, "t"), Folded::Reread(vec![]), vec![]),
        ("a delta of another chat", two(), elsewhere, Touched(vec![]), vec!["q", "é"]),
        (
            "an item at the end",
            two(),
            event(Event::ItemAdded(item(3, Some(2), "q2"))),
            Touched(vec![Touch::Items]),
            vec!["q", "é", "q2"],
        ),
        ("a branch", two(), event(Event::ItemAdded(item(5, None, "other"))), Folded::Reread(vec![]), vec!["q", "é"]),
        ("an item of another chat", two(), event(Event::ItemAdded(other)), Touched(vec![]), vec!["q", "é"]),
        (
            "an item told twice",
            two(),
            event(Event::ItemAdded(item(2, Some(1), "again"))),
            Touched(vec![Touch::Item(item_id(2))]),
            vec!["q", "again"],
        ),
        ("the first step", two(), step_at(0), Touched(vec![Touch::Item(item_id(2))]), vec!["q", "é"]),
        ("a step after a gap", two(), step_at(1), Folded::Reread(vec![]), vec!["q", "é"]),
        (
            "older items, one of them known",
            open(vec![item(3, Some(1), "c")]),
            News::Older(Box::new(page(1, vec![item(1, None, "a"), item(3, Some(1), "c")], false))),
            Touched(vec![Touch::Open, Touch::Items]),
            vec!["a", "c"],
        ),
        (
            "older items of a branch left meanwhile",
            open(vec![item(3, Some(2), "c")]),
            News::Older(Box::new(page(1, vec![item(1, None, "a")], false))),
            Touched(vec![]),
            vec!["c"],
        ),
        (
            "a delta for an answer that has ended",
            open(vec![ItemView { status: ItemStatus::Complete, ..item(2, None, "é") }]),
            delta(1, "t"),
            Touched(vec![Touch::Item(item_id(2))]),
            vec!["é"],
        ),
        ("a resync", two(), event(Event::Resync), Folded::Reopen, vec!["q", "é"]),
    ];
    for (name, mut space, news, expected, left) in table {
        assert_eq!(fold(&mut space, news), expected, "{name}");
        assert_eq!(texts(&space), left, "{name}");
    }
}

/// A chat is opened, read again and left while an answer is being written in it.
#[test]
fn pages_and_the_events_that_overtake_them() {
    let (q, a) = (|| item(1, None, "q"), |text: &str| item(2, Some(1), text));
    let done = |text: &str| ItemView { status: ItemStatus::Complete, ..a(text) };
    let long = || open((1..=6).map(|n| item(n, (n > 1).then(|| n - 1), &n.to_string())).collect());
    let branch = |n: u8, parent: u8| ItemView { id: item_id(n), ..item(7, Some(parent), "new") };
    type Case = (&'static str, Workspace, Vec<News>, bool, Vec<&'static str>);
    let table: Vec<Case> = vec![
        (
            "opened in mid-answer: what came before the page fits over it",
            Workspace::default(),
            vec![News::Asked(chat_id(1)), delta(2, "c"), delta(3, "d"), newest(1, vec![q(), a("abc")]), delta(4, "e")],
            false,
            vec!["q", "abcde"],
        ),
        (
            "the end of an answer overtakes the page",
            Workspace::default(),
            vec![News::Asked(chat_id(1)), event(Event::ItemChanged(done("abc"))), newest(1, vec![q(), a("a")])],
            false,
            vec!["q", "abc"],
        ),
        (
            "an item overtakes the page",
            Workspace::default(),
            vec![News::Asked(chat_id(1)), event(Event::ItemAdded(a(""))), delta(0, "a"), newest(1, vec![q()])],
            false,
            vec!["q", "a"],
        ),
        (
            "a gap is read once, whatever comes meanwhile",
            open(vec![q(), a("a")]),
            vec![News::Asked(chat_id(1)), delta(3, "d"), delta(4, "e"), newest(1, vec![q(), a("abcd")])],
            false,
            vec!["q", "abcde"],
        ),
        (
            "a page of before the gap is not enough",
            open(vec![q(), a("a")]),
            vec![News::Asked(chat_id(1)), delta(3, "d"), newest(1, vec![q(), a("ab")])],
            true,
            vec!["q", "ab"],
        ),
        ("an item that was missed", open(vec![q()]), vec![delta(5, "f")], true, vec!["q"]),
        (
            "an item of another branch is looked for once",
            open(vec![q()]),
            vec![delta(5, "f"), News::Asked(chat_id(1)), newest(1, vec![q()]), delta(6, "g"), delta(7, "h")],
            false,
            vec!["q"],
        ),
        (
            "a page of a chat that was left is late",
            Workspace::default(),
            vec![News::Asked(chat_id(1)), News::Asked(chat_id(9)), newest(1, vec![q()])],
            false,
            vec![],
        ),
        (
            "the chat that was gone to is read",
            open(vec![q()]),
            vec![News::Asked(chat_id(9)), newest(1, vec![q()]), newest(9, vec![item(3, None, "there")])],
            false,
            vec!["there"],
        ),
        (
            "what was scrolled to stays: the page begins with a known item",
            long(),
            vec![News::Asked(chat_id(1)), newest(1, vec![item(5, Some(4), "5"), item(6, Some(5), "six")])],
            false,
            vec!["1", "2", "3", "4", "5", "six"],
        ),
        (
            "what was scrolled to stays: the page follows a known item",
            long(),
            vec![News::Asked(chat_id(1)), newest(1, vec![branch(7, 2)])],
            false,
            vec!["1", "2", "new"],
        ),
        (
            "a page that begins elsewhere replaces all",
            long(),
            vec![News::Asked(chat_id(1)), newest(1, vec![branch(30, 29)])],
            false,
            vec!["new"],
        ),
        (
            "a page read while the chat is removed opens nothing",
            Workspace::default(),
            vec![News::Asked(chat_id(1)), event(Event::ChatRemoved(chat_id(1))), newest(1, vec![q()])],
            false,
            vec![],
        ),
    ];
    for (name, mut space, news, again, expected) in table {
        let last = news.into_iter().map(|news| fold(&mut space, news)).last();
        assert_eq!(matches!(last, Some(Folded::Reread(_))), again, "{name}");
        assert_eq!(texts(&space), expected, "{name}");
    }
}

#[test]
fn what_was_scrolled_to_has_older_items_still() {
    let mut space = open(vec![item(3, Some(2), "3"), item(4, Some(3), "4")]);
    space.older = true;
    for (first, older) in [(item(4, Some(3), "4"), true), (item(9, Some(8), "9"), false)] {
        fold(&mut space, News::Asked(chat_id(1)));
        fold(&mut space, newest(1, vec![first]));
        assert_eq!(space.older, older);
    }
}

#[test]
fn a_chat_that_is_not_here_says_why() {
    let unread = || News::Unread(chat_id(1), Fault::new(FaultKind::Internal, "a.b", "c"));
    let gone = || News::Unread(chat_id(1), Fault::new(FaultKind::NotFound, "a.b", "c"));
    let asked = || News::Asked(chat_id(1));
    let removed = || event(Event::ChatRemoved(chat_id(1)));
    let here = || open(vec![item(1, None, "q")]);
    type Case = (&'static str, Workspace, Vec<News>, &'static str, Option<ChatId>);
    let table: Vec<Case> = vec![
        ("on its way", Workspace::default(), vec![asked()], "", None),
        ("unread", Workspace::default(), vec![asked(), unread()], "unread", None),
        ("asked for again", Workspace::default(), vec![asked(), unread(), asked()], "unread", None),
        ("a fault of a chat that was left", Workspace::default(), vec![News::Asked(chat_id(9)), unread()], "", None),
        ("what is here stays", here(), vec![asked(), unread()], "", Some(chat_id(1))),
        ("unless it is gone", here(), vec![asked(), gone()], "unread", None),
        ("removed elsewhere", here(), vec![removed()], "removed", None),
        ("another one removed", here(), vec![event(Event::ChatRemoved(chat_id(9)))], "", Some(chat_id(1))),
        ("and back", here(), vec![removed(), asked(), newest(1, vec![])], "", Some(chat_id(1))),
    ];
    for (name, mut space, news, missing, at) in table {
        for news in news {
            fold(&mut space, news);
        }
        let said = match space.shown.missing {
            None => "",
            Some(Missing::Unread(_)) => "unread",
            Some(Missing::Removed) => "removed",
        };
        assert_eq!((said, space.open), (missing, at), "{name}");
    }
    let mut space = here();
    fold(&mut space, removed());
    let back = fold(&mut space, event(Event::ChatChanged(chat(1, 20))));
    assert!(matches!(back, Folded::Reread(_)), "a chat that comes back is read");
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

#[test]
fn a_notice_that_was_read_stays_away_when_the_workspace_is_opened_again() {
    let fault = |code: &str, words: &str| Fault::new(FaultKind::Busy, code, words);
    let told = [fault("a", "1"), fault("b", "2")];
    let left = vec![fault("b", "2")];
    assert_eq!(unread(told.to_vec(), &[fault("a", "1")], vec![]), left);
    assert_eq!(unread(told.to_vec(), &[fault("a", "1")], left.clone()), left, "told once");
    assert_eq!(unread(vec![fault("a", "another")], &[fault("a", "1")], left.clone()).len(), 2, "what is new is shown");

    let mut space = Workspace { notices: told.to_vec(), ..Workspace::default() };
    fold(&mut space, News::Read("a".into()));
    assert_eq!((space.notices, space.read), (left, vec![fault("a", "1")]));
}

#[test]
fn folders_come_change_and_go() {
    let folder = |n: u8, files: u32| FolderView {
        id: FolderId::from_str(&uuid(n)).unwrap(),
        path: format!("/f{n}"),
        added_at: 0,
        files,
        gone: 0,
        looked_at: None,
        state: FolderState::Watching,
        note: None,
        left_out: vec![],
        more_left_out: 0,
        passed_over: PassedOver::default(),
    };
    let mut space = Workspace::default();
    let files = |space: &Workspace| space.folders.iter().map(|folder| folder.files).collect::<Vec<_>>();
    for (news, expected) in [
        (Event::FolderChanged(folder(1, 2)), vec![2]),
        (Event::FolderChanged(folder(2, 3)), vec![2, 3]),
        (Event::FolderChanged(folder(1, 5)), vec![5, 3]),
        (Event::FolderRemoved(folder(1, 0).id), vec![3]),
        (Event::FolderRemoved(folder(1, 0).id), vec![3]),
    ] {
        assert_eq!(fold(&mut space, event(news)), Touched(vec![Touch::Folders]));
        assert_eq!(files(&space), expected);
    }
}

#[test]
fn the_list_hears_of_what_it_is_filtered_by() {
    let document = |state, labels: &[&str]| DocumentView {
        id: DocumentId::from_str(&uuid(7)).unwrap(),
        name: "lease.pdf".into(),
        origin: String::new(),
        format: "pdf".into(),
        bytes: 1,
        hash: String::new(),
        pages: 1,
        passages: 1,
        language: None,
        author: None,
        dated: None,
        added_at: 1,
        state,
        notes: vec![],
        earlier: false,
        parent: None,
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    };
    let mut space = Workspace::default();
    let mut told = |document: DocumentView| {
        let folded = fold(&mut space, event(Event::DocumentChanged(document)));
        matches!(folded, Touched(touched) if touched.contains(&Touch::Documents))
    };
    let fault = Fault::new(FaultKind::Damaged, "document.damaged", "It is damaged.");
    assert!(told(document(DocumentState::Waiting, &[])), "it is new");
    assert!(!told(document(DocumentState::Reading, &[])), "its own row is enough");
    assert!(told(document(DocumentState::Failed { fault }, &[])));
    assert!(told(document(DocumentState::Ready { meaning: true }, &[])));
    assert!(told(document(DocumentState::Ready { meaning: true }, &["urgent"])));
    assert!(!told(document(DocumentState::Ready { meaning: false }, &["urgent"])));
    assert!(told(DocumentView { earlier: true, ..document(DocumentState::Ready { meaning: false }, &["urgent"]) }));
}
