//! What a virtual machine is made of, and the command line that makes it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::names::{self, escaped};
use crate::{Bus, Hardware, Network, Ports, Processor, Qemu, Result, raspberry_pi, tpm};

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

/// The hardware of one machine.
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
    /// There is a second one of the same kind, in a network of its own ([`Lan::Second`](crate::Lan::Second)).
    #[serde(default)]
    pub second_card: bool,
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
    /// It has a TPM 2.0. What that keeps is in the machine's folder, and stays over restarts, until
    /// [`Vm::exchange_tpm`](crate::Vm::exchange_tpm).
    #[serde(default)]
    pub tpm: bool,
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
            second_card: false,
            clock: Clock::Host,
            cache: Cache::Writeback,
            hardware: Hardware::default(),
            stick: false,
            install_stick: false,
            secure_boot: false,
            tpm: false,
            processor: Processor::default(),
            kernel_arguments: Vec::new(),
        }
    }
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
        let platform = self.hardware.platform;
        add(platform.arguments(self.secure_boot));
        add(&qemu.accel.arguments(&self.processor, platform));
        add(&[
            "-smp",
            &self.cpus.to_string(),
            "-m",
            &self.memory_mib.to_string(),
        ]);
        add(&["-drive", &self.drive(dir)]);
        let serial = format!(
            "socket,id=serial,path={},server=on,wait=off,mux={},logfile={},logappend=on",
            names::CONSOLE_SOCKET,
            platform.shares_console(),
            names::CONSOLE
        );
        add(&["-chardev", &serial]);
        add(&["-qmp", &format!("unix:{},server=on,wait=off", names::QMP)]);
        add(&["-rtc", &self.clock.argument()]);
        if !self.kernel_arguments.is_empty() {
            let words = self.kernel_arguments.join(" ").replace(',', ",,");
            let string = format!("type=11,value=io.systemd.stub.kernel-cmdline-extra={words}");
            add(&["-smbios", &string]);
        }
        list.extend(platform.serial("chardev:serial"));
        match &qemu.firmware {
            Some(firmware) => list.extend(firmware.arguments(self.secure_boot, dir)?),
            None => list.extend(raspberry_pi::arguments(dir)),
        }
        list.extend(self.devices(ports));
        if self.tpm {
            list.extend(tpm::arguments(platform));
        }
        let sticks = self.stick || self.install_stick;
        if sticks && !matches!(self.hardware.bus, Bus::Usb | Bus::Sd) {
            list.extend(["-device", "qemu-xhci,id=usb"].map(str::to_owned));
        }
        if self.stick {
            list.extend(self.plugged_in(dir));
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
        list.extend(["-action", "watchdog=reset"].map(str::to_owned));
        if !hardware.platform.is_raspberry_pi() {
            list.extend(["-device", "virtio-rng-pci"].map(str::to_owned));
        }
        list.extend(
            hardware
                .watchdog
                .arguments()
                .iter()
                .map(|word| (*word).to_owned()),
        );
        list.extend(self.network.arguments(hardware.card, ports));
        if self.second_card {
            list.extend(self.network.second_card(hardware.card));
        }
        list
    }

    /// The USB stick.
    fn plugged_in(&self, dir: &Path) -> [String; 4] {
        let image = escaped(&dir.join(names::STICK));
        let bus = match self.hardware.bus {
            // The one that is soldered to the board.
            Bus::Sd => "",
            Bus::Virtio | Bus::Nvme | Bus::Ahci | Bus::Usb => "bus=usb.0,",
        };
        [
            "-drive".to_owned(),
            format!("if=none,id=stick,format=raw,file={image}"),
            "-device".to_owned(),
            format!("usb-storage,{bus}drive=stick,id=plugged-stick,removable=on"),
        ]
    }

    fn drive(&self, dir: &Path) -> String {
        let (disk, cache) = (escaped(&dir.join(names::DISK)), self.cache.name());
        let place = self.hardware.bus.place();
        match self.cache {
            Cache::Recorded => format!(
                "{place},cache={cache},discard=unmap,driver=blklogwrites,log-super-update-interval=1,\
                 file.driver=qcow2,file.file.driver=file,file.file.filename={disk},\
                 log.driver=file,log.filename={}",
                escaped(&dir.join(names::WRITES))
            ),
            Cache::Writeback | Cache::Writethrough | Cache::Unsafe => {
                format!("{place},format=qcow2,cache={cache},discard=unmap,file={disk}")
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

#[cfg(test)]
mod tests;
