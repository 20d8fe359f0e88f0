//! Our own programs: built by cargo and by the engine's own script, from the checkout.

use crate::digest::{self, Key};
use crate::error::Result;
use crate::file;
use crate::options::Options;
use crate::program::Program;
use crate::progress::{Progress, megabytes};
use crate::project::Project;
use crate::toolchain::Toolchain;
use boards::Arch;
use std::path::{Path, PathBuf};

/// Where the programs of one build are.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    /// PID 1, static.
    pub(crate) init: PathBuf,
    /// The only process of a pod's own container, static.
    pub(crate) pause: PathBuf,
    /// The `holdfast` command as a node carries it.
    pub(crate) holdfast: PathBuf,
    /// Kubernetes and containerd: upstream's Go code in our few programs, by the names in [`ENGINE`].
    pub(crate) engine: Vec<PathBuf>,
}

impl Binaries {
    /// Takes those that are given, builds the others.
    pub(crate) fn build(
        project: &Project,
        arch: Arch,
        options: &Options,
        progress: Progress,
    ) -> Result<Self> {
        let program = |name: &str, make: &dyn Fn() -> Result<PathBuf>| -> Result<PathBuf> {
            let step = progress.step(name);
            let path = options.given(name).map_or_else(make, Ok)?;
            step.done(&megabytes(file::length(&path)?));
            Ok(path)
        };
        let cargo = Cargo {
            project,
            toolchain: Toolchain::find(project, arch)?,
            jobs: options.jobs,
        };
        Ok(Self {
            init: program("init", &|| cargo.build_static("init"))?,
            pause: program("pause", &|| cargo.build_static("pause"))?,
            holdfast: program("holdfast", &|| cargo.build_holdfast())?,
            engine: engine(project, arch, options, progress)?,
        })
    }
}

/// The engine's programs: given are all of them or none.
fn engine(
    project: &Project,
    arch: Arch,
    options: &Options,
    progress: Progress,
) -> Result<Vec<PathBuf>> {
    let step = progress.step("engine");
    let given: Option<Vec<PathBuf>> = ENGINE.iter().map(|name| options.given(name)).collect();
    let programs = match given {
        Some(programs) => programs,
        None => {
            let folder = build_engine(project, arch.debian())?;
            ENGINE.iter().map(|name| folder.join(name)).collect()
        }
    };
    let sizes = programs.iter().map(|path| file::length(path));
    step.done(&megabytes(sizes.sum::<Result<u64>>()?));
    Ok(programs)
}

/// What the engine's build script makes.
const ENGINE: [&str; 4] = ["engine", "containerd", "containerd-shim-runc-v2", "system"];

/// Builds our crates for an image.
struct Cargo<'a> {
    project: &'a Project,
    toolchain: Toolchain,
    jobs: Option<usize>,
}

impl Cargo<'_> {
    /// Builds a program that needs no library.
    fn build_static(&self, package: &str) -> Result<PathBuf> {
        self.build(package, "static", "-Ctarget-feature=+crt-static", &[])
    }

    /// Builds the `holdfast` command with a node's features only.
    fn build_holdfast(&self) -> Result<PathBuf> {
        self.build(
            "holdfast",
            "node",
            "",
            &["--no-default-features", "--features", "node"],
        )
    }

    /// Builds one program; `flavour` keeps results of different flags apart.
    fn build(&self, package: &str, flavour: &str, flags: &str, more: &[&str]) -> Result<PathBuf> {
        let folder = self.project.path("build/cargo").join(flavour);
        let mut cargo = Program::new("cargo")
            .in_folder(self.project.root())
            // What the user's shell says about flags and folders must not get into an image.
            .env("CARGO_TARGET_DIR", &folder)
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags(flags))
            .env("CARGO_INCREMENTAL", "0")
            .args([
                "build",
                "--quiet",
                "--locked",
                "--release",
                "--package",
                package,
                "--target",
                self.toolchain.target(),
            ])
            .args(more);
        cargo = self.toolchain.used_by(cargo);
        if let Some(jobs) = self.jobs {
            cargo = cargo.args(["--jobs", &jobs.to_string()]);
        }
        cargo.stdout()?;
        let programs = folder.join(self.toolchain.target()).join("release");
        Ok(programs.join(package))
    }

    /// Compiler flags: none of this machine's paths in a program, no build id, so that equal sources give equal bytes.
    fn flags(&self, more: &str) -> String {
        let root = self.project.root().display();
        let mut flags = vec![
            format!("--remap-path-prefix={root}=/holdfast"),
            "-Clink-arg=-Wl,--build-id=none".to_owned(),
        ];
        if let Some(home) = std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
        {
            flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
        }
        flags.extend(more.split_whitespace().map(str::to_owned));
        flags.join("\x1f")
    }
}

/// Builds the engine's programs for `arch` (amd64, arm64), or takes those that were built from the same sources. They lie in
/// the folder that it gives, `build/engine/ARCH`.
///
/// # Errors
/// The compiler's, with what it said.
pub fn build_engine(project: &Project, arch: &str) -> Result<PathBuf> {
    let folder = project.path(&format!("build/engine/{arch}"));
    let sources = project.path("runtime/engine");
    let mut key = Key::new("engine", 2).with("arch", arch).with(
        "go",
        Program::new("go")
            .in_folder(&sources)
            .arg("version")
            .text()?,
    );
    for path in files(&sources)? {
        key = key.with_file(
            &path
                .strip_prefix(&sources)
                .unwrap_or(&path)
                .to_string_lossy(),
            &path,
        )?;
    }
    let key = key.finish();
    let note = folder.join("inputs");
    // The note holds the inputs' key and the programs' digests, so one that was replaced by hand is noticed.
    if std::fs::read_to_string(&note)
        .is_ok_and(|text| state(&folder, &key).is_ok_and(|now| now == text))
    {
        return Ok(folder);
    }
    file::folder(&folder)?;
    Program::new(sources.join("build"))
        .in_folder(project.root())
        .arg(arch)
        .arg(folder.join("engine"))
        .stdout()?;
    file::write(&note, state(&folder, &key)?.as_bytes())?;
    Ok(folder)
}

fn state(folder: &Path, key: &str) -> Result<String> {
    ENGINE
        .iter()
        .try_fold(format!("inputs {key}\n"), |text, name| {
            Ok(format!(
                "{text}{name} {}\n",
                digest::of_file(&folder.join(name))?
            ))
        })
}

/// All files below a folder, sorted; what git does not know (built programs) does not count.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = Program::new("git")
        .in_folder(folder)
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .text()?;
    let mut paths: Vec<PathBuf> = listed
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(|path| folder.join(path))
        .collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    Ok(paths)
}
