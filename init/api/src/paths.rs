//! Where the files lie that more than one part of ours knows, as on a running node. [`crate::Root`] moves them in tests.

/// What is made anew at every boot.
pub const RUN: &str = "/run/holdfast";
/// Requests to PID 1, one JSON line each way.
pub const SOCKET: &str = "/run/holdfast/init.sock";
/// [`crate::Services`], written by `holdfast node configure`.
pub const SERVICES: &str = "/run/holdfast/services.json";
/// [`crate::Problem`]: why the node is in maintenance mode.
pub const PROBLEM: &str = "/run/holdfast/problem.json";
/// The checked configuration, written by `holdfast node configure`. It holds secrets: 0600.
pub const CONFIG: &str = "/run/holdfast/config.json";
/// What the cluster needs of the configuration, for `holdfast runtime`; written by `holdfast node configure`. It holds secrets:
/// 0600.
pub const SETTINGS: &str = "/run/holdfast/settings.json";
/// [`crate::Configured`], written by `holdfast node configure`.
pub const CONFIGURED: &str = "/run/holdfast/configured.json";
/// Why what `config_url` names could not be used, as text; gone when it could.
pub const URL_TROUBLE: &str = "/run/holdfast/config-url.txt";
/// Which cards use their last resort, one line each; gone when none does.
pub const LAST_RESORT: &str = "/run/holdfast/last-resort.txt";
/// What the hardware says of its health, one line each, written by the keeper; gone when all is well.
pub const HARDWARE: &str = "/run/holdfast/hardware.txt";
/// [`crate::LastBoot`], written by PID 1.
pub const LAST_BOOT: &str = "/run/holdfast/last-boot.json";
/// What the release on trial still waits for, one line each, written by the upgrader; gone when no trial goes on.
pub const TRIAL_WAITS: &str = "/run/holdfast/trial-waits.txt";
/// [`crate::InstallState`], written by `holdfast node install`.
pub const INSTALL: &str = "/run/holdfast/install.json";
/// The console on which a person fills in the form or is in the menu, one line, written by `holdfast node form` and `menu`; gone when
/// nobody is. PID 1 says nothing on the consoles meanwhile.
pub const FORM: &str = "/run/holdfast/form";
/// [`crate::NodeState`], written by the keeper.
pub const NODE: &str = "/run/holdfast/node.json";
/// [`crate::BootRecord`], written by the initramfs stage.
pub const BOOT: &str = "/run/holdfast/boot.json";
/// [`crate::SlotBoots`], written by the initramfs stage on a machine whose slots have boot partitions of their own.
pub const SLOT_BOOTS: &str = "/run/holdfast/slot-boots.json";
/// Requests to the upgrader, JSON lines.
pub const UPGRADE_SOCKET: &str = "/run/holdfast/upgrade.sock";
/// Where the boot partition is mounted while something is written to it.
pub const BOOT_MOUNT: &str = "/run/holdfast/boot";
/// Where a stick with a bundle is mounted, read-only, while it is plugged in.
pub const STICK_MOUNT: &str = "/run/holdfast/bundle";
/// Which device that stick is, one line, written by `holdfast node stick`; gone when there is none.
pub const STICK: &str = "/run/holdfast/plugged-in/device";
/// Why sticks that are plugged in are not used, a line each, by the same; gone when all is well.
pub const STICK_PROBLEMS: &str = "/run/holdfast/plugged-in/problems";
/// A lock: shared by who reads what is mounted there, held alone by who takes the mount away.
pub const STICK_TURNS: &str = "/run/holdfast/stick-turns";
/// The release repository of that stick.
pub const STICK_RELEASES: &str = "/run/holdfast/bundle/holdfast/releases";
/// Service logs: `<name>.log`, and `<name>.log.1` for what was before it.
pub const LOGS: &str = "/run/log/holdfast";

/// The part of the cluster's files that is made anew at every boot: leaf certificates, kubeconfigs, the engine's plan.
pub const CLUSTER_RUN: &str = "/run/holdfast/cluster";
/// Which components `engine run` starts.
pub const ENGINE_PLAN: &str = "/run/holdfast/cluster/engine.json";
/// The kubeconfig of the node's administrator.
pub const ADMIN_KUBECONFIG: &str = "/run/holdfast/cluster/admin.kubeconfig";
/// The node's address as last prepared for, one line.
pub const ADDRESS: &str = "/run/holdfast/cluster/address";

/// What must last and is ours.
pub const STATE: &str = "/var/lib/holdfast";
/// [`crate::Services`] that PID 1 starts before the configuration is read, as the last good configuration described them;
/// written by `holdfast node configure`.
pub const EARLY_SERVICES: &str = "/var/lib/holdfast/early-services.json";
/// An empty file whose own time is the last one that PID 1 knew, for machines without a clock that goes on while they are off.
pub const CLOCK: &str = "/var/lib/holdfast/clock";
/// The ends of the services' logs of the last trial that ran out of time, `<name>.log`; written by PID 1.
pub const TRIAL_LOGS: &str = "/var/lib/holdfast/trial-logs";
/// [`crate::BootNote`], written by PID 1.
pub const BOOT_NOTE: &str = "/var/lib/holdfast/boot-note.json";
/// What the kernel said when it crashed, a file for each time: `1.txt`, `2.txt`; written by PID 1, the oldest make room.
pub const KERNEL_CRASHES: &str = "/var/lib/holdfast/kernel-crashes";
/// [`crate::UnconfirmedBoot`], written by PID 1.
pub const UNCONFIRMED_BOOT: &str = "/var/lib/holdfast/unconfirmed-boot.json";
/// On an install stick: when the machine was given to its disk.
pub const HAND_OVERS: &str = "/var/lib/holdfast/hand-overs.json";
/// What was done about damage of the state partition: a folder for each time, with [`crate::StateRepair`].
pub const STATE_REPAIRS: &str = "/var/lib/holdfast/state-repairs";
/// The public key that the running UKI's PCR policy is signed with, where systemd's programs look for it; put there by the initramfs
/// stage.
pub const SEALING_KEY: &str = "/run/systemd/tpm2-pcr-public-key.pem";
/// The recovery key of an encrypted state partition, until a person has read it.
pub const RECOVERY_KEY: &str = "/var/lib/holdfast/recovery-key";
/// There is to be another recovery key: the next boot makes it.
pub const NEW_RECOVERY_KEY: &str = "/var/lib/holdfast/new-recovery-key";
/// A rescue script was begun in this boot: which, by its order.
pub const RESCUE: &str = "/run/holdfast/rescue-order";
/// Rescue scripts that were begun on this machine.
pub const RESCUES: &str = "/var/lib/holdfast/rescues.json";
/// What the upgrader keeps.
pub const UPGRADE: &str = "/var/lib/holdfast/upgrade";
/// What was seen of the keys that sign releases: newer roots, and the oldest state of a repository that counts.
pub const RELEASE_TRUST: &str = "/var/lib/holdfast/upgrade/trust";
/// [`crate::PendingTrial`], written by the upgrader and the initramfs stage.
pub const TRIAL: &str = "/var/lib/holdfast/upgrade/trial.json";
/// Configurations that were good, and copies of what they were made from.
pub const CONFIG_STATE: &str = "/var/lib/holdfast/config";
/// ssh host keys and fetched keys.
pub const SSH: &str = "/var/lib/holdfast/ssh";
/// The cluster's authorities, its datastore, and what it was founded with.
pub const CLUSTER: &str = "/var/lib/holdfast/cluster";
/// containerd's configuration.
pub const CONTAINERD_CONFIG: &str = "/var/lib/holdfast/cluster/containerd.toml";
/// Where containerd keeps images and containers.
pub const IMAGE_STORE: &str = "/var/lib/containerd";
/// What containerd keeps while it runs.
pub const CONTAINERD_RUN: &str = "/run/containerd";
/// Where containerd listens.
pub const CONTAINERD_SOCKET: &str = "/run/containerd/containerd.sock";
/// How containerd reaches registries, a folder each.
pub const REGISTRIES: &str = "/etc/containerd/certs.d";
/// The user's manifests, applied and pruned by the keeper.
pub const MANIFESTS: &str = "/var/lib/holdfast/manifests";
/// The user's image archives, loaded into containerd.
pub const IMAGES: &str = "/var/lib/holdfast/images";
/// Folders of volumes on this node's disk.
pub const VOLUMES: &str = "/var/lib/holdfast/volumes";
/// Logs that last, with `logs.persist` only.
pub const KEPT_LOGS: &str = "/var/lib/holdfast/logs";

/// Where programs of the system are looked for: in the verity root alone, so never in `/usr/local`, which is on state.
pub const SYSTEM_PROGRAMS: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// Where programs that the user brings are looked for, before those of the system.
pub const USER_PROGRAMS: &str = "/usr/local/sbin:/usr/local/bin";
/// A backup that the next boot puts in the place of what the node has; whole, or not there.
pub const RESTORE: &str = "/var/lib/holdfast/restore";
/// Where a backup is made before it goes into a bucket, and where one is put that comes from there.
pub const BACKUP_COPIES: &str = "/var/lib/holdfast/backup-copies";
/// When the last backup was made, and where it is; written by `holdfast backup`.
pub const LAST_BACKUP: &str = "/var/lib/holdfast/last-backup.json";
/// Why no backup was made that was due, as text; gone when one was.
pub const BACKUP_TROUBLE: &str = "/run/holdfast/backup.txt";
/// What stood in its place before.
pub const BEFORE_RESTORE: &str = "/var/lib/holdfast/before-restore";
/// The configuration of a backup, until it is on the CONFIG partition.
pub const RESTORED_CONFIG: &str = "/var/lib/holdfast/config/from-backup.yaml";
/// The signatures of [`RESTORED_CONFIG`], if the backup has any.
pub const RESTORED_SIGNATURES: &str = "/var/lib/holdfast/config/from-backup.yaml.sig";

/// The node's own command.
pub const HOLDFAST: &str = "/usr/bin/holdfast";
/// The base table of the packet filter, for `nft -f`.
pub const FIREWALL: &str = "/etc/holdfast/firewall.nft";
/// Programs of the operator that a release on trial has to pass; `write_files` puts them there.
pub const CHECKS: &str = "/etc/holdfast/checks";
/// What the image is: version, build time.
pub const RELEASE: &str = "/usr/lib/holdfast/release.json";
/// [`crate::KnownMachine`]s: what the image knows of the machines that it boots on, by their device trees.
pub const MACHINES: &str = "/usr/lib/holdfast/machines.json";
/// The root of the release repository that the image trusts, TUF's `root.json`; an image without it takes no releases.
pub const RELEASE_ROOT: &str = "/usr/lib/holdfast/release-root.json";
/// A configuration that comes with the image; read if it is there.
pub const CONFIG_POLICY: &str = "/usr/lib/holdfast/config-policy.json";
/// A configuration that the image brings.
pub const DEFAULT_CONFIG: &str = "/usr/lib/holdfast/default-config.yaml";
/// The directories that the image's programs expect.
pub const VAR_DIRS: &str = "/usr/lib/holdfast/var-dirs";
/// Kubernetes' components.
pub const ENGINE: &str = "/usr/lib/holdfast/engine";
/// containerd.
pub const CONTAINERD: &str = "/usr/lib/holdfast/containerd";
/// The archive of the image that system workloads run from.
pub const SYSTEM_IMAGE: &str = "/usr/lib/holdfast/system-image.tar";
/// Manifests that come with the image.
pub const PACKAGED_MANIFESTS: &str = "/usr/lib/holdfast/manifests";
