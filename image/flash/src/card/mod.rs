//! The `config.yaml` of one card.
//!
//! One file serves many machines, and what differs comes from `--set KEY=VALUE` or from a row of an inventory. Such values go
//! through the checks of the file itself, as a stronger source, and are then written into its text: comments and order stay
//! where an editor of YAML can do that, and where it cannot the merged configuration is written, which is said.

mod inventory;
mod inventory_error;
mod setting;
mod write;

pub use inventory::{Row, read_row};
pub use inventory_error::InventoryError;
pub use setting::{Origin, Setting, SettingError};
pub use write::{Card, CardError, write};
