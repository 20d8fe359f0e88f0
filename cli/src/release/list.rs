//! `holdfast release list`.

use super::wait::wait_for;
use crate::out;
use crate::table::Table;
use anyhow::Context;
use jiff::Timestamp;
use release::{Client, Release, Severity, Source, Trust};

/// Prints the releases, the newest first.
pub(super) fn run(source: &Source, root: Vec<u8>, now: Timestamp) -> anyhow::Result<()> {
    let trust = Trust::fleeting(root);
    let repository = wait_for(Client::new().open(source, &trust, now))?
        .with_context(|| format!("cannot list the releases of {source}"))?;
    let mut table = Table::default();
    table.row([
        "VERSION",
        "FOR",
        "KUBERNETES",
        "CHANNELS",
        "FROM",
        "SEVERITY",
        "CHANGELOG",
    ]);
    for release in repository.releases().iter() {
        table.row(row(release).iter().map(String::as_str));
    }
    out::print(table)
}

fn row(release: &Release) -> [String; 7] {
    let archs: Vec<_> = release.archs.iter().map(ToString::to_string).collect();
    let channel = |(name, channel): (&String, &release::Channel)| {
        let share = match channel.rollout {
            100 => String::new(),
            part => format!(" {part}%"),
        };
        let from = channel
            .not_before
            .map_or_else(String::new, |from| format!(" from {from}"));
        format!("{name}{share}{from}")
    };
    let channels: Vec<_> = release.channels.iter().map(channel).collect();
    let severity = match release.severity {
        Severity::Security => "security",
        Severity::Important => "important",
        Severity::Normal => "normal",
    };
    let from = release.min_version.as_ref();
    [
        release.version.to_string(),
        archs.join(","),
        release.kubernetes.clone(),
        channels.join(", "),
        from.map_or_else(|| "any".to_owned(), ToString::to_string),
        severity.to_owned(),
        release.changelog.clone(),
    ]
}
