//! The text of a file: line ends, wide letters.

use os_config::{Sources, load, parse_config};

#[test]
fn files_written_on_other_systems_are_read() {
    let cases = [
        (
            "line ends of Windows",
            "version: 1\r\nhostname: box\r\nlabels:\r\n  a: b\r\n"
                .as_bytes()
                .to_vec(),
        ),
        (
            "byte order mark",
            "\u{feff}version: 1\nhostname: box\n".as_bytes().to_vec(),
        ),
        (
            "no line end at the end",
            b"version: 1\nhostname: box".to_vec(),
        ),
        (
            "document markers",
            b"---\nversion: 1\nhostname: box\n...\n".to_vec(),
        ),
        ("flow style", b"{version: 1, hostname: box}".to_vec()),
        ("JSON", b"{\"version\": 1, \"hostname\": \"box\"}".to_vec()),
        ("quotes", b"\"version\": 1\n'hostname': \"box\"\n".to_vec()),
        (
            "aliases",
            b"version: 1\nlabels: {a: &b box}\nhostname: *b\n".to_vec(),
        ),
        ("tag of text", b"version: 1\nhostname: !!str box\n".to_vec()),
    ];
    for (name, text) in cases {
        let config =
            parse_config("config.yaml", &text).unwrap_or_else(|report| panic!("{name}: {report}"));
        assert_eq!(
            config.hostname.map(|name| name.to_string()).as_deref(),
            Some("box"),
            "{name}"
        );
    }
}

#[test]
fn places_are_right_with_line_ends_of_windows_and_wide_letters() {
    let text = "version: 1\r\nlabels: {\"zone\": \"ä\", bad key: x}\r\n";
    let report = load(&Sources::one("config.yaml", text)).expect_err("the key is wrong");
    let places: Vec<(usize, usize)> = report
        .problems()
        .iter()
        .map(|p| (p.line, p.column))
        .collect();
    assert_eq!(places, [(2, 18), (2, 23)], "{report}");
}
