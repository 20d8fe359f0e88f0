//! What a module says about itself.

use crate::error::{Error, Result};
use crate::tree::Content;
use std::io::Read;

/// A module's bytes, unpacked if it is packed.
pub(super) fn plain(content: &Content) -> Result<Vec<u8>> {
    let bytes = content.read()?;
    if !bytes.starts_with(b"\xfd7zXZ") {
        return Ok(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() * 4);
    liblzma::read::XzDecoder::new(bytes.as_slice())
        .read_to_end(&mut out)
        .map_err(|source| Error::Format {
            what: "an unpacked module",
            source: Box::new(source),
        })?;
    Ok(out)
}

/// The names after `depends=` in a module's information.
pub(super) fn needs(module: &[u8]) -> Vec<String> {
    let lists = values(module, "depends");
    lists
        .iter()
        .flat_map(|list| list.split(','))
        .filter(|name| !name.is_empty())
        .map(super::index::name)
        .collect()
}

/// All values of `key=value` strings in a module's information section.
pub(super) fn values(module: &[u8], key: &str) -> Vec<String> {
    let Some(information) = information(module) else {
        return Vec::new();
    };
    let lines = information
        .split(|byte| *byte == 0)
        .map(String::from_utf8_lossy);
    lines
        .filter_map(|line| Some(line.strip_prefix(key)?.strip_prefix('=')?.to_owned()))
        .collect()
}

/// The `.modinfo` section.
fn information(module: &[u8]) -> Option<&[u8]> {
    use object::read::elf::{FileHeader, SectionHeader};
    let header = object::elf::FileHeader64::<object::Endianness>::parse(module).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, module).ok()?;
    let (_, section) = sections.section_by_name(endian, b".modinfo")?;
    section.data(endian, module).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The least ELF file with a `.modinfo` section.
    pub(in crate::kernel) fn module(information: &str) -> Vec<u8> {
        let names = b"\0.modinfo\0.shstrtab\0";
        let text = format!("license=GPL\0{information}\0");
        let (text_at, names_at) = (64, 64 + text.len());
        let table_at = (names_at + names.len()).next_multiple_of(8);
        let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
        elf.resize(16, 0);
        elf.extend([1, 0, 62, 0, 1, 0, 0, 0]);
        elf.resize(40, 0);
        elf.extend((table_at as u64).to_le_bytes());
        elf.extend([0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0, 3, 0, 2, 0]);
        elf.resize(64, 0);
        elf.extend(text.as_bytes());
        elf.extend(names);
        elf.resize(table_at + 64, 0);
        for (name, at, size) in [(1u32, text_at, text.len()), (10, names_at, names.len())] {
            let kind: u32 = if name == 1 { 1 } else { 3 };
            elf.extend(name.to_le_bytes());
            elf.extend(kind.to_le_bytes());
            elf.extend([0; 16]);
            elf.extend((at as u64).to_le_bytes());
            elf.extend((size as u64).to_le_bytes());
            elf.extend([0; 24]);
        }
        elf
    }

    #[test]
    fn information_is_read_from_a_module() {
        let cases: [(&str, Vec<u8>, &[&str]); 3] = [
            (
                "two",
                module("depends=mii,usb-net\0name=x"),
                &["mii", "usb_net"],
            ),
            ("none", module("depends="), &[]),
            ("no module", b"#!/bin/sh".to_vec(), &[]),
        ];
        for (name, module, want) in cases {
            assert_eq!(needs(&module), want, "{name}");
        }
        assert_eq!(
            values(&module("firmware=a.bin\0firmware=b/c.bin"), "firmware"),
            ["a.bin", "b/c.bin"]
        );
    }
}
