//! A table as text, for people and for golden tests.

use std::fmt;

use super::{Table, types};

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "gpt disk {} sectors {} usable {}-{}",
            self.disk_guid,
            self.sectors,
            self.first_usable,
            self.last_usable()
        )?;
        for p in &self.partitions {
            writeln!(
                f,
                "{:>3} {:<12} {:>10}-{:<10} {:>5} MiB {} guid {} attributes {:#x}",
                p.number,
                p.name,
                p.first_lba,
                p.last_lba,
                self.extent(p).size / (1024 * 1024),
                type_name(p.type_guid),
                p.guid,
                p.attributes
            )?;
        }
        Ok(())
    }
}

/// Short name of a type, or the GUID itself.
fn type_name(guid: uuid::Uuid) -> String {
    match guid {
        types::ESP => "esp".into(),
        types::BASIC_DATA => "data".into(),
        types::ROOT_X86_64 => "root-x86-64".into(),
        types::ROOT_ARM64 => "root-arm64".into(),
        types::LINUX_DATA => "linux".into(),
        other => other.to_string(),
    }
}
