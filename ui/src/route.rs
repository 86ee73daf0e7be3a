//! Which screen is shown: one route per address, kept in the part of the address after `#`.

use protocol::ChatId;

/// A screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// The first-run screens.
    FirstRun,
    /// A chat that has no question yet.
    NewChat,
    /// A chat.
    Chat(ChatId),
    /// The documents.
    Documents,
    /// Search in the documents.
    Search,
    /// Models on this machine and elsewhere.
    Models,
    /// What left this machine.
    Outbound,
    /// Settings.
    Settings,
    /// What was removed.
    Removed,
    /// The watched folders.
    Folders,
}

impl Route {
    /// The address, `#/…`.
    pub fn href(self) -> String {
        match self {
            Route::FirstRun => "#/first-run".into(),
            Route::NewChat => "#/".into(),
            Route::Chat(chat) => format!("#/chat/{chat}"),
            Route::Documents => "#/documents".into(),
            Route::Search => "#/search".into(),
            Route::Models => "#/models".into(),
            Route::Outbound => "#/outbound".into(),
            Route::Settings => "#/settings".into(),
            Route::Removed => "#/removed".into(),
            Route::Folders => "#/folders".into(),
        }
    }

    /// The route of an address; what is not known leads to a new chat.
    pub fn parse(hash: &str) -> Self {
        let path = hash.trim_start_matches('#').trim_matches('/');
        match path.split_once('/') {
            Some(("chat", id)) => id.parse().map_or(Route::NewChat, Route::Chat),
            Some(_) => Route::NewChat,
            None => match path {
                "first-run" => Route::FirstRun,
                "documents" => Route::Documents,
                "search" => Route::Search,
                "models" => Route::Models,
                "outbound" => Route::Outbound,
                "settings" => Route::Settings,
                "removed" => Route::Removed,
                "folders" => Route::Folders,
                _ => Route::NewChat,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_round_trip() {
        let chat = "00000000-0000-7000-8000-000000000001".parse().unwrap();
        let all = [
            Route::FirstRun,
            Route::NewChat,
            Route::Chat(chat),
            Route::Documents,
            Route::Search,
            Route::Models,
            Route::Outbound,
            Route::Settings,
            Route::Removed,
            Route::Folders,
        ];
        for route in all {
            assert_eq!(Route::parse(&route.href()), route);
        }
    }

    #[test]
    fn what_is_not_known_is_a_new_chat() {
        for hash in ["", "#", "#/", "#/chat/", "#/chat/x", "#/nowhere", "#/documents/1", "#token=abc"] {
            assert_eq!(Route::parse(hash), Route::NewChat, "{hash}");
        }
    }
}
