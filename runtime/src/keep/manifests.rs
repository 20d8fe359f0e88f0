//! The two sets of manifests: those that come with the image, and the user's folder.

use super::apply::{Applier, Wanted, words};
use super::document::{self, ManifestProblem};
use super::folder::{self, Folder};
use super::{Backoff, Keeper};
use crate::names::servers;
use crate::pki::Issued;
use crate::{ClusterSettings, Paths};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What somebody changed in the cluster by hand is put right after this long. Applying what is already so costs the
/// datastore nothing.
const AGAIN: Duration = Duration::from_secs(600);

pub(super) async fn follow_packaged(keeper: &Keeper, client: &kube::Client) {
    let read = || packaged(&keeper.settings, &keeper.paths);
    follow(keeper, client, "packaged", read, &keeper.paths.run()).await;
}

pub(super) async fn follow_user(keeper: &Keeper, client: &kube::Client) {
    let folder = keeper.paths.user_manifests();
    let read = || user(&keeper.settings, &folder);
    follow(keeper, client, "user", read, &folder).await;
}

/// Applies a set, and again when its folder changes, after a failure, and now and then.
async fn follow(
    keeper: &Keeper,
    client: &kube::Client,
    set: &str,
    read: impl Fn() -> Wanted,
    watched: &Path,
) {
    let mut applier = Applier::new(client.clone());
    let mut backoff = Backoff::new();
    let mut folder = Folder::watch(watched).ok();
    loop {
        let problems = match applier.bring_in_line(set, read()).await {
            Ok(problems) => problems,
            Err(error) => vec![ManifestProblem {
                file: format!("the {set} manifests"),
                index: 0,
                reason: words(&error),
            }],
        };
        let pause = if problems.is_empty() {
            backoff.reset();
            AGAIN
        } else {
            backoff.pause()
        };
        // The cluster's first seconds bring errors that pass by themselves.
        if problems.is_empty() || pause > Duration::from_secs(5) {
            keeper.report.manifests(set, &problems);
        }
        tokio::select! {
            () = folder::changed(&mut folder) => backoff.reset(),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The manifests that come with the image, filled in; those that are switched off are left out and thereby pruned.
pub fn packaged(settings: &ClusterSettings, paths: &Paths) -> Wanted {
    let values = values(settings, paths);
    let mut wanted = Wanted::default();
    for path in files(&paths.packaged_manifests(), &mut wanted) {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if settings.components_off.contains(&stem) {
            continue;
        }
        take(&mut wanted, &path, |name, text| {
            document::parse(name, &document::fill(name, &text, &values)?)
        });
    }
    wanted
}

/// The user's manifests: those in the folder, and those that stand in `config.yaml` itself.
pub fn user(settings: &ClusterSettings, folder: &Path) -> Wanted {
    let mut wanted = Wanted::default();
    for path in files(folder, &mut wanted) {
        take(&mut wanted, &path, |name, text| {
            document::parse(name, &text)
        });
    }
    for manifest in &settings.manifests {
        let name = format!("config.yaml, manifest {}", manifest.name);
        match document::parse(&name, &manifest.content) {
            Ok(documents) => wanted.documents.extend(documents),
            Err(problem) => wanted.problems.push(problem),
        }
    }
    wanted
}

fn take(
    wanted: &mut Wanted,
    path: &Path,
    parse: impl Fn(&str, String) -> Result<Vec<document::Document>, ManifestProblem>,
) {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let read = fs::read_to_string(path).map_err(|error| ManifestProblem {
        file: name.clone(),
        index: 0,
        reason: error.to_string(),
    });
    match read.and_then(|text| parse(&name, text)) {
        Ok(documents) => wanted.documents.extend(documents),
        Err(problem) => wanted.problems.push(problem),
    }
}

/// Manifest files in a folder, by name. Hidden files are those of editors, not the user's.
fn files(folder: &Path, wanted: &mut Wanted) -> Vec<PathBuf> {
    let list = || -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let hidden = path
                .file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with('.'));
            let manifest = path
                .extension()
                .is_some_and(|e| e == "yaml" || e == "yml" || e == "json");
            if manifest && !hidden && path.is_file() {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    };
    list().unwrap_or_else(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            wanted.problems.push(ManifestProblem {
                file: folder.display().to_string(),
                index: 0,
                reason: error.to_string(),
            });
        }
        Vec::new()
    })
}

fn values(settings: &ClusterSettings, paths: &Paths) -> BTreeMap<&'static str, String> {
    let encode = |path: PathBuf| STANDARD.encode(fs::read(path).unwrap_or_default());
    let metrics =
        Issued::split(&fs::read_to_string(paths.leaf("metrics-server")).unwrap_or_default());
    let resolv = fs::read_to_string(paths.name_servers()).unwrap_or_default();
    BTreeMap::from([
        ("system_image", settings.system_image()),
        ("domain", settings.network.domain.clone()),
        ("dns_address", settings.network.dns_address().to_string()),
        ("forward", forward(&resolv)),
        ("ca_bundle", encode(paths.pki().join("ca.crt"))),
        ("metrics_certificate", STANDARD.encode(metrics.certificate)),
        ("metrics_key", STANDARD.encode(metrics.key)),
    ])
}

/// Where CoreDNS asks for names outside the cluster: the machine's own servers. Without any, a port where nobody answers:
/// such names fail at once, and CoreDNS starts, which it would not without a server.
fn forward(resolv: &str) -> String {
    let servers: Vec<String> = servers(resolv).iter().map(ToString::to_string).collect();
    if servers.is_empty() {
        "forward . 127.0.0.1:1 {\n          max_fails 0\n        }".into()
    } else {
        format!("forward . {}", servers.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::{forward, user};
    use crate::{ClusterSettings, InlineManifest};
    use std::fs;

    #[test]
    fn upstream_names() {
        assert_eq!(
            forward("nameserver 1.1.1.1\nnameserver 2001:db8::1\n"),
            "forward . 1.1.1.1 2001:db8::1"
        );
        assert!(forward("").starts_with("forward . 127.0.0.1:1 {"));
    }

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
            ("c.yml", "kind: ["),
            (".b.yaml.swp.yaml", "nothing"),
            ("notes.txt", "nothing"),
        ] {
            fs::write(at(name), text).expect("write");
        }
        let mut settings = ClusterSettings::named("n", "0.1.0");
        settings.manifests = vec![InlineManifest {
            name: "web".into(),
            content: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: w}\n".into(),
        }];
        let wanted = user(&settings, folder.path());
        let names: Vec<_> = wanted
            .documents
            .iter()
            .map(|d| d.object.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "w"]);
        assert_eq!(
            wanted
                .problems
                .iter()
                .map(|p| p.file.as_str())
                .collect::<Vec<_>>(),
            ["c.yml"]
        );
        assert!(user(&settings, &at("missing")).problems.is_empty());
    }
}
