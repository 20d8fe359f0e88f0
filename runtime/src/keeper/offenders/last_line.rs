//! The last line that a container logged.

use super::count::Pod;
use crate::Paths;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// The last line is within so many bytes from the end, or its end is shown.
const BYTES: u64 = 2048;
/// So much of a line fits a screen, in characters.
const SHOWN: usize = 160;

/// The last line of the container's newest log that has one.
pub(super) fn last_line(paths: &Paths, pod: &Pod, container: &str) -> Option<String> {
    let folder = pod.logs(paths).join(container);
    let files = fs::read_dir(folder).ok()?.flatten();
    // `3.log`: how often the container had been started before.
    let mut logs: Vec<(u32, PathBuf)> = files
        .filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            Some((name.strip_suffix(".log")?.parse().ok()?, file.path()))
        })
        .collect();
    logs.sort();
    let mut newest = logs.iter().rev();
    newest.find_map(|(_, file)| last_line_of(&end(file)?))
}

fn end(file: &PathBuf) -> Option<String> {
    let file = File::open(file).ok()?;
    let length = file.metadata().ok()?.len();
    let count = usize::try_from(length.min(BYTES)).ok()?;
    let mut bytes = vec![0; count];
    file.read_exact_at(&mut bytes, length - length.min(BYTES))
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// As the CRI writes them: time, stream, whether it is a whole line, and what the program wrote.
fn last_line_of(text: &str) -> Option<String> {
    let lines = text.lines().rev();
    let mut said = lines.filter_map(|line| {
        let text = line.splitn(4, ' ').nth(3).unwrap_or(line).trim();
        (!text.is_empty()).then(|| plain(text))
    });
    said.next()
}

/// A stranger's text, for a screen: without what would change the screen, and not longer than a line.
pub(super) fn plain(text: &str) -> String {
    let mut shown: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    if let Some((end, _)) = shown.char_indices().nth(SHOWN) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{Pod, last_line, plain};
    use crate::Paths;
    use std::fs;

    #[test]
    fn the_newest_log_that_has_a_line_is_read_from_its_end() {
        let root = tempfile::tempdir().expect("folder");
        let paths = Paths::below(root.path());
        let pod = Pod {
            namespace: "n".into(),
            name: "p".into(),
            uid: "1-2".into(),
        };
        assert_eq!(last_line(&paths, &pod, "shell"), None, "no folder");
        let folder = paths.at("/var/log/pods/n_p_1-2/shell");
        fs::create_dir_all(&folder).expect("folder");
        let long = "x".repeat(5000);
        for (name, text) in [
            ("9.log", "2026-11-28T10:00:00Z stderr F old\n".to_owned()),
            (
                "10.log",
                format!("2026 stdout F {long}\n2026 stderr F no database\n2026 stdout F  \n"),
            ),
            ("11.log", String::new()),
            (
                "10.log.20261128-104511",
                "2026 stdout F rotated\n".to_owned(),
            ),
        ] {
            fs::write(folder.join(name), text).expect("written");
        }
        let line = last_line(&paths, &pod, "shell");
        assert_eq!(line.as_deref(), Some("no database"));
    }

    #[test]
    fn nothing_a_pod_writes_moves_the_cursor_or_fills_the_screen() {
        assert_eq!(plain(" a\u{1b}[2Jb\u{7} "), "a[2Jb");
        let long = plain(&"ä".repeat(500));
        assert_eq!(long.chars().count(), 161);
    }
}
