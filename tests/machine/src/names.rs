//! Names of the files in a machine's folder, and how they stand in QEMU's arguments.

use std::path::Path;

/// The disk, a copy-on-write layer over [`BASE`].
pub(crate) const DISK: &str = "disk.qcow2";
/// The image that the disk is a layer over.
pub(crate) const BASE: &str = "base.img";
/// What was written to the disk since the start, of a machine with [`Cache::Recorded`](crate::Cache::Recorded).
pub(crate) const WRITES: &str = "writes.log";
/// The USB stick.
pub(crate) const STICK: &str = "stick.img";
/// The install stick, a copy-on-write layer over an image.
pub(crate) const INSTALL_STICK: &str = "install-stick.qcow2";
/// UEFI variables.
pub(crate) const VARS: &str = "vars.fd";
/// What a machine with another's disk needs of it besides: what its firmware keeps, and the way in by ssh.
pub(crate) const KEPT: [&str; 3] = [VARS, "ssh_key", "ssh_key.pub"];
/// All that the serial port ever said.
pub(crate) const CONSOLE: &str = "console.log";
/// The serial port, for typing.
pub(crate) const CONSOLE_SOCKET: &str = "console.sock";
/// U-Boot, as it is on the boot partition.
pub(crate) const U_BOOT: &str = "u-boot.bin";
/// The device tree that U-Boot is given.
pub(crate) const DEVICE_TREE: &str = "board.dtb";
/// QEMU's control socket.
pub(crate) const QMP: &str = "qmp.sock";
/// What the TPM keeps, a folder.
pub(crate) const TPM: &str = "tpm";
/// The TPM's control socket.
pub(crate) const TPM_SOCKET: &str = "tpm.sock";
/// The process id of the TPM's emulator.
pub(crate) const TPM_PID: &str = "tpm.pid";
/// What the TPM's emulator itself printed.
pub(crate) const TPM_LOG: &str = "tpm.log";
/// QEMU's process id.
pub(crate) const PID: &str = "qemu.pid";
/// What QEMU itself printed.
pub(crate) const QEMU_LOG: &str = "qemu.log";

/// A path inside a `-drive` option, where a comma is written twice.
pub(crate) fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace(',', ",,")
}
