//! Every place that this crate reads or writes, below one root that tests move.

use std::path::{Path, PathBuf};

/// Where containerd finds its configuration on a node.
pub(crate) const CONTAINERD_CONFIG: &str = "/var/lib/holdfast/cluster/containerd.toml";

/// Where containerd keeps images and containers on a node.
pub(crate) const IMAGE_STORE: &str = "/var/lib/containerd";

/// Root of all paths, `/` on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    root: PathBuf,
}

impl Default for Paths {
    fn default() -> Self {
        Self::below("/")
    }
}

impl Paths {
    /// Paths below `root`, which must be absolute.
    pub fn below(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// `path` (absolute, as on a node) below the root.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// What lasts and belongs to the cluster: authorities, database, encryption key.
    pub fn cluster(&self) -> PathBuf {
        self.at("/var/lib/holdfast/cluster")
    }

    /// containerd's configuration.
    pub fn containerd_config(&self) -> PathBuf {
        self.at(CONTAINERD_CONFIG)
    }

    /// Where containerd keeps images and containers.
    pub fn image_store(&self) -> PathBuf {
        self.at(IMAGE_STORE)
    }

    /// Where containerd's socket is.
    pub fn containerd_run(&self) -> PathBuf {
        self.at("/run/containerd")
    }

    /// Authorities and service account keys.
    pub fn pki(&self) -> PathBuf {
        self.cluster().join("pki")
    }

    /// The key that Secrets are encrypted with at rest.
    pub fn encryption(&self) -> PathBuf {
        self.cluster().join("encryption.yaml")
    }

    /// The datastore's folder.
    pub fn database(&self) -> PathBuf {
        self.cluster().join("db")
    }

    /// The datastore's snapshots.
    pub fn snapshots(&self) -> PathBuf {
        self.database().join("snapshots")
    }

    /// What the cluster was founded with.
    pub fn founding(&self) -> PathBuf {
        self.cluster().join("founding.json")
    }

    /// The node's address as last used, so that later boots need not wait for the network.
    pub fn last_address(&self) -> PathBuf {
        self.cluster().join("address")
    }

    /// The pod network of this node as last seen, so that later boots need not wait to be told again.
    pub fn pod_network(&self) -> PathBuf {
        self.cluster().join("pod-network.json")
    }

    /// What is made anew at every boot.
    pub fn run(&self) -> PathBuf {
        self.at("/run/holdfast/cluster")
    }

    /// Leaf certificate with its key, one PEM file.
    pub fn leaf(&self, name: &str) -> PathBuf {
        self.run().join("leaf").join(format!("{name}.pem"))
    }

    /// Kubeconfig of a component.
    pub fn kubeconfig(&self, name: &str) -> PathBuf {
        self.run().join(format!("{name}.kubeconfig"))
    }

    /// kine's Unix socket.
    pub fn datastore_socket(&self) -> PathBuf {
        self.run().join("kine.sock")
    }

    /// The plan for `engine run`.
    pub fn engine_plan(&self) -> PathBuf {
        self.run().join("engine.json")
    }

    /// The node's address as last prepared for, one line.
    pub fn address(&self) -> PathBuf {
        self.run().join("address")
    }

    /// How far the clock was ahead of the machine's uptime when Kubernetes started and at most since, in seconds.
    pub fn clock_seen(&self) -> PathBuf {
        self.run().join("clock-seen")
    }

    /// Name servers for pods, kept like the machine's own: a file that is always there.
    pub fn name_servers(&self) -> PathBuf {
        self.run().join("resolv.conf")
    }

    /// The network plugin's configuration.
    pub fn cni(&self) -> PathBuf {
        self.at("/etc/cni/net.d/10-holdfast.conflist")
    }

    /// Manifests that come with the image.
    pub fn packaged_manifests(&self) -> PathBuf {
        self.at("/usr/lib/holdfast/manifests")
    }

    /// The user's manifests.
    pub fn user_manifests(&self) -> PathBuf {
        self.at("/var/lib/holdfast/manifests")
    }

    /// Folders of volumes on this node's disk.
    pub fn volumes(&self) -> PathBuf {
        self.at("/var/lib/holdfast/volumes")
    }

    /// Image archives that the user wants loaded.
    pub fn user_images(&self) -> PathBuf {
        self.at("/var/lib/holdfast/images")
    }

    /// The archive of the system image.
    pub fn system_image(&self) -> PathBuf {
        self.at("/usr/lib/holdfast/system-image.tar")
    }

    /// The root itself.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// A path as text in flags and files.
///
/// Our paths are ASCII constants below a root that tests choose; other bytes are replaced rather than refused.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
