//! What the container runtime holds, for `holdfast pods` when the API is down: read from containerd's own folders, so it
//! needs neither the API nor containerd to answer.

use crate::Paths;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

const TASKS: &str = "/run/containerd/io.containerd.runtime.v2.task/k8s.io";

/// A container of a pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodContainer {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container's name in the pod.
    pub name: String,
    /// Its image.
    pub image: String,
    /// The runtime's identifier, in full.
    pub id: String,
    /// The process, if it runs.
    pub process: Option<u32>,
    /// Memory that it uses, bytes, if it runs.
    pub memory: Option<u64>,
    /// How often it was started anew, going by its logs.
    pub restarts: u32,
}

/// The runtime's folders cannot be read.
#[derive(Debug, Error)]
#[error(
    "cannot read {path}; is containerd running, and are you root? `holdfast status` shows its state"
)]
pub struct PodsError {
    path: PathBuf,
    source: io::Error,
}

#[derive(Deserialize)]
struct Bundle {
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    linux: Option<Linux>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Linux {
    #[serde(default)]
    cgroups_path: String,
}

/// Every container that the runtime holds, by namespace, pod and name. Sandboxes are left out.
///
/// # Errors
/// The runtime's folder cannot be read.
pub fn pods(paths: &Paths) -> Result<Vec<PodContainer>, PodsError> {
    let folder = paths.at(TASKS);
    let entries = fs::read_dir(&folder).map_err(|source| PodsError {
        path: folder.clone(),
        source,
    })?;
    let mut all: Vec<PodContainer> = entries
        .flatten()
        .filter_map(|e| container(paths, &e.path()))
        .collect();
    all.sort();
    Ok(all)
}

/// None for sandboxes, and for containers that come or go in this moment.
fn container(paths: &Paths, bundle: &Path) -> Option<PodContainer> {
    let text = fs::read(bundle.join("config.json")).ok()?;
    let spec: Bundle = serde_json::from_slice(&text).ok()?;
    let note = |key: &str| {
        spec.annotations
            .get(&format!("io.kubernetes.cri.{key}"))
            .cloned()
    };
    if note("container-type")? != "container" {
        return None;
    }
    let process = fs::read_to_string(bundle.join("init.pid"))
        .ok()
        .and_then(|pid| pid.trim().parse::<u32>().ok());
    let process = process.filter(|pid| paths.at("/proc").join(pid.to_string()).exists());
    let group = spec
        .linux
        .map(|linux| linux.cgroups_path)
        .unwrap_or_default();
    let (namespace, pod, name) = (
        note("sandbox-namespace")?,
        note("sandbox-name")?,
        note("container-name")?,
    );
    let uid = note("sandbox-uid").unwrap_or_default();
    Some(PodContainer {
        image: note("image-name").unwrap_or_default(),
        id: bundle.file_name()?.to_string_lossy().into_owned(),
        memory: process.and_then(|_| memory(paths, &group)),
        restarts: restarts(paths, &format!("{namespace}_{pod}_{uid}"), &name),
        process,
        namespace,
        pod,
        name,
    })
}

fn memory(paths: &Paths, group: &str) -> Option<u64> {
    let file = paths
        .at("/sys/fs/cgroup")
        .join(group.trim_start_matches('/'))
        .join("memory.current");
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// The kubelet numbers a container's logs by its starts: `0.log`, `1.log` and so on.
fn restarts(paths: &Paths, pod: &str, container: &str) -> u32 {
    let logs = paths.at("/var/log/pods").join(pod).join(container);
    let number = |entry: fs::DirEntry| {
        entry
            .file_name()
            .to_string_lossy()
            .strip_suffix(".log")?
            .parse()
            .ok()
    };
    fs::read_dir(logs)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(number)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{TASKS, pods};
    use crate::Paths;
    use serde_json::json;
    use std::fs;

    #[test]
    fn containers_from_the_runtimes_own_folders() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        assert!(
            pods(&paths)
                .expect_err("no containerd")
                .to_string()
                .contains("is containerd running")
        );
        let bundle = |id: &str, kind: &str, pid: &str| {
            let folder = paths.at(TASKS).join(id);
            fs::create_dir_all(&folder).expect("bundle");
            let annotations = json!({
                "io.kubernetes.cri.container-type": kind,
                "io.kubernetes.cri.sandbox-namespace": "web",
                "io.kubernetes.cri.sandbox-name": "shop",
                "io.kubernetes.cri.sandbox-uid": "u1",
                "io.kubernetes.cri.container-name": "nginx",
                "io.kubernetes.cri.image-name": "docker.io/library/nginx:1",
            });
            let spec = json!({ "annotations": annotations, "linux": { "cgroupsPath": "/kubepods/x" }, "root": {} });
            fs::write(folder.join("config.json"), spec.to_string()).expect("spec");
            fs::write(folder.join("init.pid"), pid).expect("pid");
        };
        bundle("s1", "sandbox", "40");
        bundle("c1", "container", "41");
        bundle("c2", "container", "42");
        for (path, text) in [
            ("/proc/41/stat", ""),
            ("/sys/fs/cgroup/kubepods/x/memory.current", "4096\n"),
            ("/var/log/pods/web_shop_u1/nginx/0.log", ""),
            ("/var/log/pods/web_shop_u1/nginx/2.log", ""),
        ] {
            fs::create_dir_all(paths.at(path).parent().expect("folder")).expect("folder");
            fs::write(paths.at(path), text).expect("write");
        }
        let all = pods(&paths).expect("containers");
        let shown: Vec<_> = all
            .iter()
            .map(|c| (c.id.as_str(), c.process, c.memory, c.restarts))
            .collect();
        assert_eq!(
            shown,
            [("c1", Some(41), Some(4096), 2), ("c2", None, None, 2)]
        );
        assert_eq!(
            (
                all[0].namespace.as_str(),
                all[0].pod.as_str(),
                all[0].name.as_str()
            ),
            ("web", "shop", "nginx")
        );
    }
}
