//! Tokens of service accounts in the volumes of pods.
//!
//! The kubelet asks for new ones as the old ones age, by the clock. One that was made while the clock was ahead is not valid
//! before that time comes, and looks young all the while: its pod is `Unauthorized` at everything it asks the API.

use crate::Paths;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fs;
use std::path::{Path, PathBuf};

const PODS: &str = "/var/lib/kubelet/pods";
const PROJECTED: &str = "volumes/kubernetes.io~projected";

/// The tokens that are not valid before `moment`, in seconds since 1970. What is no token is passed over.
pub(super) fn begin_after(paths: &Paths, moment: u64) -> Vec<PathBuf> {
    let is_early = |path: &PathBuf| {
        let begin = fs::read_to_string(path).ok().and_then(|text| begin(&text));
        begin.is_some_and(|begin| begin > moment)
    };
    all(paths).filter(is_early).collect()
}

/// The tokens that the key with this id signed. What is no token is passed over.
pub(crate) fn signed_by(paths: &Paths, key: &str) -> Vec<PathBuf> {
    let of_key = |path: &PathBuf| {
        let signer = fs::read_to_string(path).ok().and_then(|text| signer(&text));
        signer.is_some_and(|signer| signer == key)
    };
    all(paths).filter(of_key).collect()
}

fn all(paths: &Paths) -> impl Iterator<Item = PathBuf> {
    let volumes = entries(&paths.at(PODS))
        .into_iter()
        .flat_map(|pod| entries(&pod.join(PROJECTED)));
    volumes.map(|volume| volume.join("token"))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}

/// When a token begins (RFC 7519, `nbf`).
fn begin(token: &str) -> Option<u64> {
    part(token, 1)?.get("nbf")?.as_u64()
}

/// The id of the key that signed a token (RFC 7515, `kid`).
fn signer(token: &str) -> Option<String> {
    part(token, 0)?.get("kid")?.as_str().map(str::to_owned)
}

fn part(token: &str, number: usize) -> Option<serde_json::Value> {
    let part = token.split('.').nth(number)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// Volumes with tokens, for tests.
#[cfg(test)]
pub(crate) mod samples {
    use super::{PODS, PROJECTED, URL_SAFE_NO_PAD};
    use crate::Paths;
    use base64::Engine as _;
    use std::fs;

    /// Gives `pod` a token that the key with this id signed.
    pub(crate) fn write_signed(paths: &Paths, pod: &str, key: &str) {
        let header = format!(r#"{{"alg":"ES256","kid":"{key}"}}"#);
        let text = format!("{}.e30.c2lnbmVk", URL_SAFE_NO_PAD.encode(header));
        write_text(paths, pod, &text);
    }

    /// Gives `pod` a token that begins at `begin`.
    pub(in crate::keeper) fn write(paths: &Paths, pod: &str, begin: u64) {
        let claims = format!(r#"{{"aud":["x"],"exp":{},"nbf":{begin}}}"#, begin + 3607);
        let text = format!("e30.{}.c2lnbmVk", URL_SAFE_NO_PAD.encode(claims));
        write_text(paths, pod, &text);
    }

    /// Gives `pod` what should be a token.
    pub(in crate::keeper) fn write_text(paths: &Paths, pod: &str, text: &str) {
        let volume = paths
            .at(PODS)
            .join(pod)
            .join(PROJECTED)
            .join("kube-api-access");
        fs::create_dir_all(&volume).expect("folder");
        fs::write(volume.join("token"), text).expect("written");
    }
}

#[cfg(test)]
mod tests {
    use super::{begin_after, samples};
    use crate::Paths;

    #[test]
    fn only_tokens_that_are_not_valid_yet() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        assert!(begin_after(&paths, 0).is_empty(), "no pods");
        samples::write(&paths, "past", 1_000);
        samples::write(&paths, "now", 2_000);
        samples::write(&paths, "future", 2_001);
        for (pod, text) in [
            ("empty", ""),
            ("text", "a.b.c"),
            ("list", "a.W10.c"),
            ("none", "a.e30.c"),
        ] {
            samples::write_text(&paths, pod, text);
        }
        let found = begin_after(&paths, 2_000);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(root.path().join("var/lib/kubelet/pods/future")));
    }
}
