//! Reads a configuration and prints what came of it.
fn main() {
    let path = std::env::args().nth(1).unwrap_or_default();
    let text = std::fs::read(&path).unwrap_or_default();
    match os_config::load(&os_config::Sources::one(path, text)) {
        Ok(loaded) => println!(
            "{}\n---\n{}",
            loaded.redacted_yaml(),
            serde_json::to_string_pretty(loaded.config()).unwrap_or_default()
        ),
        Err(report) => println!("{report}"),
    }
}
