//! A virtual machine: a folder, and QEMU running on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::names;
use crate::record::{read_json, write_json};
use crate::{Disk, Error, Qemu, Result, Spec, Ssh, command, config_partition, stick};

/// As small as an install stick can be that people buy.
const STICK_GIB: u32 = 4;
/// The machine's hardware, written when it is made.
const SPEC: &str = "vm.json";

/// A machine's folder. It survives `stop`; whether QEMU runs on it is a question to [`Vm::running`].
#[derive(Debug, Clone)]
pub struct Vm {
    dir: PathBuf,
    spec: Spec,
}

impl Vm {
    /// Makes a machine in `dir` whose disk is a layer over the raw image `base`. The image must not change while the
    /// machine exists.
    ///
    /// # Errors
    /// When a machine runs there, or a file cannot be made.
    pub fn create(dir: &Path, base: &Path, spec: Spec, qemu: &Qemu) -> Result<Self> {
        remove(dir)?;
        fs::create_dir_all(dir).map_err(Error::file("make", dir))?;
        let base = fs::canonicalize(base).map_err(Error::file("find", base))?;
        place_variables(dir, &spec, qemu)?;
        Disk::create(&dir.join(names::DISK), &base, "raw", Some(spec.disk_gib))?;
        Self::adopt(dir, spec)
    }

    /// Makes a machine in `dir` with an empty disk, and an install stick that is a layer over the raw image `image` with `config` on its
    /// CONFIG partition; [`Spec::install_stick`] plugs it in.
    ///
    /// # Errors
    /// As [`Vm::create`].
    pub fn create_with_stick(
        dir: &Path,
        image: &Path,
        config: Option<&str>,
        spec: Spec,
        qemu: &Qemu,
    ) -> Result<Self> {
        remove(dir)?;
        fs::create_dir_all(dir).map_err(Error::file("make", dir))?;
        let image = fs::canonicalize(image).map_err(Error::file("find", image))?;
        place_variables(dir, &spec, qemu)?;
        Disk::create_empty(&dir.join(names::DISK), spec.disk_gib)?;
        Disk::create(
            &dir.join(names::INSTALL_STICK),
            &image,
            "raw",
            Some(STICK_GIB),
        )?;
        let vm = Self::adopt(dir, spec)?;
        if let Some(config) = config {
            vm.configure_stick(config)?;
        }
        Ok(vm)
    }

    /// Makes the install stick anew, of another image, which must not change while the machine exists.
    ///
    /// # Errors
    /// When the machine runs.
    pub fn flash_stick(&self, image: &Path) -> Result<()> {
        self.must_be_off()?;
        let image = fs::canonicalize(image).map_err(Error::file("find", image))?;
        let stick = self.dir.join(names::INSTALL_STICK);
        fs::remove_file(&stick).map_err(Error::file("remove", &stick))?;
        Disk::create(&stick, &image, "raw", Some(STICK_GIB)).map(drop)
    }

    /// Writes `text` as `config.yaml` onto the install stick's CONFIG partition.
    ///
    /// # Errors
    /// When the machine runs or the stick has no such partition.
    pub fn configure_stick(&self, text: &str) -> Result<()> {
        self.must_be_off()?;
        config_partition::place(&Disk::at(&self.dir.join(names::INSTALL_STICK)), text)
    }

    /// Like [`Vm::create`], with a copy of the image of its own, so that a new build does not pull the ground from
    /// under the machine. An image that ends in `.zst` is unpacked.
    ///
    /// # Errors
    /// As [`Vm::create`].
    pub fn create_with_copy(dir: &Path, image: &Path, spec: Spec, qemu: &Qemu) -> Result<Self> {
        remove(dir)?;
        fs::create_dir_all(dir).map_err(Error::file("make", dir))?;
        let base = dir.join(names::BASE);
        copy_image(image, &base)?;
        place_variables(dir, &spec, qemu)?;
        Disk::create(
            &dir.join(names::DISK),
            Path::new(names::BASE),
            "raw",
            Some(spec.disk_gib),
        )?;
        Self::adopt(dir, spec)
    }

    /// Writes `spec` into a folder whose files are there.
    pub(crate) fn adopt(dir: &Path, spec: Spec) -> Result<Self> {
        let dir = fs::canonicalize(dir).map_err(Error::file("find", dir))?;
        write_json(&dir.join(SPEC), &spec)?;
        Ok(Self { dir, spec })
    }

    /// The machine in `dir`, or `None` when none was made there.
    ///
    /// # Errors
    /// When its description cannot be read.
    pub fn open(dir: &Path) -> Result<Option<Self>> {
        let Some(spec) = read_json(&dir.join(SPEC))? else {
            return Ok(None);
        };
        let dir = fs::canonicalize(dir).map_err(Error::file("find", dir))?;
        Ok(Some(Self { dir, spec }))
    }

    /// Its folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its hardware.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The same disk in a machine with other hardware, from the next start on.
    ///
    /// # Errors
    /// When the description cannot be written.
    pub fn change(&mut self, change: impl FnOnce(&mut Spec)) -> Result<()> {
        change(&mut self.spec);
        write_json(&self.dir.join(SPEC), &self.spec)
    }

    /// Its disk, for the time it is off.
    #[must_use]
    pub fn disk(&self) -> Disk {
        Disk::at(&self.dir.join(names::DISK))
    }

    /// The log of its serial port.
    #[must_use]
    pub fn console_log(&self) -> PathBuf {
        self.dir.join(names::CONSOLE)
    }

    /// The public half of the key that [`crate::Running::ssh`] uses, made at the first call.
    ///
    /// # Errors
    /// When `ssh-keygen` fails.
    pub fn ssh_key(&self) -> Result<String> {
        Ssh::key(&self.dir)
    }

    /// Writes `text` as `config.yaml` onto its CONFIG partition, as it is. [`crate::with_ssh_key`] adds the key.
    ///
    /// # Errors
    /// When the machine runs or its disk has no such partition.
    pub fn place_config(&self, text: &str) -> Result<()> {
        self.must_be_off()?;
        config_partition::place(&self.disk(), text)
    }

    /// Makes its USB stick, with `text` as `config.yaml`; [`Spec::stick`] plugs it in.
    ///
    /// # Errors
    /// When the machine runs, or the stick's image cannot be made.
    pub fn place_stick(&self, text: &str) -> Result<()> {
        self.must_be_off()?;
        stick::make(&self.dir.join(names::STICK), text)
    }

    /// Makes its USB stick of what a folder has; [`Spec::stick`] plugs it in.
    ///
    /// # Errors
    /// When the machine runs, or the stick's image cannot be made.
    pub fn place_stick_of(&self, folder: &Path) -> Result<()> {
        self.must_be_off()?;
        stick::make_of(&self.dir.join(names::STICK), folder)
    }

    /// The `config.yaml` on its CONFIG partition.
    ///
    /// # Errors
    /// When the machine runs or there is no such file.
    pub fn config(&self) -> Result<String> {
        self.must_be_off()?;
        config_partition::read(&self.disk())
    }

    pub(crate) fn must_be_off(&self) -> Result<()> {
        match self.running()? {
            Some(_) => Err(Error::IsRunning {
                dir: self.dir.clone(),
            }),
            None => Ok(()),
        }
    }
}

/// Copies the firmware's empty variables, if it keeps some.
fn place_variables(dir: &Path, spec: &Spec, qemu: &Qemu) -> Result<()> {
    let Some(firmware) = &qemu.firmware else {
        return Ok(());
    };
    let vars = dir.join(names::VARS);
    fs::copy(&firmware.of(spec.secure_boot)?.vars, &vars)
        .map_err(Error::file("copy UEFI variables to", &vars))?;
    Ok(())
}

/// Removes a machine's folder; one that runs is refused.
fn remove(dir: &Path) -> Result<()> {
    if let Some(vm) = Vm::open(dir)? {
        vm.must_be_off()?;
    }
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file("remove", dir)(error))
        }
        _ => Ok(()),
    }
}

/// A sparse copy of `image`, unpacked when it is compressed.
fn copy_image(image: &Path, to: &Path) -> Result<()> {
    if image
        .extension()
        .is_some_and(|extension| extension == "zst")
    {
        return command::run(
            Command::new("zstd")
                .args(["-d", "-q", "-f", "-o"])
                .arg(to)
                .arg(image),
            "zstd",
        )
        .map(drop);
    }
    let mut cp = Command::new("cp");
    cp.args(["--sparse=always", "--reflink=auto"])
        .arg(image)
        .arg(to);
    command::run(&mut cp, "coreutils").map(drop)
}
