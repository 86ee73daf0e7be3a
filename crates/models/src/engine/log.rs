//! What the engine last said: a file with a size limit, and the last lines for a fault.

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// When the file is longer than this it becomes `engine.log.1`, and a new one is begun.
const MAX_FILE: u64 = 1 << 20;
const MAX_LINES: usize = 12;
const MAX_LINE: u64 = 2000;

/// The engine's log. Failing to write it never stops the engine.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    file: Option<File>,
    written: u64,
    last: VecDeque<String>,
}

impl Log {
    pub(crate) fn open(folder: &Path) -> Self {
        Self { path: folder.join("engine.log"), inner: Mutex::default() }
    }

    pub(crate) fn path(&self) -> String {
        self.path.display().to_string()
    }

    /// The last lines of the engine that runs, or ran last.
    pub(crate) fn last(&self) -> String {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.last.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Forgets the last lines: another engine starts.
    pub(crate) fn restart(&self) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).last.clear();
    }

    pub(crate) fn line(&self, line: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.last.push_back(line.to_owned());
        while inner.last.len() > MAX_LINES {
            inner.last.pop_front();
        }
        if let Err(error) = self.write(&mut inner, line) {
            tracing::debug!(%error, "the engine's log could not be written");
            inner.file = None;
        }
    }

    fn write(&self, inner: &mut Inner, line: &str) -> std::io::Result<()> {
        if inner.file.is_none() {
            std::fs::create_dir_all(self.path.parent().unwrap_or(Path::new(".")))?;
            let file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            inner.written = file.metadata()?.len();
            inner.file = Some(file);
        }
        if inner.written > MAX_FILE {
            inner.file = None;
            std::fs::rename(&self.path, self.path.with_extension("log.1"))?;
            return self.write_new(inner, line);
        }
        Self::append(inner, line)
    }

    fn write_new(&self, inner: &mut Inner, line: &str) -> std::io::Result<()> {
        inner.file = Some(File::create(&self.path)?);
        inner.written = 0;
        Self::append(inner, line)
    }

    fn append(inner: &mut Inner, line: &str) -> std::io::Result<()> {
        if let Some(file) = &mut inner.file {
            inner.written += line.len() as u64 + 1;
            writeln!(file, "{line}")?;
        }
        Ok(())
    }

    /// Takes every line of `source` until it ends. Long lines are cut.
    pub(crate) async fn take(&self, mut source: impl AsyncBufRead + Unpin) {
        while let Ok(Some(line)) = line(&mut source).await {
            self.line(&line);
        }
    }
}

/// The next line, of which only the first [`MAX_LINE`] bytes are kept; `None` at the end.
pub(crate) async fn line(source: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = source.take(MAX_LINE).read_until(b'\n', &mut line).await?;
    if read == 0 {
        return Ok(None);
    }
    let mut ended = line.last() == Some(&b'\n');
    let mut rest = Vec::new();
    while !ended {
        rest.clear();
        let read = source.take(MAX_LINE).read_until(b'\n', &mut rest).await?;
        ended = read == 0 || rest.last() == Some(&b'\n');
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_cut_and_the_file_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(dir.path());
        let text = format!("short\n{}\nend", "x".repeat(5000));
        log.take(text.as_bytes()).await;
        let last: Vec<_> = log.last().lines().map(str::len).collect();
        assert_eq!(last, [5, MAX_LINE as usize, 3]);
        let long = "y".repeat(MAX_LINE as usize);
        for _ in 0..1100 {
            log.line(&long);
        }
        let size = |name: &str| dir.path().join(name).metadata().unwrap().len();
        assert!(size("engine.log") <= MAX_FILE + MAX_LINE + 1 && size("engine.log.1") <= MAX_FILE + 2 * (MAX_LINE + 1));
        assert_eq!(log.last().lines().count(), MAX_LINES);
    }
}
