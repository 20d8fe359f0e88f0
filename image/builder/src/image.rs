//! From a checkout to a flashable image: the steps in their order.

use crate::binaries::{self, Binaries, Cargo, ENGINE};
use crate::boot::{self, BootFiles, SecureBoot};
use crate::cache::Cache;
use crate::compress::{compress, with_ending};
use crate::config;
use crate::digest::{self, Key};
use crate::disk;
use crate::error::{Error, Result};
use crate::file;
use crate::initramfs::{Contents, Parts};
use crate::packages::{Lock, Mirror, fetch};
use crate::progress::{Progress, megabytes};
use crate::project::Project;
use crate::release::{Release, build_time, check_version};
use crate::root_image::{self, RootImage};
use crate::rootfs::{self, Base};
use crate::sbom;
use crate::tools::{self, Tools};
use boards::{Board, Boards};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the user chose.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name of the board.
    pub board: String,
    /// Version of the release.
    pub version: String,
    /// A `config.yaml` to bake in, instead of the sample.
    pub config: Option<PathBuf>,
    /// Where the image goes.
    pub output: PathBuf,
    /// A Debian mirror instead of this machine's.
    pub mirror: Option<String>,
    /// A key to sign boot files with.
    pub secure_boot: Option<SecureBoot>,
    /// A folder with programs that are built already (`init`, `pause`, `holdfast`, and the engine's
    /// four); those it lacks are built.
    pub programs: Option<PathBuf>,
    /// Processors to use; all when not given.
    pub jobs: Option<usize>,
    /// `SOURCE_DATE_EPOCH` of the environment.
    pub source_date_epoch: Option<String>,
}

/// What a build made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The raw disk image, for virtual machines.
    pub raw: PathBuf,
    /// The flashable image.
    pub image: PathBuf,
    /// The bill of materials.
    pub bill: PathBuf,
    /// Bytes of the flashable image.
    pub image_size: u64,
    /// Bytes of the UKI.
    pub uki_size: u64,
    /// Bytes of the root image with its verity tree.
    pub root_size: u64,
    /// Verity root hash.
    pub root_hash: String,
}

/// Builds an image.
///
/// # Errors
/// Whatever stopped it, with what to do about it.
pub fn build(project: &Project, options: &Options, progress: Progress) -> Result<Built> {
    check_version(&options.version)?;
    let boards = Boards::open(&project.path("board-support/boards")).map_err(Error::board)?;
    let board = boards.get(&options.board).map_err(Error::board)?;
    let arch = board.arch();
    let config = config::files(options.config.as_deref())?;
    let cache = Cache::new(&project.cache());
    let mirror = || {
        options
            .mirror
            .as_deref()
            .map_or_else(Mirror::of_this_machine, |url| Ok(Mirror::named(url)))
    };
    let lock = Lock::load(&project.lock(arch.debian()))?;

    let step = progress.step("packages");
    let debs = project.cache().join("debs");
    let tool_lock = Lock::load(&project.lock(&format!("tools-{}", tools::host()?.0)))?;
    fetch(&lock, &debs, mirror, &step)?;
    fetch(&tool_lock, &debs, mirror, &step)?;
    step.done(&format!("{} packages, checked", lock.packages.len()));

    let binaries = programs(project, arch, options, progress)?;

    let step = progress.step("root file system");
    let tools = Tools::unpack(&tool_lock, &debs, &cache)?;
    let base = rootfs::base(project, &lock, &tools, &cache, &step)?;
    rootfs::check_drivers(&base, &board.release.drivers)?;
    let release = Release {
        version: options.version.clone(),
        build_time: build_time(project, options.source_date_epoch.as_deref())?,
        arch: arch.debian().to_owned(),
        kernel: base.modules.release.clone(),
        components: components(&lock),
    };
    let system_image = system_image(&release, &binaries, &cache)?;
    let tree = rootfs::complete(project, &base, &binaries, &system_image, &release)?;
    step.done(&format!("{} entries", tree.iter().count()));

    let step = progress.step("root image");
    let root = root_image::make(&tree, release.build_time, &tools, &cache)?;
    step.done(&format!(
        "{}, verity {}…",
        megabytes(root.size),
        &root.hash[..12]
    ));

    let step = progress.step("boot files");
    let boot = boot_files(
        project, board, &base, &binaries, &release, &root, options, &cache,
    )?;
    step.done(&format!("UKI {}", megabytes(boot.uki.len() as u64)));

    let built = finish(options, board, &boot, &root, &config, progress)?;
    let step = progress.step("bill of materials");
    let bill = sbom::make(&sbom::Sources {
        project,
        lock: &lock,
        packages: &base.packages,
        engine: &binaries.engine,
        rust_target: arch.rust_target(),
        name: &format!("holdfast_{}_{}", options.version, board.name),
        version: &options.version,
        time: release.build_time,
    })?;
    file::write(&built.bill, &bill)?;
    step.done(&megabytes(bill.len() as u64));
    Ok(built)
}

/// Everything that cargo and Go build.
fn programs(
    project: &Project,
    arch: boards::Arch,
    options: &Options,
    progress: Progress,
) -> Result<Binaries> {
    let given = |name: &str| {
        options
            .programs
            .as_ref()
            .map(|folder| folder.join(name))
            .filter(|path| path.is_file())
    };
    let program = |name: &str, make: &dyn Fn() -> Result<PathBuf>| -> Result<PathBuf> {
        let step = progress.step(name);
        let path = given(name).map_or_else(make, Ok)?;
        step.done(&megabytes(length(&path)?));
        Ok(path)
    };
    let cargo = Cargo::new(project, arch.rust_target(), options.jobs);
    let init = program("init", &|| cargo.build_static("init"))?;
    let pause = program("pause", &|| cargo.build_static("pause"))?;
    let holdfast = program("holdfast", &|| cargo.build_holdfast())?;
    let step = progress.step("engine");
    let engine: Vec<PathBuf> = match ENGINE.map(given) {
        [Some(a), Some(b), Some(c), Some(d)] => vec![a, b, c, d],
        _ => {
            let folder = binaries::build_engine(project, arch.debian())?;
            ENGINE.iter().map(|name| folder.join(name)).collect()
        }
    };
    step.done(&megabytes(
        engine
            .iter()
            .map(|path| length(path))
            .sum::<Result<u64>>()?,
    ));
    Ok(Binaries {
        init,
        pause,
        holdfast,
        engine,
    })
}

fn length(path: &Path) -> Result<u64> {
    Ok(std::fs::metadata(path).map_err(Error::read(path))?.len())
}

/// Versions that people ask for.
fn components(lock: &Lock) -> BTreeMap<String, String> {
    const TOLD: [&str; 8] = [
        "systemd-boot-efi",
        "udev",
        "network-manager",
        "chrony",
        "openssh-server",
        "crun",
        "libc6",
        "e2fsprogs",
    ];
    lock.packages
        .iter()
        .filter(|package| TOLD.contains(&package.name.as_str()))
        .map(|p| (p.name.clone(), p.version.clone()))
        .collect()
}

fn system_image(release: &Release, binaries: &Binaries, cache: &Cache) -> Result<PathBuf> {
    let key = Key::new("system-image", 1)
        .with("version", &release.version)
        .with("arch", &release.arch)
        .with_file("pause", &binaries.pause)?;
    let folder = cache.get("system-image", &key.finish(), |folder| {
        file::write(
            &folder.join("system-image.tar"),
            &crate::system_image::make(&release.version, &release.arch, &binaries.pause)?,
        )
    })?;
    Ok(folder.join("system-image.tar"))
}

#[expect(
    clippy::too_many_arguments,
    reason = "each is another part of what goes into the boot files"
)]
fn boot_files(
    project: &Project,
    board: &Board,
    base: &Base,
    binaries: &Binaries,
    release: &Release,
    root: &RootImage,
    options: &Options,
    cache: &Cache,
) -> Result<BootFiles> {
    let contents = Contents::load(&project.path("buildroot/initramfs.toml"))?;
    let asked: Vec<&str> = board
        .release
        .drivers
        .initramfs_modules()
        .into_iter()
        .collect();
    let parts = Parts {
        contents: &contents,
        board_modules: &asked,
        modules: &base.modules,
        packages: &base.packages,
        init: &binaries.init,
        release,
    };
    boot::make(
        &parts,
        root,
        &board.release,
        options.secure_boot.as_ref(),
        cache,
    )
}

/// Disk image, compressed image, digest.
fn finish(
    options: &Options,
    board: &Board,
    boot: &BootFiles,
    root: &RootImage,
    config: &[(&str, Vec<u8>)],
    progress: Progress,
) -> Result<Built> {
    let mut key = boot::key(boot, Key::new("disk", 1))
        .with("root", &root.hash)
        .with("board", &board.name);
    for (name, content) in config {
        key = key.with(name, content);
    }
    let key = key.finish();
    let raw = options
        .output
        .join(format!("holdfast_{}_{}.img", options.version, board.name));
    let note = with_ending(&raw, "inputs");
    let packed = with_ending(&raw, "zst");
    let made = || Some(std::fs::read_to_string(&note).ok()?.trim().to_owned());

    let step = progress.step("disk image");
    // The raw image is a VM's to read only, but a person may have booted it: its own digest says whether it is still ours.
    let fresh = raw.is_file()
        && packed.is_file()
        && made() == Some(format!("{key} {}", digest::of_file(&raw)?));
    if !fresh {
        let contents = disk::Contents {
            root_type: board.arch().root_type(),
            version: &options.version,
            boot,
            root,
            config,
            seed: key.as_bytes(),
        };
        file::with_temporary(&raw, |temporary| disk::write(&contents, temporary))?;
    }
    step.done(&megabytes(length(&raw)?));
    let step = progress.step("compressed image");
    let image_size = if fresh {
        length(&packed)?
    } else {
        let threads = options
            .jobs
            .or_else(|| std::thread::available_parallelism().ok().map(usize::from))
            .unwrap_or(1);
        let (_, size) = compress(&raw, threads)?;
        file::write(
            &note,
            format!("{key} {}\n", digest::of_file(&raw)?).as_bytes(),
        )?;
        size
    };
    step.done(&megabytes(image_size));
    let bill = raw.with_extension("spdx.json");
    Ok(Built {
        raw,
        image: packed,
        bill,
        image_size,
        uki_size: boot.uki.len() as u64,
        root_size: root.size,
        root_hash: root.hash.clone(),
    })
}
