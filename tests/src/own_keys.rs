//! Keys of one's own for UEFI Secure Boot: made for one run, put into an image, and into a machine's firmware.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use machine::Vm;

use crate::artefacts::{BOARD, command, pcr_key, root};

/// Who enrolls: any GUID.
const OWNER: &str = "3f6a2c1e-5d0b-4c8e-9a47-7b1e0c2d9f55";
/// What the firmware asks of these variables.
const ATTRIBUTES: &str =
    "NON_VOLATILE,RUNTIME_ACCESS,BOOTSERVICE_ACCESS,TIME_BASED_AUTHENTICATED_WRITE_ACCESS";
/// The firmware's variables: who may change which keys, and what may be started. One key is enough for all of them.
const VARIABLES: [&str; 3] = ["PK", "KEK", "db"];
/// Where systemd-boot takes keys from when the machine has none.
const ENROLLED_FROM: &str = "loader/keys/auto";

/// A key and its certificate, in a folder that is made anew for each run.
#[derive(Debug)]
pub struct OwnKeys {
    folder: PathBuf,
}

impl OwnKeys {
    /// Makes a key.
    ///
    /// # Errors
    /// When openssl or sbsigntool fails.
    pub fn make() -> anyhow::Result<Self> {
        let folder = root().join("build/vm-tests/own-keys");
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let keys = Self { folder };
        let request = "req -new -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=holdfast-test/";
        keys.run(
            "openssl",
            &format!("{request} -keyout key.pem -out cert.pem"),
        )?;
        keys.run("openssl", "x509 -in cert.pem -outform der -out cert.der")?;
        keys.run(
            "sbsiglist",
            &format!("--owner {OWNER} --type x509 --output list cert.der"),
        )?;
        for variable in VARIABLES {
            let sign = format!("--attr {ATTRIBUTES} --key key.pem --cert cert.pem");
            keys.run(
                "sbvarsign",
                &format!("{sign} --output {variable}.auth {variable} list"),
            )?;
        }
        Ok(keys)
    }

    /// The image under test, built with this key's signatures as `docs/building.md` says. It trusts the keys of releases under test.
    ///
    /// # Errors
    /// When it cannot be built.
    pub fn image(&self) -> anyhow::Result<PathBuf> {
        let out = self.folder.join("out");
        let mut build = Command::new(command()?);
        build
            .current_dir(root())
            .args(["build", "--board", BOARD, "--output"])
            .arg(&out)
            .arg("--secure-boot-key")
            .arg(self.folder.join("key.pem"))
            .arg("--secure-boot-cert")
            .arg(self.folder.join("cert.pem"))
            .arg("--pcr-key")
            .arg(pcr_key())
            .arg("--release-root")
            .arg(root().join("build/release-keys/root.json"));
        ran(&mut build)?;
        let image = fs::read_dir(&out)
            .with_context(|| format!("cannot list {}", out.display()))?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|ending| ending == "img"));
        image.with_context(|| format!("no image in {}", out.display()))
    }

    /// Puts the key where systemd-boot finds it, which gives it to the firmware of a machine that has none.
    ///
    /// # Errors
    /// When the machine runs or its boot partition cannot be written.
    pub fn enroll(&self, vm: &Vm) -> anyhow::Result<()> {
        let disk = vm.disk();
        let mut outcome = Ok(());
        disk.edit(&disk.partition("boot")?, |partition| {
            outcome = self.write(partition);
            Ok(())
        })?;
        outcome
    }

    fn write(&self, partition: &Path) -> anyhow::Result<()> {
        let file = File::options().read(true).write(true).open(partition)?;
        let volume = formats::fat::open(file)?;
        volume.make_directories(ENROLLED_FROM)?;
        for variable in VARIABLES {
            let name = format!("{variable}.auth");
            let mut signed = File::open(self.folder.join(&name))?;
            volume.write_file(&format!("{ENROLLED_FROM}/{name}"), &mut signed)?;
        }
        Ok(volume.finish()?)
    }

    fn run(&self, program: &str, arguments: &str) -> anyhow::Result<()> {
        let arguments = arguments.split(' ');
        ran(Command::new(program)
            .current_dir(&self.folder)
            .args(arguments))
    }
}

/// Runs a command that has to end well.
pub(crate) fn ran(command: &mut Command) -> anyhow::Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
