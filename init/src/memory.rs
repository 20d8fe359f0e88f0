//! How much memory the machine has.

/// All of it, in bytes.
pub(crate) fn all() -> u64 {
    let about = rustix::system::sysinfo();
    about
        .totalram
        .saturating_mul(u64::from(about.mem_unit).max(1))
}
