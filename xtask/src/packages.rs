//! System packages: which are missing here, and how they come.

use crate::{
    places::Places,
    setup::Options,
    shell::{self, command},
};
use anyhow::{Result, bail};
use std::io::IsTerminal as _;

/// What building and running need on Debian and Ubuntu.
const TO_RUN: &[&str] = &["gcc", "g++", "pkg-config", "python3", "python3-pip"];
/// What the window needs beside that.
const TO_SHOW: &[&str] = &["libwebkit2gtk-4.1-dev"];
/// What the tests need beside that.
const TO_TEST: &[&str] = &[
    "webkit2gtk-driver",
    "xvfb",
    "chromium",
    "chromium-driver",
    "poppler-utils",
    "tesseract-ocr",
    "tesseract-ocr-fra",
    "tesseract-ocr-deu",
    "python3-venv",
    "iproute2",
    "tcpdump",
    "gnome-keyring",
    "dbus",
    "openssl",
    "util-linux",
];
/// Ubuntu has the browser under other names; either will do.
const ALSO_AS: &[(&str, &str)] = &[("chromium", "chromium-browser"), ("chromium-driver", "chromium-chromedriver")];

/// Installs what is missing. On Debian and Ubuntu only; elsewhere it says what to install.
pub fn install(places: &Places, options: &Options) -> Result<()> {
    let (for_tests, yes) = (options.tests, options.yes);
    if !cfg!(target_os = "linux") || !shell::found("dpkg-query") {
        elsewhere(for_tests);
        return Ok(());
    }
    let mut wanted: Vec<&str> = TO_RUN.to_vec();
    if options.window {
        wanted.extend(TO_SHOW);
    }
    if for_tests {
        wanted.extend(TO_TEST);
    }
    let step = shell::step("Looking for missing system packages", "a second");
    let installed = installed(places, &wanted)?;
    let missing: Vec<&str> = wanted.into_iter().filter(|name| !installed(name)).collect();
    if missing.is_empty() {
        step.done("nothing is missing");
        return Ok(());
    }
    step.done(&format!("missing: {}", missing.join(" ")));

    let root = shell::output(command("id", places).arg("-u")).is_ok_and(|id| id.trim() == "0");
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    let line = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    if !root {
        println!("    This needs: sudo {line}");
        if !yes && !ci && !shell::ask("Install them now with sudo?")? {
            let why = if std::io::stdin().is_terminal() { "not installed" } else { "nobody to ask (use --yes)" };
            bail!("{why}: {}. Install them and run this again", missing.join(" "));
        }
    }
    let apt = |args: &[&str]| {
        let mut apt = if root { command("apt-get", places) } else { command("sudo", places) };
        if !root {
            apt.args(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        }
        apt.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "-o", "DPkg::Lock::Timeout=300"]).args(args);
        shell::run(&mut apt)
    };
    let step = shell::step(&format!("Installing {} system packages", missing.len()), "1 to 10 minutes");
    apt(&["update"])?;
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    let known: Vec<&str> = missing.iter().map(|name| other_name(places, name)).collect();
    install.extend(known);
    apt(&install)?;
    step.done("installed");
    Ok(())
}

/// A test for installed packages, from one question to dpkg.
fn installed(places: &Places, wanted: &[&str]) -> Result<impl Fn(&str) -> bool + use<>> {
    // dpkg-query fails when one of the names is unknown, and still prints the others.
    let mut query = command("dpkg-query", places);
    query.args(["-W", "-f", "${Package} ${db:Status-Status}\n"]).args(wanted);
    query.args(ALSO_AS.iter().map(|(_, other)| other));
    let out = query.output()?;
    let lines = String::from_utf8_lossy(&out.stdout).into_owned();
    Ok(move |name: &str| {
        let there = |name: &str| lines.lines().any(|line| line == format!("{name} installed"));
        there(name) || ALSO_AS.iter().any(|(one, other)| *one == name && there(other))
    })
}

/// The name that this system's package lists know.
fn other_name<'a>(places: &Places, name: &'a str) -> &'a str {
    let known = |name: &str| {
        shell::output(command("apt-cache", places).args(["policy", name]))
            .is_ok_and(|policy| policy.contains("Candidate:") && !policy.contains("Candidate: (none)"))
    };
    match ALSO_AS.iter().find(|(one, _)| *one == name) {
        Some((_, other)) if !known(name) && known(other) => other,
        _ => name,
    }
}

/// What a person has to install by hand on other systems.
fn elsewhere(for_tests: bool) {
    println!("==> System packages");
    if cfg!(target_os = "macos") {
        println!(
            "    On macOS install these yourself: the Xcode command line tools (xcode-select --install), Python 3."
        );
    } else if cfg!(target_os = "windows") {
        println!(
            "    On Windows install these yourself: the Visual Studio C++ build tools, WebView2 (part of Windows 11),"
        );
        println!("    and Python 3 with pip.");
    } else {
        println!(
            "    This is not Debian or Ubuntu, so install these yourself: a C compiler, pkg-config, the development"
        );
        println!("    files of WebKitGTK 4.1, Python 3 with pip.");
    }
    if for_tests {
        println!(
            "    The tests also need Chromium with its driver and poppler-utils; the window tests run on Linux only"
        );
        println!("    (WebKitWebDriver, Xvfb), and so does the packet capture (iproute2, tcpdump).");
    }
}
