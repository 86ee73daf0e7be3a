//! Which key does what: one table, which the page listens by and the shortcut sheet prints.

use web_sys::KeyboardEvent;

/// What a shortcut of the whole window does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Opens the palette.
    Palette,
    /// Starts a chat.
    NewChat,
    /// Searches in the documents.
    SearchDocuments,
    /// Shows or hides the sidebar.
    Sidebar,
    /// Shows or hides the sources.
    Sources,
    /// To the next area.
    NextArea,
    /// To the previous area.
    PreviousArea,
    /// What left this machine.
    Outbound,
    /// Settings.
    Settings,
    /// The shortcut sheet.
    Shortcuts,
    /// To the newest message.
    Newest,
    /// To the agent's question.
    Question,
    /// Takes the newest result back.
    Undo,
}

/// Where a shortcut stands in the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Anywhere.
    Window,
    /// In a chat.
    Chat,
    /// In lists.
    Lists,
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Shortcut {
    /// Where it works.
    pub group: Group,
    /// The key of its words.
    pub words: &'static str,
    /// What is pressed; several where several do the same. `Mod` is ⌘ on a Mac, else Ctrl.
    pub press: &'static [&'static str],
    /// On a Mac, where that differs.
    pub mac: Option<&'static [&'static str]>,
    /// What it does anywhere in the window; None where a part of a screen listens itself.
    pub action: Option<Action>,
}

const fn global(words: &'static str, press: &'static [&'static str], action: Action) -> Shortcut {
    Shortcut { group: Group::Window, words, press, mac: None, action: Some(action) }
}
const fn local(group: Group, words: &'static str, press: &'static [&'static str]) -> Shortcut {
    Shortcut { group, words, press, mac: None, action: None }
}

/// Every shortcut. No key needs AltGr, Option or Shift to be typed on AZERTY or QWERTZ.
pub const SHORTCUTS: &[Shortcut] = &[
    global(key!("keys.palette"), &["Mod+K"], Action::Palette),
    global(key!("keys.new_chat"), &["Mod+N"], Action::NewChat),
    global(key!("keys.search"), &["Mod+Shift+F"], Action::SearchDocuments),
    global(key!("keys.sidebar"), &["Mod+Shift+B"], Action::Sidebar),
    global(key!("keys.sources"), &["Mod+Shift+E"], Action::Sources),
    global(key!("keys.next_area"), &["F6"], Action::NextArea),
    global(key!("keys.previous_area"), &["Shift+F6"], Action::PreviousArea),
    global(key!("keys.outbound"), &["Mod+Shift+O"], Action::Outbound),
    global(key!("keys.settings"), &["Mod+,"], Action::Settings),
    global(key!("keys.shortcuts"), &["F1", "?"], Action::Shortcuts),
    global(key!("keys.undo"), &["Mod+Z"], Action::Undo),
    local(Group::Chat, key!("keys.send"), &["Enter"]),
    local(Group::Chat, key!("keys.new_line"), &["Shift+Enter"]),
    local(Group::Chat, key!("keys.stop"), &["Esc"]),
    local(Group::Chat, key!("keys.edit_last"), &["Up"]),
    Shortcut {
        group: Group::Chat,
        words: key!("keys.newest"),
        press: &["Mod+End"],
        mac: Some(&["Mod+Down"]),
        action: Some(Action::Newest),
    },
    Shortcut {
        group: Group::Chat,
        words: key!("keys.question"),
        press: &["Mod+J"],
        mac: None,
        action: Some(Action::Question),
    },
    local(Group::Chat, key!("keys.decide"), &["A", "W", "D"]),
    local(Group::Chat, key!("keys.citations"), &["Right", "Left"]),
    local(Group::Chat, key!("keys.open_citation"), &["Space"]),
    local(Group::Lists, key!("keys.list_move"), &["Up", "Down"]),
    local(Group::Lists, key!("keys.list_ends"), &["Home", "End"]),
    local(Group::Lists, key!("keys.list_preview"), &["Space"]),
    local(Group::Lists, key!("keys.list_open"), &["Enter"]),
    local(Group::Lists, key!("keys.list_select"), &["Shift+Up", "Shift+Down"]),
    local(Group::Lists, key!("keys.list_all"), &["Mod+A"]),
    local(Group::Lists, key!("keys.list_remove"), &["Del"]),
];

/// A key press, as far as shortcuts care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressed {
    /// The key's name as the page tells it.
    pub key: String,
    /// ⌘ on a Mac, else Ctrl.
    pub command: bool,
    /// Shift.
    pub shift: bool,
    /// Any other modifier: then it is no shortcut of ours.
    pub other: bool,
    /// Whether text is being typed.
    pub typing: bool,
}

impl Pressed {
    /// From a keyboard event.
    pub fn of(event: &KeyboardEvent, mac: bool) -> Self {
        let (command, foreign) =
            if mac { (event.meta_key(), event.ctrl_key()) } else { (event.ctrl_key(), event.meta_key()) };
        Self {
            key: event.key(),
            command,
            shift: event.shift_key(),
            other: foreign || event.alt_key() || event.is_composing(),
            typing: crate::dom::inside(event.target(), "input, textarea, select, [contenteditable]"),
        }
    }
}

/// What a press does anywhere in the window.
pub fn action(pressed: &Pressed, mac: bool) -> Option<Action> {
    if pressed.other {
        return None;
    }
    SHORTCUTS.iter().find_map(|shortcut| {
        let action = shortcut.action?;
        // In a field the same keys take back what was typed.
        if action == Action::Undo && pressed.typing {
            return None;
        }
        presses(shortcut, mac).iter().any(|press| matches(press, pressed)).then_some(action)
    })
}

/// Whether an action may happen while a dialog lies over the page: what is behind it is out of reach.
pub fn over_dialogs(action: Action) -> bool {
    match action {
        Action::Palette | Action::Shortcuts => true,
        Action::NewChat
        | Action::SearchDocuments
        | Action::Sidebar
        | Action::Sources
        | Action::NextArea
        | Action::PreviousArea
        | Action::Outbound
        | Action::Settings
        | Action::Newest
        | Action::Question
        | Action::Undo => false,
    }
}

/// What is pressed on this platform.
pub fn presses(shortcut: &Shortcut, mac: bool) -> &'static [&'static str] {
    if mac { shortcut.mac.unwrap_or(shortcut.press) } else { shortcut.press }
}

fn matches(press: &str, pressed: &Pressed) -> bool {
    let (mut command, mut shift, mut key) = (false, false, "");
    for part in press.split('+') {
        match part {
            "Mod" => command = true,
            "Shift" => shift = true,
            name => key = name,
        }
    }
    if command != pressed.command {
        return false;
    }
    let name = match key {
        "Down" => "ArrowDown",
        "Esc" => "Escape",
        name => name,
    };
    if name == "?" {
        // Where the sign is on the keyboard, and with which modifier, is the layout's business.
        return pressed.key == "?" && !pressed.typing;
    }
    shift == pressed.shift && pressed.key.eq_ignore_ascii_case(name)
}

/// A press in the caps of this platform, for the screen.
pub fn caps(press: &str, mac: bool) -> Vec<String> {
    press
        .split('+')
        .map(|part| match (part, mac) {
            ("Mod", true) => "⌘".to_owned(),
            ("Mod", false) => "Ctrl".to_owned(),
            ("Shift", true) => "⇧".to_owned(),
            ("Shift", false) => t!("cap.shift"),
            ("Enter", true) => "↵".to_owned(),
            ("Enter", false) => t!("cap.enter"),
            ("Esc", _) => t!("cap.esc"),
            ("Up", _) => "↑".to_owned(),
            ("Down", _) => "↓".to_owned(),
            ("Left", _) => "←".to_owned(),
            ("Right", _) => "→".to_owned(),
            ("Space", _) => t!("cap.space"),
            ("End", _) => t!("cap.end"),
            ("Home", _) => t!("cap.home"),
            ("Del", true) => "⌫".to_owned(),
            ("Del", false) => t!("cap.del"),
            (key, _) => key.to_owned(),
        })
        .collect()
}

/// The caps of an action's first press, joined for a tooltip.
pub fn hint(action: Action, mac: bool) -> String {
    let press = SHORTCUTS
        .iter()
        .find(|shortcut| shortcut.action == Some(action))
        .and_then(|shortcut| presses(shortcut, mac).first())
        .copied()
        .unwrap_or_default();
    caps(press, mac).join(if mac { "" } else { " " })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn press(key: &str, command: bool, shift: bool) -> Pressed {
        Pressed { key: key.into(), command, shift, other: false, typing: true }
    }

    #[test]
    fn presses_find_their_action() {
        let table = [
            (press("k", true, false), Some(Action::Palette)),
            (press("K", true, true), None),
            (press("F", true, true), Some(Action::SearchDocuments)),
            (press("F6", false, true), Some(Action::PreviousArea)),
            (press("?", false, true), None),
            (Pressed { typing: false, ..press("?", false, true) }, Some(Action::Shortcuts)),
            (Pressed { other: true, ..press("k", true, false) }, None),
            (press("End", true, false), Some(Action::Newest)),
            (press("z", true, false), None),
            (Pressed { typing: false, ..press("z", true, false) }, Some(Action::Undo)),
            (press("a", false, false), None),
        ];
        for (pressed, expected) in table {
            assert_eq!(action(&pressed, false), expected, "{pressed:?}");
        }
    }

    #[test]
    fn no_press_means_two_things() {
        for mac in [false, true] {
            let mut seen = HashSet::new();
            for shortcut in SHORTCUTS.iter().filter(|shortcut| shortcut.action.is_some()) {
                assert!(presses(shortcut, mac).iter().all(|press| seen.insert(*press)), "{}", shortcut.words);
            }
        }
    }
}
