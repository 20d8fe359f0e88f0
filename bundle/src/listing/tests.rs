use super::Listing;

const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn with_file(path: &str, sha256: &str) -> String {
    format!(
        r#"{{"format":1,"name":"stores","made":"2026-10-01T00:00:00Z","images":[],"files":{{"{path}":{{"size":0,"sha256":"{sha256}"}}}}}}"#
    )
}

#[test]
fn what_is_a_listing_and_what_is_not() {
    let named = |name: &str| with_file("manifests/a.yaml", DIGEST).replace("stores", name);
    let good = with_file("manifests/a.yaml", DIGEST);
    let cases: Vec<(String, Option<&str>)> = vec![
        (good.clone(), None),
        (
            with_file(&format!("images/blobs/sha256/{DIGEST}"), DIGEST),
            None,
        ),
        (with_file("images/oci-layout", DIGEST), None),
        (
            good.replace("\"format\":1", "\"format\":3"),
            Some("made by a later release"),
        ),
        (good.replace("\"format\":1", "\"format\":2"), None),
        (
            good.replace("\"files\"", "\"platforms\":[\"amd64\",\"arm64\"],\"files\""),
            None,
        ),
        (
            good.replace("\"files\"", "\"platforms\":[\"am d64\"],\"files\""),
            Some("is no name of an architecture"),
        ),
        (
            good.replace("\"files\"", "\"platforms\":[\"\"],\"files\""),
            Some("is no name of an architecture"),
        ),
        (
            good.replace("\"format\":1", "\"format\":0"),
            Some("it has format 0"),
        ),
        (
            good.replace("\"name\"", "\"nam\""),
            Some("missing field `name`"),
        ),
        (
            good.replace("\"size\":0", "\"size\":-1"),
            Some("invalid value"),
        ),
        ("{".to_owned(), Some("EOF")),
        (named(""), Some("is no name")),
        (named("-a"), Some("is no name")),
        (named("Stores"), Some("is no name")),
        (named("a/../b"), Some("is no name")),
        (with_file("manifests", DIGEST), Some("is no path")),
        (with_file("manifests/", DIGEST), Some("is no path")),
        (
            with_file("manifests/../../etc/passwd", DIGEST),
            Some("is no path"),
        ),
        (with_file("/etc/passwd", DIGEST), Some("is no path")),
        (with_file("manifests//a", DIGEST), Some("is no path")),
        (with_file("manifests/.a", DIGEST), Some("is no path")),
        (with_file("config.yaml", DIGEST), Some("is no path")),
        (with_file("manifests/ä.yaml", DIGEST), Some("is no path")),
        (
            with_file("manifests/a.yaml", "abc"),
            Some("is not its SHA-256"),
        ),
        (
            with_file("manifests/a.yaml", &DIGEST.to_uppercase()),
            Some("is not its SHA-256"),
        ),
        (
            with_file(&format!("images/blobs/sha256/0{}", &DIGEST[1..]), DIGEST),
            Some("is not its SHA-256"),
        ),
    ];
    for (text, wrong) in cases {
        match (Listing::parse(text.as_bytes()), wrong) {
            (Ok(listing), None) => {
                let again = Listing::parse(&listing.to_json().unwrap()).unwrap();
                assert_eq!(again, listing, "{text}");
            }
            (Err(error), Some(part)) => {
                assert!(error.to_string().contains(part), "{text}: {error}");
            }
            (other, _) => panic!("{text}: {other:?}"),
        }
    }
}
