//! Plans of the system-upgrade-controller, made into Upgrades.
//!
//! `tests/plans/NAME.yaml` is the input, `NAME.out.yaml` the result, `NAME.notes` what is said about it.
//! `HOLDFAST_BLESS=1` writes the results anew: read the difference before you commit it.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]

mod golden;

use std::path::Path;

use golden::{compare, damaged, notes, samples};
use jsonschema::Validator;
use migrate::{Made, Migration, migrate};
use os_config::{Sources, load};
use proptest::prelude::{prop_assert, proptest};
use serde_json::Value as Json;
use upgrade_crd::UpgradeSpec;

/// What nodes apply, and the API server judges by: the schema of an Upgrade's specification.
fn schema() -> Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../runtime/manifests/upgrade-resources.yaml");
    let text = std::fs::read_to_string(path).expect("the resources are there");
    let resources: Vec<Json> = serde_saphyr::from_multiple(&text).expect("they are YAML");
    let versions = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    let schema = resources
        .iter()
        .find(|resource| resource["spec"]["names"]["kind"] == "Upgrade")
        .and_then(|resource| resource.pointer(versions));
    jsonschema::draft202012::new(schema.expect("there is Upgrade")).expect("it is a schema")
}

/// The places that the schema complains of.
fn complaints(schema: &Validator, spec: &Json) -> Vec<String> {
    let errors = schema.iter_errors(spec);
    errors
        .map(|error| error.instance_path().to_string())
        .collect()
}

/// Everything that is promised of manifests; what is wrong if a promise is broken.
fn judge(schema: &Validator, done: &Migration, count: usize) -> Result<(), String> {
    let wrong = |what: String| Err(format!("{what}\n{}", done.yaml));
    let manifests: Vec<Json> = match serde_saphyr::from_multiple(&done.yaml) {
        Ok(manifests) => manifests,
        Err(error) => return wrong(format!("no YAML: {error}")),
    };
    if manifests.len() != count {
        return wrong(format!("{} manifests, not {count}", manifests.len()));
    }
    for manifest in manifests {
        let mut spec = manifest["spec"].clone();
        if manifest["kind"] != "Upgrade" || !manifest["metadata"]["name"].is_string() {
            return wrong("no Upgrade, or one without a name".to_owned());
        }
        if let Err(error) = serde_json::from_value::<UpgradeSpec>(spec.clone()) {
            return wrong(format!("it does not fit the type: {error}"));
        }
        // What a person has to fill in is refused, and it is all that is.
        let mut refused = complaints(schema, &spec);
        refused.sort();
        if refused != ["/channel", "/source/url"] {
            return wrong(format!("the API server complains of {refused:?}"));
        }
        spec["channel"] = "stable".into();
        spec["source"]["url"] = "https://releases.example.com/holdfast".into();
        let refused = complaints(schema, &spec);
        if !refused.is_empty() {
            return wrong(format!(
                "filled in, the API server complains of {refused:?}"
            ));
        }
    }
    Ok(())
}

#[test]
fn every_sample_is_made_as_written_down_and_fits_the_type() {
    let schema = schema();
    let mut wrong = Vec::new();
    for sample in samples("tests/plans", 8) {
        let name = sample.display();
        let text = std::fs::read(&sample).expect("the sample can be read");
        let done = migrate("plan.yaml", &text).unwrap_or_else(|report| panic!("{name}: {report}"));
        let Made::Upgrades(count) = done.made else {
            panic!("{name} is taken for a configuration");
        };
        compare(&sample.with_extension("out.yaml"), &done.yaml, &mut wrong);
        compare(&sample.with_extension("notes"), &notes(&done), &mut wrong);
        if let Err(problem) = judge(&schema, &done, count) {
            panic!("{name}: {problem}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is no Plan is neither a configuration.
#[test]
fn what_only_looks_like_a_plan_is_refused() {
    for text in [
        "apiVersion: upgrade.cattle.io/v1\nkind: Plans\n",
        "apiVersion: plan.upgrade.cattle.io/v1\nkind: Plan\n",
    ] {
        let report = migrate("plan.yaml", text.as_bytes()).expect_err(text);
        let message = &report.problems()[0].message;
        assert!(message.contains("an object of Kubernetes"), "{report}");
    }
}

const PLAN: &str = "apiVersion: upgrade.cattle.io/v1\nkind: Plan\n";

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let mixed = "here is something that is no Kubernetes object, in a file with Plans";
    let cases = [
        (
            format!("{PLAN}spec: {{window: {{days: [mon\n"),
            3,
            "a `[` is opened and not closed",
        ),
        (
            format!("{PLAN}spec:\n  concurrency: 1\n drain: {{}}\n"),
            5,
            "",
        ),
        (format!("{PLAN}spec: \"soon\n"), 4, ""),
        (
            format!("{PLAN}---\n{PLAN}spec: [\n"),
            6,
            "a `[` is opened and not closed",
        ),
        (format!("hostname: shop\n---\n{PLAN}"), 1, mixed),
        (format!("{PLAN}---\nhostname: shop\n"), 4, mixed),
        (format!("{PLAN}---\n- a list\n"), 4, mixed),
        (format!("{PLAN}---\njust text\n"), 4, mixed),
        (
            format!("{PLAN}---\nkind: [Plan]\napiVersion: v1\n"),
            4,
            mixed,
        ),
        (
            format!("#!/bin/sh\n{PLAN}"),
            1,
            "this is a script, not a configuration",
        ),
        (
            format!("{PLAN}spec: {{a: &a [*a]}}\n"),
            3,
            "this alias is inside the value that it repeats",
        ),
    ];
    for (text, line, want) in cases {
        let report = migrate("plan.yaml", text.as_bytes()).expect_err(&text);
        let problem = &report.problems()[0];
        assert!(problem.message.contains(want), "{text}: {report}");
        assert_eq!(problem.line, line, "{text}: {report}");
    }
}

/// A k3OS configuration stays one, whatever it says of Plans.
#[test]
fn a_configuration_stays_one() {
    let cases = [
        "k3os: {labels: {plan.upgrade.cattle.io/k3os-latest: enabled}}\n",
        "hostname: shop # upgrade.cattle.io\n---\n{ no yaml\n",
        "apiVersion: upgrade.cattle.io/v1\nhostname: shop\n",
    ];
    for text in cases {
        let done =
            migrate("k3os.yaml", text.as_bytes()).unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(done.made, Made::Configuration, "{text}");
    }
}

#[test]
fn what_aliases_make_too_large_is_refused() {
    let large = "x".repeat(100_000);
    let many = "*large, ".repeat(20);
    let text = format!(
        "{PLAN}spec:\n  upgrade: &large {large}\n  nodeSelector: {{matchExpressions: [{{key: a, operator: In, values: [{many}]}}]}}\n"
    );
    let report = migrate("plan.yaml", text.as_bytes()).expect_err("2 MB");
    let message = &report.problems()[0].message;
    assert!(message.contains("too large"), "{report}");
}

proptest! {
    #[test]
    fn what_becomes_of_a_damaged_sample_is_sound(text in damaged("tests/plans")) {
        if let Ok(done) = migrate("plan.yaml", text.as_bytes()) {
            match done.made {
                Made::Configuration => {
                    let loaded = load(&Sources::one("config.yaml", done.yaml.as_str()));
                    prop_assert!(loaded.is_ok(), "{}", done.yaml);
                }
                Made::Upgrades(count) => {
                    let judged = SCHEMA.with(|schema| judge(schema, &done, count));
                    prop_assert!(judged.is_ok(), "{}", judged.unwrap_err());
                }
            }
        }
    }
}

thread_local! {
    static SCHEMA: Validator = schema();
}
