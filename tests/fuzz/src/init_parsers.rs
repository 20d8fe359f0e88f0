//! What PID 1 and the initramfs read: the kernel's and the firmware's bytes, and the state partition's.

use init::{DeviceEvent, ModuleIndex, efi_text, read_crashes, wanted_blocks, whole_requests};

use crate::Target;
use crate::target::no_made_seeds;

pub(crate) const EFI_VARIABLE: Target = Target {
    name: "init-efi-variable",
    run: |input| {
        if let Some(text) = efi_text(input) {
            assert!(!text.is_empty() && !text.contains('\0'));
        }
    },
    folders: &[],
    made_seeds: no_made_seeds,
    words: &["-\0", "\0\0", "a\0", "{\0"],
};

/// What the kernel left in the firmware when it crashed: whoever had the machine can have written it. Parts have zeros between
/// them.
pub(crate) const KERNEL_CRASH: Target = Target {
    name: "init-kernel-crash",
    run: |input| {
        for crash in read_crashes(input.split(|byte| *byte == 0)) {
            assert!(crash.text.len() <= 64 * 1024);
            let is_plain = |text: &str| !text.chars().any(|c| c.is_control() && c != '\n');
            assert!(is_plain(&crash.text), "it could move a cursor");
            let headline = crash.headline();
            assert!(headline.len() <= 3);
            for line in headline {
                assert!(is_plain(&line) && !line.contains('\n') && line.chars().count() <= 200);
            }
        }
    },
    folders: &[],
    made_seeds: no_made_seeds,
    words: &[
        "Panic#1 Part1\n",
        "Oops#1 Part2\n",
        "\0",
        "<0>[    1.0] ",
        "Kernel panic - not syncing",
        "BUG:",
        "CPU: 0 Comm: ",
        "\u{1b}[2J",
    ],
};

pub(crate) const MODULES: Target = Target {
    name: "init-modules",
    run: |input| {
        let text = String::from_utf8_lossy(input);
        let (dep, alias) = text.split_once("\0").unwrap_or((&text, &text));
        let index = ModuleIndex::parse(dep, alias);
        for wanted in [
            "pci:v00008086d000010D3sv",
            "ext4",
            "",
            text.lines().next().unwrap_or_default(),
        ] {
            for module in index.wanted_by(wanted) {
                let _ = index.in_order(module);
            }
        }
    },
    folders: &[],
    made_seeds: no_made_seeds,
    words: &[
        "alias ",
        "kernel/a.ko.xz:",
        "*",
        "[0-9]",
        "?",
        "[",
        "]",
        "\\",
        "\n",
        " ",
        ":",
        "-",
        "_",
        "\0",
    ],
};

/// What clients of PID 1's socket send.
pub(crate) const REQUESTS: Target = Target {
    name: "init-requests",
    run: |input| {
        let mut whole = input.to_vec();
        let at_once = whole_requests(&mut whole);
        assert!(!whole.contains(&b'\n'), "a whole line stayed");
        // In whatever pieces the bytes come, they mean the same.
        let mut rest = Vec::new();
        let mut in_pieces = Vec::new();
        for piece in input.chunks(7) {
            rest.extend_from_slice(piece);
            in_pieces.extend(whole_requests(&mut rest));
        }
        assert_eq!((at_once, whole), (in_pieces, rest));
    },
    folders: &[],
    made_seeds: no_made_seeds,
    words: &[
        "\n", "{", "}", "\"", ":", ",", "null", "1e999", "\\u0000", "reboot",
    ],
};

/// The superblock of the state partition, which whoever had the disk can have written.
pub(crate) const STATE_SUPERBLOCK: Target = Target {
    name: "init-state-superblock",
    run: |input| {
        let mut superblock = [0; 1024];
        let (device, fields) = input.split_at(input.len().min(8));
        for (byte, new) in superblock.iter_mut().zip(fields) {
            *byte = *new;
        }
        let device = device
            .iter()
            .fold(0, |size: u64, byte| size << 8 | u64::from(*byte));
        if let Some((blocks, block)) = wanted_blocks(&superblock, device) {
            assert!(block.is_power_of_two() && (1024..=65536).contains(&block));
            let size = blocks.checked_mul(block).expect("a size in bytes");
            assert!(size <= device, "it would grow beyond its device");
            let now = u32::from_le_bytes([4, 5, 6, 7].map(|at| superblock[at]));
            assert!(blocks > u64::from(now), "it would shrink");
        }
    },
    folders: &[],
    made_seeds: || {
        let mut superblock = vec![0; 1024];
        superblock[4..8].copy_from_slice(&16384_u32.to_le_bytes());
        superblock[24] = 2;
        superblock[56..58].copy_from_slice(&[0x53, 0xef]);
        [0, 0x80]
            .map(|wide| {
                superblock[96] = wide;
                [&(1_u64 << 30).to_be_bytes()[..], &superblock].concat()
            })
            .to_vec()
    },
    words: &[],
};

pub(crate) const UEVENT: Target = Target {
    name: "init-uevent",
    run: |input| {
        if let Some(event) = DeviceEvent::parse(input) {
            let _ = event.brings_block_device();
        }
    },
    folders: &[],
    made_seeds: no_made_seeds,
    words: &[
        "add@/",
        "\0ACTION=",
        "\0SUBSYSTEM=block",
        "\0DEVNAME=",
        "\0MODALIAS=",
        "@",
        "\0",
    ],
};
