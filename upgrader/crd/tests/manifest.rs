//! The manifest that nodes apply is the one that the types render. `HOLDFAST_BLESS=1` writes it.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it"
)]

use kube::CustomResourceExt;
use serde_json::Value;
use std::path::Path;
use upgrade_crd::{NodeUpgrade, Upgrade};

const HEAD: &str = "# Rendered from the types in upgrader/crd; its test compares, and writes it with HOLDFAST_BLESS=1.\n";

#[test]
fn the_manifest_is_rendered_from_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../runtime/manifests/upgrade-resources.yaml");
    let documents = [Upgrade::crd(), NodeUpgrade::crd()]
        .map(|crd| serde_json::to_value(crd).expect("a resource renders"))
        .map(without_nulls)
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

/// A field that is written and left empty is as if it were not written: the API server takes it away where null is not allowed.
fn without_nulls(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.remove("nullable");
            for field in fields.values_mut() {
                *field = without_nulls(field.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = without_nulls(item.take());
            }
        }
        _ => {}
    }
    value
}
