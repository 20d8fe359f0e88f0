//! Whether this machine's firmware would start a release. Where Secure Boot is on, it starts what is signed by a key that it
//! trusts, and nothing else: a release that is not would stand in the spare slot for nothing, and its trial could only fail, on
//! some machines with a question on a screen that nobody sees. So that is looked for first, in the firmware's own variables.
//!
//! - [`SignatureLists`]: what is in `db` and `dbx`
//! - [`Program`]: the digest and the signatures of a UKI
//! - [`Signature`]: who signed it
//! - [`judge`]: what the firmware makes of these, pure

mod lists;
mod program;
mod signature;
mod verdict;

pub use lists::SignatureLists;
pub use program::{BadProgram, Program};
pub use signature::{BadSignature, Signature};
pub use verdict::{Doubt, Verdict, judge};

use crate::node::Node;
use anyhow::{Context, bail};
use slots::{BootLoader, EntryName};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Where the kernel shows the firmware's variables.
const VARIABLES: &str = "/sys/firmware/efi/efivars";
/// 1 where nothing is started but what is trusted.
const SECURE_BOOT: &str = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
const TRUSTED: &str = "db-d719b2cb-3d3a-4596-a3bc-dad00e67656f";
const REVOKED: &str = "dbx-d719b2cb-3d3a-4596-a3bc-dad00e67656f";
/// What the kernel puts before each value.
const ATTRIBUTES: usize = 4;

/// Whether the firmware starts nothing but what it trusts.
pub(crate) fn is_on(node: &Node) -> anyhow::Result<bool> {
    Ok(Keys::of_firmware(&node.path(VARIABLES))?.is_some())
}

/// Refuses a UKI that the firmware would not start.
///
/// # Errors
/// It would not; or it cannot be found out.
pub(crate) fn refuse(
    node: &Node,
    boot: &BootLoader,
    version: &str,
    uki: &Path,
) -> anyhow::Result<()> {
    let Some(keys) = Keys::of_firmware(&node.path(VARIABLES))? else {
        return Ok(());
    };
    let running = || {
        let entry: EntryName = node.running.entry.parse().ok()?;
        keys.judge(&boot.program_of(&entry).ok()??).ok()
    };
    decide(version, keys.judge(uki)?, running)
}

/// A firmware that started what runs, although nothing in `db` speaks for that, goes by something else as well (a shim with keys of
/// the machine's owner): what is unknown to us is not refused there.
fn decide(
    version: &str,
    verdict: Verdict,
    running: impl FnOnce() -> Option<Verdict>,
) -> anyhow::Result<()> {
    match verdict {
        Verdict::Starts => Ok(()),
        Verdict::Revoked(what) => bail!(
            "this machine's firmware would not start release {version}: Secure Boot is on, and {what} is revoked there (dbx). Take a release whose \
             UKI is another one, signed by a key that the machine still trusts"
        ),
        Verdict::Unknown(doubt) => {
            if let Some(Verdict::Unknown(_)) = running() {
                eprintln!(
                    "release {version}: this machine's firmware does not know its UKI, {doubt}; nor does it know the one that runs, so it is tried"
                );
                return Ok(());
            }
            bail!(
                "this machine's firmware would not start release {version}: Secure Boot is on, and it does not trust the UKI: {doubt}. Build its \
                 images with `--secure-boot-key` of a key that is enrolled in this machine, or enroll that certificate (db)"
            )
        }
    }
}

/// What the firmware goes by.
struct Keys {
    trusted: SignatureLists,
    revoked: SignatureLists,
}

impl Keys {
    /// None where Secure Boot is off, or the firmware has no such thing.
    fn of_firmware(variables: &Path) -> anyhow::Result<Option<Self>> {
        let value = |name: &str| {
            value(&variables.join(name))
                .with_context(|| format!("cannot read the firmware's variable {name}"))
        };
        if value(SECURE_BOOT)? != [1] {
            return Ok(None);
        }
        let list = |name: &str| value(name).map(|bytes| SignatureLists::parse(&bytes));
        Ok(Some(Self {
            trusted: list(TRUSTED)?,
            revoked: list(REVOKED)?,
        }))
    }

    fn judge(&self, uki: &Path) -> anyhow::Result<Verdict> {
        let failed = || format!("cannot look at the signatures of {}", uki.display());
        let mut file = File::open(uki).with_context(failed)?;
        let program = Program::read(&mut file).with_context(failed)?;
        Ok(judge(&program, &self.trusted, &self.revoked))
    }
}

/// The value of a variable; nothing where there is none.
fn value(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Ok(content) => Ok(content.get(ATTRIBUTES..).unwrap_or_default().to_vec()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
