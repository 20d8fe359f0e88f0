//! The compilers that make programs for an architecture: the host's own, or those of its cross-building packages.

use crate::error::{Error, Result};
use crate::program::Program;
use crate::project::Project;
use boards::Arch;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where Debian has its Rust, whose standard library for another architecture is a package.
const DEBIANS_RUSTC: &str = "/usr/bin/rustc";

/// What cargo is told about compilers.
#[derive(Debug)]
pub(crate) struct Toolchain {
    target: &'static str,
    environment: Vec<(String, OsString)>,
}

impl Toolchain {
    /// The one for programs of `arch`.
    ///
    /// # Errors
    /// When no Rust of this machine has a standard library for it.
    pub(crate) fn find(project: &Project, arch: Arch) -> Result<Self> {
        let target = arch.rust_target();
        let mut environment = Vec::new();
        if let Some(compiler) = c_compiler(arch, std::env::consts::ARCH) {
            let name = target.replace('-', "_");
            let linker = format!("CARGO_TARGET_{}_LINKER", name.to_uppercase());
            environment.push((linker, compiler.into()));
            environment.push((format!("CC_{name}"), compiler.into()));
            environment.extend(rustc(project, arch)?);
        }
        Ok(Self {
            target,
            environment,
        })
    }

    /// Rust's name of what it compiles for.
    pub(crate) const fn target(&self) -> &'static str {
        self.target
    }

    /// Has `cargo` use it.
    pub(crate) fn used_by(&self, cargo: Program) -> Program {
        let environment = self.environment.iter();
        environment.fold(cargo, |cargo, (key, value)| cargo.env(key, value))
    }
}

/// The C compiler, which links as well, where it is not the host's own.
fn c_compiler(arch: Arch, host: &str) -> Option<&'static str> {
    match (arch, host) {
        (Arch::Arm64, "aarch64") | (Arch::X86_64, "x86_64") => None,
        (Arch::Arm64, _) => Some("aarch64-linux-gnu-gcc"),
        (Arch::X86_64, _) => Some("x86_64-linux-gnu-gcc"),
    }
}

/// What makes cargo call Debian's compiler, where the one that it would call cannot compile for `arch`.
fn rustc(project: &Project, arch: Arch) -> Result<Vec<(String, OsString)>> {
    let target = arch.rust_target();
    if has_library(project, "rustc", target)? {
        return Ok(Vec::new());
    }
    if Path::new(DEBIANS_RUSTC).is_file() && has_library(project, DEBIANS_RUSTC, target)? {
        // A wrapper of the user's is made for the compiler that it was set up with.
        let pairs = [("RUSTC", DEBIANS_RUSTC), ("RUSTC_WRAPPER", "")];
        return Ok(pairs
            .map(|(key, value)| (key.to_owned(), value.into()))
            .into());
    }
    Err(Error::Wrong(format!(
        "Rust has no standard library for {target} on this machine: run `tools/setup {}`",
        arch.debian()
    )))
}

/// Whether `rustc` has the standard library of `target`. It names the folder whether or not that is there.
fn has_library(project: &Project, rustc: &str, target: &str) -> Result<bool> {
    let folder = Program::new(rustc)
        .in_folder(project.root())
        .args(["--print", "target-libdir", "--target", target])
        .text()?;
    Ok(PathBuf::from(folder.trim()).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_foreign_architecture_needs_another_c_compiler() {
        for (arch, host, compiler) in [
            (Arch::X86_64, "x86_64", None),
            (Arch::Arm64, "aarch64", None),
            (Arch::Arm64, "x86_64", Some("aarch64-linux-gnu-gcc")),
            (Arch::X86_64, "aarch64", Some("x86_64-linux-gnu-gcc")),
        ] {
            assert_eq!(c_compiler(arch, host), compiler, "{arch} on {host}");
        }
    }
}
