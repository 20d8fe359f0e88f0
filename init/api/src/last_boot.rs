//! How a boot ended, and who asked for it.

use crate::Millis;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// How a machine goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Down {
    /// It starts anew.
    Reboot,
    /// It is switched off.
    PowerOff,
}

impl Down {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reboot => "reboot",
            Self::PowerOff => "power off",
        }
    }
}

/// Who asked for the machine to go down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asker {
    /// A person or a program, by `holdfast reboot` or `holdfast poweroff`.
    Command,
    /// Somebody at the machine's console, by the menu of maintenance mode.
    Console,
    /// Somebody at the power button.
    PowerButton,
    /// Ctrl-Alt-Del, a signal to PID 1, or the power supply's.
    Signal,
    /// The upgrader, to start a release on trial.
    Upgrade,
    /// The upgrader, to start the release before this one.
    Rollback,
    /// PID 1: the trial of the release ran out of time.
    TrialOver,
    /// `holdfast reset`, or a stick that asks for it.
    Reset,
    /// `holdfast restore`.
    Restore,
    /// The installer, when it was done.
    Installer,
    /// The rescue script of a USB stick, when it was done.
    Rescue,
    /// PID 1: it could not go on.
    Trouble,
    /// Somebody that this version does not know.
    #[serde(other)]
    Other,
}

/// A wish that the machine goes down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Whose.
    pub by: Asker,
    /// More about it, on one line: the release that is started, what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

impl Asked {
    /// Nothing more is known about it.
    pub fn by(by: Asker) -> Self {
        Self { by, about: None }
    }

    /// With more about it, on one line.
    pub fn about(by: Asker, about: impl Into<String>) -> Self {
        Self {
            by,
            about: Some(about.into()),
        }
    }
}

/// [`crate::paths::BOOT_NOTE`]: the boot that wrote last. PID 1 writes it when a boot begins and when it ends in order; the next
/// boot, also of another release, reads it, so unknown keys are allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootNote {
    /// The release that ran.
    pub version: String,
    /// Its verity root hash.
    pub root_hash: String,
    /// Whether the node was Ready in it.
    #[serde(default)]
    pub ready: bool,
    /// How it ended; none if it did not come to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<OrderlyEnd>,
}

/// A boot that PID 1 ended: services were stopped and file systems closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderlyEnd {
    /// How the machine went down.
    pub down: Down,
    /// Who wanted it.
    pub asked: Asked,
    /// When services had ended, since the kernel's start.
    pub at_ms: Millis,
}

/// How the last boot ended, as far as anybody can know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootEnd {
    /// No boot before this one wrote anything down: the state partition is new, or an older release ran.
    NotKnown,
    /// In order.
    InOrder(OrderlyEnd),
    /// The kernel panicked.
    Panic,
    /// The watchdog reset the machine, which hung.
    Watchdog,
    /// Without a word: power was lost, or somebody reset the machine.
    Cut,
}

/// [`crate::paths::LAST_BOOT`], written by PID 1 at each boot about the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastBoot {
    /// The kernel's id of the boot that found this out.
    pub found_by: String,
    /// The release that ran; none if the boot did not come as far as writing that down.
    #[serde(default)]
    pub version: Option<String>,
    /// Its verity root hash.
    #[serde(default)]
    pub root_hash: Option<String>,
    /// Whether the node was Ready in it; none if the boot wrote nothing down.
    #[serde(default)]
    pub was_ready: Option<bool>,
    /// How it ended.
    pub end: BootEnd,
    /// Whether the watchdog's hardware says that it did the last reset: also after an orderly end, if the restart hung, or if a
    /// boot between came to nothing.
    #[serde(default)]
    pub reset_by_watchdog: bool,
    /// The lines that tell what the kernel died of, or complained of, without their time stamps.
    #[serde(default)]
    pub kernel: Vec<String>,
    /// The file with all that the kernel wrote then.
    #[serde(default)]
    pub kept: Option<PathBuf>,
}

impl LastBoot {
    /// Whether the machine went down because somebody or something wanted that, as far as is known.
    pub fn is_in_order(&self) -> bool {
        match &self.end {
            BootEnd::NotKnown => true,
            BootEnd::InOrder(end) => end.asked.by != Asker::Trouble,
            BootEnd::Panic | BootEnd::Watchdog | BootEnd::Cut => false,
        }
    }

    /// How it ended, on one line, without the release.
    pub fn how(&self) -> String {
        let kernel = self.kernel.first();
        let mut how = match &self.end {
            BootEnd::NotKnown => "nothing was written down before this boot".to_owned(),
            BootEnd::InOrder(end) => end.to_string(),
            BootEnd::Panic => match kernel {
                Some(line) => format!("the kernel panicked: {line}"),
                None => "the kernel panicked".to_owned(),
            },
            BootEnd::Watchdog => format!(
                "the machine hung, and the watchdog reset it{}",
                complaint(kernel)
            ),
            BootEnd::Cut => format!(
                "power was lost, or the machine was reset from outside{}",
                complaint(kernel)
            ),
        };
        let is_cut_off = matches!(self.end, BootEnd::Panic | BootEnd::Watchdog | BootEnd::Cut);
        if is_cut_off && self.was_ready == Some(false) {
            how.push_str("; the node had not been Ready in that boot");
        }
        how
    }

    /// How it ended, on one line, with the release if it is known, and where more is kept.
    pub fn line(&self) -> String {
        let release = match &self.version {
            Some(version) => format!("release {version}: "),
            None => String::new(),
        };
        let kept = match &self.kept {
            Some(kept) => format!("; all that the kernel said: {}", kept.display()),
            None => String::new(),
        };
        format!("{release}{}{kept}", self.how())
    }
}

fn complaint(kernel: Option<&String>) -> String {
    kernel.map_or_else(String::new, |line| {
        format!("; the kernel complained before: {line}")
    })
}

impl fmt::Display for OrderlyEnd {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, command) = match self.down {
            Down::Reboot => ("restarted", "`holdfast reboot`"),
            Down::PowerOff => ("switched off", "`holdfast poweroff`"),
        };
        let why = match self.asked.by {
            Asker::Command => command,
            Asker::Console => "the menu on the console",
            Asker::PowerButton => "the power button",
            Asker::Signal => "a signal to PID 1, as of Ctrl-Alt-Del or the power supply",
            Asker::Upgrade => "an upgrade",
            Asker::Rollback => "`holdfast upgrade rollback`",
            Asker::TrialOver => "a trial that ran out of time",
            Asker::Reset => "a reset of the machine",
            Asker::Restore => "`holdfast restore`",
            Asker::Installer => "the installer",
            Asker::Rescue => "the rescue script of a USB stick",
            Asker::Trouble => "PID 1, which could not go on",
            Asker::Other => "something that this release does not know",
        };
        write!(out, "{done} in order, asked for by {why}")?;
        match &self.asked.about {
            Some(about) => write!(out, " ({about})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Asker, BootEnd, BootNote, Down, LastBoot, OrderlyEnd};
    use crate::Millis;

    fn in_order(down: Down, asked: Asked) -> BootEnd {
        BootEnd::InOrder(OrderlyEnd {
            down,
            asked,
            at_ms: Millis(1),
        })
    }

    fn last(end: BootEnd) -> LastBoot {
        LastBoot {
            found_by: "id".into(),
            version: Some("0.1.0".into()),
            root_hash: None,
            was_ready: None,
            end,
            reset_by_watchdog: false,
            kernel: Vec::new(),
            kept: None,
        }
    }

    #[test]
    fn every_end_is_said_on_one_line() {
        let oops = "BUG: unable to handle page fault";
        for (end, kernel, ordered, expected) in [
            (
                in_order(Down::Reboot, Asked::by(Asker::Command)),
                None,
                true,
                "release 0.1.0: restarted in order, asked for by `holdfast reboot`",
            ),
            (
                in_order(Down::PowerOff, Asked::by(Asker::Console)),
                None,
                true,
                "release 0.1.0: switched off in order, asked for by the menu on the console",
            ),
            (
                in_order(Down::PowerOff, Asked::by(Asker::PowerButton)),
                None,
                true,
                "release 0.1.0: switched off in order, asked for by the power button",
            ),
            (
                in_order(Down::Reboot, Asked::about(Asker::Upgrade, "to 0.2.0")),
                None,
                true,
                "release 0.1.0: restarted in order, asked for by an upgrade (to 0.2.0)",
            ),
            (
                in_order(Down::Reboot, Asked::about(Asker::Trouble, "no memory")),
                None,
                false,
                "release 0.1.0: restarted in order, asked for by PID 1, which could not go on (no memory)",
            ),
            (
                BootEnd::NotKnown,
                None,
                true,
                "release 0.1.0: nothing was written down before this boot",
            ),
            (
                BootEnd::Panic,
                Some("Fatal exception"),
                false,
                "release 0.1.0: the kernel panicked: Fatal exception",
            ),
            (
                BootEnd::Watchdog,
                None,
                false,
                "release 0.1.0: the machine hung, and the watchdog reset it",
            ),
            (
                BootEnd::Cut,
                Some(oops),
                false,
                "release 0.1.0: power was lost, or the machine was reset from outside; the kernel complained before: BUG: unable to handle page fault",
            ),
        ] {
            let last = LastBoot {
                kernel: kernel.map(str::to_owned).into_iter().collect(),
                ..last(end)
            };
            assert_eq!(last.line(), expected);
            assert_eq!(last.is_in_order(), ordered, "{expected}");
        }
        let early = LastBoot {
            was_ready: Some(false),
            ..last(BootEnd::Watchdog)
        };
        assert_eq!(
            early.how(),
            "the machine hung, and the watchdog reset it; the node had not been Ready in that boot"
        );
        let late = LastBoot {
            was_ready: Some(true),
            ..early
        };
        assert_eq!(late.how(), "the machine hung, and the watchdog reset it");
        let unknown = LastBoot {
            version: None,
            kept: Some("/k/1.txt".into()),
            ..last(BootEnd::Panic)
        };
        assert_eq!(
            unknown.line(),
            "the kernel panicked; all that the kernel said: /k/1.txt"
        );
    }

    #[test]
    fn a_note_of_a_newer_release_is_read() {
        let text = r#"{"version":"9","root_hash":"ab","end":{"down":"reboot","asked":{"by":"moon","more":1},"at_ms":5,"x":2},"y":3}"#;
        let note: BootNote = serde_json::from_str(text).expect("lenient");
        assert_eq!(note.end.expect("an end").asked.by, Asker::Other);
    }
}
