//! Go modules, as a program itself lists them.

use super::part::{Part, UNKNOWN};

/// Reads what `go version -m` prints.
pub(super) fn parts(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for line in text.lines().skip(1) {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("dep"), Some(path), Some(version)) => parts.push(part(path, version)),
            // A replaced module: what stands here is what was linked.
            (Some("=>"), Some(path), Some(version)) => {
                parts.pop();
                parts.push(part(path, version));
            }
            _ => {}
        }
    }
    if let Some(version) = text
        .lines()
        .next()
        .and_then(|line| line.rsplit_once(": go"))
        .map(|(_, version)| version.trim())
    {
        parts.push(part("std", version));
    }
    parts
}

fn part(path: &str, version: &str) -> Part {
    Part {
        name: path.into(),
        version: version.into(),
        purl: format!("pkg:golang/{path}@{}", version.replace('+', "%2B")),
        supplier: UNKNOWN.into(),
        licence: UNKNOWN.into(),
        licence_note: None,
        sha256: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_what_replaced_them() {
        let text = "engine: go1.26.1\n\tpath\tholdfast.dev/engine\n\tmod\tholdfast.dev/engine\t(devel)\t\n\
            \tdep\tk8s.io/api\tv0.0.0\n\t=>\tk8s.io/api\tv0.36.3\th1:x=\n\tdep\tgo.uber.org/zap\tv1.27.0\th1:y=\n\tbuild\t-compiler=gc\n";
        let got: Vec<String> = parts(text).into_iter().map(|part| part.purl).collect();
        assert_eq!(
            got,
            [
                "pkg:golang/k8s.io/api@v0.36.3",
                "pkg:golang/go.uber.org/zap@v1.27.0",
                "pkg:golang/std@1.26.1"
            ]
        );
    }
}
