//! Keys that have their place and are refused until their work is built.

/// The keys, each with its documentation. Nothing below them is looked at: whatever stands there, the answer is the same.
pub(crate) const LATER: [(&str, &str); 6] = [
    (
        "server_url",
        "The address of a server of an existing cluster to join. Known, but refused by this version.",
    ),
    (
        "token",
        "The token that nodes join a cluster with. Known, but refused by this version: every node is a cluster of its own.",
    ),
    (
        "cluster",
        "How this node takes part in a cluster. Known, but refused by this version: every node is a cluster of its own.",
    ),
    (
        "data_sources",
        "Cloud metadata services to ask. Known, but refused by this version: files, USB stick, URL and command line are always read.",
    ),
    (
        "upgrade",
        "How this node takes upgrades. Known, but refused by this version.",
    ),
    (
        "health",
        "Your own checks of the node's health. Known, but refused by this version.",
    ),
];
