//! The published JSON Schema: it refuses what it can, and never what the program takes.

mod files;
mod judge;
mod never_stricter;
