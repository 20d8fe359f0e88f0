//! containerd's configuration.

use super::registries;
use super::toml_table::table;
use crate::file::PlannedFile;
use crate::paths::text;
use crate::{Paths, Settings};
use init_api::paths::{CONTAINERD_RUN, CONTAINERD_SOCKET, IMAGE_STORE, REGISTRIES};
use toml::{Table, Value};

/// Plugins that a Kubernetes node without btrfs, ZFS, device mapper, checkpointing and image verification never asks for.
const UNUSED: [&str; 12] = [
    "io.containerd.snapshotter.v1.blockfile",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.erofs",
    "io.containerd.snapshotter.v1.zfs",
    "io.containerd.differ.v1.erofs",
    "io.containerd.mount-handler.v1.erofs",
    "io.containerd.image-verifier.v1.bindir",
    "io.containerd.internal.v1.opt",
    "io.containerd.internal.v1.tracing",
    "io.containerd.tracing.processor.v1.otlp",
    "io.containerd.nri.v1.nri",
];

/// Written before containerd starts; says nothing that needs the node's address. It lasts, so that the next boot can start
/// containerd before the configuration is read.
pub(super) fn file(settings: &Settings, paths: &Paths) -> PlannedFile {
    let at = |path: &str| Value::String(text(&paths.at(path)));
    let mut plugins = Table::new();
    plugins.insert(
        "io.containerd.cri.v1.images".into(),
        images(settings, paths),
    );
    plugins.insert("io.containerd.cri.v1.runtime".into(), runtime(paths));
    plugins.insert(
        "io.containerd.gc.v1.scheduler".into(),
        table([("startup_delay", "10s".into())]),
    );
    let config = [
        ("version", Value::Integer(3)),
        ("root", at(IMAGE_STORE)),
        ("state", at(CONTAINERD_RUN)),
        ("disabled_plugins", UNUSED.map(Value::from).to_vec().into()),
        ("grpc", table([("address", at(CONTAINERD_SOCKET))])),
        ("plugins", Value::Table(plugins)),
    ];
    let document =
        toml::to_string_pretty(&table(config)).expect("tables with text keys become TOML");
    PlannedFile::new(paths.containerd_config(), 0o600, document)
}

fn images(settings: &Settings, paths: &Paths) -> Value {
    let mut registry = table([("config_path", text(&paths.at(REGISTRIES)).into())]);
    let logins = registries::logins(&settings.registries);
    if !logins.is_empty() {
        insert(&mut registry, "configs", Value::Table(logins));
    }
    table([
        ("snapshotter", "overlayfs".into()),
        // Layers are not needed once they are unpacked: half the disk and half the flash writes of keeping them.
        ("discard_unpacked_layers", true.into()),
        // Images are whole after a power cut, at the price of one flush for each pull.
        ("image_pull_with_sync_fs", true.into()),
        (
            "pinned_images",
            table([("sandbox", settings.system_image().into())]),
        ),
        ("registry", registry),
    ])
}

fn runtime(paths: &Paths) -> Value {
    let options = table([
        ("BinaryName", "/usr/bin/crun".into()),
        ("SystemdCgroup", false.into()),
    ]);
    // containerd announces the handler `runc` whatever stands here; so it is one that can run, too.
    let crun = table([
        ("runtime_type", "io.containerd.runc.v2".into()),
        ("options", options),
    ]);
    let cni = table([
        ("bin_dirs", Value::Array(vec!["/usr/lib/cni".into()])),
        ("conf_dir", text(&paths.at("/etc/cni/net.d")).into()),
        ("use_internal_loopback", true.into()),
    ]);
    table([
        ("enable_selinux", false.into()),
        ("enable_cdi", true.into()),
        ("device_ownership_from_security_context", true.into()),
        ("cni", cni),
        (
            "containerd",
            table([
                ("default_runtime_name", "crun".into()),
                ("runtimes", table([("crun", crun.clone()), ("runc", crun)])),
            ]),
        ),
    ])
}

fn insert(into: &mut Value, key: &str, value: Value) {
    if let Value::Table(table) = into {
        table.insert(key.into(), value);
    }
}
