//! The LED of a board, for who stands before it without a screen: which one it is says the word `holdfast.led=` of the release's
//! kernel command line, which comes from the boards' files. Its code is told in docs/boot.md.

use init_api::Mode;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const WORD: &str = "holdfast.led=";
/// The kernel blinks with it by itself.
const TIMER: &str = "timer";

/// What it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// What the board has it for, mostly the disk's work.
    Own,
    /// Something must be mended.
    Maintenance,
    /// This boot is on trial.
    Trial,
    /// The node is not Ready, or not known to be.
    NotReady,
}

impl Code {
    /// That of a machine in this mode.
    pub(super) fn of(mode: Mode, on_trial: bool, ready: bool) -> Self {
        match mode {
            Mode::Maintenance => Self::Maintenance,
            Mode::ShuttingDown => Self::Own,
            Mode::Booting | Mode::Running if on_trial => Self::Trial,
            Mode::Running if ready => Self::Own,
            Mode::Booting | Mode::Running => Self::NotReady,
        }
    }

    /// For how long it is on and off, in milliseconds; none where the kernel decides.
    const fn times(self) -> Option<(u32, u32)> {
        match self {
            Self::Own => None,
            Self::Maintenance => Some((100, 100)),
            Self::Trial => Some((1000, 1000)),
            Self::NotReady => Some((100, 1900)),
        }
    }
}

/// The board's LED.
#[derive(Debug)]
pub(super) struct Led {
    folder: Option<PathBuf>,
    /// What drives it when nothing is to be told.
    own: Option<String>,
    shown: Code,
}

impl Led {
    /// The one that the kernel command line names, below `sys`; a machine may have none.
    pub(super) fn named_by(command_line: &str, sys: &Path) -> Self {
        let name = command_line
            .split_whitespace()
            .find_map(|word| word.strip_prefix(WORD));
        let plain = name.filter(|name| !name.contains('/') && !name.starts_with('.'));
        Self {
            folder: plain.map(|name| sys.join("class/leds").join(name)),
            own: None,
            shown: Code::Own,
        }
    }

    /// Shows a code, once its driver is there.
    pub(super) fn show(&mut self, code: Code) {
        if code == self.shown {
            return;
        }
        let Some(folder) = self.folder.clone() else {
            return;
        };
        // It comes with a module, and what blinks with another: until then it is tried anew.
        if self.drive(&folder, code).is_ok() {
            self.shown = code;
        }
    }

    #[expect(clippy::disallowed_methods, reason = "files of the kernel")]
    fn drive(&mut self, folder: &Path, code: Code) -> io::Result<()> {
        let trigger = folder.join("trigger");
        if self.own.is_none() {
            self.own = in_force(&fs::read_to_string(&trigger)?);
        }
        let Some((on, off)) = code.times() else {
            return fs::write(&trigger, self.own.as_deref().unwrap_or("none"));
        };
        fs::write(&trigger, TIMER)?;
        fs::write(folder.join("delay_on"), on.to_string())?;
        fs::write(folder.join("delay_off"), off.to_string())
    }
}

/// The one in brackets.
fn in_force(triggers: &str) -> Option<String> {
    let word = triggers
        .split_whitespace()
        .find_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
    word.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Code, Led};
    use init_api::Mode;
    use std::fs;

    #[test]
    fn the_worst_is_shown() {
        use Mode::{Booting, Maintenance, Running, ShuttingDown};
        for (mode, on_trial, ready, expected) in [
            (Booting, false, false, Code::NotReady),
            (Running, false, false, Code::NotReady),
            (Running, false, true, Code::Own),
            (Running, true, true, Code::Trial),
            (Booting, true, false, Code::Trial),
            (Maintenance, true, false, Code::Maintenance),
            (ShuttingDown, true, false, Code::Own),
        ] {
            assert_eq!(Code::of(mode, on_trial, ready), expected, "{mode:?}");
        }
    }

    #[test]
    fn the_kernel_blinks_and_gets_its_own_back() {
        let sys = tempfile::tempdir().expect("folder");
        let folder = sys.path().join("class/leds/ACT");
        let mut led = Led::named_by("quiet holdfast.led=ACT panic=10\n", sys.path());
        led.show(Code::NotReady);
        assert!(!folder.exists(), "its driver is not there yet");
        fs::create_dir_all(&folder).expect("folder");
        fs::write(folder.join("trigger"), "none [mmc0] timer heartbeat\n").expect("written");
        let says = |file: &str| fs::read_to_string(folder.join(file)).expect(file);
        led.show(Code::NotReady);
        assert_eq!(
            [says("trigger"), says("delay_on"), says("delay_off")],
            ["timer", "100", "1900"]
        );
        fs::remove_file(folder.join("delay_on")).expect("removed");
        led.show(Code::NotReady);
        assert!(
            !folder.join("delay_on").exists(),
            "it is written when it changes"
        );
        led.show(Code::Maintenance);
        assert_eq!(says("delay_off"), "100");
        led.show(Code::Own);
        assert_eq!(says("trigger"), "mmc0");
        for none in ["quiet", "holdfast.led=../../x"] {
            assert!(Led::named_by(none, sys.path()).folder.is_none(), "{none}");
        }
    }
}
