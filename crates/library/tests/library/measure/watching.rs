//! A folder of many files: how long looking takes, what memory, and whether anything waits for it.
//! `ATELIER_WATCH_FILES=100000 cargo test --workspace --test library measure::watching -- --ignored --nocapture`

use crate::common::*;
use library::WatchConfig;
use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// Resident memory of this process now and at most, in MB.
fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    (of("VmRSS"), of("VmHWM"))
}

fn fill(root: &Path, count: usize) {
    for n in 0..count {
        let dir = root.join(format!("{:03}/{:02}", n / 1_000, n / 50 % 20));
        if n.is_multiple_of(50) {
            fs::create_dir_all(&dir).unwrap();
        }
        let text = format!("# Note {n}\n\nThe ocelot of note {n} pays {} euros in month {}.\n", n * 7 % 9_001, n % 12);
        fs::write(dir.join(format!("{n}.md")), text).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes many minutes"]
async fn many_files() {
    let count: usize = std::env::var("ATELIER_WATCH_FILES").map_or(100_000, |count| count.parse().unwrap());
    let here = Here::new().await;
    let root = here.dir.path().canonicalize().unwrap().join("watched");
    let began = Instant::now();
    fill(&root, count);
    println!("{count} files written in {:.1?}", began.elapsed());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let library = here.open().await;
    // Something to find while the folder is looked through.
    let seed = here.folder(&[("seed.md", "# Seed\n\nA lynx that was there before.")]);
    library.import(&here.person, &[seed]).await.unwrap();
    idle(&library).await;
    library.start_watching(WatchConfig { start_after: Duration::ZERO, ..WatchConfig::default() });

    let stop = AtomicBool::new(false);
    let search = async {
        let mut times = Vec::new();
        while !stop.load(Ordering::Acquire) {
            let began = Instant::now();
            library.search(&find("lynx ocelot")).await.unwrap();
            times.push(began.elapsed());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        times.sort();
        times
    };
    let look = async {
        let before = memory().0;
        let began = Instant::now();
        library.watch_folder(&here.person, &root).await.unwrap();
        library.looked().await;
        let took = began.elapsed();
        let (now, most) = memory();
        println!("first look: {took:.1?}; memory before {before} MB, after {now} MB, at most {most} MB");
        let files = library.folders().await.unwrap()[0].files;
        assert_eq!(files as usize, count);
        for n in 0..3 {
            let began = Instant::now();
            library.look_again(None).await.unwrap();
            library.looked().await;
            println!("look {n} without a change: {:.2?}", began.elapsed());
        }
        let began = Instant::now();
        fs::rename(root.join("000"), root.join("renamed")).unwrap();
        until("1,000 files in a folder that is renamed", async || {
            here.store.derived().source(root.join("renamed/00/0.md").to_str().unwrap()).await.unwrap().is_some()
        })
        .await;
        println!("a folder of 1,000 files is renamed: seen after {:.1?}", began.elapsed());
        library.look_again(None).await.unwrap();
        library.looked().await;
        println!("renamed whole after {:.1?}", began.elapsed());
        let began = Instant::now();
        tokio::time::timeout(Duration::from_secs(limit()), library.idle()).await.ok();
        let left = library.progress();
        println!("reading went on for {:.1?}: {} of {} done", began.elapsed(), left.done, left.total);
        let (now, most) = memory();
        println!("memory {now} MB, at most {most} MB");
        stop.store(true, Ordering::Release);
    };
    let (times, ()) = futures::join!(search, look);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{} searches meanwhile: median {:.1?}, 99 % {:.1?}, longest {:.1?}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    library.shutdown().await;
}

/// How long reading may go on before the measurement ends.
fn limit() -> u64 {
    std::env::var("ATELIER_WATCH_SECONDS").map_or(3_600, |seconds| seconds.parse().unwrap())
}
