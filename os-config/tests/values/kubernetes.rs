//! Names in the cluster.

use os_config::{FlagName, LabelKey, LabelValue, ManifestName, Taint};

use super::{same, table};

#[test]
fn kubernetes_values() {
    let longest = "a".repeat(63);
    table(
        LabelKey::parse,
        &same(&["a", "A.b_c-d", "example.com/a", &longest]),
        &[
            "",
            "/",
            "a/",
            "/a",
            "a/b/c",
            "-a",
            "a-",
            "a b",
            "A.com/b",
            &"a".repeat(64),
        ],
    );
    table(
        LabelValue::parse,
        &same(&["", "a", "1.10", "A_b", &longest]),
        &["-", "a ", "a/b", "ä", &"a".repeat(64)],
    );
    table(
        Taint::parse,
        &[
            ("a=b:NoSchedule", "a=b:NoSchedule"),
            ("a:NoExecute", "a:NoExecute"),
            ("a=:NoExecute", "a:NoExecute"),
            ("x.y/a=b:PreferNoSchedule", "x.y/a=b:PreferNoSchedule"),
        ],
        &[
            "",
            "a",
            "a=b",
            "a=b:",
            "a=b:noschedule",
            ":NoSchedule",
            "=b:NoSchedule",
            "a=b c:NoSchedule",
        ],
    );
    table(
        FlagName::parse,
        &[("--max-pods", "max-pods"), ("v", "v")],
        &["", "--", "max_pods", "max-", "a=b"],
    );
    table(
        ManifestName::parse,
        &same(&["a.yaml", "a_b-c"]),
        &["", ".", "..", "../a", "a/b", ".hidden"],
    );
}
