//! What a person asks of `holdfast flash`.

use clap::ArgGroup;
use flash::card::{Row, Setting};
use std::path::PathBuf;

/// Write an image to a card or disk, with the config.yaml of one machine, and compare what was written
#[derive(Debug, clap::Args)]
#[command(
    group = ArgGroup::new("what").required(true).args(["image", "list"]),
    after_help = "Without --device it shows the cards and disks that are plugged in, and asks. Disks in use are never written: the system's own, what is\n\
    mounted, swap, or part of LVM, RAID or encryption. Disks that are built in must be named, and their name is asked for once more.\n\
    Exit codes: 0 written and compared, 1 failed, 2 wrong usage, or nobody to ask, 3 the configuration is not right, 130 stopped by a person."
)]
pub(crate) struct Args {
    /// The image: .img, or .img.zst, which is unpacked while it is written
    pub(super) image: Option<PathBuf>,
    /// The disk to write, such as /dev/sdb
    #[arg(long, value_name = "DEVICE")]
    pub(super) device: Option<PathBuf>,
    /// A config.yaml for CONFIG, checked first; - for standard input [default: the image's own]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Sign what is written with this ed25519 key, for an image that asks for it; without it, FILE.sig beside --config is taken
    #[arg(long, value_name = "KEY")]
    pub(super) sign_with: Option<PathBuf>,
    /// One value of this machine, over the configuration's; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = Setting::parse)]
    pub(super) set: Vec<Setting>,
    /// A CSV file with a line for each machine; its first line has the keys
    #[arg(long, value_name = "FILE", requires = "row")]
    pub(super) inventory: Option<PathBuf>,
    /// The machine's row: its number, from 1 below the first line, or KEY=VALUE
    #[arg(long, value_name = "ROW", requires = "inventory")]
    pub(super) row: Option<Row>,
    /// Do not ask
    #[arg(long, requires = "device")]
    pub(super) yes: bool,
    /// Only show the cards and disks that are plugged in
    #[arg(long)]
    pub(super) list: bool,
    /// Send every zero, also to a disk that says it can make them by itself
    #[arg(long)]
    pub(super) write_zeros: bool,
}
