//! Manifests that hold a Secret.

use serde_saphyr::granit_parser::{Event, Parser};

/// True for a manifest that holds a Secret, in any of its documents and however it is written. One that cannot be read
/// might.
pub(crate) fn holds_a_secret(manifest: &str) -> bool {
    // The word before, when it may be the key `kind`; an alias may be any word.
    let mut before = false;
    for event in Parser::new_from_str(manifest) {
        let (kind, secret) = match event {
            Err(_) => return true,
            Ok((Event::Alias(_), _)) => (true, true),
            Ok((Event::Scalar(word, ..), _)) => {
                let word = word.trim();
                (
                    word.eq_ignore_ascii_case("kind"),
                    word.starts_with("Secret"),
                )
            }
            Ok(_) => (false, false),
        };
        if before && secret {
            return true;
        }
        before = kind;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::holds_a_secret;

    #[test]
    fn however_it_is_written() {
        for (text, secret) in [
            ("kind: Secret\n", true),
            ("a: b\n---\nkind: Secret\n", true),
            ("'kind': \"Secret\"\n", true),
            ("\"kind\": 'Secret'\n", true),
            ("kind:\tSecret\n", true),
            ("kind:   Secret # not shown\n", true),
            ("kind: !!str Secret\n", true),
            ("kind:\n  Secret\n", true),
            ("{apiVersion: v1, kind: Secret, data: {a: b}}", true),
            ("{\"apiVersion\":\"v1\",\"kind\":\"Secret\"}", true),
            ("kind: List\nitems:\n- {kind: Secret}\n", true),
            ("kind: SecretList\n", true),
            ("a: &s Secret\nkind: *s\n", true),
            ("? kind\n: Secret\n", true),
            ("a: [unclosed\n", true),
            ("kind: ConfigMap\n", false),
            ("kind: ConfigMap\ndata: {a: Secret}\n", false),
            ("a: 'kind: Secret'\n", false),
            ("# kind: Secret\nkind: Pod\n", false),
            ("", false),
        ] {
            assert_eq!(holds_a_secret(text), secret, "{text:?}");
        }
    }
}
