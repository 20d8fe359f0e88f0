//! Foreign programs judge a built image. `HOLDFAST_IMAGE` is the raw image; the compressed one lies beside it.
//!
//! Not run by a plain `cargo test`, which needs no image: `make judges` builds one and runs this.

mod arm64;
mod bill;
mod head_room;
mod key_pair;
mod pcr_policy;
mod pi5;
mod secure_boot;

use builder::Project;
use disk::layout::{END_OF_SIGNED, MAINTENANCE};
use disk::{Geometry, Sector, gpt};
use os_config::{Source, SourceName, Sources};
use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const MB: u64 = 1_000_000;

fn image() -> PathBuf {
    let path = std::env::var_os("HOLDFAST_IMAGE")
        .expect("HOLDFAST_IMAGE names the raw image: run `make judges`");
    let path = PathBuf::from(path);
    assert!(
        path.is_file(),
        "{} is not there: run `make image BOARD=qemu-x86_64`",
        path.display()
    );
    path
}

fn beside(image: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", image.display()))
}

/// Runs a judge and fails with all it said.
fn judge(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?} cannot be run ({e}): run tools/setup"));
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&said)
    );
    output
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Copies a partition to a file of its own, which judges can read.
fn partition(name: &str, folder: &Path) -> PathBuf {
    partition_of(&image(), name, folder)
}

/// Where a partition of an image lies.
fn extent_of(image: &Path, name: &str) -> gpt::Extent {
    let disk = std::fs::File::open(image).expect("image");
    let length = disk.metadata().expect("size").len();
    let geometry = Geometry::new(Sector::Bytes512, length);
    let table = gpt::current(&disk, geometry).expect("a partition table");
    let found = table.find(name);
    table.extent(found.unwrap_or_else(|| panic!("no partition {name}")))
}

fn partition_of(image: &Path, name: &str, folder: &Path) -> PathBuf {
    let mut disk = std::fs::File::open(image).expect("image");
    let extent = extent_of(image, name);
    disk.seek(SeekFrom::Start(extent.offset)).expect("seek");
    let path = folder.join(name);
    let mut out = std::fs::File::create(&path).expect("file");
    std::io::copy(&mut disk.take(extent.size), &mut out).expect("copy");
    path
}

/// Copies the file of the boot partition that starts and ends so.
fn boot_file(folder: &Path, start: &str, end: &str) -> PathBuf {
    let boot = partition("boot", folder);
    let volume = formats::fat::open(
        std::fs::File::options()
            .read(true)
            .write(true)
            .open(boot)
            .expect("boot"),
    )
    .expect("FAT");
    let names: Vec<String> = volume
        .list()
        .expect("listing")
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    let name = names
        .iter()
        .find(|name| name.starts_with(start) && name.ends_with(end))
        .unwrap_or_else(|| panic!("no {start}*{end} in {names:?}"));
    let path = folder.join(name.replace('/', "_"));
    std::fs::write(&path, volume.read_file(name, 64 << 20).expect("content")).expect("written");
    path
}

fn uki(folder: &Path) -> PathBuf {
    boot_file(folder, "EFI/Linux/holdfast_", ".efi")
}

fn parameter(cmdline: &str, key: &str) -> String {
    let found = cmdline
        .split_whitespace()
        .find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    found
        .unwrap_or_else(|| panic!("no {key} in {cmdline:?}"))
        .to_owned()
}

/// The kernel's words of each entry of the boot menu.
fn cmdlines(uki: &Path) -> Vec<String> {
    texts(uki, ".cmdline")
}

fn texts(uki: &Path, section: &str) -> Vec<String> {
    let bytes = std::fs::read(uki).expect("UKI");
    let sections = formats::uki::sections(&bytes).expect("a UKI");
    let found = sections.iter().filter(|it| it.name == section);
    let text = |data| {
        String::from_utf8_lossy(data)
            .trim_end_matches('\0')
            .to_owned()
    };
    found.map(|section| text(section.data)).collect()
}

fn cmdline(uki: &Path) -> String {
    cmdlines(uki).into_iter().next().expect("a command line")
}

fn locked(tool: &str) -> Command {
    let project = Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("checkout");
    builder::locked_tool(&project, tool).expect("the tools of the build")
}

#[test]
fn sgdisk_finds_no_problem_in_the_table() {
    let said = text(&judge(
        Command::new("/usr/sbin/sgdisk").arg("-v").arg(image()),
    ));
    assert!(said.contains("No problems found"), "{said}");
}

#[test]
fn fsck_fat_finds_both_volumes_clean() {
    let folder = tempfile::tempdir().expect("temp dir");
    for name in ["boot", "CONFIG"] {
        judge(
            Command::new("/usr/sbin/fsck.fat")
                .args(["-n", "-v"])
                .arg(partition(name, folder.path())),
        );
    }
}

/// A word that the node takes for a wrong key would keep it in maintenance mode.
#[test]
fn the_kernels_words_are_no_configuration() {
    let folder = tempfile::tempdir().expect("temp dir");
    for text in cmdlines(&uki(folder.path())) {
        let source = Source::new(SourceName::CommandLine, "/proc/cmdline", text);
        let loaded = os_config::load(&Sources::new().with(source));
        let loaded = loaded.unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(loaded.config(), &os_config::Config::default());
    }
}

/// systemd-boot starts the entry whose image has the first name, whatever profile it is of: see `Release::os_release_of_maintenance`.
#[test]
fn the_system_comes_first_in_the_boot_menu() {
    let folder = tempfile::tempdir().expect("temp dir");
    let ids: Vec<String> = texts(&uki(folder.path()), ".osrel")
        .iter()
        .map(|text| {
            let id = text.lines().find_map(|line| line.strip_prefix("IMAGE_ID="));
            id.unwrap_or_else(|| panic!("{text}")).to_owned()
        })
        .collect();
    let [main, maintenance] = &ids[..] else {
        panic!("{ids:?}");
    };
    assert!(main < maintenance, "{ids:?}");
}

/// The boot menu's second entry is the first one with a word more.
#[test]
fn the_boot_menu_leads_to_maintenance_mode() {
    let folder = tempfile::tempdir().expect("temp dir");
    let lines = cmdlines(&uki(folder.path()));
    let [main, maintenance] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert!(!main.contains(MAINTENANCE), "{main}");
    let end = format!(" {END_OF_SIGNED}");
    let wanted = main.replace(&end, &format!(" {MAINTENANCE}{end}"));
    assert_eq!(*maintenance, wanted);
}

#[test]
fn the_root_passes_fsck_erofs_and_veritysetup() {
    let folder = tempfile::tempdir().expect("temp dir");
    let (uki, root) = (uki(folder.path()), partition("root-a", folder.path()));
    let cmdline = cmdline(&uki);
    passes_veritysetup(&root, &cmdline);
    // Reads and unpacks every file, without writing any.
    judge(locked("usr/bin/fsck.erofs").arg("--extract").arg(&root));
}

/// The root is what the kernel's words say, and every bit of it counts.
fn passes_veritysetup(root: &Path, words: &str) {
    let size: u64 = parameter(words, "holdfast.rootsize")
        .parse()
        .expect("a number");
    let verify = || {
        let mut judge = Command::new("/usr/sbin/veritysetup");
        judge
            .arg("verify")
            .args([root, root])
            .arg(parameter(words, "holdfast.roothash"))
            .arg(format!("--hash-offset={size}"));
        judge
    };
    judge(&mut verify());
    // One flipped bit, and the judge must say no: otherwise the check above proves nothing.
    flip(root, size / 2);
    let said = verify().output().expect("veritysetup");
    assert!(!said.status.success(), "a flipped bit went unnoticed");
    flip(root, size / 2);
}

fn flip(path: &Path, at: u64) {
    use std::os::unix::fs::FileExt;
    let file = std::fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .expect("file");
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("read");
    file.write_all_at(&[byte[0] ^ 1], at).expect("written");
}

#[test]
fn ukify_reads_the_uki() {
    let folder = tempfile::tempdir().expect("temp dir");
    let uki = uki(folder.path());
    let said = text(&judge(
        // Debian's own, which has its python3-pefile; another one may be first in PATH.
        Command::new("/usr/bin/python3")
            .arg(locked_path("usr/bin/ukify"))
            .args(["--json=short", "inspect"])
            .arg(&uki),
    ));
    let sections: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    for name in [
        ".osrel", ".cmdline", ".uname", ".linux", ".initrd", ".ucode",
    ] {
        assert!(sections.get(name).is_some(), "no {name} in {said}");
    }
    assert!(
        sections[".osrel"]["text"]
            .as_str()
            .is_some_and(|text| text.contains("ID=holdfast")),
        "{said}"
    );
}

fn locked_path(tool: &str) -> PathBuf {
    let project = Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("checkout");
    builder::locked_tool_path(&project, tool).expect("the tools of the build")
}

#[test]
fn the_compressed_image_is_the_raw_one_and_its_digest_fits() {
    let image = image();
    let packed = beside(&image, ".zst");
    judge(
        Command::new("sha256sum")
            .arg("-c")
            .arg(beside(&image, ".zst.sha256"))
            .current_dir(image.parent().expect("folder")),
    );
    let mut unpacked =
        zstd::Decoder::new(std::fs::File::open(&packed).expect("packed")).expect("zstd");
    let mut raw = std::fs::File::open(&image).expect("raw");
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let read = raw.read(&mut left).expect("raw");
        if read == 0 {
            assert_eq!(
                unpacked.read(&mut right).expect("packed"),
                0,
                "the compressed image is longer"
            );
            return;
        }
        unpacked.read_exact(&mut right[..read]).expect("packed");
        assert!(
            left[..read] == right[..read],
            "the compressed image differs"
        );
    }
}

#[test]
fn sizes_are_within_their_budgets() {
    let folder = tempfile::tempdir().expect("temp dir");
    let uki = uki(folder.path());
    let root = parameter(&cmdline(&uki), "holdfast.rootsize")
        .parse::<u64>()
        .expect("number");
    let length = |path: &Path| std::fs::metadata(path).expect("size").len();
    // The tree on top of the data is one part in 127.
    let sizes = [
        ("UKI", length(&uki), 25 * MB),
        ("root image", root + root / 126, 230 * MB),
        (
            "flashable image",
            length(&beside(&image(), ".zst")),
            224 * MB,
        ),
    ];
    for (name, size, budget) in sizes {
        println!("{name}: {:.1} MB of {} MB", size as f64 / 1e6, budget / MB);
        assert!(size <= budget, "{name}: {size} bytes, more than {budget}");
    }
}

/// `holdfast config migrate` names what a k3OS file calls and the image lacks by a list that goes without an image.
#[test]
fn the_list_of_programs_is_that_of_the_image() {
    const LIST: &str = include_str!("../../../../os-config/migrate/src/programs.txt");
    let folder = tempfile::tempdir().expect("temp dir");
    let root = partition("root-a", folder.path());
    let mut has = BTreeSet::new();
    for bin in ["/usr/bin", "/usr/sbin"] {
        let mut dump = locked("usr/bin/dump.erofs");
        dump.args(["--ls", &format!("--path={bin}")]).arg(&root);
        let said = text(&judge(&mut dump));
        let entries = said.lines().skip_while(|line| !line.contains("FILENAME"));
        let names = entries
            .skip(1)
            .filter_map(|line| line.split_whitespace().nth(2));
        has.extend(
            names
                .filter(|name| !name.starts_with('.'))
                .map(str::to_owned),
        );
    }
    let listed: BTreeSet<String> = LIST.lines().map(str::to_owned).collect();
    let gone: Vec<&String> = listed.difference(&has).collect();
    let new: Vec<&String> = has.difference(&listed).collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "os-config/migrate/src/programs.txt: take out {gone:?}, add {new:?}"
    );
}
