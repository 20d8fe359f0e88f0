//! The resources of upgrades, as Kubernetes keeps them: what a person writes ([`Upgrade`]), and what is asked of and told by one
//! node ([`NodeUpgrade`]). No client.
//!
//! The specification of an `Upgrade` is a person's and its status the controller's; the specification of a `NodeUpgrade` is the
//! controller's and its status the node's. What the API server can refuse, it refuses: the rules stand beside the fields.
//!
//! `runtime/manifests/upgrade-resources.yaml` is rendered from these types; a test compares.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it"
    )
)]

mod node_upgrade;
mod source;
mod span;
mod upgrade;

pub use kube::core::Duration;
pub use node_upgrade::{
    Failure, NodePhase, NodeUpgrade, NodeUpgradeSpec, NodeUpgradeStatus, Offer, Progress, Want,
};
pub use source::{STICK_RELEASES, Source, Usb};
pub use upgrade::{
    Amount, Canary, Check, Day, Drain, Health, Order, Strategy, TimeOfDay, Upgrade, UpgradeSpec,
    UpgradeStatus, Waiting, Window, Workload, WorkloadKind,
};

/// The group of the resources.
pub const GROUP: &str = "upgrade.holdfast.dev";
/// On a node that was cordoned for an upgrade; its value names the `Upgrade`. Only such a node is uncordoned.
pub const CORDONED: &str = "upgrade.holdfast.dev/cordoned-by";
/// On a node that could not be drained in time: when, and why.
pub const GIVEN_BACK: &str = "upgrade.holdfast.dev/drain-given-up";
