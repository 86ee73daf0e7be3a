//! Which models can be fetched, whose are they, and what is known of their files?
//!
//! The catalogue is a file: the one that comes with Atelier, and over it the `catalogue.json` that an
//! organisation may put into its models folder. An entry there replaces the one with the same id, and
//! its `hub` replaces the address that everything is fetched from.

use crate::{ModelError, files};
use egress::Url;
use protocol::ModelUse;
use serde::Deserialize;
use std::{collections::BTreeSet, path::Path};

/// The name of an organisation's own catalogue in the models folder.
pub(crate) const FILE: &str = "catalogue.json";
/// The largest catalogue that is read.
const LARGEST: u64 = 4 << 20;
/// More entries than a person looks through.
const MAX_OFFERS: usize = 1_000;
/// More files than a model folder has.
const MAX_FILES: usize = 64;
/// Countries whose models come first: the members of the European Union and of its free trade area, and
/// the United Kingdom.
const EUROPE: &[&str] = &[
    "EU", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// The catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Catalogue {
    /// The address of the hub.
    pub(crate) hub: Option<String>,
    /// What can be fetched, European models first, then by the size of the download.
    pub(crate) offers: Vec<Offer>,
}

/// A model that can be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Offer {
    /// The id that it gets here: a file's stem or a folder's name.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) purpose: ModelUse,
    pub(crate) maker: String,
    /// ISO 3166-1, or `EU`.
    pub(crate) origin: String,
    pub(crate) licence: String,
    /// ISO 639-1.
    pub(crate) languages: Vec<String>,
    pub(crate) parameters: u64,
    /// Of these, the ones that each token passes through; all of them where it is not said.
    pub(crate) active: Option<u64>,
    /// In tokens.
    pub(crate) context: u32,
    pub(crate) quantisation: String,
    /// Bytes of KV cache for a token, two for each value.
    #[serde(default)]
    pub(crate) cache_per_token: u64,
    /// `owner/name` on the hub.
    pub(crate) repository: String,
    /// A branch or a commit.
    #[serde(default = "main")]
    pub(crate) revision: String,
    /// What is fetched.
    pub(crate) files: Vec<OfferFile>,
}

/// A file of an offer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct OfferFile {
    /// Its path in the repository, and for folders in the folder here.
    pub(crate) path: String,
    /// About how long it is; its place says exactly.
    pub(crate) bytes: u64,
    /// Hex.
    pub(crate) sha256: Option<String>,
    /// Whether the model is whole without it.
    #[serde(default)]
    pub(crate) optional: bool,
}

fn main() -> String {
    "main".to_owned()
}

impl Catalogue {
    /// The catalogue that comes with Atelier.
    pub(crate) fn builtin() -> Self {
        // A test reads it: it cannot be wrong in a build that passed.
        read(include_bytes!("../catalogue.json")).unwrap_or(Self { hub: None, offers: Vec::new() })
    }

    /// The same with what the models folder's own catalogue says, where it has one.
    ///
    /// # Errors
    /// That file cannot be read; the catalogue that comes with Atelier holds meanwhile.
    pub(crate) fn of(folder: &Path) -> Result<Self, ModelError> {
        let file = folder.join(FILE);
        let mut all = Self::builtin();
        match file.metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(all),
            Err(error) => return Err(ModelError::io(&file, &error)),
            Ok(data) if data.len() > LARGEST => {
                return Err(wrong(&file, format!("it has {} bytes, more than {LARGEST}", data.len())));
            }
            Ok(_) => {}
        }
        let text = std::fs::read(&file).map_err(|error| ModelError::io(&file, &error))?;
        let own = read(&text).map_err(|reason| wrong(&file, reason))?;
        all.hub = own.hub.or(all.hub);
        all.offers.retain(|offer| own.offers.iter().all(|one| one.id != offer.id));
        all.offers.extend(own.offers);
        all.sort();
        Ok(all)
    }

    pub(crate) fn offer(&self, id: &str) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.id == id)
    }

    fn sort(&mut self) {
        let foreign = |offer: &Offer| !EUROPE.contains(&offer.origin.as_str());
        let search = |offer: &Offer| offer.purpose == ModelUse::Embedding;
        self.offers.sort_by(|a, b| {
            let key = |offer: &Offer| (search(offer), foreign(offer), offer.bytes());
            key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
        });
    }
}

impl Offer {
    /// What is fetched, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).fold(0, u64::saturating_add)
    }

    /// Whether the SHA-256 of its weights is known without asking the hub.
    pub(crate) fn pinned(&self) -> bool {
        self.files.iter().any(|file| is_weights(&file.path) && file.sha256.is_some())
    }

    /// Bytes that writing a token reads.
    pub(crate) fn read_per_token(&self) -> u64 {
        match self.active {
            Some(active) if self.parameters > 0 => {
                (self.bytes() as f64 * active as f64 / self.parameters as f64) as u64
            }
            Some(_) | None => self.bytes(),
        }
    }

    /// The page that describes it.
    pub(crate) fn page(&self, hub: &str) -> String {
        format!("{}/{}", hub.trim_end_matches('/'), self.repository)
    }
}

/// Whether a file of a model holds its weights, so that its hash is the model's.
pub(crate) fn is_weights(path: &str) -> bool {
    let extension = Path::new(path).extension().and_then(|name| name.to_str()).unwrap_or_default();
    extension.eq_ignore_ascii_case("gguf") || extension.eq_ignore_ascii_case("safetensors")
}

fn wrong(file: &Path, reason: String) -> ModelError {
    ModelError::Catalogue { file: file.display().to_string(), reason }
}

fn read(text: &[u8]) -> Result<Catalogue, String> {
    let mut all: Catalogue = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if all.offers.len() > MAX_OFFERS {
        return Err(format!("it has {} entries, more than {MAX_OFFERS}", all.offers.len()));
    }
    if let Some(hub) = &all.hub {
        hub_address(hub)?;
    }
    let mut ids = BTreeSet::new();
    for offer in &all.offers {
        check(offer).map_err(|reason| format!("{}: {reason}", offer.id))?;
        if !ids.insert(offer.id.clone()) {
            return Err(format!("{} is there twice", offer.id));
        }
    }
    all.sort();
    Ok(all)
}

/// A hub's address: http or https, a host, and nothing secret in it.
pub(crate) fn hub_address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|_| "the hub's address cannot be read".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err("the hub's address has to begin with https:// or http://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err("the hub's address must not carry a name, a password or a query".to_owned());
    }
    Ok(url)
}

fn check(offer: &Offer) -> Result<(), String> {
    if !files::is_id(&offer.id) {
        return Err("it cannot be a model's name".to_owned());
    }
    let parts: Vec<_> = offer.repository.split('/').collect();
    let plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    if parts.len() != 2 || !parts.iter().all(|part| plain(part)) || !plain(&offer.revision) {
        return Err("its repository is not written as owner/name".to_owned());
    }
    if offer.files.is_empty() || offer.files.len() > MAX_FILES {
        return Err("it names no files, or too many".to_owned());
    }
    let weights = offer.files.iter().filter(|file| is_weights(&file.path)).count();
    let single = offer.files.len() == 1 && offer.purpose == ModelUse::Chat;
    let folder = offer.purpose != ModelUse::Chat;
    if weights != 1 || !(single || folder) {
        return Err(
            "a chat model is one GGUF file, an embedding model or a reranker a folder with one file of weights"
                .to_owned(),
        );
    }
    for file in &offer.files {
        if !file.path.split('/').all(plain) || files::is_pickle(Path::new(&file.path)) {
            return Err(format!("{} cannot be fetched", file.path));
        }
        if file.sha256.as_ref().is_some_and(|hash| !is_sha256(hash)) {
            return Err(format!("the SHA-256 of {} is none", file.path));
        }
    }
    Ok(())
}

/// Whether this is a SHA-256 in hex.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
#[path = "catalogue/tests.rs"]
mod tests;
