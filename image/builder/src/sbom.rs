//! The bill of materials beside an image: every Debian package, Go module and crate in it, as SPDX 2.3.

mod cargo;
mod debian;
mod go;
mod part;

use crate::digest;
use crate::error::{Error, Result};
use crate::packages::Lock;
use crate::program::Program;
use crate::project::Project;
use crate::tree::Tree;
use part::{Part, UNKNOWN};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a bill is made from.
pub(crate) struct Sources<'a> {
    pub(crate) project: &'a Project,
    pub(crate) lock: &'a Lock,
    /// Files of all packages, for their copyright files.
    pub(crate) packages: &'a Tree,
    /// Go programs.
    pub(crate) engine: &'a [PathBuf],
    pub(crate) rust_target: &'a str,
    /// Name of the image.
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    /// Seconds since 1970.
    pub(crate) time: u64,
}

/// The bill as JSON.
pub(crate) fn make(sources: &Sources<'_>) -> Result<Vec<u8>> {
    let mut parts: BTreeSet<Part> = debian::parts(sources.lock, sources.packages)?
        .into_iter()
        .collect();
    for program in sources.engine {
        parts.extend(go_parts(program)?);
    }
    parts.extend(cargo::parts(sources.project, sources.rust_target)?);
    let mut text = serde_json::to_vec_pretty(&document(sources, &parts)?)
        .map_err(Error::format("the bill of materials"))?;
    text.push(b'\n');
    Ok(text)
}

/// The modules of a program in Go.
fn go_parts(program: &Path) -> Result<Vec<Part>> {
    let text = Program::new("go").args(["version", "-m"]).arg(program);
    Ok(go::parts(&text.text()?))
}

/// The version of a Go module that one of the programs has, without the `v`.
pub(crate) fn module_version(programs: &[PathBuf], module: &str) -> Result<String> {
    for program in programs {
        let parts = go_parts(program)?;
        if let Some(part) = parts.iter().find(|part| part.name == module) {
            return Ok(part.version.trim_start_matches('v').to_owned());
        }
    }
    Err(Error::Wrong(format!(
        "none of the engine's programs has the module {module}: remove build/engine, and build again"
    )))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'a str,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: Vec<Package<'a>>,
    relationships: Vec<Relationship>,
}

#[derive(Debug, Serialize)]
struct CreationInfo {
    created: String,
    creators: [String; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Package<'a> {
    #[serde(rename = "SPDXID")]
    id: String,
    name: &'a str,
    version_info: &'a str,
    supplier: String,
    download_location: &'static str,
    files_analyzed: bool,
    license_concluded: &'static str,
    license_declared: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_comments: Option<&'a str>,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum<'a> {
    algorithm: &'static str,
    checksum_value: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef<'a> {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

fn document<'a>(sources: &'a Sources<'_>, parts: &'a BTreeSet<Part>) -> Result<Document<'a>> {
    const IMAGE: &str = "SPDXRef-image";
    let created = i64::try_from(sources.time)
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let created = created
        .ok_or_else(|| Error::Wrong(format!("{} is no time", sources.time)))?
        .to_string();
    let image = Package {
        id: IMAGE.into(),
        name: sources.name,
        version_info: sources.version,
        supplier: "Organization: Holdfast".into(),
        download_location: UNKNOWN,
        files_analyzed: false,
        license_concluded: UNKNOWN,
        license_declared: UNKNOWN,
        license_comments: None,
        copyright_text: UNKNOWN,
        checksums: Vec::new(),
        external_refs: Vec::new(),
    };
    let packages: Vec<Package<'_>> = std::iter::once(image)
        .chain(parts.iter().map(package))
        .collect();
    let related = |id: &str, kind, to: &str| Relationship {
        spdx_element_id: id.into(),
        relationship_type: kind,
        related_spdx_element: to.into(),
    };
    let mut relationships = vec![related("SPDXRef-DOCUMENT", "DESCRIBES", IMAGE)];
    relationships.extend(
        packages
            .iter()
            .skip(1)
            .map(|package| related(IMAGE, "CONTAINS", &package.id)),
    );
    let identity: String = parts
        .iter()
        .map(|part| format!("{}\n", part.purl))
        .collect();
    Ok(Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: "SPDXRef-DOCUMENT",
        name: sources.name,
        document_namespace: format!(
            "https://holdfast.dev/spdx/{}-{}",
            sources.name,
            &digest::of_bytes(identity.as_bytes())[..16]
        ),
        creation_info: CreationInfo {
            created,
            creators: [format!(
                "Tool: holdfast-build-{}",
                env!("CARGO_PKG_VERSION")
            )],
        },
        packages,
        relationships,
    })
}

fn package(part: &Part) -> Package<'_> {
    Package {
        // Names hold characters that SPDX identifiers may not; the digest keeps those apart that would then be alike.
        id: format!(
            "SPDXRef-{}-{}",
            plain(&part.name),
            &digest::of_bytes(part.purl.as_bytes())[..12]
        ),
        name: &part.name,
        version_info: &part.version,
        supplier: part.supplier.clone(),
        download_location: UNKNOWN,
        files_analyzed: false,
        license_concluded: UNKNOWN,
        license_declared: &part.licence,
        license_comments: part.licence_note.as_deref(),
        copyright_text: UNKNOWN,
        checksums: part
            .sha256
            .iter()
            .map(|value| Checksum {
                algorithm: "SHA256",
                checksum_value: value,
            })
            .collect(),
        external_refs: vec![ExternalRef {
            reference_category: "PACKAGE-MANAGER",
            reference_type: "purl",
            reference_locator: &part.purl,
        }],
    }
}

fn plain(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_names_each_part_once_and_ties_it_to_the_image() {
        let part = |name: &str, purl: &str| Part {
            name: name.into(),
            version: "1".into(),
            purl: purl.into(),
            supplier: "Organization: Debian".into(),
            licence: UNKNOWN.into(),
            licence_note: Some("GPL-2+".into()),
            sha256: Some("ab".into()),
        };
        let parts = BTreeSet::from([
            part("a/b", "pkg:golang/a/b@1"),
            part("a-b", "pkg:deb/debian/a-b@1"),
        ]);
        let project =
            Project::find(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).expect("checkout");
        let (lock, packages) = (Lock::default(), Tree::default());
        let sources = Sources {
            project: &project,
            lock: &lock,
            packages: &packages,
            engine: &[],
            rust_target: "x",
            name: "image",
            version: "1.0",
            time: 1_700_000_000,
        };
        let json =
            serde_json::to_value(document(&sources, &parts).expect("document")).expect("json");
        assert_eq!(json["creationInfo"]["created"], "2023-11-14T22:13:20Z");
        let ids: BTreeSet<&str> = json["packages"]
            .as_array()
            .expect("list")
            .iter()
            .filter_map(|p| p["SPDXID"].as_str())
            .collect();
        assert_eq!(ids.len(), 3, "{ids:?}");
        for relation in json["relationships"].as_array().expect("list") {
            let to = relation["relatedSpdxElement"].as_str().expect("text");
            assert!(ids.contains(to), "{to}");
        }
        assert_eq!(json["packages"][1]["licenseComments"], "GPL-2+");
    }
}
