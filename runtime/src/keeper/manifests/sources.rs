//! Reading manifests: those that come with the image, the user's folder, and those in `config.yaml` itself.

use super::document::{self, Document, ManifestProblem};
use super::values::values;
use crate::{Paths, Settings};
use os_config::Manifest;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The manifest of what is needed only while there is an `Upgrade`.
const UPGRADE_CONTROLLER: &str = "upgrade-controller";

/// What the files of a set say, as far as they can be read.
#[derive(Debug, Default)]
pub struct Desired {
    /// The documents of all readable files.
    pub documents: Vec<Document>,
    /// What is wrong with the others. While there is anything, nobody knows what else they name, so nothing is pruned.
    pub problems: Vec<ManifestProblem>,
    /// The user's files that stand. Each may have been cut short in copying and be valid all the same; those of the image
    /// are whole, and nobody could mend them.
    pub standing: BTreeSet<String>,
}

/// The manifests that come with the image, filled in; those that are switched off are left out and thereby pruned.
pub fn packaged(settings: &Settings, paths: &Paths) -> Desired {
    let values = values(settings, paths);
    let mut desired = Desired::default();
    for path in files(&paths.packaged_manifests(), &mut desired) {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let idle = stem == UPGRADE_CONTROLLER && !paths.upgrades_exist().exists();
        if idle || !settings.has_component(&stem) {
            continue;
        }
        take(&mut desired, &path, |name, text| {
            document::parse(name, &document::fill(name, &text, &values)?)
        });
    }
    desired
}

/// The user's manifests: those in the folder, and those that stand in `config.yaml` itself.
pub fn user(settings: &Settings, folder: &Path) -> Desired {
    let mut desired = Desired::default();
    let files = files(folder, &mut desired);
    for path in &files {
        desired.standing.insert(name(path));
        take(&mut desired, path, |name, text| {
            document::parse(name, &text)
        });
    }
    let is_there = |name: &String| files.iter().any(|path| path.ends_with(name));
    let missing = settings.fetched_manifests().into_iter();
    let missing = missing.filter(|name| !is_there(name));
    desired.problems.extend(missing.map(|name| {
        let reason = "it is not fetched yet; until it is, nothing is removed from the cluster";
        problem(&name, reason.into())
    }));
    for manifest in &settings.manifests {
        let Manifest::Inline { name, content } = manifest else {
            continue;
        };
        let name = format!("config.yaml, manifest {name}");
        match document::parse(&name, content) {
            Ok(documents) => desired.documents.extend(documents),
            Err(problem) => desired.problems.push(problem),
        }
        desired.standing.insert(name);
    }
    desired
}

/// A file that names nothing was cut short by a power cut or a server sooner than meant.
fn take(
    desired: &mut Desired,
    path: &Path,
    parse: impl Fn(&str, String) -> Result<Vec<Document>, ManifestProblem>,
) {
    let name = name(path);
    let read = fs::read_to_string(path).map_err(|error| problem(&name, error.to_string()));
    match read.and_then(|text| parse(&name, text)) {
        Ok(documents) if documents.is_empty() => desired.problems.push(problem(
            &name,
            "it is empty; remove the file to remove what it made".into(),
        )),
        Ok(documents) => desired.documents.extend(documents),
        Err(problem) => desired.problems.push(problem),
    }
}

/// Manifest files in a folder, by name; also those that only seem to be files, for reading them tells what is wrong.
/// Hidden files are those of editors, not the user's.
fn files(folder: &Path, desired: &mut Desired) -> Vec<PathBuf> {
    let mut told = |error: std::io::Error| {
        let folder = folder.display().to_string();
        desired.problems.push(problem(&folder, error.to_string()));
    };
    let mut files = Vec::new();
    match fs::read_dir(folder) {
        Ok(entries) => {
            for entry in entries {
                match entry {
                    Ok(entry) => files.push(entry.path()),
                    Err(error) => told(error),
                }
            }
        }
        Err(error) => told(error),
    }
    files.retain(|path| is_manifest(path) && path.metadata().map_or(true, |is| is.is_file()));
    files.sort();
    files
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn is_manifest(path: &Path) -> bool {
    let name = name(path);
    let ends = [".yaml", ".yml", ".json"];
    !name.starts_with('.') && ends.iter().any(|end| name.ends_with(end))
}

fn problem(file: &str, reason: String) -> ManifestProblem {
    ManifestProblem {
        file: file.into(),
        index: 0,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::{packaged, user};
    use crate::{Paths, Settings};
    use os_config::Manifest;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    const ONE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n";

    #[test]
    fn the_users_folder() {
        let folder = tempfile::tempdir().expect("temp folder");
        let at = |name: &str| folder.path().join(name);
        for (name, text) in [
            (
                "b.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
            ),
            (
                "a.json",
                "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\"}}",
            ),
            (".b.yaml.swp.yaml", "nothing"),
            ("notes.txt", "nothing"),
        ] {
            fs::write(at(name), text).expect("write");
        }
        fs::create_dir(at("folder.yaml")).expect("folder");
        let mut settings = Settings::named("n", "0.1.0");
        settings.manifests = vec![Manifest::Inline {
            name: "web".parse().expect("a name"),
            content: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: w}\n".into(),
        }];
        let desired = user(&settings, folder.path());
        let names: Vec<_> = desired
            .documents
            .iter()
            .map(|d| d.object.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "w"]);
        assert_eq!(desired.problems, []);
        let standing: Vec<_> = desired.standing.iter().map(String::as_str).collect();
        assert_eq!(standing, ["a.json", "b.yaml", "config.yaml, manifest web"]);
    }

    /// Each of these hides what the user wants, so each must be a problem: only without any is something pruned.
    #[test]
    fn a_picture_that_is_not_whole_is_known() {
        type Harm = fn(&Path);
        let cases: [(&str, Harm, &str); 7] = [
            (
                "a typing error",
                |f| fs::write(f.join("x.yaml"), "kind: [").expect("write"),
                "x.yaml: ",
            ),
            (
                "cut short",
                |f| fs::write(f.join("x.yaml"), "").expect("write"),
                "x.yaml: it is empty; remove the file",
            ),
            (
                "no document",
                |f| fs::write(f.join("x.yaml"), "---\n# later\n---\n").expect("write"),
                "x.yaml: it is empty; remove the file",
            ),
            (
                "a link to nothing",
                |f| symlink("/nowhere", f.join("x.yaml")).expect("link"),
                "x.yaml: No such file",
            ),
            (
                "not text",
                |f| fs::write(f.join("x.yaml"), b"\xff").expect("write"),
                "x.yaml: ",
            ),
            (
                "no folder",
                |f| fs::remove_dir_all(f).expect("remove"),
                "manifests: No such file",
            ),
            (
                "not fetched",
                |_| {},
                "config-app.yaml: it is not fetched yet",
            ),
        ];
        for (case, harm, words) in cases {
            let root = tempfile::tempdir().expect("temp folder");
            let folder = root.path().join("manifests");
            fs::create_dir(&folder).expect("folder");
            fs::write(folder.join("config-a.yaml"), ONE).expect("write");
            let mut settings = Settings::named("n", "0.1.0");
            let fetched = |name: &str| Manifest::Url {
                name: name.parse().expect("a name"),
                url: "https://a.example/x".parse().expect("an address"),
                sha256: None,
            };
            settings.manifests = vec![fetched("a")];
            assert_eq!(user(&settings, &folder).problems, [], "{case}");
            if case == "not fetched" {
                settings.manifests.push(fetched("app"));
            }
            harm(&folder);
            let problems = user(&settings, &folder).problems;
            let told = problems.iter().any(|p| p.to_string().contains(words));
            assert!(told, "{case}: {problems:?}");
        }
    }

    /// The user's own taints must not leave the cluster without names.
    #[test]
    fn what_is_packaged_runs_on_a_tainted_node() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        fs::create_dir_all(root.path().join("usr/lib/holdfast")).expect("folder");
        let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
        symlink(manifests, paths.packaged_manifests()).expect("link");
        let all = packaged(&Settings::named("n", "0.1.0"), &paths);
        assert!(all.standing.is_empty(), "those of the image are whole");
        let tolerations = |d: &crate::keeper::Document| {
            let all = d.content.pointer("/spec/template/spec/tolerations");
            (d.object.kind == "Deployment").then(|| all.map(ToString::to_string))
        };
        let found: Vec<_> = all.documents.iter().filter_map(tolerations).collect();
        let everything = Some("[{\"operator\":\"Exists\"}]".to_owned());
        assert_eq!(found, [everything.clone(), everything]);
    }
}
