//! How the last boot ended, from what it and the hardware left. A pure decision.

use super::crash::Crash;
use init_api::{BootEnd, BootNote, LastBoot};

/// What there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Findings<'a> {
    /// What the last boot wrote down that came so far.
    pub(super) note: Option<&'a BootNote>,
    /// What the kernel wrote since that boot began, the newest.
    pub(super) crash: Option<&'a Crash>,
    /// Whether the watchdog's hardware says that it did the last reset.
    pub(super) reset_by_watchdog: bool,
}

/// Judges; `found_by` is the id of this boot.
///
/// Without a note nothing is known: what stands in the firmware may be years old. A panic is believed before all else, since
/// nobody else can have written it. It may be of a boot that came to nothing after one that ended in order; then no release is
/// known. The orderly end is believed before the watchdog, since machines are that restart by it.
pub(super) fn judge(findings: &Findings<'_>, found_by: String) -> LastBoot {
    let Findings {
        note,
        crash,
        reset_by_watchdog,
    } = *findings;
    let panicked = crash.is_some_and(|crash| crash.panic);
    let end = match note {
        None => BootEnd::NotKnown,
        Some(_) if panicked => BootEnd::Panic,
        Some(BootNote { end: Some(end), .. }) => BootEnd::InOrder(end.clone()),
        Some(_) if reset_by_watchdog => BootEnd::Watchdog,
        Some(_) => BootEnd::Cut,
    };
    // The boot that panicked may be another one than that of the note.
    let of_note = note.filter(|note| !panicked || note.end.is_none());
    LastBoot {
        found_by,
        version: of_note.map(|note| note.version.clone()),
        root_hash: of_note.map(|note| note.root_hash.clone()),
        was_ready: of_note.map(|note| note.ready),
        end,
        reset_by_watchdog,
        kernel: crash.map(Crash::headline).unwrap_or_default(),
        kept: None,
    }
}

/// The watchdog's driver came late and says that it did the last reset.
pub(super) fn hear_of_watchdog(last: &mut LastBoot) {
    last.reset_by_watchdog = true;
    if last.end == BootEnd::Cut {
        last.end = BootEnd::Watchdog;
    }
}

#[cfg(test)]
mod tests {
    use super::super::crash::read_crashes;
    use super::{Findings, hear_of_watchdog, judge};
    use init_api::{Asked, Asker, BootEnd, BootNote, Down, Millis, OrderlyEnd};

    #[test]
    fn every_end_is_told_from_the_others() {
        let ended = OrderlyEnd {
            down: Down::Reboot,
            asked: Asked::by(Asker::Command),
            at_ms: Millis(9),
        };
        let note = |end: Option<&OrderlyEnd>| BootNote {
            version: "1".into(),
            root_hash: "ab".into(),
            ready: true,
            end: end.cloned(),
        };
        let (begun, closed) = (note(None), note(Some(&ended)));
        let panic = &read_crashes([&b"Panic#1 Part1\nKernel panic - not syncing: x\n"[..]])[0];
        let oops = &read_crashes([&b"Oops#1 Part1\nOops: 2\n"[..]])[0];
        let in_order = BootEnd::InOrder(ended);
        for (case, note, crash, watchdog, expected, known) in [
            ("new state", None, None, false, BootEnd::NotKnown, false),
            (
                "new state, all else of before",
                None,
                Some(panic),
                true,
                BootEnd::NotKnown,
                false,
            ),
            ("cut", Some(&begun), None, false, BootEnd::Cut, true),
            (
                "cut, long after a complaint",
                Some(&begun),
                Some(oops),
                false,
                BootEnd::Cut,
                true,
            ),
            ("hung", Some(&begun), None, true, BootEnd::Watchdog, true),
            (
                "hung after a complaint",
                Some(&begun),
                Some(oops),
                true,
                BootEnd::Watchdog,
                true,
            ),
            (
                "panicked",
                Some(&begun),
                Some(panic),
                false,
                BootEnd::Panic,
                true,
            ),
            (
                "panicked, and the restart hung",
                Some(&begun),
                Some(panic),
                true,
                BootEnd::Panic,
                true,
            ),
            (
                "in order",
                Some(&closed),
                None,
                false,
                in_order.clone(),
                true,
            ),
            (
                "in order, with a complaint",
                Some(&closed),
                Some(oops),
                false,
                in_order.clone(),
                true,
            ),
            (
                "in order, and the restart hung",
                Some(&closed),
                None,
                true,
                in_order.clone(),
                true,
            ),
            (
                "panicked before it wrote anything",
                Some(&closed),
                Some(panic),
                false,
                BootEnd::Panic,
                false,
            ),
        ] {
            let findings = Findings {
                note,
                crash,
                reset_by_watchdog: watchdog,
            };
            let last = judge(&findings, "id".into());
            assert_eq!(last.end, expected, "{case}");
            assert_eq!(last.reset_by_watchdog, watchdog, "{case}");
            let release = known.then_some(("1", "ab"));
            let found = last.version.as_deref().zip(last.root_hash.as_deref());
            assert_eq!(found, release, "{case}");
            assert_eq!(last.was_ready, known.then_some(true), "{case}");
            assert_eq!(last.kernel.is_empty(), crash.is_none(), "{case}");

            let mut late = judge(
                &Findings {
                    reset_by_watchdog: false,
                    ..findings
                },
                "id".into(),
            );
            hear_of_watchdog(&mut late);
            if watchdog {
                assert_eq!(late, last, "{case}");
            }
            let cut = expected == BootEnd::Cut;
            let then = if cut { BootEnd::Watchdog } else { expected };
            assert_eq!(late.end, then, "{case}");
        }
    }
}
