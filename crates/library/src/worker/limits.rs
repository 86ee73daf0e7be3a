//! What the child takes from itself before it meets a file.
//!
//! On Unix the kernel enforces memory (not on macOS), open files, written files and core dumps.
//! Elsewhere the parent's clock and the limits on file size and text remain.

/// Limits this process.
pub fn set(memory: u64) {
    #[cfg(unix)]
    unix::set(memory);
    #[cfg(not(unix))]
    let _ = memory;
}

/// Lets programs that somebody waits for go first.
pub fn give_way() {
    #[cfg(unix)]
    if let Err(error) = rustix::process::nice(10) {
        eprintln!("nice: {error}");
    }
}

/// Whether this process may use so much memory.
pub fn allow(memory: u64) -> bool {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::As).current.is_none_or(|most| most >= memory);
    #[cfg(not(unix))]
    {
        let _ = memory;
        true
    }
}

/// Ends this process when its parent has ended, even in the middle of a parser's endless loop.
pub fn leave_with_parent() {
    #[cfg(unix)]
    unix::leave_with_parent();
}

#[cfg(unix)]
mod unix {
    use rustix::process::{Resource, Rlimit, setrlimit};
    use std::{os::unix::process::parent_id, thread, time::Duration};

    /// CPU seconds of one child over its whole life: a backstop behind the parent's clock.
    const CPU_SECONDS: u64 = 3_600;
    /// Files it may have open: its pipes, PDFium, fonts and one document.
    const OPEN_FILES: u64 = 64;
    /// How often it looks for its parent.
    const LOOK_EVERY: Duration = Duration::from_secs(1);

    pub fn set(memory: u64) {
        for (resource, most) in [
            (Resource::As, memory),
            (Resource::Cpu, CPU_SECONDS),
            (Resource::Nofile, OPEN_FILES),
            // It reads; it has nothing to write and leaves nothing behind.
            (Resource::Fsize, 0),
            (Resource::Core, 0),
        ] {
            if let Err(error) = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }) {
                eprintln!("limit {resource:?}: {error}");
            }
        }
    }

    pub fn leave_with_parent() {
        let parent = parent_id();
        let watch = move || {
            while parent_id() == parent {
                thread::sleep(LOOK_EVERY);
            }
            std::process::exit(0);
        };
        if let Err(error) = thread::Builder::new().stack_size(64 << 10).spawn(watch) {
            eprintln!("no watch over the parent: {error}");
        }
    }
}
