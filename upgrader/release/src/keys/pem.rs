//! What a file is that should be a key: the decoder's own words are of use to nobody who took the wrong file.

/// Why `text` is no ed25519 key in PKCS#8, in a person's words, once it did not decode as one.
pub fn why_no_key(text: &str) -> &'static str {
    let has = |label: &str| text.contains(&format!("-----BEGIN {label}-----"));
    if text.trim().is_empty() {
        "it is empty"
    } else if has("ENCRYPTED PRIVATE KEY") {
        "it is protected by a password, and none is asked for: `openssl pkey -in FILE -out NEW` writes it without one"
    } else if has("OPENSSH PRIVATE KEY") || text.starts_with("ssh-") {
        "it is a key of ssh, which is written in another way"
    } else if has("PUBLIC KEY") {
        "it is the public half of a key, and the private one signs"
    } else if has("CERTIFICATE") {
        "it is a certificate, and a private key signs"
    } else if has("PRIVATE KEY") && !text.contains("-----END PRIVATE KEY-----") {
        "it is cut off: its end is missing"
    } else if text.matches("-----BEGIN ").count() > 1 {
        "it holds more than one key: put each into a file of its own"
    } else if text.contains("PRIVATE KEY-----") {
        "it is a key of another kind than ed25519, or is damaged"
    } else {
        "there is no key in it"
    }
}

#[cfg(test)]
mod tests {
    use super::why_no_key;

    #[test]
    fn the_wrong_file_is_called_what_it_is() {
        let pem = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        let whole = pem("PRIVATE KEY");
        for (text, expected) in [
            (String::new(), "it is empty"),
            (" \n".into(), "it is empty"),
            (pem("ENCRYPTED PRIVATE KEY"), "protected by a password"),
            (pem("OPENSSH PRIVATE KEY"), "a key of ssh"),
            ("ssh-ed25519 AAAA you@laptop".into(), "a key of ssh"),
            (pem("PUBLIC KEY"), "the public half"),
            (pem("CERTIFICATE"), "a certificate"),
            (whole[..40].into(), "cut off"),
            (whole.repeat(2), "more than one key"),
            (pem("EC PRIVATE KEY"), "of another kind than ed25519"),
            (whole, "of another kind than ed25519, or is damaged"),
            ("version: 1\n".into(), "there is no key in it"),
        ] {
            let said = why_no_key(&text);
            assert!(said.contains(expected), "{text}: {said}");
        }
    }
}
