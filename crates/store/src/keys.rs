//! Where secrets are kept: the system's keychain where there is one, else a file for this user only.
//!
//! A keychain may be missing, locked or waiting for a person: every question to it runs on its own
//! thread and has a time limit, so that opening a workspace never hangs on it.

use crate::{StoreError, blobs::blocking};
use ed25519_dalek::{SigningKey, VerifyingKey};
use protocol::{DeviceId, KeyPlace, WorkspaceId};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Mutex, oneshot};

/// How secrets are to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// In the keychain, or in a file where no keychain answers.
    Keychain,
    /// In files in the data folder.
    Files,
    /// Nowhere (tests).
    Memory,
}

impl Default for Keeping {
    /// The keychain, unless `ATELIER_KEYCHAIN=off`.
    fn default() -> Self {
        if std::env::var_os("ATELIER_KEYCHAIN").is_some_and(|value| value == "off") {
            Self::Files
        } else {
            Self::Keychain
        }
    }
}

/// What a secret is, and so under which name and in which file it lies.
#[derive(Clone, Debug)]
pub(crate) enum Secret {
    /// The private key of a device.
    Device(DeviceId),
    /// The key of an endpoint.
    Endpoint(WorkspaceId, String),
}

impl Secret {
    fn name(&self) -> String {
        match self {
            Self::Device(device) => format!("device {device}"),
            Self::Endpoint(workspace, name) => format!("endpoint {workspace} {name}"),
        }
    }
    fn file(&self) -> &'static str {
        match self {
            Self::Device(_) => "device.key",
            Self::Endpoint(..) => "endpoints.key",
        }
    }
}

/// Keeps secrets.
#[derive(Clone)]
pub(crate) struct Keys {
    dir: Arc<Path>,
    keeping: Keeping,
    memory: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

const SERVICE: &str = "atelier";

/// How long a keychain may take where a file will do as well.
const KEYCHAIN_LIMIT: Duration = Duration::from_secs(3);

/// How long it may take where only it has the answer: its person may be typing a password.
const UNLOCK_LIMIT: Duration = Duration::from_secs(60);

/// What a keychain says.
enum Answer<T> {
    /// This.
    Found(T),
    /// It has nothing of that name.
    NoEntry,
    /// There is no keychain on this machine.
    NoService,
    /// It is locked, or asks its person for a password, or failed.
    Unanswered,
}

impl Keys {
    pub fn new(dir: &Path, keeping: Keeping) -> Self {
        Self { dir: dir.into(), keeping, memory: Arc::default() }
    }

    /// A secret, and where it was found; an error where a keychain may have it and does not say.
    pub async fn get(&self, secret: &Secret) -> Result<Option<(Vec<u8>, KeyPlace)>, StoreError> {
        self.get_within(secret, UNLOCK_LIMIT).await
    }

    /// The same for what can be done without: a keychain is not waited for.
    pub async fn get_soon(&self, secret: &Secret) -> Result<Option<(Vec<u8>, KeyPlace)>, StoreError> {
        self.get_within(secret, KEYCHAIN_LIMIT).await
    }

    async fn get_within(&self, secret: &Secret, limit: Duration) -> Result<Option<(Vec<u8>, KeyPlace)>, StoreError> {
        let name = secret.name();
        match self.keeping {
            Keeping::Memory => Ok(self.memory.lock().await.get(&name).map(|value| (value.clone(), KeyPlace::Memory))),
            Keeping::Files => Ok(self.read(secret).await?.map(|value| (value, KeyPlace::File))),
            Keeping::Keychain => {
                // A file comes first: whatever is in it was put there when no keychain answered.
                if let Some(value) = self.read(secret).await? {
                    return Ok(Some((value, KeyPlace::File)));
                }
                match keychain(limit, move || keyring::Entry::new(SERVICE, &name)?.get_secret()).await {
                    Answer::Found(value) => Ok(Some((value, KeyPlace::Keychain))),
                    Answer::NoEntry | Answer::NoService => Ok(None),
                    Answer::Unanswered => Err(StoreError::Locked),
                }
            }
        }
    }

    /// Keeps a secret and says where.
    pub async fn put(&self, secret: &Secret, value: Vec<u8>) -> Result<KeyPlace, StoreError> {
        let name = secret.name();
        match self.keeping {
            Keeping::Memory => {
                self.memory.lock().await.insert(name, value);
                return Ok(KeyPlace::Memory);
            }
            Keeping::Keychain => {
                let kept = value.clone();
                // Read back: some keychains accept what they do not keep.
                let back = keychain(KEYCHAIN_LIMIT, move || {
                    let entry = keyring::Entry::new(SERVICE, &name)?;
                    entry.set_secret(&kept)?;
                    entry.get_secret()
                });
                if let Answer::Found(back) = back.await
                    && back == value
                {
                    self.edit(secret, None).await?;
                    return Ok(KeyPlace::Keychain);
                }
            }
            Keeping::Files => {}
        }
        self.edit(secret, Some(value)).await?;
        Ok(KeyPlace::File)
    }

    /// Forgets a secret wherever it is; an error where it may still be there.
    pub async fn remove(&self, secret: &Secret) -> Result<(), StoreError> {
        let name = secret.name();
        match self.keeping {
            Keeping::Memory => {
                self.memory.lock().await.remove(&name);
                return Ok(());
            }
            Keeping::Keychain => {
                match keychain(UNLOCK_LIMIT, move || keyring::Entry::new(SERVICE, &name)?.delete_credential()).await {
                    Answer::Found(()) | Answer::NoEntry | Answer::NoService => {}
                    Answer::Unanswered => return Err(StoreError::Locked),
                }
            }
            Keeping::Files => {}
        }
        self.edit(secret, None).await
    }

    /// The private key of a device.
    pub async fn signing_key(&self, device: DeviceId) -> Result<Option<(SigningKey, KeyPlace)>, StoreError> {
        let Some((bytes, place)) = self.get(&Secret::Device(device)).await? else { return Ok(None) };
        let seed: [u8; 32] = bytes.try_into().map_err(|_| StoreError::Key("what is kept as a key is none".into()))?;
        Ok(Some((SigningKey::from_bytes(&seed), place)))
    }

    /// The public key of a device that wrote here once, where its secret is at hand.
    pub async fn public_key(&self, device: DeviceId) -> Option<VerifyingKey> {
        let (seed, _) = self.get_soon(&Secret::Device(device)).await.ok()??;
        Some(SigningKey::from_bytes(&seed.try_into().ok()?).verifying_key())
    }

    /// A fresh private key for a device, kept before it signs anything.
    pub async fn new_signing_key(&self, device: DeviceId) -> Result<(SigningKey, KeyPlace), StoreError> {
        let seed = crate::record::salt()?;
        let place = self.put(&Secret::Device(device), seed.to_vec()).await?;
        Ok((SigningKey::from_bytes(&seed), place))
    }

    async fn read(&self, secret: &Secret) -> Result<Option<Vec<u8>>, StoreError> {
        let (path, name) = (self.dir.join(secret.file()), secret.name());
        blocking(move || load(&path)?.get(&name).map(|text| unhex(text)).transpose()).await
    }

    async fn edit(&self, secret: &Secret, value: Option<Vec<u8>>) -> Result<(), StoreError> {
        let (path, name) = (self.dir.join(secret.file()), secret.name());
        blocking(move || {
            let mut all = load(&path)?;
            let changed = match value {
                Some(value) => {
                    all.insert(name, hex(&value));
                    true
                }
                None => all.remove(&name).is_some(),
            };
            if changed { save(&path, &all) } else { Ok(()) }
        })
        .await
    }
}

/// Asks the keychain on a thread of its own, since nothing ends a question that it does not answer.
async fn keychain<T: Send + 'static>(
    limit: Duration,
    ask: impl FnOnce() -> keyring::Result<T> + Send + 'static,
) -> Answer<T> {
    if !keychain_is_likely() {
        return Answer::NoService;
    }
    let (answer, answered) = oneshot::channel();
    let asked = std::thread::Builder::new().name("keychain".into()).spawn(move || {
        // The question may have been given up on.
        let _ = answer.send(ask());
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "no thread for the keychain");
        return Answer::Unanswered;
    }
    match tokio::time::timeout(limit, answered).await {
        Ok(Ok(Ok(value))) => Answer::Found(value),
        Ok(Ok(Err(keyring::Error::NoEntry))) => Answer::NoEntry,
        Ok(Ok(Err(error @ keyring::Error::NoDefaultStore))) => {
            tracing::info!(%error, "there is no keychain");
            Answer::NoService
        }
        Ok(Ok(Err(error))) => {
            tracing::warn!(%error, "the keychain said no");
            Answer::Unanswered
        }
        Ok(Err(_)) | Err(_) => {
            tracing::warn!("the keychain did not answer in time");
            Answer::Unanswered
        }
    }
}

/// Removes key files that were being written when their process ended.
pub(crate) fn sweep(dir: &Path) -> Result<(), StoreError> {
    crate::backup::remove_named(dir, |name| name.starts_with("key-"))
}

/// On Linux the keychain is reached over the session bus: without one there is no use in asking.
fn keychain_is_likely() -> bool {
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return true;
    }
    std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some()
        || std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|dir| PathBuf::from(dir).join("bus").exists())
}

fn load(path: &Path) -> Result<BTreeMap<String, String>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|error| StoreError::Key(format!("{} is not readable: {error}", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(StoreError::io(path)(error)),
    }
}

/// Writes a key file whole or not at all; from its first byte on only this user can read it.
fn save(path: &Path, all: &BTreeMap<String, String>) -> Result<(), StoreError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    // A temporary file is made with 0600 on Unix; on Windows the profile's own rights protect it.
    let mut temp = tempfile::Builder::new().prefix("key-").tempfile_in(dir).map_err(StoreError::io(path))?;
    serde_json::to_writer_pretty(&mut temp, all)?;
    temp.flush().and_then(|()| temp.as_file().sync_all()).map_err(StoreError::io(path))?;
    temp.persist(path).map_err(|error| StoreError::io(path)(error.error))?;
    crate::blobs::sync_dir(dir)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Result<Vec<u8>, StoreError> {
    let odd = || StoreError::Key("a key file holds something that is no key".into());
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(odd());
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| odd())).collect()
}
