//! Which picture stands for what: one symbol of the sprite in `index.html` per variant.

use leptos::prelude::*;
use protocol::Place;

macro_rules! icons {
    ($($name:ident $id:literal),* $(,)?) => {
        /// A symbol of the sprite.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)] // the names are Lucide's
        pub enum Icon { $($name),* }

        impl Icon {
            /// Every icon, in the order of the sprite.
            pub const ALL: &'static [Icon] = &[$(Icon::$name),*];

            /// The reference to its symbol.
            pub const fn href(self) -> &'static str {
                match self { $(Icon::$name => concat!("#i-", $id)),* }
            }
        }
    };
}

icons! {
    ArrowDown "arrow-down",
    ArrowLeft "arrow-left",
    ArrowRight "arrow-right",
    ArrowUp "arrow-up",
    Ban "ban",
    Check "check",
    ChevronDown "chevron-down",
    ChevronRight "chevron-right",
    CircleAlert "circle-alert",
    Clock "clock",
    Copy "copy",
    Download "download",
    Ellipsis "ellipsis",
    Eye "eye",
    FileText "file-text",
    FileX "file-x",
    Files "files",
    FolderInput "folder-input",
    FolderOpen "folder-open",
    Gauge "gauge",
    Globe "globe",
    History "history",
    Info "info",
    Keyboard "keyboard",
    Laptop "laptop",
    ListFilter "list-filter",
    ListTree "list-tree",
    Lock "lock",
    Maximize2 "maximize-2",
    MemoryStick "memory-stick",
    MessageSquare "message-square",
    MessageSquareText "message-square-text",
    Minus "minus",
    Monitor "monitor",
    Moon "moon",
    PanelLeft "panel-left",
    PanelRight "panel-right",
    Paperclip "paperclip",
    Pencil "pencil",
    Play "play",
    Plus "plus",
    RefreshCw "refresh-cw",
    RotateCw "rotate-cw",
    ScanText "scan-text",
    Search "search",
    ShieldCheck "shield-check",
    Square "square",
    SquarePen "square-pen",
    Sun "sun",
    SunMoon "sun-moon",
    Tag "tag",
    Terminal "terminal",
    TextQuote "text-quote",
    TextSearch "text-search",
    Trash2 "trash-2",
    Undo2 "undo-2",
    X "x",
}

/// An icon without a name of its own: the control around it has one.
#[component]
pub fn Glyph(
    /// Which one.
    icon: Icon,
    /// Its size in pixels.
    #[prop(default = 16)]
    size: u8,
) -> impl IntoView {
    view! {
        <svg class="i" style=format!("--i:{size}px") aria-hidden="true">
            <use href=icon.href()></use>
        </svg>
    }
}

/// The square mark that says where something is: a shape first, a colour second.
#[component]
pub fn PlaceMark(
    /// Where.
    place: Place,
    /// Its size in pixels.
    #[prop(default = 12)]
    size: u8,
) -> impl IntoView {
    let (class, href, name) = match place {
        Place::Here => ("place local", "#place-here", t!("place.here")),
        Place::Team => ("place team", "#place-team", t!("place.team")),
        Place::Outside => ("place outside", "#place-outside", t!("place.outside")),
    };
    view! {
        <svg class=class style=format!("--i:{size}px") role="img" aria-label=name>
            <use href=href></use>
        </svg>
    }
}

/// How many maker's marks are drawn.
pub const MARKS: u8 = 6;

/// An agent's square mark. It never changes with the model.
#[component]
pub fn AgentMark(
    /// Index into the fixed set.
    mark: u8,
    /// Its size in pixels.
    #[prop(default = 18)]
    size: u8,
) -> impl IntoView {
    view! {
        <span class="agent" style=format!("--a:{size}px") aria-hidden="true">
            <svg>
                <use href=format!("#mark-{}", mark % MARKS)></use>
            </svg>
        </span>
    }
}

/// A person's round mark with initials.
#[component]
pub fn Avatar(
    /// The person's name.
    name: String,
    /// Its size in pixels.
    #[prop(default = 24)]
    size: u8,
) -> impl IntoView {
    view! {
        <span class="avatar p5" style=format!("--a:{size}px") aria-hidden="true">
            {initials(&name)}
        </span>
    }
}

/// The first letters of the first and the last word.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// The product's mark.
#[component]
pub fn Logo(
    /// Its size in pixels.
    #[prop(default = 16)]
    size: u8,
) -> impl IntoView {
    view! {
        <svg class="logo" style=format!("--i:{size}px") aria-hidden="true">
            <use href="#logo"></use>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_is_in_the_sprite() {
        let page = include_str!("../../index.html");
        for icon in Icon::ALL {
            let id = format!("id=\"{}\"", &icon.href()[1..]);
            assert!(page.contains(&id), "{id} is not in index.html");
        }
        assert!((0..MARKS).all(|mark| page.contains(&format!("id=\"mark-{mark}\""))));
    }

    #[test]
    fn initials_of_names() {
        for (name, expected) in [("Clara Weiss", "CW"), ("amélie", "A"), ("", ""), ("Jean de la Tour", "JT")] {
            assert_eq!(initials(name), expected);
        }
    }
}
