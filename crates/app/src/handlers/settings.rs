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
    settings.model_hub = settings.model_hub.map(|hub| hub.trim().to_owned()).filter(|hub| !hub.is_empty());
    // What is in the log stays in the log: no password may get there inside an address.
    if let Some(hub) = &settings.model_hub {
        models::check_hub(hub).map_err(|error| {
            let why = error.to_string();
            Fault::new(FaultKind::Invalid, "settings.model_hub", format!("The mirror was not set: {why}."))
                .safe("Nothing was written down.")
                .hint("Give an address such as https://models.example, without a password.")
        })?;
    }
    app.record(actor, Change::SettingsChanged { settings: settings.clone() }).await?;
    app.apply_settings(&settings).await;
    app.bus().send(Event::SettingsChanged(settings));
    Ok(())
}
