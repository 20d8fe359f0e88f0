//! The manifest that nodes apply is the one that the types render. `HOLDFAST_BLESS=1` writes it.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it"
)]

use kube::CustomResourceExt;
use std::path::Path;
use upgrade_crd::{NodeUpgrade, Upgrade};

const HEAD: &str = "# Rendered from the types in upgrader/crd; its test compares, and writes it with HOLDFAST_BLESS=1.\n";

#[test]
fn the_manifest_is_rendered_from_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../runtime/manifests/upgrade-resources.yaml");
    let documents = [Upgrade::crd(), NodeUpgrade::crd()]
        .map(|crd| serde_saphyr::to_string(&crd).expect("a resource renders"));
    let rendered = format!("{HEAD}{}", documents.join("---\n"));
    if std::env::var_os("HOLDFAST_BLESS").is_some() {
        std::fs::write(&path, &rendered).expect("the manifest can be written");
    }
    let kept = std::fs::read_to_string(&path).expect("the manifest is there");
    assert!(
        kept == rendered,
        "runtime/manifests/upgrade-resources.yaml differs from the types:\n{}",
        similar::TextDiff::from_lines(&kept, &rendered).unified_diff()
    );
}
