//! What starts the machine's entries: the closed choice that a play is made for.

/// The boot loader of a play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// systemd-boot: entries are counted by their names.
    SystemdBoot,
    /// U-Boot with `boot.scr`: a record names and counts them.
    UBoot,
    /// The firmware of a Raspberry Pi 5: a record names the slot, and a restart can ask for the other one, once.
    Tryboot,
}

impl Machine {
    /// Its word on the guest's command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SystemdBoot => "systemd-boot",
            Self::UBoot => "u-boot",
            Self::Tryboot => "tryboot",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::SystemdBoot, Self::UBoot, Self::Tryboot]
            .into_iter()
            .find(|machine| machine.word() == word)
    }
}
