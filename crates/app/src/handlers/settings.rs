//! The settings.

use crate::App;
use protocol::*;
use store::Change;

pub(crate) async fn change(
    app: &App,
    actor: &Actor,
    ChangeSettings { mut settings }: ChangeSettings,
) -> Result<(), Fault> {
    settings.text_size = settings.text_size.clamp(90, 200);
    settings.temperature = if settings.temperature.is_finite() { settings.temperature.clamp(0.0, 2.0) } else { 0.0 };
    settings.max_tokens = settings.max_tokens.clamp(16, 32_768);
    settings.unload_after_min = settings.unload_after_min.min(24 * 60);
    app.record(actor, Change::SettingsChanged { settings: settings.clone() }).await?;
    app.apply_settings(&settings).await;
    app.bus().send(Event::SettingsChanged(settings));
    Ok(())
}
