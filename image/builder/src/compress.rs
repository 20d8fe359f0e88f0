//! The compressed image and its digest file.

use crate::digest;
use crate::error::{Error, Result};
use crate::file;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The root is compressed already: from 9 to this one it is a tenth of a percent and some seconds; higher levels only take longer.
const LEVEL: i32 = 12;

/// Compresses `image` to `image.zst` and writes `image.zst.sha256`. The bytes do not depend on the number of threads.
pub(crate) fn compress(image: &Path, threads: usize) -> Result<(PathBuf, u64)> {
    let packed = with_ending(image, "zst");
    file::with_temporary(&packed, |temporary| {
        let source = File::open(image).map_err(Error::read(image))?;
        let size = source.metadata().map_err(Error::read(image))?.len();
        let out = File::create(temporary).map_err(Error::write(temporary))?;
        let failed = |source| Error::Write {
            path: packed.clone(),
            source,
        };
        let mut encoder = zstd::Encoder::new(BufWriter::new(out), LEVEL).map_err(failed)?;
        encoder.include_checksum(true).map_err(failed)?;
        encoder.set_pledged_src_size(Some(size)).map_err(failed)?;
        // One worker or many give the same bytes; none would give others.
        encoder
            .multithread(u32::try_from(threads.max(1)).unwrap_or(1))
            .map_err(failed)?;
        std::io::copy(&mut BufReader::with_capacity(1 << 20, source), &mut encoder)
            .map_err(failed)?;
        encoder.finish().map_err(failed)?.flush().map_err(failed)
    })?;
    let name = packed
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let line = format!("{}  {name}\n", digest::of_file(&packed)?);
    file::write(&with_ending(&packed, "sha256"), line.as_bytes())?;
    let size = std::fs::metadata(&packed)
        .map_err(Error::read(&packed))?
        .len();
    Ok((packed, size))
}

/// `path` with one more ending.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_do_not_change_the_bytes_and_the_digest_file_fits() {
        let dir = tempfile::tempdir().expect("temp dir");
        let image = dir.path().join("x.img");
        let content: Vec<u8> = (0..9_000_000u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
            .collect();
        std::fs::write(&image, &content[..20_000_000]).expect("written");
        let mut seen = Vec::new();
        for threads in [1, 3] {
            let (packed, size) = compress(&image, threads).expect("compressed");
            let bytes = std::fs::read(packed).expect("read");
            assert_eq!(bytes.len() as u64, size);
            seen.push(bytes);
        }
        assert_eq!(seen[0], seen[1]);
        assert_eq!(
            zstd::decode_all(seen[0].as_slice()).expect("unpacked"),
            content[..20_000_000]
        );
        let line =
            std::fs::read_to_string(dir.path().join("x.img.zst.sha256")).expect("digest file");
        assert_eq!(line, format!("{}  x.img.zst\n", digest::of_bytes(&seen[0])));
    }
}
