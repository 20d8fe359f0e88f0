//! The VM scenarios, one subject a file. `tests/README.md` lists them and says how to run them.
//!
//! Those marked `ignored` belong to the full tier: `make test-all` runs them.

mod clock;
mod command;
mod config_change;
mod crash_loop;
mod damage;
mod disk_full;
mod first_boot;
mod hardware;
mod maintenance;
mod power_cuts;
mod reboot;
mod state;
mod workload;
