//! What only this screen knows: the route, what is open, toasts, what is read out.

use crate::{dom, files::Dragged, parts::viewer::Shown, route::Route};
use leptos::prelude::*;
use protocol::{DocumentId, Fault, ItemId, LeftOutFile, LogReport};
use std::time::Duration;

/// A toast: a result with a way back or a place to go.
#[derive(Clone)]
pub struct Toast {
    /// Its number.
    pub id: u32,
    /// The result, one line.
    pub text: String,
    /// The button's words and what it does.
    pub action: Option<(String, Callback<()>)>,
    /// Whether it tells of an import that runs.
    pub importing: Option<Importing>,
}

/// A toast that is true only while documents are being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Importing {
    /// What remains to be said afterwards; None: nothing.
    pub then: Option<String>,
}

/// The citation that the sources panel shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cited {
    /// The answer.
    pub item: ItemId,
    /// The citation's number in it.
    pub number: u32,
}

/// What went wrong on this screen, oldest first, until a person has read it. Copied freely.
#[derive(Clone, Copy)]
pub struct Faults(RwSignal<Vec<Fault>>);

impl Faults {
    /// Adds one, in the place of the same told before; None takes all away.
    pub fn set(self, fault: Option<Fault>) {
        self.0.update(|all| match fault {
            Some(fault) => add_fault(all, fault),
            None => all.clear(),
        });
    }

    /// All of them.
    pub fn get(self) -> Vec<Fault> {
        self.0.get()
    }

    /// A person has read one.
    pub fn read(self, fault: &Fault) {
        self.0.update(|all| all.retain(|known| known != fault));
    }
}

/// A toast with other words gets another number, so that it is drawn again.
fn after_import(toasts: &mut Vec<Toast>, mut number: impl FnMut() -> u32) {
    toasts.retain_mut(|toast| match toast.importing.take() {
        None => true,
        Some(Importing { then: None }) => false,
        Some(Importing { then: Some(text) }) => {
            toast.text = text;
            toast.id = number();
            true
        }
    });
}

fn add_fault(all: &mut Vec<Fault>, fault: Fault) {
    all.retain(|known| *known != fault);
    all.push(fault);
    let excess = all.len().saturating_sub(FAULTS);
    all.drain(..excess);
}

/// Signals of this screen. Copied freely.
#[derive(Clone, Copy)]
pub struct Screen {
    /// The route.
    pub route: RwSignal<Route>,
    /// Whether the panel lies over the pane, for want of width.
    pub narrow: RwSignal<bool>,
    /// Whether the sidebar is a rail or away, and lies over the sheet when it is shown.
    pub railed: RwSignal<bool>,
    /// Whether the sidebar was shown or hidden by hand; None: as the width says.
    pub side: RwSignal<Option<bool>>,
    /// Whether the sources panel is open.
    pub sources: RwSignal<bool>,
    /// How wide the panel is, in CSS pixels.
    pub panel: RwSignal<i32>,
    /// The citation in the sources panel.
    pub cited: RwSignal<Option<Cited>>,
    /// Toasts, oldest first.
    pub toasts: RwSignal<Vec<Toast>>,
    /// What the polite live region says.
    pub said: RwSignal<String>,
    /// Whether the palette is open.
    pub palette: RwSignal<bool>,
    /// Whether the shortcut sheet is open.
    pub shortcuts: RwSignal<bool>,
    /// A link that a person wants to open.
    pub link: RwSignal<Option<String>>,
    /// Text to start a new chat with, from the palette or the search.
    pub draft: RwSignal<String>,
    /// Documents to attach to the next question, from the documents or the search.
    pub attach: RwSignal<Vec<DocumentId>>,
    /// The page that the documents screen shows beside its table.
    pub page: RwSignal<Option<Shown>>,
    /// Files that are over the window now.
    pub dragged: RwSignal<Option<Dragged>>,
    /// Files that the last imports left out, each with the reason.
    pub left_out: RwSignal<Vec<LeftOutFile>>,
    /// Whether a person has put away that documents were read by an earlier version.
    pub earlier_dismissed: RwSignal<bool>,
    /// Words to search for, from the palette.
    pub query: RwSignal<String>,
    /// What the last check of the log found.
    pub log: RwSignal<Option<LogReport>>,
    /// What went wrong on this screen.
    pub fault: Faults,
    /// Whether the workspace was empty when this page opened it; None: not opened yet.
    pub greets: StoredValue<Option<bool>>,
    next: StoredValue<u32>,
}

/// From this width on the panel stands beside the pane, and from that one the sidebar beside the
/// sheet; below, they lie over them. The style sheet has the same numbers.
const PANEL_BESIDE: u32 = 1152;
const SIDE_BESIDE: u32 = 960;
/// How many faults are on the screen at most; older ones give way.
const FAULTS: usize = 3;
/// How many toasts are on the screen at most.
const TOASTS: usize = 2;
/// How long a toast stays.
const TOAST_MS: u64 = 10_000;
/// How long one stays that tells of an import which ended before it was told, or has yet to begin.
const LATE_MS: u64 = 3_000;

impl Screen {
    /// A fresh screen at a route.
    pub fn new(route: Route) -> Self {
        Self {
            route: RwSignal::new(route),
            narrow: RwSignal::new(dom::narrower_than(PANEL_BESIDE)),
            railed: RwSignal::new(dom::narrower_than(SIDE_BESIDE)),
            side: RwSignal::new(None),
            sources: RwSignal::new(!dom::narrower_than(PANEL_BESIDE)),
            panel: RwSignal::new(crate::parts::splitter::remembered()),
            cited: RwSignal::new(None),
            toasts: RwSignal::new(Vec::new()),
            said: RwSignal::new(String::new()),
            palette: RwSignal::new(false),
            shortcuts: RwSignal::new(false),
            link: RwSignal::new(None),
            draft: RwSignal::new(String::new()),
            attach: RwSignal::new(Vec::new()),
            page: RwSignal::new(None),
            dragged: RwSignal::new(None),
            left_out: RwSignal::new(Vec::new()),
            earlier_dismissed: RwSignal::new(false),
            query: RwSignal::new(String::new()),
            log: RwSignal::new(None),
            fault: Faults(RwSignal::new(Vec::new())),
            greets: StoredValue::new(None),
            next: StoredValue::new(0),
        }
    }

    /// Follows the window's width for as long as the page lives. What would come to lie over the
    /// work is closed rather than left in the way.
    pub fn follow_width(self) {
        dom::follow_width(PANEL_BESIDE, move |narrow| {
            self.narrow.set(narrow);
            if narrow {
                self.sources.set(false);
            }
        });
        dom::follow_width(SIDE_BESIDE, move |railed| {
            self.railed.set(railed);
            self.side.set(None);
        });
    }

    /// Whether the sidebar is shown in full.
    pub fn side_shown(self) -> bool {
        self.side.get().unwrap_or(!self.railed.get())
    }

    /// Whether the sidebar lies over the sheet now.
    pub fn side_over(self) -> bool {
        self.railed.get_untracked() && self.side.get_untracked() == Some(true)
    }

    /// Goes to a screen.
    pub fn go(self, route: Route) {
        // The address decides; a change of it comes back as an event and sets the route.
        let _ = window().location().set_hash(&route.href());
    }

    /// Shows a result with a way back.
    pub fn toast(self, text: String, action: Option<(String, Callback<()>)>) {
        self.add(text, action, None);
    }

    /// Shows that an import has begun, until it has ended.
    pub fn toast_import(self, text: String, action: Option<(String, Callback<()>)>, then: Option<String>) {
        self.add(text, action, Some(Importing { then }));
    }

    fn add(self, text: String, action: Option<(String, Callback<()>)>, importing: Option<Importing>) {
        let id = self.number();
        self.say(text.clone());
        self.toasts.update(|toasts| {
            toasts.push(Toast { id, text, action, importing });
            let excess = toasts.len().saturating_sub(TOASTS);
            toasts.drain(..excess);
        });
    }

    fn number(self) -> u32 {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        id
    }

    /// The import has ended: what told of it goes, or says what remains of it.
    pub fn import_ended(self) {
        if self.toasts.with_untracked(|toasts| toasts.iter().any(|toast| toast.importing.is_some())) {
            self.toasts.update(|toasts| after_import(toasts, || self.number()));
        }
    }

    /// Takes a toast away.
    pub fn untoast(self, id: u32) {
        self.toasts.update(|toasts| toasts.retain(|toast| toast.id != id));
    }

    /// A person takes a toast away; the focus that was on it goes to the page.
    pub fn dismiss(self, id: u32) {
        self.untoast(id);
        crate::dom::land_soon();
    }

    /// Takes the newest result back that can be.
    pub fn undo(self) {
        let newest = self
            .toasts
            .with_untracked(|toasts| toasts.iter().rev().find_map(|toast| Some((toast.id, toast.action.clone()?.1))));
        if let Some((id, run)) = newest {
            self.dismiss(id);
            run.run(());
        }
    }

    /// How long a toast stays when nobody looks at it; `late`: what it tells is over already.
    pub fn toast_time(late: bool) -> Duration {
        Duration::from_millis(if late { LATE_MS } else { TOAST_MS })
    }

    /// Has the screen reader say something when it has a moment.
    pub fn say(self, text: String) {
        self.said.set(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::FaultKind;

    #[test]
    fn an_import_that_ended_is_not_told_as_running() {
        let toast = |id, importing| Toast { id, text: format!("{id}"), action: None, importing };
        let then = |words: Option<&str>| Some(Importing { then: words.map(str::to_owned) });
        let mut toasts = vec![toast(1, None), toast(2, then(None)), toast(3, then(Some("left")))];
        after_import(&mut toasts, || 9);
        let told: Vec<(u32, &str)> = toasts.iter().map(|toast| (toast.id, toast.text.as_str())).collect();
        assert_eq!(told, [(1, "1"), (9, "left")]);
        assert!(toasts.iter().all(|toast| toast.importing.is_none()));
    }

    #[test]
    fn faults_are_told_once_and_bounded() {
        let mut all = Vec::new();
        for n in [1, 2, 1, 3, 4] {
            add_fault(&mut all, Fault::new(FaultKind::Busy, format!("code.{n}"), "x"));
        }
        assert_eq!(all.iter().map(|fault| fault.code.as_str()).collect::<Vec<_>>(), ["code.1", "code.3", "code.4"]);
    }
}
