//! The menu of maintenance mode: for who stands at a machine and cannot log in.

use crate::conversation::{Conversation, Heard};
use disk::layout::Reset;

/// What the machine shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Start anew.
    Restart,
    /// Be switched off.
    PowerOff,
    /// Begin again.
    Reset(Reset),
}

/// The menu, at its list or at the question whether what is lost may be lost.
#[derive(Debug, Clone)]
pub struct Menu {
    release: String,
    sure: Option<Reset>,
}

/// In the order of the list.
const WISHES: [(Wish, &str); 5] = [
    (Wish::Restart, "restart"),
    (Wish::PowerOff, "power off"),
    (
        Wish::Reset(Reset::KeepConfig),
        "reset, and keep config.yaml: a new node with the same configuration",
    ),
    (Wish::Reset(Reset::Everything), "reset: as it was flashed"),
    (
        Wish::Reset(Reset::WipeSecrets),
        "reset, and overwrite what was there: takes as long as writing the whole disk",
    ),
];

impl Menu {
    /// At its list.
    pub fn new(release: &str) -> Self {
        Self {
            release: release.to_owned(),
            sure: None,
        }
    }
}

impl Conversation for Menu {
    type Result = Wish;

    fn greeting(&self) -> String {
        format!("Holdfast {}, maintenance mode.", self.release)
    }

    fn text(&self) -> String {
        match self.sure {
            None => {
                let list = WISHES.iter().enumerate();
                let list = list.map(|(at, (_, text))| format!("  {}  {text}\n", at + 1));
                let list: String = list.collect();
                format!("What shall this machine do?\n{list}Number:")
            }
            Some(reset) => {
                let config = match reset.forgets_config() {
                    true => ", and its config.yaml",
                    false => "",
                };
                format!(
                    "All that this node keeps will be lost: its cluster, the data of its workloads{config}. Type `reset` to go on, or `back`:"
                )
            }
        }
    }

    fn hear(&mut self, line: &str) -> Heard<Wish> {
        match (self.sure, line.trim()) {
            (Some(reset), "reset") => Heard::Done(Wish::Reset(reset)),
            (Some(_), "back") => {
                self.sure = None;
                Heard::Next
            }
            (Some(_), _) => Heard::NotThat("the word `reset` was not typed".to_owned()),
            (None, line) => self.choose(line),
        }
    }

    fn goodbye(&self) -> String {
        "It goes down now.".to_owned()
    }
}

impl Menu {
    fn choose(&mut self, line: &str) -> Heard<Wish> {
        let at = line.parse::<usize>().ok();
        let wish = at.and_then(|at| WISHES.get(at.checked_sub(1)?));
        match wish {
            Some((Wish::Reset(reset), _)) => {
                self.sure = Some(*reset);
                Heard::Next
            }
            Some((wish, _)) => Heard::Done(*wish),
            None => Heard::NotThat(format!("type a number from 1 to {}", WISHES.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Menu, Wish};
    use crate::conversation::{Conversation, Heard};
    use disk::layout::Reset;

    #[test]
    fn nothing_is_lost_by_a_number_alone() {
        for (lines, expected) in [
            (&["1"][..], Some(Wish::Restart)),
            (&["2"], Some(Wish::PowerOff)),
            (&["3"], None),
            (&["3", "reset"], Some(Wish::Reset(Reset::KeepConfig))),
            (&["4", " reset "], Some(Wish::Reset(Reset::Everything))),
            (&["5", "reset"], Some(Wish::Reset(Reset::WipeSecrets))),
            (&["4", "yes", "4"], None),
            (&["4", "back", "1"], Some(Wish::Restart)),
            (&["reset"], None),
            (&["0"], None),
            (&["6"], None),
            (&[""], None),
            (&["", "", "2"], Some(Wish::PowerOff)),
        ] {
            let mut menu = Menu::new("0.1.0");
            let said = lines.iter().map(|line| menu.hear(line)).last();
            let wish = match said {
                Some(Heard::Done(wish)) => Some(wish),
                _ => None,
            };
            assert_eq!(wish, expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_lost_is_said_before() {
        for (number, config) in [("3", false), ("4", true), ("5", true)] {
            let mut menu = Menu::new("0.1.0");
            assert_eq!(menu.hear(number), Heard::Next);
            let text = menu.text();
            assert!(text.contains("will be lost"), "{text}");
            assert_eq!(text.contains("config.yaml"), config, "{text}");
        }
    }
}
