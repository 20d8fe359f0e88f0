//! How fast a release comes into a slot, and how much memory that takes: what `make bench-stage` runs, in a process of its own for
//! each time.

use super::{Bring, TellStep, origin};
use crate::slot::SpareSlot;
use release::{Arch, Client, File, Source, Trust, Version};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// When each step was heard of first.
type Steps = Arc<Mutex<Vec<(&'static str, Instant)>>>;

fn given(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is missing: `make bench-stage` runs this"))
}

/// Stages the release HOLDFAST_STAGE_VERSION of the folder HOLDFAST_STAGE_FROM, which HOLDFAST_STAGE_ROOT vouches for, into the device
/// HOLDFAST_STAGE_SLOT.
#[test]
#[ignore = "it writes to a device"]
fn stage() {
    // As the agent on a node has it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .expect("a runtime");
    let steps = Steps::default();
    let heard = steps.clone();
    let tell: TellStep = Arc::new(move |step, _, _| {
        let mut steps = heard.lock().expect("nobody panicked");
        if steps.last().is_none_or(|(last, _)| *last != step) {
            steps.push((step, Instant::now()));
        }
    });
    let began = Instant::now();
    let way = runtime.block_on(bring(&tell));
    let all = began.elapsed();
    let mut steps = steps.lock().expect("nobody panicked").clone();
    steps.push(("end", Instant::now()));
    let took = |step: &str| -> Duration {
        let pairs = steps.windows(2).filter(|pair| pair[0].0 == step);
        pairs.map(|pair| pair[1].1 - pair[0].1).sum()
    };
    let (compare, verify) = (took("compare"), took("verify"));
    let write = took("fetch") + took("apply delta");
    let seconds = [compare, write, verify, all].map(|time| format!("{:.3}", time.as_secs_f64()));
    println!("staged {way:?} {} {}", seconds.join(" "), peak());
}

async fn bring(tell: &TellStep) -> upgrade_api::Way {
    let source = Source::Folder(given("HOLDFAST_STAGE_FROM").into());
    let root = fs::read(given("HOLDFAST_STAGE_ROOT")).expect("a root");
    let version: Version = given("HOLDFAST_STAGE_VERSION").parse().expect("a version");
    let repository = Client::new()
        .open(&source, &Trust::fleeting(root), jiff::Timestamp::now())
        .await
        .expect("a good repository");
    let release = (&version, Arch::Amd64);
    let index = repository.index(release.0, release.1).await;
    let index = Arc::new(index.expect("an index"));
    let manifest = repository.manifest(release.0, release.1).await;
    let manifest = manifest.expect("a manifest");
    let slot = PathBuf::from(given("HOLDFAST_STAGE_SLOT"));
    let slot = SpareSlot::open(&slot, index.length()).expect("a slot");
    let folder = tempfile::tempdir().expect("a folder");
    let bring = Bring {
        repository: &repository,
        release,
        root_hash: manifest.root_hash,
        data_size: manifest.data_size,
        index: &index,
        slot: &Arc::new(slot),
        folder: folder.path(),
        origin: &origin(&repository, release, File::Root, None).await,
        tell,
    };
    bring.run().await.expect("staged").way
}

/// The most memory that this process had, in kB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("a number")
}
