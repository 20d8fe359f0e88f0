//! Every cut of an upgrade, exhaustively.
//!
//! The real code (agent, slots, the initramfs stage's count) carries a small disk through every kind of upgrade, on the kernel's
//! own FAT and ext4, while each write and flush is recorded. From the record the disk is made as a loss of power would have left
//! it: behind every sector, inside sectors, and with writes lost or reordered that no flush had made to last. What boots from
//! each is decided by a reader of FAT and a model of the boot loader that were written from specifications and share no code
//! with what is judged. It must be the old or the new release, whole.
//!
//! - [`guest`]: what runs in user-mode Linux, a kernel that is an ordinary process
//! - [`fat`]: the independent reader; [`loader`], [`boot_script`], [`autoboot`]: the independent models; [`boots`]: both, boot after boot
//! - [`states`], [`judge`]: the disks, and what is asked of each
//! - [`sample`], [`follow`]: those from which the real code goes on until a release runs for good

#![forbid(unsafe_code)]

pub mod autoboot;
pub mod boot_script;
pub mod boots;
pub mod fat;
pub mod follow;
pub mod guest;
pub mod judge;
pub mod layout;
pub mod loader;
pub mod log;
pub mod machine;
pub mod marks;
pub mod play;
pub mod releases;
pub mod sample;
pub mod sectors;
pub mod states;
pub mod uml;
pub mod workshop;
