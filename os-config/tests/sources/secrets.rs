//! No secret is shown.

use os_config::diff;

use super::{FULL, one};

#[test]
fn no_secret_is_shown() {
    let all = one(FULL);
    let none = one("version: 1\n");
    let same_shape = one(&FULL.replace("SECRET", "TERCES"));
    let mut shown = all.redacted_yaml();
    for changes in [
        diff(&none, &all),
        diff(&all, &none),
        diff(&same_shape, &all),
    ] {
        assert!(!changes.is_empty());
        changes
            .iter()
            .for_each(|change| shown.push_str(&change.to_string()));
    }
    let schema: serde_json::Value =
        serde_json::from_str(&os_config::schema_json()).expect("the schema is JSON");
    let keys = schema["properties"]
        .as_object()
        .expect("the schema has keys")
        .keys();
    let deep = [
        "manifests[2].content",
        "write_files[1].content",
        "network.wifi[0].passphrase",
        "network.proxy.http",
    ];
    for key in keys.map(String::as_str).chain(deep) {
        let explanation = all.explain(key).unwrap_or_else(|error| panic!("{error}"));
        shown.push_str(&explanation.to_string());
    }
    for secret in ["SECRET", "PRIVATE KEY", "TUlJ\n-----END PRIVATE"] {
        let at = shown.find(secret);
        assert!(FULL.contains(secret) || secret.contains('\n'));
        assert_eq!(at.map(|at| &shown[at.saturating_sub(200)..at + 20]), None);
    }
    let debug = format!("{:?}", all.config());
    for secret in [
        "SECRET-password",
        "SECRET-wifi",
        "SECRET-registry",
        "SECRET-proxy",
        "PRIVATE KEY",
    ] {
        assert!(!debug.contains(secret), "{secret} in {debug}");
    }
    assert!(all.secret_yaml().contains("SECRET-wifi"));
}

#[test]
fn secrets_by_their_names_and_in_manifests_are_not_shown() {
    let names = [
        "DB_PASS",
        "MYSQL_PWD",
        "GITHUB_PAT",
        "SMTP_CREDENTIALS",
        "AWS_ACCESS_KEY_ID",
        "WIFI_PSK",
        "API_TOKEN",
    ];
    let environment: String = names
        .iter()
        .map(|name| format!("  {name}: sekret\n"))
        .collect();
    let text = format!(
        "version: 1\nenvironment:\n{environment}  COMPASS: north\n  PATH: /bin\nmanifests:\n\
         - {{name: a.yaml, content: '{{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"data\": {{\"a\": \"sekret\"}}}}'}}\n\
         - name: b.yaml\n  content: |\n    'kind': \"Secret\"\n    data: {{a: sekret}}\n\
         - {{name: c.yaml, content: \"kind:\\tSecret\\ndata: {{a: sekret}}\\n\"}}\n\
         - {{name: d.yaml, content: 'kind: Namespace'}}\n"
    );
    let all = one(&text);
    let mut shown = all.redacted_yaml();
    for key in ["environment", "manifests"] {
        shown.push_str(&all.explain(key).expect("a key").to_string());
    }
    assert!(!shown.contains("sekret"), "{shown}");
    for harmless in ["north", "/bin", "kind: Namespace"] {
        assert!(shown.contains(harmless), "{harmless}\n{shown}");
    }
}
