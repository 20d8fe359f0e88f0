//! What the runtime needs to know of the node, its cluster and its configuration, in one checked type.
//!
//! `holdfast node configure` makes it, once for each configuration, and writes it down; everything else of the runtime reads
//! that file.

mod environment;
mod file;
mod founding;
mod identity;
mod record;

pub use environment::environment;
pub use file::{LoadError, load_settings};
pub use founding::{Founding, FoundingError, Overruled};
pub use identity::{ClusterIdentity, NodeIdentity, Role};
pub use record::Settings;
