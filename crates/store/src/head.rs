//! How far a device's sequence goes, kept outside the database, so that a cut-off tail is noticed.
//!
//! `heads/DEVICE` holds two slots that are written in turn, so that a torn write spoils at most
//! one. A head is written only after its record is safe on the disk: it may lag behind the log,
//! which proves nothing missing, and is never ahead of it unless records were taken away.

use crate::{
    StoreError,
    blobs::sync_dir,
    private::private_dir,
    record::{Hash, sign, signed_by},
};
use ed25519_dalek::{SigningKey, VerifyingKey};
use protocol::{DeviceId, WorkspaceId};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The last record of a device: its number and hash. Number 0: none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub seq: u64,
    pub hash: Hash,
}

const DOMAIN: &[u8] = b"atelier.head.1";
const SLOT: usize = 512;
const USED: usize = 8 + 32 + 64;

/// The head file of a device that writes here.
pub(crate) struct HeadFile {
    file: File,
    path: PathBuf,
    workspace: WorkspaceId,
    device: DeviceId,
    key: SigningKey,
    /// The slot to write next: never the one that holds the newest good head.
    next: usize,
}

fn covered(workspace: WorkspaceId, device: DeviceId, head: &Head) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(DOMAIN);
    hasher.update(workspace.0.as_bytes());
    hasher.update(device.0.as_bytes());
    hasher.update(&head.seq.to_be_bytes());
    hasher.update(&head.hash);
    *hasher.finalize().as_bytes()
}

fn place(dir: &Path, device: DeviceId) -> PathBuf {
    dir.join("heads").join(device.to_string())
}

impl HeadFile {
    /// Opens the head file of a device, making it where there is none.
    pub fn open(dir: &Path, workspace: WorkspaceId, device: DeviceId, key: SigningKey) -> Result<Self, StoreError> {
        let path = place(dir, device);
        let folder = dir.join("heads");
        private_dir(&folder).map_err(StoreError::io(&folder))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::io(&path))?;
        sync_dir(&folder)?;
        let mut bytes = Vec::new();
        (&mut file).take(2 * SLOT as u64).read_to_end(&mut bytes).map_err(StoreError::io(&path))?;
        let newest = good_slots(&bytes, workspace, device, &key.verifying_key()).max_by_key(|(_, head)| head.seq);
        let next = newest.map_or(0, |(at, _)| 1 - at);
        let mut file = Self { file, path, workspace, device, key, next };
        if bytes.is_empty() {
            // Signed from the start: an empty file says nothing that somebody could not have emptied.
            file.write(&Head::default())?;
        }
        Ok(file)
    }

    /// Writes a head and syncs it.
    pub fn write(&mut self, head: &Head) -> Result<(), StoreError> {
        let mut slot = Vec::with_capacity(USED);
        slot.extend(head.seq.to_be_bytes());
        slot.extend(head.hash);
        slot.extend(sign(&self.key, &covered(self.workspace, self.device, head)));
        self.file
            .seek(SeekFrom::Start((self.next * SLOT) as u64))
            .and_then(|_| self.file.write_all(&slot))
            .and_then(|()| self.file.sync_data())
            .map_err(StoreError::io(&self.path))?;
        self.next = 1 - self.next;
        Ok(())
    }
}

/// The slots that are rightly signed.
fn good_slots<'a>(
    bytes: &'a [u8],
    workspace: WorkspaceId,
    device: DeviceId,
    key: &'a VerifyingKey,
) -> impl Iterator<Item = (usize, Head)> + 'a {
    [0, 1].into_iter().filter_map(move |at| {
        let slot = bytes.get(at * SLOT..at * SLOT + USED)?;
        let (seq, rest) = slot.split_first_chunk::<8>()?;
        let (hash, signature) = rest.split_first_chunk::<32>()?;
        let head = Head { seq: u64::from_be_bytes(*seq), hash: *hash };
        signed_by(key, &covered(workspace, device, &head), signature).then_some((at, head))
    })
}

/// All head files.
pub(crate) fn files(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let folder = dir.join("heads");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io(&folder)(error)),
    };
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(StoreError::io(&folder))).collect()
}

/// The devices whose head files speak of records, whoever signed them: each has written here.
pub(crate) fn devices(dir: &Path) -> Result<Vec<DeviceId>, StoreError> {
    let mut devices = Vec::new();
    for path in files(dir)? {
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(device) = name.and_then(|name| name.parse().ok()) else { continue };
        let bytes = fs::read(&path).map_err(StoreError::io(&path))?;
        // A process that ended before its first record leaves number 0, or nothing.
        let number = |at: usize| bytes.get(at * SLOT..at * SLOT + 8).is_some_and(|seq| seq != [0; 8]);
        if number(0) || number(1) {
            devices.push(device);
        }
    }
    Ok(devices)
}

/// What the head file of a device says.
pub(crate) enum Kept {
    /// This head, rightly signed.
    Head(Head),
    /// There is no such file.
    Missing,
    /// Neither slot is rightly signed.
    Forged,
}

/// Reads the head file of a device with the device's public key.
pub(crate) fn read(
    dir: &Path,
    workspace: WorkspaceId,
    device: DeviceId,
    key: &VerifyingKey,
) -> Result<Kept, StoreError> {
    let path = place(dir, device);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::Missing),
        Err(error) => return Err(StoreError::io(&path)(error)),
    };
    let newest = good_slots(&bytes, workspace, device, key).map(|(_, head)| head).max_by_key(|head| head.seq);
    Ok(newest.map_or(Kept::Forged, Kept::Head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_newest_whole_slot_counts() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, device) = (WorkspaceId(Uuid::from_u128(1)), DeviceId(Uuid::from_u128(2)));
        let key = SigningKey::from_bytes(&[3; 32]);
        let seen = |key: &SigningKey| match read(dir.path(), workspace, device, &key.verifying_key()).unwrap() {
            Kept::Head(head) => Some(head.seq),
            Kept::Missing => None,
            Kept::Forged => Some(u64::MAX),
        };
        assert_eq!(seen(&key), None);
        let mut file = HeadFile::open(dir.path(), workspace, device, key.clone()).unwrap();
        assert_eq!(seen(&key), Some(0));
        assert_eq!(devices(dir.path()).unwrap(), []);
        for seq in [1, 2, 5, 9] {
            file.write(&Head { seq, hash: [seq as u8; 32] }).unwrap();
            assert_eq!(seen(&key), Some(seq));
        }
        assert_eq!(devices(dir.path()).unwrap(), [device]);
        // Another key's signature is none.
        assert_eq!(seen(&SigningKey::from_bytes(&[4; 32])), Some(u64::MAX));
        // A torn write leaves the head before it, and the next write spares that one.
        let path = place(dir.path(), device);
        let mut bytes = fs::read(&path).unwrap();
        let torn = bytes.chunks(SLOT).position(|slot| slot[..8] == 9u64.to_be_bytes()).unwrap();
        bytes[torn * SLOT + 50] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(seen(&key), Some(5));
        let again = HeadFile::open(dir.path(), workspace, device, key.clone()).unwrap();
        assert_eq!(again.next, torn);
        // An emptied file proves nothing, so it does not count as one that was just made.
        fs::write(&path, "").unwrap();
        assert_eq!(seen(&key), Some(u64::MAX));
    }
}
