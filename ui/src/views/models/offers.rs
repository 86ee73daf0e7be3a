//! Models that can be fetched: whose they are, whether they fit, how fast they are likely to be, and the
//! one host that has to be allowed for it.

use crate::{
    client::{Client, use_client},
    i18n,
    parts::{
        dialog::Dialog,
        icon::{Glyph, Icon},
        notice::Notice,
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{
    AddRule, DownloadView, Fit, GetModel, ListOffers, ModelUse, OfferView, OffersView, RuleSubject, Verdict,
};
use wasm_bindgen_futures::spawn_local;

/// So many languages are named before the rest is counted.
const LANGUAGES: usize = 6;

/// The dialog.
#[component]
pub(crate) fn Offers(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <Dialog
            open
            close=move |()| open.set(false)
            title=Signal::derive(|| t!("offers.title"))
            class="wide offers"
            cross=true
        >
            <List/>
        </Dialog>
    }
}

#[component]
fn List() -> impl IntoView {
    let client = use_client();
    let offers = RwSignal::new(None::<OffersView>);
    let all = RwSignal::new(false);
    let look = move || client.ask(ListOffers {}, move |view| drop(offers.try_set(Some(view))));
    // What is here, what is allowed and what is free changes with these.
    let here = Memo::new(move |_| client.store.models().read().models.len());
    let rules = Memo::new(move |_| client.store.rules().read().len());
    Effect::new(move || {
        here.track();
        rules.track();
        look();
    });
    let shown = Memo::new(move |_| {
        let offers = offers.read();
        let fits = |offer: &&OfferView| all.get() || offer.here || matches!(offer.fit, Fit::Fits | Fit::Tight);
        offers.iter().flat_map(|view| &view.offers).filter(fits).cloned().collect::<Vec<_>>()
    });
    let allowed = Memo::new(move |_| offers.read().as_ref().is_some_and(|view| view.verdict == Verdict::Allow));
    let hidden = move || offers.read().as_ref().map_or(0, |view| view.offers.len()) - shown.read().len();
    view! {
        <div class="dialog-body offers-body">
            {move || match offers.get() {
                None => view! { <p class="dim" role="status">{t!("offers.measuring")}</p> }.into_any(),
                Some(view) => view! { <Source view/> }.into_any(),
            }}
            <ul class="offer-list">
                <For each=move || shown.get() key=|offer| offer.clone().id let:offer>
                    <Line id=offer.id offers=shown allowed/>
                </For>
            </ul>
            <Show when=move || { hidden() > 0 }>
                <button class="link" on:click=move |_| all.set(true)>
                    {move || t!("offers.more", n = hidden() as f64)}
                </button>
            </Show>
        </div>
    }
}

/// Where it would be fetched from, and the permission that this needs.
#[component]
fn Source(view: OffersView) -> impl IntoView {
    let client = use_client();
    let OffersView { host, verdict, .. } = view;
    let sealed = Memo::new(move |_| client.store.egress().read().sealed);
    let named = StoredValue::new(host);
    view! {
        <p class="dim">{t!("offers.about")}</p>
        {move || {
            let host = named.get_value();
            if sealed.get() {
                let title = t!("offers.sealed");
                return view! {
                    <Notice tone="warn" icon=Icon::Lock title>
                        <div class="dim">{t!("offers.sealed_about")}</div>
                    </Notice>
                }
                .into_any();
            }
            match verdict {
                Verdict::Allow => view! { <p class="small faint">{t!("offers.from", host = host)}</p> }.into_any(),
                Verdict::Ask | Verdict::Deny => {
                    view! {
                        <Notice tone="warn" icon=Icon::Globe title=t!("offers.ask", host = &host)>
                            <div class="dim">{t!("offers.ask_about")}</div>
                            <div class="notice-acts">
                                <button class="btn sm" on:click=move |_| allow(client, named.get_value())>
                                    {t!("offers.allow", host = &host)}
                                </button>
                            </div>
                        </Notice>
                    }
                        .into_any()
                }
            }
        }}
    }
}

/// Allows a host from now on.
pub(super) fn allow(client: Client, host: String) {
    client.tell(AddRule { subject: RuleSubject::Host { host }, verdict: Verdict::Allow });
}

#[component]
fn Line(id: String, offers: Memo<Vec<OfferView>>, allowed: Memo<bool>) -> impl IntoView {
    let client = use_client();
    let id = StoredValue::new(id);
    let offer = Memo::new(move |_| offers.read().iter().find(|offer| id.with_value(|id| *id == offer.id)).cloned());
    let download = Memo::new(move |_| {
        let models = client.store.models();
        let models = models.read();
        models.downloads.iter().find(|download| id.with_value(|id| *id == download.id)).cloned()
    });
    let cell = move |part: fn(&OfferView) -> String| offer.read().as_ref().map(part).unwrap_or_default();
    let get = move |_| {
        spawn_local(async move {
            if let Err(fault) = client.call(GetModel { model: id.get_value() }).await {
                client.screen.fault.set(Some(fault));
            }
        });
    };
    view! {
        <li class="offer" data-testid="offer">
            <div>
                <span class="t">{move || cell(|offer| offer.name.clone())}</span>
                <span class="u">{move || cell(whose)}</span>
                <span class="u">{move || cell(what)}</span>
            </div>
            <div class="offer-fit">{move || offer.get().map(|offer| fit(&offer))}</div>
            <div class="offer-act">
                {move || match (offer.read().as_ref().map(|offer| (offer.here, offer.fit)), download.get()) {
                    (_, Some(download)) => view! { <span class="num small">{far(&download)}</span> }.into_any(),
                    (Some((true, _)), None) => {
                        view! {
                            <span class="status ok">
                                <Glyph icon=Icon::Check size=14/>
                                {t!("offers.here")}
                            </span>
                        }
                            .into_any()
                    }
                    (Some((false, Fit::NoDisk)), None) | (None, None) => ().into_any(),
                    (Some((false, Fit::Fits | Fit::Tight | Fit::TooLarge)), None) => {
                        let name = cell(|offer| offer.name.clone());
                        view! {
                            <button
                                class="btn sm"
                                aria-label=t!("offers.get_name", name = name)
                                disabled=move || !allowed.get()
                                on:click=get
                            >
                                <Glyph icon=Icon::Download size=14/>
                                {t!("offers.get")}
                            </button>
                        }
                            .into_any()
                    }
                }}
            </div>
        </li>
    }
}

/// Who made it, where they are at home, and its licence.
fn whose(offer: &OfferView) -> String {
    let parts = [offer.maker.clone(), i18n::country(&offer.origin), offer.licence.clone()];
    parts.join(" · ")
}

/// How large it is, and its languages.
fn what(offer: &OfferView) -> String {
    let more = offer.languages.len().saturating_sub(LANGUAGES);
    let mut languages: Vec<String> = offer.languages.iter().take(LANGUAGES).map(|code| i18n::language(code)).collect();
    if more > 0 {
        languages.push(t!("offers.languages_more", n = more as f64));
    }
    let size = match offer.purpose {
        ModelUse::Chat => format!("{}, {}", i18n::bytes(offer.bytes), offer.quantisation),
        ModelUse::Embedding => format!("{}, {}", i18n::bytes(offer.bytes), t!("models.for_search")),
        ModelUse::Reranking => format!("{}, {}", i18n::bytes(offer.bytes), t!("models.for_order")),
    };
    format!("{size} · {}", languages.join(", "))
}

/// Whether it fits, and how fast it is likely to be.
fn fit(offer: &OfferView) -> impl IntoView + use<> {
    let speed = offer.expected_per_second.map(|rate| t!("offers.about_rate", rate = i18n::rate(rate)));
    let (tone, words) = match offer.fit {
        Fit::Fits => ("u", t!("first.fits", need = i18n::bytes(offer.memory))),
        Fit::Tight => ("u warn", t!("offers.tight", need = i18n::bytes(offer.memory))),
        Fit::TooLarge => ("u bad", t!("offers.too_large", need = i18n::bytes(offer.memory))),
        Fit::NoDisk => ("u bad", t!("offers.no_disk", need = i18n::bytes(offer.bytes))),
    };
    view! {
        <span class="med num">{speed.filter(|_| matches!(offer.fit, Fit::Fits | Fit::Tight))}</span>
        <span class=tone>{words}</span>
    }
}

/// How far a download is, in a few words.
fn far(download: &DownloadView) -> String {
    match download.total {
        Some(total) if total > 0 => i18n::share(download.done as f64 / total as f64),
        Some(_) | None => i18n::bytes(download.done),
    }
}
