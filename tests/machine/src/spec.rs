//! What a virtual machine is made of, and the command line that makes it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Bus, Hardware, Network, Ports, Processor, Qemu, Result};

/// Where the guest's hardware clock starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// At the host's time.
    Host,
    /// At this UTC time, `YYYY-MM-DDTHH:MM:SS`, whatever the host's is.
    At(String),
}

/// How the host caches the guest's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cache {
    /// Writes wait in the host's memory until the guest flushes; they outlive a killed QEMU.
    Writeback,
    /// As [`Cache::Writeback`], and each write is recorded, so that a loss of power can take back what was not flushed
    /// ([`Recording`](crate::Recording)).
    Recorded,
    /// Every write reaches the host's disk.
    Writethrough,
    /// Flushes are ignored: fast, for machines whose disk is thrown away.
    Unsafe,
}

impl Cache {
    fn name(self) -> &'static str {
        match self {
            Self::Writeback | Self::Recorded => "writeback",
            Self::Writethrough => "writethrough",
            Self::Unsafe => "unsafe",
        }
    }
}

/// The hardware of one UEFI machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Spec {
    /// Processors.
    pub cpus: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Size of the disk in GiB; the image is smaller, so that the first boot has something to grow into.
    pub disk_gib: u32,
    /// The network card.
    pub network: Network,
    /// The hardware clock.
    pub clock: Clock,
    /// The disk's cache.
    pub cache: Cache,
    /// Which devices disk, network card and watchdog are.
    #[serde(default)]
    pub hardware: Hardware,
    /// Whether the USB stick of [`Vm::place_stick`](crate::Vm::place_stick) is plugged in.
    #[serde(default)]
    pub stick: bool,
    /// Whether the install stick of [`Vm::create_with_stick`](crate::Vm::create_with_stick) is plugged in; the firmware boots from it
    /// rather than from the disk.
    #[serde(default)]
    pub install_stick: bool,
    /// The firmware checks the signatures of what it starts.
    #[serde(default)]
    pub secure_boot: bool,
    /// The processors' model.
    #[serde(default)]
    pub processor: Processor,
    /// Arguments that the kernel gets besides those of the image, as the firmware of a virtual machine hands them
    /// over: in an SMBIOS string that systemd's stub reads.
    #[serde(default)]
    pub kernel_arguments: Vec<String>,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            cpus: 2,
            memory_mib: 2048,
            disk_gib: 8,
            network: Network::Online,
            clock: Clock::Host,
            cache: Cache::Writeback,
            hardware: Hardware::default(),
            stick: false,
            install_stick: false,
            secure_boot: false,
            processor: Processor::default(),
            kernel_arguments: Vec::new(),
        }
    }
}

/// Names of the files in a machine's folder.
pub(crate) mod names {
    /// The disk, a copy-on-write layer over [`BASE`].
    pub(crate) const DISK: &str = "disk.qcow2";
    /// The image that the disk is a layer over.
    pub(crate) const BASE: &str = "base.img";
    /// What was written to the disk since the start, of a machine with [`Cache::Recorded`](super::Cache::Recorded).
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
    /// QEMU's control socket.
    pub(crate) const QMP: &str = "qmp.sock";
    /// QEMU's process id.
    pub(crate) const PID: &str = "qemu.pid";
    /// What QEMU itself printed.
    pub(crate) const QEMU_LOG: &str = "qemu.log";
}

impl Spec {
    /// QEMU's arguments, to be run inside the machine's folder `dir`. QEMU goes into the background once all its
    /// sockets listen, so nobody has to wait for them. Sockets have bare names, which keeps them short; QEMU leaves
    /// the folder after that and opens disks again later, so these have whole ones.
    ///
    /// # Errors
    /// When the host has no firmware as it is wanted.
    pub fn arguments(
        &self,
        name: &str,
        dir: &Path,
        qemu: &Qemu,
        ports: Ports,
    ) -> Result<Vec<String>> {
        let mut list: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| list.extend(words.iter().map(|word| (*word).to_owned()));
        add(&[
            "-name",
            name,
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
        ]);
        add(&[
            "-daemonize",
            "-pidfile",
            names::PID,
            "-D",
            names::QEMU_LOG,
            "-d",
            "guest_errors",
        ]);
        let firmware = qemu.firmware.of(self.secure_boot)?;
        let platform = self.hardware.platform;
        add(platform.arguments(self.secure_boot));
        add(&qemu.accel.arguments(&self.processor, platform));
        add(&[
            "-smp",
            &self.cpus.to_string(),
            "-m",
            &self.memory_mib.to_string(),
        ]);
        add(&[
            "-drive",
            &format!(
                "if=pflash,format=raw,unit=0,readonly=on,file={}",
                escaped(&firmware.code)
            ),
        ]);
        add(&[
            "-drive",
            &format!(
                "if=pflash,format=raw,unit=1,file={}",
                escaped(&dir.join(names::VARS))
            ),
        ]);
        add(&["-drive", &self.drive(dir)]);
        let serial = format!(
            "socket,id=serial,path={},server=on,wait=off,logfile={},logappend=on",
            names::CONSOLE_SOCKET,
            names::CONSOLE
        );
        add(&["-chardev", &serial, "-serial", "chardev:serial"]);
        add(&["-qmp", &format!("unix:{},server=on,wait=off", names::QMP)]);
        add(&["-rtc", &self.clock.argument()]);
        if !self.kernel_arguments.is_empty() {
            let words = self.kernel_arguments.join(" ").replace(',', ",,");
            let string = format!("type=11,value=io.systemd.stub.kernel-cmdline-extra={words}");
            add(&["-smbios", &string]);
        }
        list.extend(self.devices(ports));
        if (self.stick || self.install_stick) && self.hardware.bus != Bus::Usb {
            list.extend(["-device", "qemu-xhci,id=usb"].map(str::to_owned));
        }
        if self.stick {
            list.extend(plugged_in(dir));
        }
        if self.install_stick {
            list.extend(install_stick(dir));
        }
        Ok(list)
    }

    /// Disk, network card, watchdog, and a source of randomness.
    fn devices(&self, ports: Ports) -> Vec<String> {
        let hardware = self.hardware;
        let large = match hardware.large_sectors {
            true => ",logical_block_size=4096,physical_block_size=4096",
            false => "",
        };
        let mut list = hardware.bus.arguments(
            "disk",
            &format!("bootindex={}{large}", u8::from(self.install_stick)),
        );
        list.extend(["-device", "virtio-rng-pci", "-action", "watchdog=reset"].map(str::to_owned));
        list.extend(hardware.watchdog.arguments().map(str::to_owned));
        list.extend(self.network.arguments(hardware.card, ports));
        list
    }

    fn drive(&self, dir: &Path) -> String {
        let (disk, cache) = (escaped(&dir.join(names::DISK)), self.cache.name());
        match self.cache {
            Cache::Recorded => format!(
                "if=none,id=disk,cache={cache},discard=unmap,driver=blklogwrites,log-super-update-interval=1,\
                 file.driver=qcow2,file.file.driver=file,file.file.filename={disk},\
                 log.driver=file,log.filename={}",
                escaped(&dir.join(names::WRITES))
            ),
            Cache::Writeback | Cache::Writethrough | Cache::Unsafe => {
                format!("if=none,id=disk,format=qcow2,cache={cache},discard=unmap,file={disk}")
            }
        }
    }
}

impl Clock {
    fn argument(&self) -> String {
        match self {
            Self::Host => "base=utc".to_owned(),
            // By the guest's own clock: against the host's, QEMU counts the difference in 32 bits, and 2099 became 1962.
            Self::At(time) => format!("base={time},clock=vm"),
        }
    }
}

/// The USB stick.
fn plugged_in(dir: &Path) -> [String; 4] {
    let image = escaped(&dir.join(names::STICK));
    [
        "-drive".to_owned(),
        format!("if=none,id=stick,format=raw,file={image}"),
        "-device".to_owned(),
        "usb-storage,bus=usb.0,drive=stick,removable=on".to_owned(),
    ]
}

/// The install stick, which the firmware boots first, and which can be pulled out by its name.
fn install_stick(dir: &Path) -> [String; 4] {
    let image = escaped(&dir.join(names::INSTALL_STICK));
    [
        "-drive".to_owned(),
        format!("if=none,id=install,format=qcow2,cache=unsafe,file={image}"),
        "-device".to_owned(),
        "usb-storage,bus=usb.0,drive=install,id=install-stick,serial=stick,removable=on,bootindex=0"
            .to_owned(),
    ]
}

/// A path inside a `-drive` option, where a comma is written twice.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace(',', ",,")
}

#[cfg(test)]
mod tests;
