//! A root file system as a list of entries, before it is written.
//!
//! Nothing is laid out on disk: packages, overlay and our own programs become entries of one ordered map, rules drop some, and
//! the whole is written as one tar stream with owner, mode and time set. So an ordinary user makes an image in which
//! everything belongs to root, and the same entries always give the same bytes.

mod archive;
mod check;
mod entry;
mod rules;

pub(crate) use archive::write_tar;
pub(crate) use check::{check_glibc, check_libraries, needs, provided_glibc};
pub(crate) use entry::{Content, Node, Tree};
pub(crate) use rules::Rules;
