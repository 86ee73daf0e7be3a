//! Nothing leaves: the main job in a network namespace of its own, with every packet captured.

use atelier_tests::{sample, skip::skip, workspace::Workspace};
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// Tests of one process run side by side; each has a namespace of its own.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A namespace whose only way out is its own loopback interface: what is sent anywhere can be seen,
/// and reaches nobody.
enum Namespace {
    /// Root's way: it has a name.
    Named(String),
    /// Anybody's way, where the kernel lets users have namespaces: it lasts as long as this process.
    Held(Child),
}

impl Namespace {
    /// None where this user may not make one; then the test has said so.
    fn new() -> Option<Self> {
        let namespace = Self::named().or_else(Self::held);
        let Some(namespace) = namespace else {
            skip("a network namespace needs root, or a kernel that lets users make them (unshare -Urn)");
            return None;
        };
        for args in [
            &["link", "set", "lo", "up"][..],
            &["addr", "add", "192.0.2.1/32", "dev", "lo"],
            &["route", "add", "default", "dev", "lo", "src", "192.0.2.1"],
        ] {
            assert!(namespace.inside("ip").args(args).status().unwrap().success(), "ip {args:?}");
        }
        Some(namespace)
    }

    fn named() -> Option<Self> {
        let name = format!("atelier-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let made = Command::new("ip").args(["netns", "add", &name]).stderr(Stdio::null()).status();
        made.is_ok_and(|status| status.success()).then_some(Self::Named(name))
    }

    fn held() -> Option<Self> {
        let mut holder = Command::new("unshare");
        holder.args(["-Urn", "sh", "-c", "echo ready; exec sleep 3600"]);
        let mut child = holder.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut line = String::new();
        let read = child.stdout.take().is_some_and(|out| BufReader::new(out).read_line(&mut line).is_ok());
        let held = Self::Held(child);
        (read && line == "ready\n").then_some(held)
    }

    fn inside(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command;
        match self {
            Self::Named(name) => {
                command = Command::new("ip");
                command.args(["netns", "exec", name]);
            }
            Self::Held(child) => {
                command = Command::new("nsenter");
                command.args(["--preserve-credentials", "-U", "-n", "-t", &child.id().to_string(), "--"]);
            }
        }
        command.arg(program);
        command
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        match self {
            Self::Named(name) => drop(Command::new("ip").args(["netns", "delete", name]).status()),
            Self::Held(child) => drop(child.kill().and_then(|()| child.wait())),
        }
    }
}

/// A running tcpdump.
struct Capture(Child);

impl Capture {
    /// Starts it and waits until it has begun its file.
    fn start(namespace: &Namespace, file: &Path) -> Self {
        let mut tcpdump = namespace.inside("tcpdump");
        tcpdump.args(["-i", "any", "--immediate-mode", "-U", "-n", "-Z", "root", "-w"]).arg(file);
        let capture = Self(tcpdump.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("ip is installed"));
        for _ in 0..100 {
            if std::fs::metadata(file).is_ok_and(|meta| meta.len() >= 24) {
                return capture;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("tcpdump does not start");
    }

    /// Ends it so that it writes what it still holds.
    fn stop(mut self) {
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        self.0.wait().unwrap();
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn packets(file: &Path, filter: &str) -> usize {
    let out = Command::new("tcpdump").args(["-n", "-r"]).arg(file).arg(filter).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).lines().count()
}

/// Packets that a program sent to or from anywhere but loopback. The kernel's own words on an
/// interface (IPv6 neighbours, multicast groups) are no program's.
const OUTSIDE: &str = "not host 127.0.0.1 and not host ::1 and not icmp6 and not igmp and not arp and not ip6[6] == 0";

#[test]
fn the_capture_sees_what_leaves() {
    let Some(namespace) = Namespace::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("packets.pcap");
    let capture = Capture::start(&namespace, &file);
    let sent = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('198.51.100.7', 53))";
    assert!(namespace.inside("python3").args(["-c", sent]).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(500));
    capture.stop();
    assert!(packets(&file, OUTSIDE) > 0, "a packet to another address was not seen");
}

#[test]
fn the_main_job_sends_no_packet_outside_loopback() {
    let Some(namespace) = Namespace::new() else { return };
    let workspace = Workspace::new();
    let file = workspace.folder().join("packets.pcap");
    let capture = Capture::start(&namespace, &file);

    let atelier = |args: &[&std::ffi::OsStr]| {
        let template = workspace.command();
        let mut command = namespace.inside(template.get_program());
        for (name, value) in template.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let out = command.args(template.get_args()).arg("--json").args(args).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    atelier(&["import".as_ref(), sample::folder().as_os_str()]);
    atelier(&["search".as_ref(), "notice period".as_ref()]);
    atelier(&["ask".as_ref(), "Within how many hours must the supplier report an incident to the bank?".as_ref()]);
    atelier(&["log".as_ref(), "verify".as_ref()]);

    // The capture works only if it sees something: the app and its engine talk on loopback.
    std::thread::sleep(Duration::from_millis(500));
    capture.stop();
    assert!(packets(&file, "host 127.0.0.1") > 10, "the capture saw nothing, not even loopback");
    assert_eq!(packets(&file, OUTSIDE), 0, "packets left; see tcpdump -n -r of the capture");
}
