//! The rules by which a Raspberry Pi 5's firmware chooses a partition and what it starts there, written from its documentation
//! (raspberrypi/documentation: `config_txt/autoboot.adoc`, `config_txt/boot.adoc`, `raspberry-pi/bootflow-eeprom.adoc`,
//! `PARTITION_WALK` in `raspberry-pi/eeprom-bootloader.adoc`). Nothing of it is shared with what writes the file.

use std::collections::BTreeSet;

/// What it reads first, on the first FAT partition.
pub const FILE: &str = "autoboot.txt";
/// The most of it that is read.
const LIMIT: usize = 512;
/// What is read of a line.
const LINE: usize = 98;
/// The last partition that a walk looks at.
const LAST: u32 = 8;
/// What a partition has that can be started, and the file that is read in its place by a start on trial without `tryboot_a_b`.
const CONFIG: [&str; 2] = ["config.txt", "tryboot.txt"];
/// The device tree of a Raspberry Pi 5.
pub const DEVICE_TREE: &str = "bcm2712-rpi-5-b.dtb";

/// What the file asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    /// The partition; 0 for the first one.
    pub partition: u32,
    /// Whether a start on trial reads the partition's ordinary `config.txt`.
    pub tryboot_a_b: bool,
}

/// Files that a partition's `config.txt` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The kernel.
    pub kernel: String,
    /// The initramfs, if there is one.
    pub initramfs: Option<String>,
    /// The file with the kernel's command line.
    pub cmdline: String,
}

/// Reads the file; `flag` is whether this is the one start that was asked for.
pub fn asked(text: &[u8], flag: bool) -> Asked {
    let text = String::from_utf8_lossy(&text[..text.len().min(LIMIT)]).into_owned();
    let (mut asked, mut passes) = (Asked::default(), true);
    for line in text.lines() {
        let line: String = line.chars().take(LINE).collect();
        if line.starts_with('#') {
            continue;
        }
        if let Some(filter) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            passes = match filter {
                "all" => true,
                "tryboot" => flag,
                _ => false,
            };
            continue;
        }
        match line.split_once('=') {
            Some(("boot_partition", number)) if passes => {
                asked.partition = number.parse().unwrap_or(0);
            }
            Some(("tryboot_a_b", value)) if passes => asked.tryboot_a_b = value == "1",
            _ => {}
        }
    }
    asked
}

/// The partitions one of which is started, mostly one; none if there is nothing to start. `autoboot` is the file's content, `flag`
/// the one start that was asked for, `has` whether a FAT partition of this number has a file of this name.
///
/// A partition that cannot be started is passed over in turn, "up to 8 and wrapping to 0", without a look at any `autoboot.txt`;
/// whether from the one that was asked for on or from the first one, descriptions differ (rpi-eeprom#738), and firmware from
/// before August 2025 goes to the first one alone. So each of them is given.
pub fn choose(
    autoboot: Option<&[u8]>,
    flag: bool,
    has: impl Fn(u32, &str) -> bool,
) -> BTreeSet<u32> {
    let asked = autoboot.map_or(Asked::default(), |text| asked(text, flag));
    let config = CONFIG[usize::from(flag && !asked.tryboot_a_b)];
    let starts = |number: u32, config: &str| has(number, config) && has(number, DEVICE_TREE);
    let wanted = asked.partition.max(1);
    if starts(wanted, config) {
        return BTreeSet::from([wanted]);
    }
    let first = |mut order: Box<dyn Iterator<Item = u32>>| order.find(|&at| starts(at, CONFIG[0]));
    let walks: [Box<dyn Iterator<Item = u32>>; 3] = [
        Box::new((wanted..=LAST).chain(1..wanted)),
        Box::new(1..=LAST),
        Box::new(std::iter::once(1)),
    ];
    walks.into_iter().filter_map(first).collect()
}

/// What a partition's `config.txt` has started; filters are not used there.
pub fn files(config: &str) -> Files {
    let mut files = Files {
        kernel: "kernel_2712.img".to_owned(),
        initramfs: None,
        cmdline: "cmdline.txt".to_owned(),
    };
    for line in config.lines().filter(|line| !line.starts_with('#')) {
        match (line.split_once('='), line.split_once(' ')) {
            (Some(("kernel", name)), _) => name.clone_into(&mut files.kernel),
            (Some(("cmdline", name)), _) => name.clone_into(&mut files.cmdline),
            (None, Some(("initramfs", rest))) => {
                files.initramfs = rest.split(' ').next().map(str::to_owned);
            }
            _ => {}
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::{Asked, DEVICE_TREE, Files, asked, choose, files};

    /// The example of the documentation.
    const EXAMPLE: &str = "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n";

    #[test]
    fn the_file_is_read_as_documented() {
        let long = format!("#{}\nboot_partition=2\n", "x".repeat(600));
        for (case, text, flag, partition, tryboot_a_b) in [
            ("the example", EXAMPLE, false, 2, true),
            ("asked for", EXAMPLE, true, 3, true),
            ("nothing", "", false, 0, false),
            ("no filter", "boot_partition=4", true, 4, false),
            ("none", "[none]\nboot_partition=2\n", false, 0, false),
            (
                "back to all",
                "[tryboot]\n[all]\nboot_partition=2",
                false,
                2,
                false,
            ),
            ("a remark", "#boot_partition=2\n", false, 0, false),
            (
                "the last counts",
                "boot_partition=2\nboot_partition=3",
                false,
                3,
                false,
            ),
            ("behind 512 bytes", &long, false, 0, false),
        ] {
            let expected = Asked {
                partition,
                tryboot_a_b,
            };
            assert_eq!(asked(text.as_bytes(), flag), expected, "{case}");
        }
    }

    #[test]
    fn what_cannot_be_started_is_passed_over() {
        let in_files = "[all]\nboot_partition=2\n";
        let both = &[2, 3][..];
        for (case, text, flag, there, expected) in [
            (
                "the example",
                Some(EXAMPLE),
                false,
                both,
                both[..1].to_vec(),
            ),
            ("asked for", Some(EXAMPLE), true, both, vec![3]),
            ("it is gone", Some(EXAMPLE), true, &[2], vec![2]),
            ("the good one is", Some(EXAMPLE), false, &[3], vec![3]),
            ("both are", Some(EXAMPLE), false, &[], vec![]),
            ("no file", None, false, both, vec![2]),
            ("no file, and asked for", None, true, both, vec![2]),
            (
                "a trial by files, which has none",
                Some(in_files),
                true,
                both,
                vec![2],
            ),
            ("several walks", Some(EXAMPLE), true, &[1, 2, 4], vec![1, 4]),
        ] {
            let has = |number, name: &str| {
                there.contains(&number) && ["config.txt", DEVICE_TREE].contains(&name)
            };
            let chosen = choose(text.map(str::as_bytes), flag, has);
            assert_eq!(chosen.into_iter().collect::<Vec<_>>(), expected, "{case}");
        }
        let no_tree = choose(Some(EXAMPLE.as_bytes()), false, |_, name| {
            name == "config.txt"
        });
        assert!(no_tree.is_empty(), "a device tree is needed");
    }

    #[test]
    fn files_are_named_by_the_partition() {
        let text = "arm_64bit=1\n#kernel=a\nkernel=vmlinuz\ninitramfs initrd followkernel\n";
        let expected = Files {
            kernel: "vmlinuz".into(),
            initramfs: Some("initrd".into()),
            cmdline: "cmdline.txt".into(),
        };
        assert_eq!(files(text), expected);
        assert_eq!(files("").kernel, "kernel_2712.img");
    }
}
