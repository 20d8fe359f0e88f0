//! The table of ports that a node has open to others, as `docs/security.md` says it.

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;

use anyhow::{Context, bail, ensure};

use crate::artefacts::root;

/// The heading that the table stands under.
const HEADING: &str = "### From the network";

/// What the table says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PortTable {
    /// TCP ports that answer on a node that nobody put a workload on.
    pub tcp: BTreeSet<u16>,
    /// UDP ports that the system listens on.
    pub udp: BTreeSet<u16>,
    /// Those of them that are closed whatever the configuration says.
    pub always_closed: BTreeSet<u16>,
    /// Ports that Services are given on the node.
    pub node_ports: Option<RangeInclusive<u16>>,
}

impl PortTable {
    /// That of the document in this checkout.
    ///
    /// # Errors
    /// When it cannot be read, or is written in another way.
    pub fn read() -> anyhow::Result<Self> {
        let path = root().join("docs/security.md");
        let text = fs::read_to_string(&path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{}, {HEADING}", path.display()))
    }

    /// Reads the rows below the heading.
    ///
    /// # Errors
    /// When there are none, or one names its ports in a way that is not known.
    pub fn parse(document: &str) -> anyhow::Result<Self> {
        let (_, section) = document.split_once(HEADING).context("no such heading")?;
        let rows = section
            .lines()
            .skip_while(|line| !line.starts_with('|'))
            .take_while(|line| line.starts_with('|'));
        let mut table = Self::default();
        // The first two are the names of the columns and the line below them.
        for row in rows.skip(2) {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [port, _, _, closed_by] = cells[..] else {
                bail!("a row of another width: {row}");
            };
            table.add(port, closed_by == "always")?;
        }
        ensure!(!table.tcp.is_empty(), "it has no TCP port");
        Ok(table)
    }

    fn add(&mut self, port: &str, always_closed: bool) -> anyhow::Result<()> {
        let number = |text: &str| -> anyhow::Result<u16> {
            text.parse().with_context(|| format!("no port: {text}"))
        };
        if let Some((first, last)) = port.split_once(" to ") {
            self.node_ports = Some(number(first)?..=number(last)?);
        } else if let Some((port, kind)) = port.split_once('/') {
            let port = number(port)?;
            match kind {
                "tcp" => self.tcp.insert(port),
                "udp" => self.udp.insert(port),
                _ => bail!("neither TCP nor UDP: {kind}"),
            };
            if always_closed {
                self.always_closed.insert(port);
            }
        } else if port.contains(|c: char| c.is_ascii_digit()) {
            bail!("a row whose ports are not understood: {port}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::PortTable;

    #[test]
    fn the_document_has_a_table_that_a_scenario_can_read() {
        let table = PortTable::read().unwrap();
        assert!(table.tcp.contains(&22) && table.tcp.contains(&6443));
        assert!(table.always_closed.contains(&8472), "{table:?}");
        assert_eq!(table.node_ports, Some(30000..=32767));
    }

    #[test]
    fn rows() {
        let document = |rows: &str| {
            format!(
                "# x\n| 1/tcp | a | b | c |\n### From the network\n\ntext\n\n| port | what | who | closed by |\n|---|---|---|---|\n{rows}\ntext\n| 2/tcp | a | b | c |\n"
            )
        };
        let table = PortTable::parse(&document(
            "| 22/tcp | a | b | c |\n| 8472/udp | a | b | always |\n| 300 to 400 | a | b | c |\n| what you run | a | b | c |",
        ));
        let expected = PortTable {
            tcp: [22].into(),
            udp: [8472].into(),
            always_closed: [8472].into(),
            node_ports: Some(300..=400),
        };
        assert_eq!(table.unwrap(), expected);
        for (case, rows) in [
            ("no row", ""),
            ("another width", "| 22/tcp | a |"),
            ("no number", "| ssh/tcp | a | b | c |"),
            ("another way", "| tcp 22 | a | b | c |"),
            ("another protocol", "| 22/sctp | a | b | c |"),
        ] {
            assert!(PortTable::parse(&document(rows)).is_err(), "{case}");
        }
        assert!(PortTable::parse("# x\n").is_err());
    }
}
