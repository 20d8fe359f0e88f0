//! The `holdfast` command.
