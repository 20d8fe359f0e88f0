//! From a checkout to a flashable image: the steps in their order.

use crate::binaries::Binaries;
use crate::boot::{self, BootFiles, Signers};
use crate::cache::Cache;
use crate::config;
use crate::digest::Key;
use crate::error::{Error, Result};
use crate::file;
use crate::flashable;
use crate::initramfs::{Contents, Parts};
use crate::kernel::Own;
use crate::options::Options;
use crate::packages::{Lock, OwnModules, PackageList, fetch};
use crate::pcr_policy::{self, PcrKey};
use crate::progress::{Progress, megabytes};
use crate::project::Project;
use crate::release::{Release, build_time, check_version};
use crate::root_image::{self, RootImage};
use crate::rootfs::{self, Base, Trust};
use crate::sbom;
use crate::tools::{self, Host, Tools};
use crate::upgrade::{self, UpgradeFiles};
use boards::{Board, Boards};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a build made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// What `holdfast release publish` takes.
    pub upgrade: UpgradeFiles,
    /// What is flashed; none if only the release was wanted.
    pub flashed: Option<Flashed>,
    /// Bytes of the UKI.
    pub uki_size: u64,
    /// Bytes of the root image with its verity tree.
    pub root_size: u64,
    /// Verity root hash.
    pub root_hash: String,
}

/// An image to flash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flashed {
    /// The raw disk image, for virtual machines.
    pub raw: PathBuf,
    /// The flashable image.
    pub image: PathBuf,
    /// The bill of materials.
    pub bill: PathBuf,
    /// Bytes of the flashable image.
    pub image_size: u64,
}

/// Builds an image.
///
/// # Errors
/// Whatever stopped it, with what to do about it.
pub fn build(project: &Project, options: &Options, progress: Progress) -> Result<Built> {
    check_version(&options.version)?;
    let boards = Boards::open(&project.path("board-support/boards")).map_err(Error::board)?;
    let board = boards.get(&options.board).map_err(Error::board)?;
    check_keys(options)?;
    let config = config::files(options.config.as_deref(), options.config_must_be_signed)?;
    let release_root = options.release_root()?;
    let cache = Cache::new(&project.cache());
    let locked = fetch_locked(project, board, options, progress)?;
    let binaries = Binaries::build(project, board.arch(), options, progress)?;

    let step = progress.step("root file system");
    let tools = Tools::unpack(&locked.tools, &locked.debs, &cache)?;
    let own = locked.own_modules(project);
    let base = rootfs::base(project, &locked.image, own.as_ref(), &tools, &cache, &step)?;
    rootfs::check_drivers(&base, &board.release.drivers)?;
    let kubernetes = sbom::module_version(&binaries.engine, "k8s.io/kubernetes")?;
    let release = Release {
        version: options.version.clone(),
        build_time: build_time(project, options.source_date_epoch.as_deref())?,
        arch: board.arch().debian().to_owned(),
        kernel: base.modules.release.clone(),
        kubernetes,
        components: components(&locked.image),
    };
    let system_image = system_image(&release, &binaries, &cache)?;
    let tree = rootfs::complete(
        project,
        &base,
        &binaries,
        &system_image,
        (&release, &board.release.machines),
        Trust {
            release_root,
            config_policy: options.config_policy.clone(),
        },
    )?;
    step.done(&format!("{} entries", tree.iter().count()));

    let step = progress.step("root image");
    let root = root_image::make(&tree, board.arch(), release.build_time, &tools, &cache)?;
    step.done(&format!(
        "{}, verity {}…",
        megabytes(root.size),
        &root.hash[..12]
    ));

    let step = progress.step("boot files");
    let boot = boot_files(
        project, board, &base, &binaries, &release, &root, options, &tools, &cache,
    )?;
    step.done(&format!("UKI {}", megabytes(boot.uki.len() as u64)));

    let step = progress.step("release files");
    let programs = (&boot.uki[..], boot.slot_image.as_deref());
    let upgrade = upgrade::write(&options.output, &release, &root, programs)?;
    step.done(&megabytes(root.size + boot.uki.len() as u64));

    let built = |flashed| Built {
        upgrade,
        flashed,
        uki_size: boot.uki.len() as u64,
        root_size: root.size,
        root_hash: root.hash.clone(),
    };
    if options.release_only {
        return Ok(built(None));
    }
    let flashable = flashable::make(options, board, &boot, &root, &config, progress)?;
    let bill = flashable.raw.with_extension("spdx.json");
    let sources = sbom::Sources {
        project,
        lock: &locked.image,
        packages: &base.packages,
        engine: &binaries.engine,
        rust_target: board.arch().rust_target(),
        name: &options.name(),
        version: &options.version,
        time: release.build_time,
    };
    write_bill(&sources, &bill, progress)?;
    Ok(built(Some(Flashed {
        raw: flashable.raw,
        image: flashable.packed,
        bill,
        image_size: flashable.packed_size,
    })))
}

/// Looks at the user's keys before anything is built, which would otherwise fail with its last step.
fn check_keys(options: &Options) -> Result<()> {
    if let Some(signer) = &options.secure_boot {
        signer.check()?;
    }
    options.pcr_key.as_ref().map_or(Ok(()), PcrKey::check)
}

/// Packages that are on this machine, checked.
struct Locked {
    /// Those of the image.
    image: Lock,
    /// Those with the programs that build it.
    tools: Lock,
    /// Kernel modules of ours, and what builds them.
    modules: Option<(OwnModules, Lock)>,
    /// The folder they are in.
    debs: PathBuf,
}

impl Locked {
    fn own_modules(&self, project: &Project) -> Option<Own<'_>> {
        self.modules.as_ref().map(|(modules, lock)| Own {
            modules,
            lock,
            debs: &self.debs,
            sources: project.path("buildroot/modules"),
        })
    }
}

fn fetch_locked(
    project: &Project,
    board: &Board,
    options: &Options,
    progress: Progress,
) -> Result<Locked> {
    let step = progress.step("packages");
    let (arch, host) = (board.arch().debian(), Host::this()?.debian);
    let list = PackageList::load(&project.path("buildroot/packages.toml"))?;
    let with_lock = |modules: OwnModules| {
        let lock = Lock::load(&project.lock(&modules.lock_name(host)))?;
        Ok::<_, Error>((modules, lock))
    };
    let locked = Locked {
        image: Lock::load(&project.lock(arch))?,
        tools: Lock::load(&project.lock(&tools::lock_name(host)))?,
        modules: list.own_modules(arch)?.map(with_lock).transpose()?,
        debs: project.cache().join("debs"),
    };
    let modules = locked.modules.iter().map(|(_, lock)| lock);
    for lock in [&locked.image, &locked.tools].into_iter().chain(modules) {
        fetch(lock, &locked.debs, || options.mirror(), &step)?;
    }
    step.done(&format!(
        "{} packages, checked",
        locked.image.packages.len()
    ));
    Ok(locked)
}

fn write_bill(sources: &sbom::Sources<'_>, path: &Path, progress: Progress) -> Result<()> {
    let step = progress.step("bill of materials");
    let bill = sbom::make(sources)?;
    file::write(path, &bill)?;
    step.done(&megabytes(bill.len() as u64));
    Ok(())
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
    tools: &Tools,
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
        (board, options.maintenance_entry),
        Signers {
            secure_boot: options.secure_boot.as_ref(),
            pcr: options
                .pcr_key
                .as_ref()
                .map(|key| pcr_policy::Signer { key, tools }),
        },
        cache,
    )
}
