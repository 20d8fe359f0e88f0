//! What is soldered to a machine's mainboard and remembers: its TPM.

use std::fs;

use crate::names;
use crate::record::read_json;
use crate::run::{RUN, Run};
use crate::tpm::Tpm;
use crate::{Error, Result, Vm};

impl Vm {
    /// Gives it another TPM, as an exchange of the mainboard does: from the next start on there is one that knows nothing of what the one
    /// before kept. What the firmware keeps stays.
    ///
    /// # Errors
    /// When the machine runs, or what the TPM kept cannot be removed.
    pub fn exchange_tpm(&self) -> Result<()> {
        self.must_be_off()?;
        self.wait_for_tpms_end()?;
        let kept = self.dir().join(names::TPM);
        match fs::remove_dir_all(&kept) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::file("remove", &kept)(error))
            }
            _ => Ok(()),
        }
    }

    /// Gives it what the TPM of `other`, which is off, keeps: the same machine with another disk.
    pub(crate) fn take_tpm_of(&self, other: &Self) -> Result<()> {
        other.wait_for_tpms_end()?;
        let (from, to) = (other.dir().join(names::TPM), self.dir().join(names::TPM));
        fs::create_dir_all(&to).map_err(Error::file("make", &to))?;
        let files = fs::read_dir(&from).map_err(Error::file("list", &from))?;
        for file in files {
            let file = file.map_err(Error::file("list", &from))?.path();
            let name = file.file_name().unwrap_or_default();
            fs::copy(&file, to.join(name)).map_err(Error::file("copy", &file))?;
        }
        Ok(())
    }

    /// The TPM of the last start may take a moment longer than QEMU, and two must not write into one folder.
    pub(crate) fn wait_for_tpms_end(&self) -> Result<()> {
        let run = read_json::<Run>(&self.dir().join(RUN))?;
        let tpm = run.and_then(|run| run.tpm).and_then(Tpm::find);
        tpm.map_or(Ok(()), |tpm| tpm.wait_for_end())
    }
}
