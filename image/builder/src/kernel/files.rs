//! Where Debian's packages have a kernel's program and device trees: up to 6.12 in `boot` and a folder of the image's package, later
//! beside the modules.

use crate::error::{Error, Result};
use crate::packages::Lock;
use crate::tree::Tree;
use boards::{Board, KernelVersion};

/// The kernel's program.
pub(crate) fn program(packages: &Tree, kernel: &str) -> Result<Vec<u8>> {
    let places = [
        format!("boot/vmlinuz-{kernel}"),
        format!("usr/lib/modules/{kernel}/vmlinuz"),
    ];
    first(packages, &places)
}

/// A device tree, by its path below the kernel's folder of them.
pub(crate) fn device_tree(packages: &Tree, kernel: &str, tree: &str) -> Result<Vec<u8>> {
    let places = [
        format!("usr/lib/linux-image-{kernel}/{tree}"),
        format!("usr/lib/modules/{kernel}/dtb/{tree}"),
    ];
    first(packages, &places)
}

fn first(packages: &Tree, places: &[String; 2]) -> Result<Vec<u8>> {
    let found = places.iter().find_map(|place| packages.content(place));
    let found = found.ok_or_else(|| {
        Error::Wrong(format!(
            "no package has /{}, and none /{}: run `holdfast build lock`, or correct buildroot/packages.toml",
            places[0], places[1]
        ))
    })?;
    found.read()
}

fn is_from(kernel: &str, wanted: KernelVersion) -> bool {
    kernel
        .parse::<KernelVersion>()
        .is_ok_and(|kernel| kernel >= wanted)
}

/// Refuses a board that waits for a newer kernel than the locked one.
pub(crate) fn check(board: &Board, lock: &Lock) -> Result<()> {
    let Some(wanted) = board.kernel_from else {
        return Ok(());
    };
    let names = lock.packages.iter().map(|package| package.name.as_str());
    let mut kernels = names.filter_map(|name| name.strip_prefix("linux-image-"));
    let locked = kernels.find(|name| name.parse::<KernelVersion>().is_ok());
    let name = &board.name;
    Err(Error::Wrong(match locked {
        Some(kernel) if is_from(kernel, wanted) => format!(
            "the locked kernel {kernel} has what board `{name}` waited for: take `kernel-from` out of {name}.toml, so that its drivers are asked of the release"
        ),
        kernel => format!(
            "board `{name}` needs Linux {wanted} or newer, and the lock has {}: no image can be built for it (docs/boards.md says what it takes)",
            kernel.unwrap_or("no kernel")
        ),
    }))
}

#[cfg(test)]
mod tests {
    use super::{check, device_tree, program};
    use crate::packages::{Lock, LockedPackage};
    use crate::tree::{Content, Node, Tree};
    use boards::Boards;
    use std::path::Path;

    #[test]
    fn old_and_new_packages_are_read() {
        for places in [
            [
                "boot/vmlinuz-6.12-arm64",
                "usr/lib/linux-image-6.12-arm64/broadcom/x.dtb",
            ],
            [
                "usr/lib/modules/6.12-arm64/vmlinuz",
                "usr/lib/modules/6.12-arm64/dtb/broadcom/x.dtb",
            ],
        ] {
            let mut packages = Tree::default();
            for place in places {
                packages.put(place, 0o644, Node::File(Content::Bytes(place.into())));
            }
            let kernel = program(&packages, "6.12-arm64").expect("a kernel");
            assert_eq!(kernel, places[0].as_bytes());
            let tree = device_tree(&packages, "6.12-arm64", "broadcom/x.dtb").expect("a tree");
            assert_eq!(tree, places[1].as_bytes());
            let missing = program(&packages, "7.3-arm64").expect_err("another one");
            assert!(missing.to_string().contains("7.3-arm64"), "{missing}");
        }
    }

    #[test]
    fn a_board_that_waits_for_a_kernel_says_for_which() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../board-support/boards");
        let boards = Boards::open(&folder).expect("boards");
        let lock = |kernel: &str| Lock {
            packages: vec![LockedPackage {
                name: format!("linux-image-{kernel}"),
                version: "1".into(),
                arch: "arm64".into(),
                archive: crate::packages::Archive::Debian,
                path: "pool/x.deb".into(),
                size: 1,
                sha256: String::new(),
            }],
        };
        let said = |board: &str, kernel: &str| {
            let board = boards.get(board).expect("a board");
            check(board, &lock(kernel))
                .err()
                .map(|error| error.to_string())
        };
        assert_eq!(said("rpi4", "6.12.117+deb13-arm64"), None);
        let old = said("rpi5", "6.12.117+deb13-arm64").expect("refused");
        assert!(
            old.contains("needs Linux 7.3 or newer, and the lock has 6.12.117+deb13-arm64"),
            "{old}"
        );
        let new = said("rpi5", "7.3.4+deb13-arm64").expect("refused");
        assert!(new.contains("take `kernel-from` out of rpi5.toml"), "{new}");
    }
}
