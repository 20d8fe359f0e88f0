//! What differs between two configurations.

use os_config::diff;

use super::one;

#[test]
fn diff_tells_changes_and_what_they_take() {
    let before = one(
        "version: 1\nhostname: a\nlabels: {x: \"1\", y: \"2\"}\nntp_servers: [a.example]\npassword: aaaaaaaa\n",
    );
    let after = one(
        "version: 1\nhostname: b\nlabels: {x: \"1\", z: \"3\"}\nntp_servers: [b.example]\npassword: bbbbbbbb\n\
         kubernetes: {pod_cidr: 10.50.0.0/16}\nnetwork: {dns: {nameservers: [1.1.1.1]}}\n",
    );
    let changes: Vec<String> = diff(&before, &after)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        changes,
        [
            "~ hostname: \"a\" -> \"b\"   [at once]",
            "~ kubernetes.pod_cidr: \"10.42.0.0/16\" -> \"10.50.0.0/16\"   [never: the cluster would have to be made again]",
            "- labels.y: \"2\"   [at once]",
            "+ labels.z: \"3\"   [at once]",
            "+ network.dns.nameservers: [\"1.1.1.1\"]   [at once]",
            "~ ntp_servers[0]: \"a.example\" -> \"b.example\"   [restarts time]",
            "~ password: \"(redacted)\" -> \"(redacted)\" (changed)   [at once]",
        ]
    );
    assert!(diff(&before, &before).is_empty());
}
