//! What the image's builder gets from Debian: archives, apt's answers, programs, depmod's index.

use builder::fuzz;

use crate::Target;
use crate::target::no_made_seeds;

/// The tar stream of a package.
pub(crate) const ARCHIVE: Target = Target {
    name: "deb-archive",
    run: |input| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let content = folder.path().join("content");
        // Every entry takes a header of its own.
        if let Some(entries) = fuzz::package_archive(input, &content) {
            assert!(entries <= input.len() / 512);
        }
        let beside = std::fs::read_dir(folder.path())
            .expect("the folder")
            .count();
        assert!(beside <= 1, "something was written beside the package");
    },
    folders: &[],
    made_seeds: archives,
    words: &[
        "./",
        "../",
        "/",
        "ustar  \0",
        "\0",
        "0000644\0",
        "././@LongLink",
    ],
};

/// What `apt-get --print-uris` prints.
pub(crate) const APT: Target = Target {
    name: "apt-output",
    run: |input| fuzz::apt_output(&String::from_utf8_lossy(input)),
    folders: &[],
    made_seeds: no_made_seeds,
    words: &[
        "'http://m.test/debian/",
        "'http://m.test/debian-security/",
        "pool/main/",
        "_amd64.deb",
        "%3a",
        "%2b",
        "%7e",
        "SHA256:",
        "' ",
        "\n",
        "_",
        "../",
        "18446744073709551616",
    ],
};

/// Programs and libraries.
pub(crate) const ELF: Target = Target {
    name: "elf",
    run: |input| {
        let (libraries, _, _) = fuzz::elf(input);
        // An entry takes 16 bytes, a name stands in the file.
        assert!(libraries.len() <= input.len() / 16);
        assert!(libraries.iter().all(|name| name.len() <= 3 * input.len()));
    },
    folders: &[],
    made_seeds: || vec![small_library()],
    words: &["GLIBC_2.", "libc.so.6\0", "\u{7f}ELF"],
};

/// `modules.dep`, `modules.alias` and `modules.builtin`.
pub(crate) const MODULES: Target = Target {
    name: "modules-index",
    run: |input| {
        let text = String::from_utf8_lossy(input);
        let mut files = text.splitn(3, '\0').map(str::to_owned);
        let mut file = || files.next().unwrap_or_default();
        let (dep, alias, builtin) = (file(), file(), file());
        let wanted = ["ext4", "jbd2", "virtio-pci", "x_y"].map(str::to_owned);
        fuzz::modules_index(&dep, &alias, &builtin, &wanted);
    },
    folders: &["tests/fuzz/seeds/init-modules"],
    made_seeds: no_made_seeds,
    words: &[
        "alias ",
        "kernel/x-y.ko.xz:",
        "ext4",
        ".ko",
        "/",
        "\n",
        "\r",
        " ",
        ":",
        "-",
        "\0",
    ],
};

/// Archives with an entry of each kind, and one with a long name.
fn archives() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for long in ["b".to_owned(), "long/".repeat(40)] {
        let mut tar = tar::Builder::new(Vec::new());
        let mut put = |kind, path: &str, content: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_mode(0o644);
            header.set_size(content.len() as u64);
            match kind {
                tar::EntryType::Link | tar::EntryType::Symlink => {
                    tar.append_link(&mut header, path, "usr/bin/a")
                }
                _ => tar.append_data(&mut header, path, content),
            }
            .expect("memory holds the archive");
        };
        put(tar::EntryType::Directory, "usr/bin", b"");
        put(tar::EntryType::Regular, "usr/bin/a", b"#!/bin/sh\n");
        put(tar::EntryType::Link, &format!("usr/bin/{long}"), b"");
        put(tar::EntryType::Symlink, "usr/sbin/c", b"");
        all.push(tar.into_inner().expect("memory holds the archive"));
    }
    all
}

/// A library in a few hundred bytes: it needs `libc.so.6` with `GLIBC_2.34`.
fn small_library() -> Vec<u8> {
    const STRINGS: &[u8] = b"\0libc.so.6\0GLIBC_2.34\0";
    // Tag and value: DT_NEEDED names the string at 1.
    let dynamic: Vec<u8> = [1_u64, 1, 0, 0]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    // One Verneed of one Vernaux.
    let mut versions = Vec::new();
    versions.extend([1_u16, 1].iter().flat_map(|half| half.to_le_bytes()));
    versions.extend([1_u32, 16, 0, 0].iter().flat_map(|word| word.to_le_bytes()));
    versions.extend([0_u16, 2].iter().flat_map(|half| half.to_le_bytes()));
    versions.extend([11_u32, 0].iter().flat_map(|word| word.to_le_bytes()));
    let strings_at = 64_u64;
    let dynamic_at = strings_at + STRINGS.len() as u64;
    let versions_at = dynamic_at + dynamic.len() as u64;
    let sections_at = versions_at + versions.len() as u64;
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    // Shared object, x86-64, version 1; no entry, no segments.
    file.extend([3, 0, 62, 0, 1, 0, 0, 0]);
    file.extend(
        [0, 0, sections_at]
            .iter()
            .flat_map(|word| word.to_le_bytes()),
    );
    file.extend([0; 4]);
    file.extend(
        [64_u16, 56, 0, 64, 4, 1]
            .iter()
            .flat_map(|half| half.to_le_bytes()),
    );
    file.extend(STRINGS);
    file.extend(dynamic);
    file.extend(&versions);
    // Type, offset, size, the strings' section, number of entries.
    for (kind, at, size, link, count) in [
        (0_u32, 0, 0, 0_u32, 0_u32),
        (3, strings_at, STRINGS.len() as u64, 0, 0),
        (6, dynamic_at, 32, 1, 0),
        (0x6fff_fffe, versions_at, versions.len() as u64, 1, 1),
    ] {
        file.extend([0, kind].iter().flat_map(|word| word.to_le_bytes()));
        file.extend([0, 0, at, size].iter().flat_map(|word| word.to_le_bytes()));
        file.extend([link, count].iter().flat_map(|word| word.to_le_bytes()));
        file.extend([1_u64, 0].iter().flat_map(|word| word.to_le_bytes()));
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_what_they_should_be() {
        let (libraries, needed, provided) = fuzz::elf(&small_library());
        assert_eq!(libraries, ["libc.so.6"]);
        assert_eq!((needed, provided), (Some((2, 34)), None));
        for archive in archives() {
            let folder = tempfile::tempdir().expect("a temporary folder");
            assert_eq!(fuzz::package_archive(&archive, folder.path()), Some(4));
        }
    }
}
