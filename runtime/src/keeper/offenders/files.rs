//! Pods that make files until no more can be made.
//!
//! Neither the kernel nor a quota counts a pod's files. While the disk's files become more, or few are left, those in the pods'
//! volumes of type `emptyDir` are counted here, as far as it matters. The kubelet counts all, about once a minute or slower, and then
//! may have ended the pod before anybody knew why; it is asked where that finds nobody.

use super::count::{self, Pod};
use crate::Paths;
use init_api::Millis;
use kube::{Client, Error};
use serde::Deserialize;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Where pods have their files.
const FOLDER: &str = "/var/lib/kubelet";
/// Of each pod, below `pods/UID` there. Other volumes may be on a server that does not answer.
const VOLUMES: &str = "volumes/kubernetes.io~empty-dir";
/// So many files of one pod are none of others' business.
const MANY: u64 = 20_000;
/// Of one pod, so that counting takes no time that matters.
const COUNTED: u64 = 200_000;
/// Files that become more by [`MANY`] within this are many at once.
const QUICKLY: Millis = Millis::seconds(300);
/// Of all files that there can be, in percent: fewer left are few.
const FEW: u64 = 15;
/// What the kubelet says may be a minute old, and it is not asked for longer than two in vain.
const ASKED: Millis = Millis::seconds(120);

/// How many files there are on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Files {
    used: u64,
    all: u64,
}

impl Files {
    /// As the file system says now; none when it does not count them.
    pub(super) fn now(paths: &Paths) -> Option<Self> {
        let said = rustix::fs::statvfs(paths.at(FOLDER)).ok()?;
        let (all, free) = (said.f_files, said.f_ffree);
        (all > 0).then(|| Self {
            used: all.saturating_sub(free),
            all,
        })
    }

    fn few_left(self) -> bool {
        (self.all - self.used.min(self.all)).saturating_mul(100) < self.all.saturating_mul(FEW)
    }
}

/// The pod with most files in its volumes, if they are many.
pub(super) fn most_here(paths: &Paths) -> Option<(Pod, u64)> {
    let pods = count::pods(paths).into_values().map(|(pod, _)| pod);
    let counted = pods.filter_map(|pod| {
        let folder = paths.at(FOLDER).join("pods").join(&pod.uid).join(VOLUMES);
        // One that goes away meanwhile has none any more.
        let count = count_in(&folder, COUNTED).ok()?;
        Some((pod, count))
    });
    counted
        .filter(|(_, count)| *count >= MANY)
        .max_by_key(|(_, count)| *count)
}

/// How many files are in a folder and below it, on its disk; so many at most are counted.
fn count_in(folder: &Path, most: u64) -> io::Result<u64> {
    let disk = fs::metadata(folder)?.dev();
    let (mut count, mut folders) = (0, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            count += 1;
            if count >= most {
                return Ok(count);
            }
            if entry.file_type()?.is_dir() && entry.metadata()?.dev() == disk {
                folders.push(entry.path());
            }
        }
    }
    Ok(count)
}

/// How the number of files changes.
#[derive(Debug, Default)]
pub(super) struct Growth {
    since: Option<(Millis, u64)>,
    asked_since: Option<Millis>,
    /// That few are left is known for a while.
    answered: Option<Millis>,
}

impl Growth {
    /// Whether it should be found out whose the files are.
    pub(super) fn is_suspicious(&mut self, now: Millis, files: Files) -> bool {
        let (at, before) = *self.since.get_or_insert((now, files.used));
        let grew = files.used >= before.saturating_add(MANY);
        if !grew && now.since(at) >= QUICKLY || files.used < before {
            self.since = Some((now, files.used));
        }
        let known = self.answered.is_some_and(|at| now.since(at) < QUICKLY);
        if !grew && (known || !files.few_left()) {
            self.asked_since = None;
            return false;
        }
        let asked = *self.asked_since.get_or_insert(now);
        if now.since(asked) < ASKED {
            return true;
        }
        // Nobody's: images have files, too.
        self.answered(now, files);
        false
    }

    /// Somebody was named, or nobody can be: only what comes now counts.
    pub(super) fn answered(&mut self, now: Millis, files: Files) {
        *self = Self {
            since: Some((now, files.used)),
            asked_since: None,
            answered: Some(now),
        };
    }
}

/// The answer of the kubelet, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Summary {
    #[serde(default)]
    pods: Vec<OfPod>,
}

#[derive(Debug, Deserialize)]
struct OfPod {
    #[serde(rename = "podRef")]
    pod: Reference,
    #[serde(rename = "ephemeral-storage", default)]
    disk: Option<Disk>,
}

#[derive(Debug, Deserialize)]
struct Reference {
    name: String,
    namespace: String,
    uid: String,
}

#[derive(Debug, Deserialize)]
struct Disk {
    #[serde(rename = "inodesUsed", default)]
    files: Option<u64>,
}

/// The pod with most files and how many, if these are many.
pub(super) async fn most(client: &Client, node: &str) -> Result<Option<(Pod, u64)>, Error> {
    let path = format!("/api/v1/nodes/{node}/proxy/stats/summary");
    let request = http::Request::get(path).body(Vec::new());
    let request = request.map_err(Error::HttpError)?;
    Ok(most_of(client.request::<Summary>(request).await?))
}

fn most_of(summary: Summary) -> Option<(Pod, u64)> {
    let counted = summary.pods.into_iter().filter_map(|one| {
        let Reference {
            name,
            namespace,
            uid,
        } = one.pod;
        let pod = Pod {
            namespace,
            name,
            uid,
        };
        Some((pod, one.disk?.files?))
    });
    counted
        .max_by_key(|(_, files)| *files)
        .filter(|(_, files)| *files >= MANY)
}

#[cfg(test)]
mod tests {
    use super::{Files, Growth, MANY, count_in, most_of};
    use init_api::Millis;
    use serde_json::json;
    use std::fs;

    fn files(used: u64) -> Files {
        Files { used, all: 400_000 }
    }

    #[test]
    fn the_kubelet_is_asked_while_files_become_many_or_few_are_left() {
        // Seconds and files of each look, and whether it is asked then.
        for (case, looks) in [
            (
                "quiet",
                &[(0, 1000, false), (10, 1000, false), (600, 20_500, false)][..],
            ),
            (
                "slow",
                &[
                    (0, 0, false),
                    (290, 15_000, false),
                    (310, 16_000, false),
                    (600, 30_000, false),
                ],
            ),
            (
                "quick",
                &[(0, 1000, false), (10, 21_000, true), (100, 40_000, true)],
            ),
            (
                "an image, and then no more",
                &[
                    (0, 0, false),
                    (10, 30_000, true),
                    (120, 30_000, true),
                    (130, 30_000, false),
                    (140, 30_000, false),
                ],
            ),
            (
                "few left, and nobody has many",
                &[
                    (0, 350_000, true),
                    (120, 350_000, false),
                    (130, 350_000, false),
                    (420, 350_000, true),
                ],
            ),
            (
                "removed again",
                &[(0, 300_000, false), (10, 100, false), (20, 20_100, true)],
            ),
        ] {
            let mut growth = Growth::default();
            for (at, used, asked) in looks {
                let now = Millis::seconds(*at);
                let is = growth.is_suspicious(now, files(*used));
                assert_eq!(is, *asked, "{case}: after {at} s");
            }
        }
    }

    #[test]
    fn files_of_a_pod_are_counted_as_far_as_it_matters() {
        let root = tempfile::tempdir().expect("folder");
        let folder = root.path().join("scratch/deep");
        fs::create_dir_all(&folder).expect("folder");
        for number in 0..3 {
            fs::write(folder.join(number.to_string()), "").expect("written");
        }
        // Two folders, and three files.
        assert_eq!(count_in(root.path(), 9).expect("read"), 5);
        assert_eq!(count_in(root.path(), 4).expect("read"), 4);
        count_in(&root.path().join("gone"), 1).expect_err("no such folder");
    }

    #[test]
    fn whoever_was_named_has_to_make_many_more() {
        let mut growth = Growth::default();
        let at = Millis::seconds;
        assert!(!growth.is_suspicious(at(0), files(0)));
        assert!(growth.is_suspicious(at(10), files(MANY)));
        growth.answered(at(10), files(MANY));
        assert!(!growth.is_suspicious(at(20), files(2 * MANY - 1)));
        assert!(growth.is_suspicious(at(30), files(2 * MANY)));
    }

    #[test]
    fn the_pod_with_most_files_is_found() {
        let pod = |name: &str, files: u64| {
            json!({
                "podRef": { "name": name, "namespace": "n", "uid": "u" },
                "ephemeral-storage": { "inodesUsed": files, "usedBytes": 1 },
            })
        };
        let silent = json!({ "podRef": { "name": "silent", "namespace": "n", "uid": "u" } });
        for (pods, expected) in [
            (json!([]), None),
            (json!([pod("few", MANY - 1), silent]), None),
            (
                json!([pod("many", MANY), pod("most", MANY + 1), silent]),
                Some("n/most"),
            ),
        ] {
            let all = json!({ "node": { "nodeName": "edge" }, "pods": pods });
            let found = most_of(serde_json::from_value(all).expect("a summary"));
            assert_eq!(found.map(|(pod, _)| pod.to_string()).as_deref(), expected);
        }
    }
}
