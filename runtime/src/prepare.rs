//! `holdfast runtime prepare`: find the facts, plan, write.
//!
//! Flow: authorities and encryption key (once, on state) → the node's address (waited for) → what the cluster is founded
//! with (once, on state) → plan → files in memory, the engine's plan last. Guarantee: when `engine.json` is there,
//! everything that it names is there.

use crate::address::{self, HostError, Patience, StandInError};
use crate::emulation::Versions;
use crate::file::{self, FileError, PlannedFile};
use crate::name_servers::copy_name_servers;
use crate::pki::{CertificateSource, PkiError, certificate_source, ensure_encryption};
use crate::plan::{NodeFacts, PodNetwork, cni_file, plan};
use crate::{Founding, FoundingError, LoadError, Paths, Settings, cluster_exists, load_settings};
use crate::{from_url, policy_notes};
use init_api::Minor;
use std::fs;
use std::net::IpAddr;
use std::time::SystemTime;
use thiserror::Error;
use tracing::{info, warn};

/// The cluster could not be prepared.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// Certificates or keys.
    #[error("cannot prepare the cluster's identity")]
    Pki(#[from] PkiError),
    /// A file or folder.
    #[error("cannot prepare the cluster's files")]
    File(#[from] FileError),
    /// What the cluster was founded with.
    #[error("cannot find out what the cluster was founded with")]
    Founding(#[from] FoundingError),
    /// The configuration, after more of it was fetched.
    #[error("cannot read the new configuration")]
    Load(#[from] LoadError),
    /// The network.
    #[error("cannot find the node's address")]
    Address(#[from] HostError),
    /// The address without a network.
    #[error("cannot give the machine an address without a network")]
    StandIn(#[from] StandInError),
}

/// Prepares everything that `engine run` needs, and gives the node's address. Safe to run again at any time.
///
/// # Errors
/// What [`PrepareError`] lists; nothing is half written then.
pub fn prepare(
    settings: &Settings,
    paths: &Paths,
    patience: Patience,
) -> Result<IpAddr, PrepareError> {
    prepare_by(SystemTime::now, settings, paths, patience)
}

fn prepare_by(
    clock: impl Fn() -> SystemTime,
    settings: &Settings,
    paths: &Paths,
    patience: Patience,
) -> Result<IpAddr, PrepareError> {
    file::make_folder(&paths.cluster(), 0o700)?;
    ensure_encryption(&paths.encryption(), &paths.pki())?;
    file::forget_interrupted(&paths.pki())?;
    let source = certificate_source(settings.role, paths, clock())?;
    let address = own_address(settings, paths, patience)?;
    let settings = match Founding::load(paths)? {
        Some(founded) => settings.clone().founded_as(&founded),
        None => found_cluster(settings, paths, address)?,
    };
    let address = settings.node.address.unwrap_or(address);
    // The waiting is over: the network may have set the clock meanwhile.
    write_for(&settings, paths, source.as_ref(), address, clock())?;
    info!("prepared for {address}");
    Ok(address)
}

/// Founds the cluster, once: with what the configuration says, or, on a node that ran before this was kept, with what it
/// runs with.
fn found_cluster(
    settings: &Settings,
    paths: &Paths,
    address: IpAddr,
) -> Result<Settings, PrepareError> {
    let is_new = !cluster_exists(&paths.cluster());
    let has_network = address != address::FALLBACK;
    let settings = if is_new && has_network && from_url::wait(settings, paths, from_url::PATIENCE) {
        load_settings(paths)?
    } else {
        settings.clone()
    };
    settings.founding().store(paths)?;
    Ok(settings)
}

/// The address that the configuration fixes, or the one of the last boot, or the one that the network gives now.
///
/// An address that is not (yet) on an interface stands on one without hardware meanwhile; the keeper moves the node when
/// the network gives it another.
fn own_address(
    settings: &Settings,
    paths: &Paths,
    patience: Patience,
) -> Result<IpAddr, PrepareError> {
    let known = settings.node.address.or_else(|| last_address(paths));
    let found = match known {
        Some(address) => Some(address),
        None => address::find(paths, patience)?,
    };
    let address = found.unwrap_or_else(|| {
        warn!("no network: using {}", address::FALLBACK);
        address::FALLBACK
    });
    if address::interface_of(address).is_none() {
        address::stand_in(paths, address)?;
    }
    Ok(address)
}

fn last_address(paths: &Paths) -> Option<IpAddr> {
    fs::read_to_string(paths.last_address())
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Plans for an address that is known, writes, and notes address and authorities.
///
/// # Errors
/// As [`prepare`], but for finding the address.
pub fn write_for(
    settings: &Settings,
    paths: &Paths,
    source: &dyn CertificateSource,
    address: IpAddr,
    now: SystemTime,
) -> Result<(), PrepareError> {
    write_files(settings, paths, source, address, now)?;
    record_authorities(paths, source)?;
    Ok(record_address(paths, address)?)
}

/// Notes which authorities everything was written for.
pub(crate) fn record_authorities(
    paths: &Paths,
    source: &dyn CertificateSource,
) -> Result<(), FileError> {
    let line = format!("{}\n", source.trust().fingerprint());
    file::write(&PlannedFile::new(paths.authorities_in_use(), 0o600, line))
}

/// As [`write_for`], without noting anything.
pub(crate) fn write_files(
    settings: &Settings,
    paths: &Paths,
    source: &dyn CertificateSource,
    address: IpAddr,
    now: SystemTime,
) -> Result<(), PrepareError> {
    let versions = Versions::read(paths);
    let facts = NodeFacts {
        address,
        memory: memory(paths),
        now,
        emulate: versions.emulated(),
    };
    let files = plan(settings, &facts, paths, source)?;
    for (folder, mode) in folders(paths) {
        file::make_folder(&folder, mode)?;
    }
    versions.note(paths)?;
    show_emulated(paths, facts.emulate)?;
    forget_notes(settings, paths)?;
    copy_name_servers(paths)?;
    if let Some(network) = known_pod_network(paths) {
        file::write(&cni_file(network, paths))?;
    }
    for planned in &files {
        file::write(planned)?;
    }
    Ok(())
}

/// Notes for the keeper, who ends it, that the control plane emulates an older minor.
fn show_emulated(paths: &Paths, minor: Option<Minor>) -> Result<(), FileError> {
    match minor {
        Some(minor) => file::write(&PlannedFile::new(
            paths.emulated(),
            0o600,
            format!("{minor}\n"),
        )),
        None => file::remove(&paths.emulated()),
    }
}

/// Notes the address that everything was written for, and keeps it for the next boot.
pub(crate) fn record_address(paths: &Paths, address: IpAddr) -> Result<(), FileError> {
    file::write(&PlannedFile::new(
        paths.address(),
        0o644,
        format!("{address}\n"),
    ))?;
    store_address(paths, address)
}

/// Keeps the address for the next boot; not that of last resort, for which it would not wait.
pub(crate) fn store_address(paths: &Paths, address: IpAddr) -> Result<(), FileError> {
    if address == address::FALLBACK {
        return Ok(());
    }
    let line = format!("{address}\n");
    file::write_lasting_if_changed(&PlannedFile::new(paths.last_address(), 0o600, line))
}

fn folders(paths: &Paths) -> Vec<(std::path::PathBuf, u32)> {
    vec![
        (paths.database(), 0o700),
        (paths.run(), 0o700),
        (paths.user_manifests(), 0o700),
        (paths.user_images(), 0o700),
        (paths.at("/var/lib/kubelet/volumeplugins"), 0o755),
        (paths.at("/var/log/pods"), 0o755),
        (paths.at("/run/flannel"), 0o755),
    ]
}

/// Removes the kubelet's notes that would keep it from starting. The last boot's are void.
fn forget_notes(settings: &Settings, paths: &Paths) -> Result<(), FileError> {
    let same_boot = paths.address().exists();
    let folder = paths.at("/var/lib/kubelet");
    let read = |name: &str| fs::read(folder.join(name)).ok();
    policy_notes::NOTES
        .iter()
        .filter(|note| !same_boot || note.is_void(read(note.file), &settings.args.kubelet))
        .try_for_each(|note| file::remove(&folder.join(note.file)))
}

/// The pod network of an earlier boot. A damaged file is the same as none: the API knows it too.
fn known_pod_network(paths: &Paths) -> Option<PodNetwork> {
    let bytes = fs::read(paths.pod_network()).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The machine's memory in bytes; 0 if the kernel does not tell.
fn memory(paths: &Paths) -> u64 {
    let text = fs::read_to_string(paths.at("/proc/meminfo")).unwrap_or_default();
    host::memory::total(&text)
}

#[cfg(test)]
mod tests {
    use super::prepare_by;
    use crate::address::Patience;
    use crate::pki::{Life, end_of};
    use crate::{Paths, Settings};
    use std::fs;
    use std::time::{Duration, SystemTime};

    #[test]
    fn leaves_are_made_by_the_clock_after_all_waiting() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let mut settings = Settings::named("edge", "0.1.0");
        settings.node.address = Some("127.0.0.1".parse().expect("address"));
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let (before, after) = (at(1_600_000_000), at(1_800_000_000));
        // The cluster is founded when the waiting is over.
        let clock = || {
            if paths.founding().exists() {
                after
            } else {
                before
            }
        };
        prepare_by(clock, &settings, &paths, Patience::default()).expect("prepared");
        let leaf = fs::read_to_string(paths.leaf("apiserver")).expect("read");
        assert_eq!(end_of(&leaf), Some(Life::from(after).end()));
    }
}
