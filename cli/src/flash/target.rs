//! The disk that is written: named or chosen, and agreed to once.

use super::exit_code::USAGE;
use crate::table::Table;
use anyhow::{Context, bail};
use flash::disks::{self, Care, Disk, Roots, find, is_offered, judge};
use flash::image::Image;
use std::io::{BufRead, IsTerminal, stdin};
use std::path::Path;
use std::process::ExitCode;

/// Those that people plug in to be written, and why one is not.
pub(super) fn listed(all: &[Disk]) -> String {
    let offered: Vec<&Disk> = all.iter().filter(|disk| is_offered(disk)).collect();
    if offered.is_empty() {
        return "no card or removable disk is plugged in; a disk that is built in must be named with --device\n".to_owned();
    }
    let mut table = Table::default();
    table.row(["", "DEVICE", "MODEL", "SERIAL", "SIZE", "VIA", "ON IT", ""]);
    for (at, disk) in offered.iter().enumerate() {
        let why_not = judge(disk, None).err();
        let number = match why_not {
            None => (at + 1).to_string(),
            Some(_) => "-".to_owned(),
        };
        table.row([
            number.as_str(),
            &disk.path().display().to_string(),
            disk.title(),
            disk.serial.as_deref().unwrap_or("-"),
            &disk.size_text(),
            &disk.transport.to_string(),
            &disk.content(),
            &why_not
                .map(|why| format!("not now: {why}"))
                .unwrap_or_default(),
        ]);
    }
    format!("{table}Disks that are built in are not listed.\n")
}

/// The disk that was named, if it may be written.
pub(super) fn named(roots: &Roots, device: &Path, image: &Image) -> anyhow::Result<(Disk, Care)> {
    let disk = find(roots, device)?;
    let care = judge(&disk, Some(image.table())).with_context(|| {
        format!(
            "{} ({}, {}) is not written",
            disk.path().display(),
            disk.title(),
            disk.size_text()
        )
    })?;
    Ok((disk, care))
}

/// Asks once, unless that is not wanted; the exit code when nobody agreed, which has been told.
pub(super) fn agreed(
    roots: &Roots,
    named: Option<(Disk, Care)>,
    yes: bool,
    image: &Image,
) -> anyhow::Result<Result<Disk, ExitCode>> {
    let ask = stdin().is_terminal();
    let nobody = |what: &str| {
        crate::out::tell!("holdfast: nothing was written: {what}");
        Ok(Err(ExitCode::from(USAGE)))
    };
    match named {
        Some((disk, _)) if yes => Ok(Ok(disk)),
        Some(_) if !ask => nobody(
            "there is no terminal to ask on; say --yes if all that is on the disk may be lost",
        ),
        Some((disk, care)) => {
            let agreed = match care {
                Care::Yes => ["y", "yes"].contains(
                    &answer(&question(&disk, "Go on? [y/N]"))?
                        .to_lowercase()
                        .as_str(),
                ),
                Care::Name => {
                    let ask = format!(
                        "It is built into this machine. Write its name, {}, to go on:",
                        disk.name
                    );
                    answer(&question(&disk, &ask))? == disk.name
                }
            };
            if agreed {
                Ok(Ok(disk))
            } else {
                nobody("you did not agree")
            }
        }
        None if !ask => {
            crate::out::tell_text(listed(&disks::list(roots)?));
            nobody("say with --device which disk to write")
        }
        None => {
            let all = disks::list(roots)?;
            crate::out::tell_text(listed(&all));
            let offered: Vec<&Disk> = all.iter().filter(|disk| is_offered(disk)).collect();
            if offered.is_empty() {
                return nobody("plug one in, or name one with --device");
            }
            let number = answer("Everything on the one that you choose is lost. Its number:")?;
            let chosen = number
                .parse::<usize>()
                .ok()
                .and_then(|at| offered.get(at.wrapping_sub(1)));
            match chosen {
                Some(disk) => Ok(Ok(self::named(roots, &disk.path(), image)?.0)),
                None => nobody("you chose none"),
            }
        }
    }
}

fn question(disk: &Disk, ask: &str) -> String {
    let (title, size) = (disk.title(), disk.size_text());
    let serial = disk
        .serial
        .as_ref()
        .map(|serial| format!(", serial {serial}"))
        .unwrap_or_default();
    format!(
        "Everything on {} is lost: {title}, {size}, {}{serial}; on it: {}.\n{ask}",
        disk.path().display(),
        disk.transport,
        disk.content()
    )
}

fn answer(question: &str) -> anyhow::Result<String> {
    crate::out::tell_text(format_args!("{question} "));
    let mut line = String::new();
    stdin()
        .lock()
        .read_line(&mut line)
        .context("cannot read your answer")?;
    Ok(line.trim().to_owned())
}

/// Whether the disk is still the one that was agreed to: while a person thinks, cards are changed.
pub(super) fn unchanged(roots: &Roots, disk: &Disk) -> anyhow::Result<()> {
    let now = find(roots, &disk.path())?;
    if now != *disk {
        bail!(
            "{} is another disk now, or is used by something, than when you agreed; nothing was written. Run it again",
            disk.path().display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::listed;
    use flash::disks::{Disk, Part, Transport, Use, UseKind};

    fn disk(name: &str, transport: Transport) -> Disk {
        Disk {
            name: name.into(),
            numbers: "8:0".into(),
            sequence: None,
            size: 32_000_000_000,
            sector: 512,
            read_only: false,
            removable: false,
            transport,
            model: Some("SanDisk Ultra".into()),
            serial: Some("4C53".into()),
            parts: vec![Part {
                name: format!("{name}1"),
                label: Some("PHOTOS".into()),
            }],
            uses: Vec::new(),
        }
    }

    #[test]
    fn what_is_plugged_in_stands_in_a_table() {
        let mut mounted = disk("sdc", Transport::Usb);
        mounted.uses.push(Use {
            node: "sdc1".into(),
            kind: UseKind::Mounted("/media/photos".into()),
        });
        let built_in = disk("nvme0n1", Transport::Nvme);
        let told = listed(&[built_in.clone(), disk("sdb", Transport::Usb), mounted]);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 4, "{told}");
        assert!(
            lines[1].starts_with("1  /dev/sdb  SanDisk Ultra  4C53    32.0 GB  usb  PHOTOS"),
            "{told}"
        );
        assert!(
            lines[2].starts_with("-  /dev/sdc")
                && lines[2].contains("not now: sdc1 is mounted at /media/photos"),
            "{told}"
        );
        assert!(listed(&[built_in]).contains("no card or removable disk is plugged in"));
    }
}
