//! `atelier models catalogue`: what can be fetched, whose it is, and whether it fits.

use crate::{
    door::Door,
    out::{Out, bytes},
};
use protocol::*;
use std::process::ExitCode;

/// So many languages are named in a line.
const LANGUAGES: usize = 8;

pub(super) async fn list(door: &Door, all: bool, out: &Out) -> Result<ExitCode, Fault> {
    let mut view = door.call(ListOffers {}).await?;
    let before = view.offers.len();
    if !all {
        view.offers.retain(|offer| matches!(offer.fit, Fit::Fits | Fit::Tight));
    }
    let hidden = before - view.offers.len();
    out.value(&view, |view| text(view, hidden));
    Ok(ExitCode::SUCCESS)
}

fn text(view: &OffersView, hidden: usize) -> String {
    let mut lines: Vec<String> = view.offers.iter().map(row).collect();
    if hidden > 0 {
        lines.push(format!("{hidden} more do not fit on this machine; --all shows them"));
    }
    let allowed = match view.verdict {
        Verdict::Allow => "which is allowed".to_owned(),
        Verdict::Ask | Verdict::Deny => format!("which is not allowed yet: `atelier egress --allow {}`", view.host),
    };
    lines.push(format!("fetched from {}, {allowed}", view.hub));
    lines.join("\n")
}

fn row(offer: &OfferView) -> String {
    let speed = offer.expected_per_second.map(|speed| format!(", about {speed:.0} tokens/s here")).unwrap_or_default();
    let fit = match offer.fit {
        _ if offer.here => "on this disk".to_owned(),
        Fit::Fits => format!("fits{speed}"),
        Fit::Tight => format!("fits once other programs are closed{speed}"),
        Fit::TooLarge => format!("needs {} of memory", bytes(offer.memory)),
        Fit::NoDisk => "needs more disk space".to_owned(),
    };
    let more = offer.languages.len().saturating_sub(LANGUAGES);
    let mut languages = offer.languages.iter().take(LANGUAGES).cloned().collect::<Vec<_>>().join(" ");
    if more > 0 {
        languages.push_str(&format!(" and {more} more"));
    }
    let what = match offer.purpose {
        ModelUse::Chat => "",
        ModelUse::Embedding => "  for search by meaning",
        ModelUse::Reranking => "  for the order of what is found",
    };
    format!(
        "{}{what}\n    {}, {}, {}; {} in {}, context {}; {languages}\n    {fit}",
        offer.id,
        offer.maker,
        offer.origin,
        offer.licence,
        bytes(offer.bytes),
        offer.quantisation,
        offer.context,
    )
}
