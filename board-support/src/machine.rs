//! What a running system has to know about a machine, which boots the same release as others do.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::Error;
use crate::raw::RawMachine;
use crate::source::Source;

/// A kind of machine, as the image has it in `machines.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownMachine {
    /// A word of its device tree's root (`compatible`) by which it is known.
    pub compatible: String,
    /// Firmware on the board that was built before this is too old, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware_from_s: Option<u32>,
    /// The driver of a network card that can stop sending until its link goes down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stalling_card: Option<String>,
    /// KiB that its kernel has to keep free for drivers that cannot wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_free_kib: Option<u32>,
}

/// Checks a board's `[machine]`.
pub(crate) fn machine(source: &Source<'_>, raw: &RawMachine) -> Result<KnownMachine, Error> {
    let compatible = plain(
        source,
        "machine.compatible",
        &raw.compatible,
        &[',', '-', '.'],
    )?;
    let card = raw.stalling_card.as_ref();
    let from = raw.firmware_from.as_ref();
    Ok(KnownMachine {
        compatible,
        firmware_from_s: from.map(|date| seconds(source, date)).transpose()?,
        stalling_card: card
            .map(|card| plain(source, "machine.stalling-card", card, &['_', '-']))
            .transpose()?,
        kept_free_kib: raw.kept_free_kib,
    })
}

fn plain(
    source: &Source<'_>,
    key: &str,
    value: &Spanned<String>,
    more: &[char],
) -> Result<String, Error> {
    let text = value.get_ref();
    let known = |c: char| c.is_ascii_alphanumeric() || more.contains(&c);
    if !text.is_empty() && text.chars().all(known) {
        return Ok(text.clone());
    }
    let message = format!("`{key}`: `{}` is not one plain word", text.escape_debug());
    Err(source.wrong(value.span(), message))
}

/// The beginning of a day, in the numbers that firmware counts in.
fn seconds(source: &Source<'_>, date: &Spanned<Datetime>) -> Result<u32, Error> {
    let written = date.get_ref();
    let day: Option<Date> = match (written.date, written.time) {
        (Some(_), None) => written.to_string().parse().ok(),
        _ => None,
    };
    let begins = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    let seconds = begins.and_then(|begins| u32::try_from(begins.timestamp().as_second()).ok());
    seconds.ok_or_else(|| {
        let message = format!(
            "`machine.firmware-from`: `{written}` is no day: write one like 2025-08-13, without quotes"
        );
        source.wrong(date.span(), message)
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::Boards;

    const PI: &str = include_str!("../boards/rpi5.toml");

    /// `init_api::KnownMachine` reads the same text.
    #[test]
    fn a_release_knows_the_machines_of_all_its_boards() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("boards");
        let boards = Boards::open(&folder).expect("boards");
        let written = |board: &str| {
            let board = boards.get(board).expect("a board");
            serde_json::to_string(&board.release.machines).expect("JSON")
        };
        let known = r#"[{"compatible":"brcm,bcm2837","kept_free_kib":16384},{"compatible":"brcm,bcm2711","firmware_from_s":1599091200},{"compatible":"brcm,bcm2712","firmware_from_s":1755043200,"stalling_card":"macb"}]"#;
        assert_eq!(written("rpi3"), known);
        assert_eq!(written("nuc"), "[]");
    }

    #[test]
    fn a_machine_that_cannot_be_meant_is_told_with_its_key() {
        for (from, to, message) in [
            (
                "firmware-from = 2025-08-13",
                "firmware-from = \"2025-08-13\"",
                "firmware-from",
            ),
            (
                "= 2025-08-13",
                "= 2025-08-13T10:00:00",
                "`machine.firmware-from`: `2025-08-13T10:00:00` is no day",
            ),
            (
                "= 2025-08-13",
                "= 1955-08-13",
                "`machine.firmware-from`: `1955-08-13` is no day",
            ),
            (
                "\"brcm,bcm2712\"",
                "\"a b\"",
                "`machine.compatible`: `a b` is not one plain word",
            ),
            (
                "\"macb\"\n",
                "\"../macb\"\n",
                "`machine.stalling-card`: `../macb` is not one plain word",
            ),
            ("stalling-card", "card", "unknown field `card`"),
        ] {
            let text = PI.replacen(from, to, 1);
            assert_ne!(text, PI, "{from}");
            let error = crate::check_board_text(&text).expect_err(to).to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
