//! What the child may touch once it meets a file: documents and what its programs need, to read; nothing to
//! write, no network, no other process.
//!
//! On Linux the kernel enforces it, as far as it can: Landlock for files, TCP and signals, seccomp for system
//! calls that no reader of documents makes. Where it cannot (an older kernel, another system), what it
//! can enforce holds, and the child says so. What the child starts (Tesseract) is as bound as it is itself.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which of its walls stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// It reads documents and system files only, and changes no file.
    pub files: bool,
    /// It opens no connection, and looks into and alters no other process.
    pub calls: bool,
}

impl Sandbox {
    /// Shuts this thread and what it starts from now on in, for good; called while it is the only thread.
    /// `documents` are the files and folders that it may read.
    pub fn enter(documents: &[PathBuf]) -> Self {
        #[cfg(target_os = "linux")]
        return linux::enter(documents);
        #[cfg(not(target_os = "linux"))]
        {
            let _ = documents;
            Self::default()
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::Sandbox;
    use crate::extract::pdfium_places;
    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
        RulesetError, RulesetStatus, Scope, path_beneath_rules,
    };
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    use std::{
        collections::BTreeMap,
        error::Error,
        path::{Path, PathBuf},
    };

    /// The newest rules that were looked at; the kernel enforces those that it has.
    const RULES: ABI = ABI::V6;
    /// Where systems keep programs, libraries and fonts.
    const SYSTEM: &[&str] = &[
        "/usr",
        "/lib",
        "/lib32",
        "/lib64",
        "/bin",
        "/sbin",
        "/nix/store",
        "/gnu/store",
        "/snap",
        "/app",
        "/etc/ld.so.cache",
        "/etc/ld.so.preload",
        "/etc/fonts",
        "/etc/localtime",
    ];
    /// Where the environment says that more of it lies.
    const NAMED: &[&str] = &["ATELIER_TESSERACT", "TESSDATA_PREFIX", "LD_LIBRARY_PATH"];
    /// What programs open to write and what keeps nothing.
    const NULL: &str = "/dev/null";

    /// Calls that read no document: the network, other processes, keys, mounts, the kernel itself.
    const REFUSED: &[i64] = &[
        libc::SYS_socket,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_getfd,
        libc::SYS_kcmp,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_keyctl,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_open_tree,
        libc::SYS_move_mount,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_name_to_handle_at,
        libc::SYS_open_by_handle_at,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_acct,
        libc::SYS_quotactl,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_clock_adjtime,
        libc::SYS_adjtimex,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_syslog,
    ];
    /// The same calls by the numbers of the other way to make them on x86-64.
    const X32: i64 = 0x4000_0000;

    pub fn enter(documents: &[PathBuf]) -> Sandbox {
        let files = shut_files(documents).unwrap_or_else(|error| {
            eprintln!("landlock: {error}");
            false
        });
        let calls = refuse_calls().map_err(|error| eprintln!("seccomp: {error}")).is_ok();
        Sandbox { files, calls }
    }

    /// Whether the kernel keeps it from all files but these.
    fn shut_files(documents: &[PathBuf]) -> Result<bool, RulesetError> {
        let named = NAMED.iter().filter_map(std::env::var_os);
        let named: Vec<PathBuf> = named.flat_map(|value| std::env::split_paths(&value).collect::<Vec<_>>()).collect();
        let pdfium = pdfium_places().into_iter().filter_map(|place| Some(place.parent()?.to_owned()));
        let programs: Vec<PathBuf> =
            SYSTEM.iter().map(PathBuf::from).chain(named).chain(pdfium).filter(|path| is_a_place(path)).collect();
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let status = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(RULES))?
            .handle_access(AccessNet::from_all(RULES))?
            .scope(Scope::from_all(RULES))?
            .create()?
            .add_rules(path_beneath_rules(programs, read | AccessFs::Execute))?
            .add_rules(path_beneath_rules(documents, read))?
            .add_rules(path_beneath_rules([NULL], AccessFs::ReadFile | AccessFs::WriteFile))?
            .restrict_self()?;
        Ok(status.ruleset != RulesetStatus::NotEnforced)
    }

    /// Whether it names some place and not all of the disk.
    fn is_a_place(path: &Path) -> bool {
        path.is_absolute() && path.parent().is_some()
    }

    /// From here on the kernel answers these calls with "not permitted".
    fn refuse_calls() -> Result<(), Box<dyn Error>> {
        let others = REFUSED.iter().map(|call| call | X32).filter(|_| cfg!(target_arch = "x86_64"));
        let rules: BTreeMap<i64, Vec<_>> = REFUSED.iter().copied().chain(others).map(|call| (call, vec![])).collect();
        let refused = SeccompAction::Errno(libc::EPERM as u32);
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, std::env::consts::ARCH.try_into()?)?;
        Ok(seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?)
    }
}
