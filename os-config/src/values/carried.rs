//! Manifests and images that a configuration carries or names.

use super::text::{Invalid, quoted, text_value};
use crate::tree::yaml;

/// A manifest: YAML, one document or several.
#[derive(Debug)]
pub(crate) enum ManifestText {}
text_value! {
    ManifestText => String, manifest,
    const PATTERN: &str = r"[^ \t\r\n]";
}

/// The absolute path of a file on the node.
#[derive(Debug)]
pub(crate) enum FilePath {}
text_value! {
    FilePath => String, absolute,
    const PATTERN: &str = r"^/[^\x00-\x1f\x7f-\x9f]*[^/\x00-\x1f\x7f-\x9f]$";
}

/// The manifest itself must be YAML; what it means is the API server's to judge.
fn manifest(content: &str) -> Result<String, Invalid> {
    if content.trim().is_empty() {
        return Err(Invalid::new(
            "the manifest is empty",
            "write it, or remove the entry",
        ));
    }
    match yaml::readable(content) {
        Ok(()) => Ok(content.to_owned()),
        Err((line, complaint, help)) => Err(Invalid::new(
            format!("the manifest is not YAML: line {line}: {complaint}"),
            help,
        )),
    }
}

fn absolute(path: &str) -> Result<String, Invalid> {
    let plain = path.starts_with('/') && !path.chars().any(char::is_control);
    if plain && !path.split('/').any(|part| part == "..") && !path.ends_with('/') {
        Ok(path.to_owned())
    } else {
        Err(Invalid::new(
            format!("{} is not the absolute path of a file", quoted(path)),
            "write it like /var/lib/images/my-app.tar",
        ))
    }
}
