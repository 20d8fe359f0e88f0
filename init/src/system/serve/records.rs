//! What others leave in `/run/holdfast` about the node and its configuration, for the page.

use init_api::Root;
use init_api::interface::Wanted;
use init_api::{Configured, InstallState, NodeState, paths};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// More is not read: it would not fit a screen, and PID 1 has better uses for memory.
const LARGEST: u64 = 256 * 1024;
/// Of what a trial waits for, so many lines of so many characters are kept.
const WAITS: (usize, usize) = (20, 500);

/// What they say.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// The keeper's word.
    pub(super) node: Option<NodeState>,
    /// The installer's word.
    pub(super) install: Option<InstallState>,
    /// What of the configuration did not work and did not stop the node.
    pub(super) notes: Vec<String>,
    /// A person fills in the form on a console, or is in the menu.
    pub(super) form: bool,
    /// The interfaces that the configuration has settings for.
    pub(super) interfaces: Vec<Wanted>,
}

impl Records {
    /// Reads everything anew. What cannot be read says nothing; what the keeper said before stands then.
    pub(super) fn read(&mut self, root: &Root) {
        if let Ok(node) = init_api::load_if_present(root.path(paths::NODE)) {
            self.node = node;
        }
        if let Ok(install) = init_api::load_if_present(root.path(paths::INSTALL)) {
            self.install = install;
        }
        self.form = root.path(paths::FORM).exists();
        let configured = text(&root.path(paths::CONFIGURED))
            .and_then(|text| serde_json::from_str::<Configured>(&text).ok());
        let trouble = text(&root.path(paths::URL_TROUBLE));
        let configured = configured.unwrap_or_default();
        self.notes = configured.notes();
        self.interfaces = configured.interfaces;
        self.notes
            .extend(trouble.map(|text| format!("config_url: {}", text.trim())));
        let last_resort = text(&root.path(paths::LAST_RESORT)).unwrap_or_default();
        self.notes.extend(last_resort.lines().map(str::to_owned));
        let hardware = text(&root.path(paths::HARDWARE)).unwrap_or_default();
        self.notes.extend(hardware.lines().map(str::to_owned));
    }
}

/// What the upgrader says that the release on trial waits for, a line each; nothing where it said nothing.
pub(super) fn trial_waits(root: &Root) -> Vec<String> {
    let (most, longest) = WAITS;
    let said = text(&root.path(paths::TRIAL_WAITS)).unwrap_or_default();
    said.lines()
        .map(|line| host::plain::line(line, longest))
        .filter(|line| !line.is_empty())
        .take(most)
        .collect()
}

fn text(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, Records, Root};
    use init_api::{Configured, NodeState, paths};
    use std::fs;

    #[test]
    fn what_is_there_is_read_and_what_is_wrong_says_nothing() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let at = |path: &str| root.path(path);
        let mut records = Records::default();
        records.read(&root);
        assert!(records.node.is_none() && records.notes.is_empty());

        let configured = Configured {
            warnings: vec!["a module".to_owned()],
            ..Configured::default()
        };
        init_api::store(at(paths::CONFIGURED), &configured).expect("stored");
        fs::write(at(paths::URL_TROUBLE), "no route\n").expect("write");
        let node = NodeState {
            name: "shed".to_owned(),
            ..NodeState::default()
        };
        init_api::store(at(paths::NODE), &node).expect("stored");
        records.read(&root);
        assert_eq!(records.notes, ["a module", "config_url: no route"]);
        fs::write(at(paths::LAST_RESORT), "eth0 by DHCP\neth1 too\n").expect("write");
        records.read(&root);
        assert_eq!(records.notes[2..], ["eth0 by DHCP", "eth1 too"]);
        fs::write(at(paths::HARDWARE), "too hot\n").expect("write");
        records.read(&root);
        assert_eq!(records.notes[4..], ["too hot"]);
        fs::remove_file(at(paths::HARDWARE)).expect("removed");
        fs::remove_file(at(paths::LAST_RESORT)).expect("removed");
        records.read(&root);
        assert_eq!(records.node, Some(node.clone()));

        fs::remove_file(at(paths::URL_TROUBLE)).expect("removed");
        fs::write(at(paths::NODE), "{\"name\":").expect("write");
        for wrong in [
            "{",
            "[]",
            &"x".repeat(usize::try_from(LARGEST).expect("fits") + 1),
        ] {
            fs::write(at(paths::CONFIGURED), wrong).expect("write");
            records.read(&root);
            assert!(records.notes.is_empty(), "{:?}", records.notes);
        }
        assert_eq!(records.node, Some(node), "the keeper's last word stands");
    }
}
