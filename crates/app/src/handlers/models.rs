//! Models on disk, the one in use, and endpoints elsewhere.

use crate::App;
use protocol::*;
use std::path::Path;

/// The models as clients see them, with what the policy says of each endpoint now.
pub(crate) async fn view(app: &App) -> Result<ModelsView, Fault> {
    Ok(app.models().view())
}

pub(crate) async fn list(app: &App, _: &Actor, _: ListModels) -> Result<ModelsView, Fault> {
    app.models().told_view().await.map_err(Fault::from)
}

pub(crate) async fn add(app: &App, _: &Actor, AddModel { path, signer }: AddModel) -> Result<ModelView, Fault> {
    let path = Path::new(&path);
    if !models::is_pack(path) {
        return app.models().add(path).await.map_err(Fault::from);
    }
    // What a device of this workspace has signed needs no further word.
    let trusted = app.store().device_keys().await?;
    app.models().add_pack(path.to_owned(), trusted, signer).await.map_err(Fault::from)
}

pub(crate) async fn offers(app: &App, _: &Actor, _: ListOffers) -> Result<OffersView, Fault> {
    app.models().offers().await.map_err(Fault::from)
}

pub(crate) async fn get(app: &App, _: &Actor, GetModel { model }: GetModel) -> Result<DownloadView, Fault> {
    app.models().get(&model, &person(app).await?).await.map_err(Fault::from)
}

pub(crate) async fn get_from(
    app: &App,
    _: &Actor,
    GetModelFrom { url, sha256 }: GetModelFrom,
) -> Result<DownloadView, Fault> {
    app.models().get_from(&url, sha256, &person(app).await?).map_err(Fault::from)
}

pub(crate) async fn pause(app: &App, _: &Actor, PauseDownload { model }: PauseDownload) -> Result<(), Fault> {
    app.models().pause(&model).map_err(Fault::from)
}

pub(crate) async fn give_up(app: &App, _: &Actor, DropDownload { model }: DropDownload) -> Result<(), Fault> {
    app.models().give_up(&model).await.map_err(Fault::from)
}

pub(crate) async fn remove(app: &App, _: &Actor, RemoveModel { model }: RemoveModel) -> Result<(), Fault> {
    app.models().remove(&model).await.map_err(Fault::from)
}

pub(crate) async fn restore(app: &App, _: &Actor, RestoreModel { model }: RestoreModel) -> Result<(), Fault> {
    app.models().restore(&model).await.map_err(Fault::from)
}

pub(crate) async fn measure(app: &App, _: &Actor, MeasureModel { model }: MeasureModel) -> Result<ModelView, Fault> {
    app.models().measure(&model).await.map_err(Fault::from)
}

pub(crate) async fn pack(app: &App, _: &Actor, PackModels { models, folder }: PackModels) -> Result<PackView, Fault> {
    let store::DeviceSigner { key, sign } = app.store().signer().await?;
    // "You" says nothing on another machine.
    let name = app.store().settings().await?.name;
    let by = if name.is_empty() { app.store().home().name.clone() } else { name };
    let seal = models::Seal { key, by, sign };
    app.models().pack(&models, folder.into(), seal).await.map_err(Fault::from)
}

/// Who asks, as the ledger and a pack name them.
async fn person(app: &App) -> Result<String, Fault> {
    let settings = app.store().settings().await?;
    let name = if settings.name.is_empty() { app.store().home().member_name.clone() } else { settings.name };
    Ok(name)
}

pub(crate) async fn verify(app: &App, _: &Actor, VerifyModel { model }: VerifyModel) -> Result<ModelView, Fault> {
    app.models().verify(&model).await.map_err(Fault::from)
}

pub(crate) async fn choose(app: &App, actor: &Actor, ChooseModel { model }: ChooseModel) -> Result<(), Fault> {
    app.models().usable(&model).await?;
    let mut settings = app.store().settings().await?;
    settings.chat_model = Some(model);
    super::settings::change(app, actor, ChangeSettings { settings }).await
}

pub(crate) async fn add_endpoint(
    app: &App,
    actor: &Actor,
    AddEndpoint { name, url, model, key }: AddEndpoint,
) -> Result<EndpointView, Fault> {
    if name.trim().is_empty() || name.chars().any(|letter| letter.is_whitespace() || letter == ':') {
        return Err(Fault::new(FaultKind::Invalid, "endpoint.name", "An endpoint's name is one word without a colon."));
    }
    // What is in the log stays in the log: no key may get there inside an address.
    models::check_address(&url).map_err(|error| {
        let why = error.to_string();
        Fault::new(FaultKind::Invalid, "endpoint.url", format!("The endpoint was not added: {why}."))
            .safe("Nothing was written down.")
            .hint("Give an address such as https://models.example/v1, and the key in its own field.")
    })?;
    app.store().set_endpoint(actor, &name, &url, &model, key).await?;
    changed(app).await?;
    view(app)
        .await?
        .endpoints
        .into_iter()
        .find(|endpoint| endpoint.name == name)
        .ok_or_else(|| Fault::new(FaultKind::Internal, "endpoint.lost", "The endpoint was written and is not there."))
}

pub(crate) async fn remove_endpoint(
    app: &App,
    actor: &Actor,
    RemoveEndpoint { name }: RemoveEndpoint,
) -> Result<(), Fault> {
    app.store().remove_endpoint(actor, &name).await?;
    changed(app).await
}

async fn changed(app: &App) -> Result<(), Fault> {
    app.refresh_endpoints().await?;
    app.bus().send(Event::ModelsChanged(view(app).await?));
    Ok(())
}
