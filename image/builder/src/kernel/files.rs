//! Where Debian's packages have a kernel's program and device trees: up to 6.12 in `boot` and a folder of the image's package, later
//! beside the modules.

use crate::error::{Error, Result};
use crate::tree::Tree;

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

#[cfg(test)]
mod tests {
    use super::{device_tree, program};
    use crate::tree::{Content, Node, Tree};

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
}
