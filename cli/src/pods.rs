//! `holdfast pods`: what the container runtime holds, from its own files; no API server and no containerd is asked.

use crate::client::on_a_node;
use crate::out;
use crate::table::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// One folder a container, with its specification and the process id.
const TASKS: &str = "run/containerd/io.containerd.runtime.v2.task/k8s.io";
/// `<namespace>_<pod>_<uid>/<container>/<restarts>.log`.
const LOGS: &str = "var/log/pods";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[arg(long, hide = true, default_value = "/")]
    root: PathBuf,
}

/// A container of a pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Container {
    namespace: String,
    pod: String,
    container: String,
    running: bool,
    restarts: u32,
    pid: Option<u32>,
    image: String,
}

#[derive(Debug, Deserialize)]
struct Spec {
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.root == Path::new("/") {
        on_a_node()?;
    }
    let containers = containers(&args.root);
    if args.json {
        out::line(serde_json::to_string_pretty(&containers)?)?;
    } else if containers.is_empty() {
        out::line(
            "the container runtime holds no containers; `holdfast status` shows whether it runs",
        )?;
    } else {
        out::print(table(&containers))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn containers(root: &Path) -> Vec<Container> {
    let Ok(tasks) = fs::read_dir(root.join(TASKS)) else {
        return Vec::new();
    };
    // Tasks come and go while we look; one that vanished is no longer held.
    let mut all: Vec<Container> = tasks
        .flatten()
        .filter_map(|task| container(root, &task.path()))
        .collect();
    all.sort();
    all
}

fn container(root: &Path, task: &Path) -> Option<Container> {
    let spec: Spec = serde_json::from_slice(&fs::read(task.join("config.json")).ok()?).ok()?;
    let says = |key: &str| {
        spec.annotations
            .get(&format!("io.kubernetes.cri.{key}"))
            .cloned()
            .unwrap_or_default()
    };
    if says("container-type") != "container" {
        return None;
    }
    let pid: Option<u32> = fs::read_to_string(task.join("init.pid"))
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let running = pid.is_some_and(|pid| root.join("proc").join(pid.to_string()).exists());
    let (namespace, pod, container) = (
        says("sandbox-namespace"),
        says("sandbox-name"),
        says("container-name"),
    );
    let logs = root
        .join(LOGS)
        .join(format!("{namespace}_{pod}_{}", says("sandbox-uid")))
        .join(&container);
    Some(Container {
        running,
        restarts: restarts(&logs),
        pid,
        image: says("image-name"),
        namespace,
        pod,
        container,
    })
}

/// The kubelet numbers a container's logs by its restarts.
fn restarts(logs: &Path) -> u32 {
    let Ok(entries) = fs::read_dir(logs) else {
        return 0;
    };
    let number = |name: String| {
        name.strip_suffix(".log")
            .and_then(|number| number.parse().ok())
    };
    entries
        .flatten()
        .filter_map(|entry| number(entry.file_name().to_string_lossy().into_owned()))
        .max()
        .unwrap_or(0)
}

fn table(containers: &[Container]) -> Table {
    let mut table = Table::default();
    table.row([
        "NAMESPACE",
        "POD",
        "CONTAINER",
        "STATE",
        "RESTARTS",
        "PID",
        "IMAGE",
    ]);
    for container in containers {
        let state = if container.running {
            "running"
        } else {
            "ended"
        };
        let pid = container.pid.map_or(String::new(), |pid| pid.to_string());
        let restarts = container.restarts.to_string();
        table.row(
            [
                &container.namespace,
                &container.pod,
                &container.container,
                state,
                &restarts,
                &pid,
                &container.image,
            ]
            .map(|cell: &str| cell),
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(root: &Path, id: &str, kind: &str, pid: &str) {
        let folder = root.join(TASKS).join(id);
        fs::create_dir_all(&folder).unwrap();
        let spec = format!(
            r#"{{"ociVersion":"1.2.0","annotations":{{"io.kubernetes.cri.container-type":"{kind}","io.kubernetes.cri.container-name":"coredns",
            "io.kubernetes.cri.sandbox-name":"coredns-0","io.kubernetes.cri.sandbox-namespace":"kube-system","io.kubernetes.cri.sandbox-uid":"u1",
            "io.kubernetes.cri.image-name":"holdfast.local/system:0.1.0"}}}}"#
        );
        fs::write(folder.join("config.json"), spec).unwrap();
        fs::write(folder.join("init.pid"), pid).unwrap();
    }

    #[test]
    fn containers_without_sandboxes() {
        let root = tempfile::tempdir().unwrap();
        task(root.path(), "a", "container", "41");
        task(root.path(), "b", "sandbox", "40");
        fs::create_dir_all(root.path().join("proc/41")).unwrap();
        let logs = root
            .path()
            .join(LOGS)
            .join("kube-system_coredns-0_u1/coredns");
        fs::create_dir_all(&logs).unwrap();
        fs::write(logs.join("0.log"), "").unwrap();
        fs::write(logs.join("3.log"), "").unwrap();
        let expected = Container {
            namespace: "kube-system".into(),
            pod: "coredns-0".into(),
            container: "coredns".into(),
            running: true,
            restarts: 3,
            pid: Some(41),
            image: "holdfast.local/system:0.1.0".into(),
        };
        assert_eq!(containers(root.path()), [expected]);
    }
}
