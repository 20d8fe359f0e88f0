//! The disk of a machine that is off, in the hands of somebody who has nothing else of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use machine::Vm;
use vm_tests::printed;

/// The partition that may be encrypted.
const STATE: &str = "state";
/// The length of what LUKS2 has in front of what it encrypts, where nobody asked for another one: both headers and the key slots.
pub(crate) const HEADER: u64 = 16 << 20;
/// How LUKS begins, in each of its versions.
const MAGIC: &[u8] = b"LUKS\xba\xbe";
/// A foreign judge of it.
const CRYPTSETUP: &str = "/usr/sbin/cryptsetup";

/// A file that goes with this value.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        // It goes with the machine's folder at the latest.
        let _ = fs::remove_file(&self.0);
    }
}

impl Copy {
    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

/// The first [`HEADER`] bytes of the state partition.
fn header(vm: &Vm) -> anyhow::Result<Copy> {
    let copy = Copy(vm.dir().join("header"));
    let place = vm.disk().partition(STATE)?;
    vm.disk().extract(place.offset, HEADER, &copy.0)?;
    Ok(copy)
}

/// Whether the state partition begins as an encrypted one does.
pub(crate) fn is_encrypted(vm: &Vm) -> anyhow::Result<bool> {
    let header = header(vm)?;
    let bytes = fs::read(&header.0).context("cannot read the header")?;
    Ok(bytes.starts_with(MAGIC))
}

/// The state partition is LUKS2, as `cryptsetup` sees it, with a key in a TPM and a recovery key, and no other; gives the digest of its
/// header, as `sha256sum` prints it.
pub(crate) fn judge_header(vm: &Vm) -> anyhow::Result<String> {
    ensure!(is_encrypted(vm)?, "the state partition has no LUKS header");
    let header = header(vm)?;
    let cryptsetup = |words: &[&str]| {
        let file = header.path();
        printed(CRYPTSETUP, &[words, &[&file]].concat())
            .context("cryptsetup, which tools/setup installs")
    };
    cryptsetup(&["isLuks", "--type", "luks2"])?;
    let dump = cryptsetup(&["luksDump"])?;
    // Of a key slot and of a token alike: `  0: luks2`.
    let count = |kind: &str| {
        let lines = dump.lines().filter_map(|line| line.split_once(": "));
        let kinds = lines.filter(|(number, what)| is_number(number) && *what == kind);
        kinds.count()
    };
    for (kind, wanted) in [("luks2", 2), ("systemd-tpm2", 1), ("systemd-recovery", 1)] {
        ensure!(
            count(kind) == wanted,
            "luksDump has not {wanted} of {kind}: {dump}"
        );
    }
    let digest = printed("sha256sum", &[&header.path()])?;
    Ok(digest.split(' ').next().unwrap_or_default().to_owned())
}

fn is_number(text: &str) -> bool {
    text.trim().parse::<u32>().is_ok()
}

/// None of `secrets` is anywhere on the disk. `public` is, which shows that the search finds what is there.
pub(crate) fn holds_none_of(vm: &Vm, secrets: &[&str], public: &str) -> anyhow::Result<()> {
    let whole = Copy(vm.dir().join("stolen.raw"));
    vm.disk().flatten(&whole.0)?;
    ensure!(
        is_in(public, &whole.0)?,
        "the search does not find what lies on the disk in clear"
    );
    for secret in secrets {
        ensure!(
            !is_in(secret, &whole.0)?,
            "{secret:?} lies on the disk in clear"
        );
    }
    Ok(())
}

/// Whether a file has that text, among whatever bytes.
fn is_in(text: &str, file: &Path) -> anyhow::Result<bool> {
    let mut grep = Command::new("grep");
    // Bytes, not letters; and what it takes for a line ends at a zero, for most of a disk is zeros.
    grep.env("LC_ALL", "C")
        .args(["--text", "--null-data", "--quiet", "--fixed-strings", "--"])
        .arg(text)
        .arg(file);
    let output = grep.output().context("cannot run grep")?;
    match output.status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => bail!("grep: {}", String::from_utf8_lossy(&output.stderr).trim()),
    }
}
