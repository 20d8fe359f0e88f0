//! What the stub measures into the TPM before it starts the kernel.

use super::image::ParseError;
use super::plan::PROFILE;
use super::reader::{Section, sections};

/// Public key of whoever signs what is measured.
pub(super) const PCR_KEY: &str = ".pcrpkey";
/// A signature of what is measured; as such it cannot be measured itself.
pub(super) const PCR_SIGNATURE: &str = ".pcrsig";

/// In the stub's order, which is not the file's: `unified_sections` in `src/fundamental/uki.c` of systemd 257, but for those that only
/// devices of some kinds get to see (`.dtbauto`, `.hwids`), which we do not write.
const MEASURED: [&str; 11] = [
    ".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".splash", ".dtb", ".uname", ".sbat",
    PCR_KEY, PROFILE,
];

/// The sections that systemd's stub measures into PCR 11 when it starts a profile, in its order: of each, the name with a NUL at its end,
/// then the content [in memory](Section::in_memory). A profile's own sections take the places of those that all share.
/// `None` if there is no such profile; a program without `.profile` sections has profile 0 alone.
///
/// # Errors
/// When `program` is no EFI program that we take.
pub fn measured(program: &[u8], profile: usize) -> Result<Option<Vec<Section<'_>>>, ParseError> {
    let all = sections(program)?;
    let starts: Vec<usize> = (0..all.len())
        .filter(|at| all[*at].name == PROFILE)
        .collect();
    let (shared, rest) = all.split_at(starts.first().copied().unwrap_or(all.len()));
    let end = starts
        .get(profile.saturating_add(1))
        .copied()
        .unwrap_or(all.len());
    let own = match starts.get(profile) {
        Some(start) => &all[*start..end],
        None if profile == 0 => rest,
        None => return Ok(None),
    };
    let find = |name: &str| {
        let named = |section: &&Section<'_>| section.name == name && section.virtual_size > 0;
        own.iter().find(named).or(shared.iter().find(named))
    };
    let measured = MEASURED.into_iter().filter_map(find);
    Ok(Some(measured.cloned().collect()))
}
