//! The configuration of a machine that an install stick installs: the stick's own file without its `install` key.

use crate::config::Config;
use crate::load::load;
use crate::report::Report;
use crate::show::to_yaml;
use crate::source::{Source, SourceName, Sources};
use crate::tree::{Path, yaml};

/// The key that stays behind.
const KEY: &str = "install";

/// The text for the installed disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// What goes into its `config.yaml`.
    pub text: String,
    /// The file's comments and order are kept.
    pub as_written: bool,
}

/// Takes `install` out of the file `origin`; everything else stays as it is written, comments too, where that can be done.
///
/// # Errors
/// The file by itself is no configuration: on the stick another source may have covered that.
pub fn installed(origin: &str, text: &[u8]) -> Result<Installed, Report> {
    let source = Source::new(SourceName::ConfigPartition, origin, text);
    let loaded = load(&Sources::new().with(source.clone()))?;
    let mut wanted = loaded.config().clone();
    wanted.install = None;
    let edited = source.readable().ok().and_then(without_lines);
    if let Some(text) = edited.filter(|text| says(text, &wanted)) {
        return Ok(Installed {
            text,
            as_written: true,
        });
    }
    let mut tree = loaded.tree().clone();
    tree.prune(&Path::default().then(KEY));
    Ok(Installed {
        text: to_yaml(&tree),
        as_written: false,
    })
}

/// Whether a text is a configuration that says the same.
fn says(text: &str, wanted: &Config) -> bool {
    load(&Sources::one("config.yaml", text)).is_ok_and(|loaded| loaded.config() == wanted)
}

/// The text without the lines of the key; none where it does not have lines of its own.
fn without_lines(text: &str) -> Option<String> {
    let tree = yaml::read(text, 0).ok()??;
    let Some(entry) = tree.entry(KEY) else {
        return Some(text.to_owned());
    };
    let first = entry.key_span.line.checked_sub(1)?;
    let next = tree
        .entries()
        .iter()
        .filter_map(|entry| entry.key_span.line.checked_sub(1))
        .filter(|line| *line > first)
        .min();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut end = next.unwrap_or(lines.len());
    // What stands at the margin before the next key is about that key.
    let about_next = |line: &str| line.trim().is_empty() || line.starts_with('#');
    while end > first + 1 && lines.get(end - 1).is_some_and(|line| about_next(line)) {
        end -= 1;
    }
    let kept = lines.get(..first)?.iter().chain(lines.get(end..)?);
    Some(kept.copied().collect())
}

#[cfg(test)]
mod tests {
    use super::installed;

    #[test]
    fn the_key_goes_and_everything_else_stays_as_it_is_written() {
        for (case, text, expected, as_written) in [
            (
                "in the middle",
                "# Shop 17.\nversion: 1\ninstall:\n  disk:\n    bus: nvme # the fast one\n\n# Its name.\nhostname: a\n",
                "# Shop 17.\nversion: 1\n\n# Its name.\nhostname: a\n",
                true,
            ),
            (
                "at the end",
                "version: 1\nhostname: a\ninstall: {}\n",
                "version: 1\nhostname: a\n",
                true,
            ),
            (
                "without a line's end",
                "version: 1\ninstall: {wipe: true}",
                "version: 1\n",
                true,
            ),
            (
                "at the beginning",
                "install:\n  wipe: true\nversion: 1\n",
                "version: 1\n",
                true,
            ),
            (
                "with a note below",
                "version: 1\ninstall: {}\n# the end\n",
                "version: 1\n# the end\n",
                true,
            ),
            (
                "lines of Windows",
                "version: 1\r\ninstall:\r\n  wipe: true\r\nhostname: a\r\n",
                "version: 1\r\nhostname: a\r\n",
                true,
            ),
            (
                "none",
                "version: 1\nhostname: a\n",
                "version: 1\nhostname: a\n",
                true,
            ),
            (
                "a text that looks like the key",
                "version: 1\nwrite_files:\n- path: /etc/a\n  content: |\n    install:\n      wipe: true\ninstall: {}\n",
                "version: 1\nwrite_files:\n- path: /etc/a\n  content: |\n    install:\n      wipe: true\n",
                true,
            ),
            (
                "in braces",
                "{version: 1, install: {}, hostname: a}\n",
                "version: 1\nhostname: a\n",
                false,
            ),
            (
                "what others refer to",
                "version: 1\ninstall: {disk: {model: &name shop}}\nhostname: *name\n",
                "version: 1\nhostname: shop\n",
                false,
            ),
        ] {
            let made = installed("config.yaml", text.as_bytes())
                .unwrap_or_else(|report| panic!("{case}: {report}"));
            assert_eq!(
                (made.text.as_str(), made.as_written),
                (expected, as_written),
                "{case}"
            );
        }
    }

    #[test]
    fn a_file_that_is_no_configuration_by_itself_is_refused() {
        let report = installed("config.yaml", b"version: 1\ninstall: {}\nhostname: A B\n");
        let text = report.expect_err("the name is wrong").to_string();
        assert!(text.contains("config.yaml:3"), "{text}");
    }
}
