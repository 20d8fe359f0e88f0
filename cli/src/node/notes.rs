//! Notes in memory that a service leaves about what it does. The service takes its note back itself; one that is not configured any
//! more cannot, and what it said would be told until the next start.

use host::{file, with_causes};
use init_api::{Root, Services, load_if_present, paths};

/// A note, and the services that write it.
type Note = (&'static str, &'static [&'static str]);

/// Of services that run by a good configuration.
const NOTES: [Note; 5] = [
    (paths::BACKUP_TROUBLE, &["backups"]),
    (paths::URL_TROUBLE, &["config-url"]),
    (paths::LAST_RESORT, &["last-resort"]),
    (paths::HARDWARE, &["keeper"]),
    (paths::INSTALL, &["install"]),
];
/// Of services of maintenance mode.
const IN_MAINTENANCE: [Note; 1] = [(paths::FORM, &["form", "menu"])];

/// Removes the notes of services that are not among those of `services.json`; gives what went wrong. After a run that was not `good`
/// a node that ran before runs on as it was, and so do the notes of its services.
pub(super) fn forget_orphans(root: &Root, good: bool) -> Vec<String> {
    let services: Services = match load_if_present(root.path(paths::SERVICES)) {
        Ok(Some(services)) => services,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![with_causes(&error)],
    };
    let is_there = |name: &&str| services.iter().any(|is| is.name.as_str() == *name);
    let notes = NOTES.iter().filter(|_| good).chain(&IN_MAINTENANCE);
    let orphans = notes.filter(|(_, writers)| !writers.iter().any(is_there));
    let removed = orphans.map(|(note, _)| (note, file::remove(&root.path(note))));
    removed
        .filter_map(|(note, done)| Some(format!("cannot remove {note}: {}", done.err()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{IN_MAINTENANCE, NOTES, forget_orphans};
    use init_api::{Root, Service, ServiceName, Services, paths, store};
    use std::fs;

    #[test]
    fn what_a_service_said_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path());
        let named = |name: &str| Service::daemon(ServiceName::new(name).unwrap(), ["/x"]);
        let written = |services: &[&str]| {
            let services = services.iter().map(|name| named(name)).collect();
            let services = Services::new(services).unwrap();
            store(root.path(paths::SERVICES), &services).unwrap();
        };
        let left = |services: &[&str], good| {
            let notes = NOTES.iter().chain(&IN_MAINTENANCE);
            for (note, _) in notes.clone() {
                fs::write(root.path(note), "trouble\n").unwrap();
            }
            written(services);
            assert_eq!(forget_orphans(&root, good), Vec::<String>::new());
            let notes = notes.map(|(note, _)| *note);
            notes
                .filter(|note| root.path(note).exists())
                .collect::<Vec<_>>()
        };
        fs::create_dir_all(root.path(paths::RUN)).unwrap();
        // Nothing is known of services: nothing is an orphan.
        fs::write(root.path(paths::FORM), "ttyS0\n").unwrap();
        assert_eq!(forget_orphans(&root, true), Vec::<String>::new());
        assert!(root.path(paths::FORM).exists());
        for (case, services, expected) in [
            (
                "a node with all of it",
                &["keeper", "backups", "config-url", "last-resort"][..],
                &[
                    paths::BACKUP_TROUBLE,
                    paths::URL_TROUBLE,
                    paths::LAST_RESORT,
                    paths::HARDWARE,
                ][..],
            ),
            (
                "no backups any more",
                &["keeper", "config-url"],
                &[paths::URL_TROUBLE, paths::HARDWARE],
            ),
            ("maintenance mode", &["upgrade"], &[]),
            ("the menu", &["menu"], &[paths::FORM]),
            ("the form", &["form"], &[paths::FORM]),
            ("an install stick", &["install"], &[paths::INSTALL]),
        ] {
            assert_eq!(left(services, true), expected, "{case}");
        }
        let all = NOTES.map(|(note, _)| note);
        assert_eq!(left(&["upgrade"], false), all, "what ran runs on");
    }

    /// The names are those that the planner of services gives.
    #[test]
    fn the_writers_are_services_of_ours() {
        let planner = concat!(env!("CARGO_MANIFEST_DIR"), "/../node-setup/src/services.rs");
        let keeper = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/src/services.rs");
        let text = fs::read_to_string(planner).unwrap() + &fs::read_to_string(keeper).unwrap();
        for name in NOTES
            .iter()
            .chain(&IN_MAINTENANCE)
            .flat_map(|(_, writers)| *writers)
        {
            assert!(text.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
