//! How the window looks: as the settings say, from the first frame on.
//!
//! Text size is the web view's zoom and not a style of the page, so that a page at 200 % reflows
//! like a narrow window. The frame and the colour behind the page follow the theme.

use app::App;
use futures::StreamExt;
use protocol::{Event, Open, Settings, Snapshot, Theme};
use tauri::{WebviewWindow, window::Color};

/// The desk's colour in the light and in the dark theme (`--desk` in tokens.css).
const LIGHT: Color = Color(0xF0, 0xF0, 0xED, 0xFF);
const DARK: Color = Color(0x10, 0x11, 0x13, 0xFF);

/// Puts the desk's colour behind the page before anything is drawn.
pub(crate) fn begin(window: &WebviewWindow) {
    paint(window, None);
}

/// Follows the settings until the app closes.
pub(crate) async fn follow(app: App, window: WebviewWindow) {
    // A gap in the events is read over by looking at the settings again.
    while let Some((after, settings)) = settings(&app).await {
        put(&window, &settings);
        let mut events = app.events(&app.person(), after);
        loop {
            match events.next().await.map(|envelope| envelope.event) {
                Some(Event::SettingsChanged(settings)) => put(&window, &settings),
                Some(Event::Resync) => break,
                Some(_) => {}
                None => return,
            }
        }
    }
}

/// The settings and the number of the last event that they hold.
async fn settings(app: &App) -> Option<(u64, Settings)> {
    let opened = app.answer(&app.person(), Open {}.into()).await;
    let snapshot = opened.ok().and_then(|value| serde_json::from_value::<Snapshot>(value).ok())?;
    Some((snapshot.seq, snapshot.settings))
}

fn put(window: &WebviewWindow, settings: &Settings) {
    if let Err(error) = window.set_zoom(zoom(settings.text_size)) {
        tracing::warn!(%error, "the text size could not be set");
    }
    let theme = match settings.theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    };
    if let Err(error) = window.set_theme(theme) {
        tracing::warn!(%error, "the theme of the frame could not be set");
    }
    paint(window, theme);
}

/// The zoom for a text size in percent.
fn zoom(text_size: u32) -> f64 {
    f64::from(text_size.clamp(90, 200)) / 100.0
}

fn paint(window: &WebviewWindow, theme: Option<tauri::Theme>) {
    let theme = theme.or_else(|| window.theme().ok());
    let desk = if theme == Some(tauri::Theme::Dark) { DARK } else { LIGHT };
    if let Err(error) = window.set_background_color(Some(desk)) {
        tracing::warn!(%error, "the colour behind the page could not be set");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_sizes_outside_the_scale_are_drawn_at_its_ends() {
        let table = [(0, 0.9), (90, 0.9), (100, 1.0), (150, 1.5), (200, 2.0), (900, 2.0)];
        for (size, expected) in table {
            assert_eq!(super::zoom(size), expected, "{size} %");
        }
    }
}
