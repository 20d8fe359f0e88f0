use std::io::Cursor;
use std::process::Command;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn params() -> Params {
    Params {
        salt: (0..32).collect(),
        uuid: Uuid::from_u128(0x1234),
    }
}

/// `blocks` blocks, each unlike the others.
fn data(blocks: usize) -> Vec<u8> {
    (0..blocks)
        .flat_map(|n| (0..BLOCK).map(move |at| (n * 31 + at / 7) as u8))
        .collect()
}

fn image(blocks: usize) -> (Cursor<Vec<u8>>, Tree) {
    let mut image = Cursor::new(data(blocks));
    let tree = append(&mut image, params()).unwrap();
    (image, tree)
}

/// One leaf, one full leaf, two levels, three levels.
const SIZES: [usize; 6] = [1, 2, 128, 129, 128 * 128, 128 * 128 + 1];

#[test]
fn veritysetup_agrees() {
    for blocks in SIZES {
        let (image, tree) = image(blocks);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), image.get_ref()).unwrap();
        let run = Command::new("veritysetup")
            .arg("verify")
            .arg(format!("--hash-offset={}", blocks * BLOCK))
            .args([file.path(), file.path()])
            .arg(tree.root_hash().to_string())
            .output()
            .expect("veritysetup (cryptsetup-bin) is needed");
        assert!(
            run.status.success(),
            "{blocks}: {}",
            String::from_utf8_lossy(&run.stderr)
        );
        assert_eq!(
            image.get_ref().len() as u64,
            blocks as u64 * 4096 + tree.superblock().tree_size()
        );
    }
}

#[test]
fn veritysetup_makes_the_same_bytes() {
    let blocks = 129;
    let (image, tree) = image(blocks);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), data(blocks)).unwrap();
    let salt: String = params().salt.iter().map(|b| format!("{b:02x}")).collect();
    let run = Command::new("veritysetup")
        .arg("format")
        .args([
            format!("--hash-offset={}", blocks * BLOCK),
            format!("--data-blocks={blocks}"),
        ])
        .args([
            format!("--salt={salt}"),
            format!("--uuid={}", params().uuid),
        ])
        .args([file.path(), file.path()])
        .output()
        .expect("veritysetup (cryptsetup-bin) is needed");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(text.contains(&tree.root_hash().to_string()), "{text}");
    assert!(std::fs::read(file.path()).unwrap() == *image.get_ref());
}

#[test]
fn pinned() {
    let (_, tree) = image(129);
    assert_eq!(
        tree.root_hash().to_string(),
        "e20046a6bd6d16b628a5bbc31f8817a4209a76c3376e805002fa1109bcc6a7f5"
    );
    let expected = "verity version 1 sha256 blocks 4096 uuid 00000000-0000-0000-0000-000000001234 \
        data 129 blocks tree 16384 bytes salt \
        000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    assert_eq!(tree.superblock().to_string(), expected);
}

#[test]
fn every_kind_of_damage_is_found_and_named() {
    let blocks = 128 * 128 + 1;
    let (good, tree) = image(blocks);
    let size = (blocks * BLOCK) as u64;
    let root = tree.root_hash();
    verify(&mut good.clone(), size, &root).unwrap();
    let tree_at = size + 4096;
    let cases = [
        (
            "data",
            4096 * 777 + 5,
            "data block 777 (byte 3182592) is damaged".to_owned(),
        ),
        ("top", tree_at + 1, "the image has root hash".to_owned()),
        (
            "inner",
            tree_at + 4096,
            format!("hash block at byte {} is damaged", tree_at + 4096),
        ),
        (
            "magic",
            size,
            format!("cannot use the superblock at byte {size}"),
        ),
        ("count", size + 72, "the superblock covers".to_owned()),
        ("salt", size + 88, "the image has root hash".to_owned()),
    ];
    for (name, at, message) in cases {
        let mut bad = good.clone();
        bad.get_mut()[at as usize] ^= 2;
        let error = verify(&mut bad, size, &root).unwrap_err().to_string();
        assert!(error.starts_with(&message), "{name}: {error}");
    }
    let mut short = good.clone();
    short.get_mut().truncate(good.get_ref().len() - 1);
    let error = verify(&mut short, size, &root).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the hash tree"), "{error}");
}

#[test]
fn the_top_block_tells_an_image() {
    for blocks in SIZES {
        let (image, tree) = image(blocks);
        let bytes = image.get_ref();
        let at = blocks * BLOCK;
        let superblock = Superblock::parse(&bytes[at..]).unwrap();
        let top = if blocks == 1 { 0 } else { at + BLOCK };
        let top = bytes[top..top + BLOCK].try_into().unwrap();
        assert_eq!(superblock.root_hash(top), tree.root_hash(), "{blocks}");
        assert_ne!(superblock.root_hash(&[0; BLOCK]), tree.root_hash());
    }
}

#[test]
fn other_superblocks_are_refused() {
    let good = image(2).1.superblock().encode();
    assert_eq!(
        Superblock::parse(&[0; 100]),
        Err(SuperblockError::Short(100))
    );
    assert_eq!(Superblock::parse(&[0; 512]), Err(SuperblockError::Absent));
    for (at, value, field) in [
        (8, 2, "version"),
        (12, 0, "hash type"),
        (65, 0x20, "data block size"),
        (69, 0x02, "hash block size"),
        (32, b'm', "algorithm"),
        (81, 9, "salt size"),
        (72, 0, "data blocks"),
        (79, 0xff, "data blocks"),
    ] {
        let mut bytes = good.clone();
        bytes[at] = value;
        let error = Superblock::parse(&bytes).expect_err(field);
        assert!(
            matches!(&error, SuperblockError::Layout { field: f, .. } if *f == field),
            "{field}: {error}"
        );
    }
}

#[test]
fn the_device_mapper_is_asked_to_panic_on_damage() {
    let (_, tree) = image(7);
    let mut superblock = tree.superblock().clone();
    let hash = tree.root_hash();
    superblock.params.salt = vec![0xab, 0xcd];
    assert_eq!(
        superblock.mapper_parameters("/dev/sda3", hash),
        format!(
            "1 /dev/sda3 /dev/sda3 4096 4096 7 8 sha256 {hash} abcd 2 panic_on_corruption panic_on_error"
        ),
    );
    superblock.params.salt.clear();
    assert!(
        superblock
            .mapper_parameters("/dev/sda3", hash)
            .contains(" - 2 panic")
    );
}

#[test]
fn what_cannot_be_hashed_is_refused() {
    let cases = [
        (
            Tree::hash(&mut &[0; 5000][..], 5000, params()),
            "5000 bytes of data are not a multiple of 4096",
        ),
        (
            Tree::hash(&mut &[0; 4096][..], 8192, params()),
            "cannot read data block 0",
        ),
        (
            Tree::hash(&mut &[][..], 0, params()),
            "cannot describe the data",
        ),
    ];
    for (result, message) in cases {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
    for bad in ["", "xy", "0f", &"+f".repeat(32), &"ä".repeat(32)] {
        assert!(bad.parse::<RootHash>().is_err(), "{bad}");
    }
    let root = image(2).1.root_hash();
    assert_eq!(root.to_string().parse::<RootHash>().unwrap(), root);
}

proptest! {
    #[test]
    fn superblock_parser_never_panics(
        edits in proptest::collection::vec((0_usize..512, any::<u8>()), 0..20),
        length in 0_usize..600,
    ) {
        let mut bytes = image(2).1.superblock().encode();
        for (at, value) in edits {
            bytes[at] = value;
        }
        if let Ok(superblock) = Superblock::parse(&bytes[..length]) {
            prop_assert!(superblock.tree_size() > 0);
            prop_assert_eq!(Superblock::parse(&superblock.encode()).unwrap(), superblock);
        }
    }
}
