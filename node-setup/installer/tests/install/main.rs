//! Installations onto disks in files and in memory, judged by programs that know nothing of ours; and what a cut at each write leaves.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]

mod contents;
mod cuts;
mod judge;
mod stick;
mod written;
