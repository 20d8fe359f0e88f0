//! U-Boot's script images, such as `boot.scr`: the legacy image format, as `include/image.h` of U-Boot has it.
//!
//! 64 bytes of header, big-endian, with a checksum of itself and one of what follows: a list of lengths that a zero ends, and the
//! script's text. No crate of this writes the format, which is as long as this page.

const MAGIC: u32 = 0x2705_1956;
const HEADER: usize = 64;
/// Where the header's own checksum is.
const HEADER_CRC: usize = 4;
/// Longest name; U-Boot shows it.
const NAME: usize = 32;
/// Linux, ARM64, script, not compressed.
const KIND: [u8; 4] = [5, 22, 6, 0];

/// Wraps the script `text`; `name` is cut at 32 bytes. It has no time, so that the same text gives the same image.
///
/// # Errors
/// The text has 4 GiB or more.
pub fn wrap(name: &str, text: &str) -> Result<Vec<u8>, std::num::TryFromIntError> {
    let length = u32::try_from(text.len())?;
    let mut data = Vec::with_capacity(8 + text.len());
    data.extend(length.to_be_bytes());
    data.extend([0; 4]);
    data.extend(text.as_bytes());
    let mut image = Vec::with_capacity(HEADER + data.len());
    for word in [
        MAGIC,
        0,
        0,
        u32::try_from(data.len())?,
        0,
        0,
        crc32fast::hash(&data),
    ] {
        image.extend(word.to_be_bytes());
    }
    image.extend(KIND);
    image.extend(name.bytes().take(NAME));
    image.resize(HEADER, 0);
    let crc = crc32fast::hash(&image);
    image[HEADER_CRC..HEADER_CRC + 4].copy_from_slice(&crc.to_be_bytes());
    image.extend(data);
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::wrap;
    use std::process::Command;

    /// U-Boot's own tool, whose image is ours byte for byte, and which finds both checksums right.
    #[test]
    fn mkimage_makes_the_same_and_accepts_it() {
        let folder = tempfile::tempdir().expect("folder");
        let text = "echo hello\nreset\n";
        let (source, theirs, ours) = (
            folder.path().join("source"),
            folder.path().join("theirs"),
            folder.path().join("ours"),
        );
        std::fs::write(&source, text).expect("written");
        let image = wrap("Holdfast", text).expect("small");
        std::fs::write(&ours, &image).expect("written");
        let mut mkimage = Command::new("mkimage");
        mkimage.env("SOURCE_DATE_EPOCH", "0");
        mkimage.args([
            "-A", "arm64", "-T", "script", "-C", "none", "-n", "Holdfast",
        ]);
        let output = mkimage.arg("-d").args([&source, &theirs]).output();
        assert!(output.expect("mkimage of u-boot-tools").status.success());
        assert_eq!(image, std::fs::read(&theirs).expect("made"));
        let listed = |image: &[u8]| {
            std::fs::write(&ours, image).expect("written");
            let output = Command::new("mkimage").arg("-l").arg(&ours).output();
            let output = output.expect("mkimage of u-boot-tools");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let shown = listed(&image);
        assert!(shown.contains("AArch64 Linux Script"), "{shown}");
        let mut damaged = image;
        damaged[10] ^= 1;
        let shown = listed(&damaged);
        assert!(!shown.contains("Script"), "a damaged header: {shown}");
    }
}
