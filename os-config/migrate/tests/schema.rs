//! Editors take what is made, by a JSON Schema validator that is not ours.

#[path = "../../tests/schema/judge.rs"]
mod judge;

use std::path::Path;

use migrate::migrate;

#[test]
fn every_result_is_taken_by_the_schema() {
    let validator = judge::validator();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/k3os");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("tests/k3os is there") {
        let path = entry.expect("an entry can be read").path();
        if path.extension().is_none_or(|kind| kind != "yaml") {
            continue;
        }
        let text = std::fs::read(&path).expect("a sample can be read");
        if let Ok(done) = migrate("k3os.yaml", &text) {
            let json = judge::json_of(done.yaml.as_bytes()).expect("what is made is YAML");
            let complaints = judge::complaints(&validator, &json);
            assert!(complaints.is_empty(), "{}: {complaints:#?}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 16, "only {seen} results");
}
