//! A small Holdfast image: the real layout, with less room in it.

use disk::Sector;
use disk::gpt::{self, Extent, Table, derive_guid, types};
use disk::layout::{PartitionRole, image_partitions};
use formats::Window;
use formats::fat::{self, Kind, Label, VolumeSpec};
use std::fs;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

pub(crate) const OWN_CONFIG: &str = "# the image's own\nversion: 1\nhostname: own\n";

/// Of its partitions, in MiB.
pub(crate) const SIZES: [u64; 3] = [16, 16, 96];

pub(crate) struct Image {
    pub(crate) raw: PathBuf,
    pub(crate) size: u64,
    /// Where CONFIG is.
    pub(crate) config: Extent,
}

impl Image {
    pub(crate) fn path(&self) -> &str {
        self.raw.to_str().unwrap()
    }

    /// A copy that says that it takes only signed configurations.
    pub(crate) fn strict(&self) -> String {
        let path = self.raw.with_file_name("strict.img");
        fs::copy(&self.raw, &path).unwrap();
        let file = fs::File::options().read(true).write(true).open(&path);
        let Extent { offset, size } = self.config;
        let volume = fat::open(Window::new(file.unwrap(), offset, size).unwrap()).unwrap();
        volume.write_file("SIGNED.txt", &mut &b"note"[..]).unwrap();
        volume.finish().unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The image packed, and its digest beside it.
    pub(crate) fn packed(&self) -> PathBuf {
        let path = self.raw.with_extension("img.zst");
        let content = fs::read(&self.raw).unwrap();
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder
            .set_pledged_src_size(Some(content.len() as u64))
            .unwrap();
        encoder.write_all(&content).unwrap();
        fs::write(&path, encoder.finish().unwrap()).unwrap();
        sum(&path);
        path
    }
}

/// Writes `PATH.sha256`, by the usual program.
pub(crate) fn sum(path: &Path) {
    let line = super::loops::sh("sha256sum", &[path.to_str().unwrap()]);
    let beside = format!("{}.sha256", path.display());
    fs::write(beside, line).unwrap();
}

/// Makes one in `folder`.
pub(crate) fn make(folder: &Path) -> Image {
    let guid = |name: &str| derive_guid(b"flash test", name);
    let mut parts = image_partitions(types::ROOT_X86_64, guid);
    for (part, mib) in parts.iter_mut().zip(SIZES) {
        part.size = mib << 20;
    }
    let table = Table::plan(Sector::Bytes512, guid("disk"), &parts, None).unwrap();
    let raw = folder.join("small.img");
    let mut file = fs::File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&raw)
        .unwrap();
    file.set_len(table.disk_size()).unwrap();
    gpt::create(&mut file, &table).unwrap();
    let extent = |role| table.extent(table.role(role).unwrap());
    let config = extent(PartitionRole::Config);
    let window = || Window::new(file.try_clone().unwrap(), config.offset, config.size).unwrap();
    let spec = VolumeSpec {
        kind: Kind::Fat16,
        label: Label::new("CONFIG").unwrap(),
        id: 1,
        cluster: 2048,
    };
    fat::format(&mut window(), &spec).unwrap();
    let volume = fat::open(window()).unwrap();
    volume
        .write_file("config.yaml", &mut OWN_CONFIG.as_bytes())
        .unwrap();
    volume
        .write_file("README.txt", &mut &b"read me\r\n"[..])
        .unwrap();
    volume.finish().unwrap();
    // Two thirds of the root are full, of what no packer makes smaller.
    let root = extent(PartitionRole::RootA);
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    })
    .take(1 << 20)
    .collect();
    for mib in 0..64 {
        file.write_all_at(&noise, root.offset + (mib << 20))
            .unwrap();
    }
    let size = table.disk_size();
    Image { raw, size, config }
}
