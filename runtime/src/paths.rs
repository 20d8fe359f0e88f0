//! Every place that this crate reads or writes: the table of paths that all parts share ([`init_api::paths`]), and the files in
//! its folders that are the cluster's alone, below one root that tests move.

use init_api::{Root, paths};
use std::path::{Path, PathBuf};

/// The cluster's paths below a root, `/` on a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths(Root);

impl From<&Root> for Paths {
    fn from(root: &Root) -> Self {
        Self(root.clone())
    }
}

impl Paths {
    /// Paths below `root`, which must be absolute.
    pub fn below(root: impl Into<PathBuf>) -> Self {
        Self(Root::new(root))
    }

    /// `path` (absolute, as on a node) below the root.
    pub fn at(&self, path: &str) -> PathBuf {
        self.0.path(path)
    }

    /// What lasts and belongs to the cluster: authorities, database, encryption key.
    pub fn cluster(&self) -> PathBuf {
        self.at(paths::CLUSTER)
    }

    /// containerd's configuration.
    pub fn containerd_config(&self) -> PathBuf {
        self.at(paths::CONTAINERD_CONFIG)
    }

    /// Where containerd keeps images and containers.
    pub fn image_store(&self) -> PathBuf {
        self.at(paths::IMAGE_STORE)
    }

    /// Where containerd's socket is.
    pub fn containerd_run(&self) -> PathBuf {
        self.at(paths::CONTAINERD_RUN)
    }

    /// Authorities and service account keys.
    pub fn pki(&self) -> PathBuf {
        self.cluster().join("pki")
    }

    /// Whom the node's programs believe: `ca.crt`, `front-proxy-ca.crt`, `service-account.pub`. In a rotation of the authorities,
    /// each holds those of both generations.
    pub fn trust(&self, name: &str) -> PathBuf {
        self.run().join("trust").join(name)
    }

    /// Which authorities Kubernetes was started with last, one line.
    pub fn authorities_in_use(&self) -> PathBuf {
        self.run().join("authorities")
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

    /// The minor release of Kubernetes that wrote the datastore last and was no trial, one line.
    pub fn datastore_minor(&self) -> PathBuf {
        self.cluster().join("kubernetes-minor")
    }

    /// What the cluster was founded with.
    pub fn founding(&self) -> PathBuf {
        self.cluster().join("founding.json")
    }

    /// The node's address as last used, so that later boots need not wait for the network.
    pub fn last_address(&self) -> PathBuf {
        self.cluster().join("address")
    }

    /// There while the control plane emulates an older minor release; its line says which.
    pub fn emulated(&self) -> PathBuf {
        self.run().join("emulated")
    }

    /// The pod network of this node as last seen, so that later boots need not wait to be told again.
    pub fn pod_network(&self) -> PathBuf {
        self.cluster().join("pod-network.json")
    }

    /// What is made anew at every boot.
    pub fn run(&self) -> PathBuf {
        self.at(paths::CLUSTER_RUN)
    }

    /// There while there is an `Upgrade` in the cluster, or a node that one has sent on its way.
    pub fn upgrades_exist(&self) -> PathBuf {
        self.cluster().join("upgrades-exist")
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
        self.at(paths::ENGINE_PLAN)
    }

    /// The node's address as last prepared for, one line.
    pub fn address(&self) -> PathBuf {
        self.at(paths::ADDRESS)
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
        self.at(paths::PACKAGED_MANIFESTS)
    }

    /// The user's manifests.
    pub fn user_manifests(&self) -> PathBuf {
        self.at(paths::MANIFESTS)
    }

    /// Folders of volumes on this node's disk.
    pub fn volumes(&self) -> PathBuf {
        self.at(paths::VOLUMES)
    }

    /// Image archives that the user wants loaded.
    pub fn user_images(&self) -> PathBuf {
        self.at(paths::IMAGES)
    }

    /// The archive of the system image.
    pub fn system_image(&self) -> PathBuf {
        self.at(paths::SYSTEM_IMAGE)
    }

    /// The root itself.
    pub fn root(&self) -> &Path {
        self.0.directory()
    }
}

/// A path as text in flags and files.
///
/// Our paths are ASCII constants below a root that tests choose; other bytes are replaced rather than refused.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
