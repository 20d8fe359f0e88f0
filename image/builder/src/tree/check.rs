//! Whether the programs of a tree can start: their libraries are there, and the C library is new enough.

use super::entry::{Content, Node, Tree};
use crate::error::{Error, Result};
use object::elf::{FileHeader64, SHT_GNU_VERNEED};
use object::read::elf::{Dyn, FileHeader, SectionHeader};
use object::{Endianness, elf};
use std::collections::{BTreeMap, BTreeSet};

/// What an ELF file asks of others.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) libraries: Vec<String>,
    /// Highest `GLIBC_x.y` symbol version.
    pub(crate) glibc: Option<(u32, u32)>,
}

/// Fails when a program or library of the tree needs a library that the tree does not have.
pub(crate) fn check_libraries(tree: &Tree) -> Result<()> {
    let names: BTreeSet<&str> = tree
        .iter()
        .map(|(path, _)| path.rsplit('/').next().unwrap_or(path))
        .collect();
    let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, entry) in tree.iter() {
        let Node::File(content @ Content::File { .. }) = &entry.node else {
            continue;
        };
        if path.ends_with(".ko") || path.starts_with("usr/lib/firmware/") || !is_elf(content)? {
            continue;
        }
        for library in needs(&content.read()?).libraries {
            if !names.contains(library.as_str()) {
                missing.entry(library).or_default().push(format!("/{path}"));
            }
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = missing
        .iter()
        .map(|(library, users)| format!("{library} is needed by {}", users.join(", ")))
        .collect();
    Err(Error::Wrong(format!(
        "libraries are missing in the image; keep their packages, or drop what needs them in filters.toml:\n    {}",
        lines.join("\n    ")
    )))
}

/// Fails when one of our programs needs a newer C library than the image has.
pub(crate) fn check_glibc(name: &str, program: &[u8], libc: &[u8]) -> Result<()> {
    let Some(needed) = needs(program).glibc else {
        return Ok(());
    };
    let has = provided_glibc(libc).ok_or_else(|| {
        Error::Wrong("the image's libc.so.6 has no GLIBC versions: is it Debian's?".into())
    })?;
    if needed <= has {
        return Ok(());
    }
    Err(Error::Wrong(format!(
        "{name} was built against glibc {}.{}, the image has {}.{}: build on Debian 13 or older, or in a container of it",
        needed.0, needed.1, has.0, has.1
    )))
}

fn is_elf(content: &Content) -> Result<bool> {
    use std::io::Read;
    let Content::File { path, .. } = content else {
        return Ok(false);
    };
    let mut magic = Vec::with_capacity(4);
    std::fs::File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut magic))
        .map_err(Error::read(path))?;
    Ok(magic == elf::ELFMAG)
}

/// Anything that is not a readable dynamic ELF file needs nothing.
pub(crate) fn needs(bytes: &[u8]) -> Needs {
    read_needs(bytes).unwrap_or_default()
}

fn read_needs(data: &[u8]) -> object::Result<Needs> {
    let header = FileHeader64::<Endianness>::parse(data)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, data)?;
    let mut needs = Needs::default();
    if let Some((dynamic, link)) = sections.dynamic(endian, data)? {
        let strings = sections.strings(endian, data, link)?;
        for entry in dynamic
            .iter()
            .filter(|entry| entry.tag(endian) == elf::DT_NEEDED)
        {
            needs
                .libraries
                .push(String::from_utf8_lossy(entry.string(endian, strings)?).into_owned());
        }
    }
    for section in sections
        .iter()
        .filter(|section| section.sh_type(endian) == SHT_GNU_VERNEED)
    {
        let Some((mut verneeds, link)) = section.gnu_verneed(endian, data)? else {
            continue;
        };
        let strings = sections.strings(endian, data, link)?;
        while let Some((_, mut names)) = verneeds.next()? {
            while let Some(name) = names.next()? {
                needs.glibc = needs.glibc.max(glibc_version(name.name(endian, strings)?));
            }
        }
    }
    Ok(needs)
}

/// The highest version a C library defines; its version names stand in its string table.
pub(crate) fn provided_glibc(libc: &[u8]) -> Option<(u32, u32)> {
    let header = FileHeader64::<Endianness>::parse(libc).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, libc).ok()?;
    let mut highest = None;
    for section in sections.iter() {
        let Ok(Some((mut definitions, link))) = section.gnu_verdef(endian, libc) else {
            continue;
        };
        let strings = sections.strings(endian, libc, link).ok()?;
        while let Ok(Some((_, mut names))) = definitions.next() {
            while let Ok(Some(name)) = names.next() {
                highest = highest.max(glibc_version(name.name(endian, strings).ok()?));
            }
        }
    }
    highest
}

fn glibc_version(name: &[u8]) -> Option<(u32, u32)> {
    let mut numbers = std::str::from_utf8(name)
        .ok()?
        .strip_prefix("GLIBC_")?
        .split('.')
        .map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_names() {
        let cases: [(&str, Option<(u32, u32)>); 5] = [
            ("GLIBC_2.34", Some((2, 34))),
            ("GLIBC_2.3.4", Some((2, 3))),
            ("GLIBC_PRIVATE", None),
            ("GLIBC_ABI_DT_RELR", None),
            ("GCC_3.0", None),
        ];
        for (name, want) in cases {
            assert_eq!(glibc_version(name.as_bytes()), want, "{name}");
        }
    }

    #[test]
    fn this_test_program_needs_the_c_library() {
        let own = std::fs::read(std::env::current_exe().expect("own path")).expect("own bytes");
        let needs = needs(&own);
        assert!(
            needs.libraries.iter().any(|library| library == "libc.so.6"),
            "{needs:?}"
        );
        assert!(needs.glibc > Some((2, 0)), "{needs:?}");
        assert_eq!(self::needs(b"#!/bin/sh\n"), Needs::default());
    }
}
