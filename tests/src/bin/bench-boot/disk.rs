//! A disk that UEFI firmware boots: kernel and initramfs as one EFI program, and a root partition.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom};
use std::path::Path;

use ::disk::Sector;
use ::disk::gpt::{NewPartition, Table, create, derive_guid, types};
use anyhow::Context;
use formats::Window;
use formats::fat::{Kind, Label, VolumeSpec};
use formats::uki::Uki;

const ESP: u64 = 256 << 20;
/// The root is on the second partition; the console is the serial line, as on the other side.
const CMDLINE: &str = "root=/dev/vda2 rw console=tty0 console=ttyS0,115200 quiet";

/// Assembles `parts` (vmlinuz, initrd, stub, root.img) into `base`.
pub(crate) fn assemble(parts: &Path, kernel: &str, base: &Path) -> anyhow::Result<()> {
    let read =
        |name: &str| fs::read(parts.join(name)).with_context(|| format!("cannot read {name}"));
    let (linux, initrd, stub) = (read("vmlinuz")?, read("initrd")?, read("stub")?);
    let uki = Uki {
        cmdline: CMDLINE,
        uname: kernel,
        linux: &linux,
        initrd: &initrd,
        ..Uki::default()
    };
    let program = uki.build(&stub).context("cannot make the EFI program")?;

    let mut root = File::open(parts.join("root.img")).context("cannot read root.img")?;
    let length = root.metadata().context("cannot read root.img")?.len();
    let partition = |name: &str, type_guid, size| NewPartition {
        name: name.to_owned(),
        type_guid,
        guid: derive_guid(b"bench", name),
        size,
        attributes: 0,
    };
    let wanted = [
        partition("boot", types::ESP, ESP),
        partition("root", types::LINUX_DATA, length),
    ];
    let table = Table::plan(
        Sector::Bytes512,
        derive_guid(b"bench", "disk"),
        &wanted,
        None,
    )
    .context("cannot lay the disk out")?;
    let mut disk =
        File::create(base).with_context(|| format!("cannot write {}", base.display()))?;
    disk.set_len(table.disk_size())
        .context("cannot enlarge the disk")?;
    create(&mut disk, &table).context("cannot write the partition table")?;

    let open = || {
        File::options()
            .read(true)
            .write(true)
            .open(base)
            .context("cannot open the disk again")
    };
    let (boot, rest) = (
        table.extent(&table.partitions[0]),
        table.extent(&table.partitions[1]),
    );
    let mut window =
        Window::new(open()?, boot.offset, boot.size).context("cannot reach the boot partition")?;
    let spec = VolumeSpec {
        kind: Kind::Fat32,
        label: Label::new("BOOT")?,
        id: 1,
        cluster: 512,
    };
    formats::fat::format(&mut window, &spec).context("cannot make the boot partition")?;
    let volume = formats::fat::open_at(open()?, boot.offset, boot.size)
        .context("cannot open the boot partition")?;
    volume.make_directories("EFI/BOOT")?;
    volume.write_file("EFI/BOOT/BOOTX64.EFI", &mut program.as_slice())?;
    volume.finish()?;

    disk.seek(SeekFrom::Start(rest.offset))
        .context("cannot reach the root partition")?;
    std::io::copy(&mut root, &mut disk).context("cannot copy the root")?;
    disk.sync_all().context("cannot write the disk")
}
