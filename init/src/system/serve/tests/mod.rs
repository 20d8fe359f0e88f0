//! The loop with real processes, below a folder, as an ordinary user; its control groups are plain files.

mod closed_state;
mod configuration;
mod services;
mod shutdown;
mod stand;
mod trial;

use stand::Stand;
