//! The secrets of a node, which must not be in its bundle; and its configuration without them.

use super::found::Found;
use init_api::{BootRecord, Millis, Problem, Root, paths};
use node_setup::change;
use node_setup::{ConfigPartition, Media, NodeMedia, Stick};
use os_config::{Blotter, Source, SourceName};
use std::fs;

/// What must not be shown, and the texts it is from.
#[derive(Debug)]
pub(super) struct Secrets {
    blotter: Blotter,
    /// With the name of each in the bundle.
    sources: Vec<(String, Source)>,
    /// The configuration in force, or why there is none.
    in_force: Result<String, String>,
}

/// Secrets of every text that is configuration, or was: a log may still name an old password.
pub(super) fn of_the_node(root: &Root) -> Secrets {
    let mut here = FilesOf(root);
    let mut node = NodeMedia;
    let media: &mut dyn Media = if *root == Root::default() {
        &mut node
    } else {
        &mut here
    };
    let now = change::texts(root, media);
    let numbered = now.as_slice().iter().enumerate();
    let mut sources: Vec<(String, Source)> = numbered
        .map(|(at, source)| {
            let name = format!("source-{}-{}", at + 1, source.name).replace(' ', "-");
            (name.to_lowercase(), source.clone())
        })
        .collect();
    sources.extend(former(root));
    let mut blotter = Blotter::default();
    for (_, source) in &sources {
        blotter.add(source);
    }
    for secret in keys_of_the_cluster(root) {
        blotter.add_secret(&secret);
    }
    let in_force = change::current(root, media)
        .map(|loaded| loaded.redacted_yaml())
        .map_err(|Problem { title, text, .. }| format!("{title}: {text}"));
    Secrets {
        blotter,
        sources,
        in_force,
    }
}

impl Secrets {
    /// A text as it may be shown.
    pub(super) fn blot(&self, text: &str) -> String {
        self.blotter.blot(text)
    }

    /// What is in force, and the texts it is made of, in the bundle's folder `name`.
    pub(super) fn configuration(&self, name: &str) -> Vec<Found> {
        let in_force = Found::new(format!("{name}/in-force.yaml"), self.in_force.clone());
        let texts = self.sources.iter().map(|(file, source)| {
            let text = format!("# {}\n{}", source.origin, self.blotter.source(source));
            Found::new(format!("{name}/{file}"), Ok(text))
        });
        std::iter::once(in_force).chain(texts).collect()
    }
}

/// The copies that are kept on state.
fn former(root: &Root) -> Vec<(String, Source)> {
    let state = root.path(paths::CONFIG_STATE);
    let folders = [(state.join("last-good"), "last-good-"), (state, "")];
    let mut all = Vec::new();
    for (folder, prefix) in folders {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
        files.sort();
        for path in files {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let (true, Ok(text)) = (name.ends_with(".yaml"), fs::read(&path)) {
                let origin = path.display().to_string();
                let source = Source::new(SourceName::ConfigPartition, origin, text);
                all.push((format!("{prefix}{name}"), source));
            }
        }
    }
    all
}

/// The keys that Secrets are encrypted with in the datastore.
fn keys_of_the_cluster(root: &Root) -> Vec<String> {
    let file = root.path(paths::CLUSTER).join("encryption.yaml");
    let text = fs::read_to_string(file).unwrap_or_default();
    let words = text.split(|c: char| c.is_whitespace() || "\"',{}".contains(c));
    let long = words.filter(|word| word.len() >= 32);
    long.map(str::to_owned).collect()
}

/// A node as files, for tests: no disk is mounted and no stick is looked for.
struct FilesOf<'a>(&'a Root);

impl Media for FilesOf<'_> {
    fn config_partition(&mut self, _: Option<&BootRecord>) -> Result<ConfigPartition, Problem> {
        Ok(ConfigPartition {
            directory: self.0.path(node_setup::CONFIG_MOUNT),
            pluggable: false,
            notes: Vec::new(),
        })
    }

    fn settle(&mut self, _: Option<Millis>) {}

    fn sticks(&mut self) -> Vec<Stick> {
        Vec::new()
    }

    fn stick_devices(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn awaited_sticks(&mut self, _: usize) -> Vec<Stick> {
        Vec::new()
    }
}
