//! `holdfast runtime prepare`: find the facts, plan, write.
//!
//! Flow: authorities and encryption key (once, on state) → the node's address (waited for) → plan → files in memory, the
//! engine's plan last. Guarantee: when `engine.json` is there, everything that it names is there.

use crate::address::{self, HostError, Patience, StandInError};
use crate::file::{self, FileError, PlannedFile};
use crate::names::copy_name_servers;
use crate::pki::{Authorities, PkiError, ensure_encryption};
use crate::plan::{NodeFacts, PodNetwork, cni_file, plan, plan_containerd};
use crate::{ClusterSettings, Paths};
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
    settings: &ClusterSettings,
    paths: &Paths,
    patience: Patience,
) -> Result<IpAddr, PrepareError> {
    let now = SystemTime::now();
    file::make_folder(&paths.cluster(), 0o700)?;
    ensure_encryption(&paths.encryption(), &paths.pki())?;
    let authorities = Authorities::ensure(&paths.pki(), now)?;
    ensure_join_token(paths)?;
    let address = own_address(settings, paths, patience)?;
    write_for(settings, paths, &authorities, address, now)?;
    info!("prepared for {address}");
    Ok(address)
}

/// The address that the configuration fixes, or the one of the last boot, or the one that the network gives now.
///
/// An address that is not (yet) on an interface stands on one without hardware meanwhile; the keeper moves the node when
/// the network gives it another.
fn own_address(
    settings: &ClusterSettings,
    paths: &Paths,
    patience: Patience,
) -> Result<IpAddr, PrepareError> {
    let known = settings.node_address.or_else(|| last_address(paths));
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

/// Draws the token for nodes that will join, once.
fn ensure_join_token(paths: &Paths) -> Result<(), FileError> {
    let path = paths.join_token();
    if path.is_file() {
        return Ok(());
    }
    let mut bytes = [0_u8; 16];
    file::random(&mut bytes)?;
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    file::write_lasting_if_changed(&PlannedFile::new(path, 0o600, token + "\n"))
}

/// Writes what containerd needs. `holdfast node configure` calls it, so that containerd waits for nothing.
///
/// # Errors
/// A file cannot be written.
pub fn prepare_containerd(settings: &ClusterSettings, paths: &Paths) -> Result<(), FileError> {
    // Entries of registries that are no longer configured must not linger.
    file::remove_folder(&paths.at("/etc/containerd/certs.d"))?;
    let (config, registries) = plan_containerd(settings, paths);
    registries.iter().try_for_each(file::write)?;
    file::write_lasting_if_changed(&config)
}

/// Plans for an address that is known, and writes.
///
/// # Errors
/// As [`prepare`], but for finding the address.
pub fn write_for(
    settings: &ClusterSettings,
    paths: &Paths,
    authorities: &Authorities,
    address: IpAddr,
    now: SystemTime,
) -> Result<(), PrepareError> {
    let facts = NodeFacts {
        address,
        memory: memory(paths),
        now,
    };
    let files = plan(settings, &facts, paths, authorities)?;
    for (folder, mode) in folders(paths) {
        file::make_folder(&folder, mode)?;
    }
    forget_last_boot(paths)?;
    copy_name_servers(paths)?;
    if let Some(network) = known_pod_network(paths) {
        file::write(&cni_file(network, paths))?;
    }
    for planned in &files {
        file::write(planned)?;
    }
    let line = format!("{address}\n");
    let kept = PlannedFile::new(paths.last_address(), 0o600, line.as_str());
    if address != address::FALLBACK {
        file::write_lasting_if_changed(&kept)?;
    }
    Ok(file::write(&PlannedFile::new(
        paths.address(),
        0o644,
        line,
    ))?)
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

/// What the kubelet noted about processors and memory of running pods is void after a boot, and it refuses to start with
/// notes that it cannot read or that were made under another policy.
fn forget_last_boot(paths: &Paths) -> Result<(), FileError> {
    if paths.address().exists() {
        return Ok(());
    }
    let notes = [
        "cpu_manager_state",
        "memory_manager_state",
        "dra_manager_state",
    ];
    notes
        .iter()
        .try_for_each(|note| file::remove(&paths.at("/var/lib/kubelet").join(note)))
}

/// The pod network of an earlier boot. A damaged file is the same as none: the API knows it too.
fn known_pod_network(paths: &Paths) -> Option<PodNetwork> {
    let bytes = fs::read(paths.pod_network()).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The machine's memory in bytes; 0 if the kernel does not tell.
fn memory(paths: &Paths) -> u64 {
    let text = fs::read_to_string(paths.at("/proc/meminfo")).unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}
