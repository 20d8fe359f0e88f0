//! An EFI program as its firmware looks at it: the digest of what a signature is about, and the signatures at its end (Microsoft's PE
//! format, "Attribute Certificate Table"; hashed as EDK II does in `DxeImageVerificationLib`). It is read in pieces: a UKI is
//! larger than the memory that the agent may take.

use object::LittleEndian as LE;
use object::pe::{
    IMAGE_DIRECTORY_ENTRY_SECURITY, IMAGE_DOS_SIGNATURE, IMAGE_NT_OPTIONAL_HDR64_MAGIC,
    IMAGE_NT_SIGNATURE, ImageDataDirectory, ImageDosHeader, ImageNtHeaders64,
    ImageOptionalHeader64, ImageSectionHeader,
};
use object::pod::{from_bytes, slice_from_bytes};
use sha2::{Digest, Sha256};
use std::io::{self, Read, Seek, SeekFrom};
use std::mem::{offset_of, size_of};
use std::ops::Range;

/// Headers end before this in every program of ours.
const LONGEST_HEAD: u64 = 64 << 10;
/// No table of signatures is longer.
const LONGEST_TABLE: u64 = 1 << 20;
/// So many bytes are in memory at once.
const PIECE: usize = 64 << 10;
/// A signature is one of PKCS #7, by its number.
const PKCS_SIGNED_DATA: u16 = 2;
/// The same, by its GUID.
const BY_GUID: u16 = 0x0ef1;
const CUT_OFF: &str = "its headers are cut off";
/// `4aafd29d-68df-49ee-8aa9-347d375665a7`: PKCS #7.
const PKCS7: [u8; 16] = [
    0x9d, 0xd2, 0xaf, 0x4a, 0xdf, 0x68, 0xee, 0x49, 0x8a, 0xa9, 0x34, 0x7d, 0x37, 0x56, 0x65, 0xa7,
];

/// What Secure Boot asks of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// SHA-256 of all that a signature is about.
    pub digest: [u8; 32],
    /// Its signatures, each PKCS #7 in DER.
    pub signatures: Vec<Vec<u8>>,
}

/// It cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum BadProgram {
    /// Its bytes do not come.
    #[error("it cannot be read")]
    Read(#[from] io::Error),
    /// It is no program of this kind.
    #[error("it is no 64-bit EFI program: {0}")]
    Wrong(&'static str),
}

impl Program {
    /// Reads a program.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn read(file: &mut (impl Read + Seek)) -> Result<Self, BadProgram> {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        let mut head = Vec::new();
        file.by_ref().take(LONGEST_HEAD).read_to_end(&mut head)?;
        let layout = Layout::of(&head, length)?;
        let mut digest = Sha256::new();
        for part in layout.signed {
            feed(file, part, |piece| digest.update(piece))?;
        }
        let mut table = Vec::new();
        feed(file, layout.signatures, |piece| {
            table.extend_from_slice(piece);
        })?;
        Ok(Self {
            digest: digest.finalize().into(),
            signatures: signatures(&table),
        })
    }
}

fn feed(
    file: &mut (impl Read + Seek),
    part: Range<u64>,
    mut take: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    let mut left = part.end - part.start;
    file.seek(SeekFrom::Start(part.start))?;
    while left > 0 {
        let now = left.min(PIECE as u64) as usize;
        file.read_exact(&mut piece[..now])?;
        take(&piece[..now]);
        left -= now as u64;
    }
    Ok(())
}

/// Where things are in a program. Every part lies inside of it.
#[derive(Debug)]
struct Layout {
    /// What a signature is about, in the order in which it is hashed: all but the checksum, and all that tells of signatures.
    signed: Vec<Range<u64>>,
    signatures: Range<u64>,
}

impl Layout {
    /// From the program's first bytes, and its length.
    fn of(head: &[u8], length: u64) -> Result<Self, BadProgram> {
        let headers = Headers::of(head)?;
        let mut signed = Vec::new();
        signed.push(0..headers.checksum);
        let mut from = headers.checksum + size_of::<u32>() as u64;
        let mut signatures = length..length;
        if let Some(at) = headers.directory {
            let entry = head.get(at as usize..).unwrap_or_default();
            signatures = place(entry, length)?;
            signed.push(from..at);
            from = at + size_of::<ImageDataDirectory>() as u64;
        }
        if from > headers.end {
            return Err(BadProgram::Wrong(CUT_OFF));
        }
        signed.push(from..headers.end);
        let hashed = headers.end + add_sections(&mut signed, headers.sections, length)?;
        // What follows the last section, but for the signatures.
        let tail = hashed..length - (signatures.end - signatures.start);
        if !tail.is_empty() {
            signed.push(tail);
        }
        Ok(Self { signed, signatures })
    }
}

/// What of the headers matters here: places in the file.
struct Headers<'a> {
    checksum: u64,
    /// The directory's entry about signatures, if it has one.
    directory: Option<u64>,
    /// Where headers end.
    end: u64,
    sections: &'a [ImageSectionHeader],
}

impl<'a> Headers<'a> {
    fn of(head: &'a [u8]) -> Result<Self, BadProgram> {
        const OPTIONAL: usize = offset_of!(ImageNtHeaders64, optional_header);
        let wrong = BadProgram::Wrong;
        let (dos, _) = from_bytes::<ImageDosHeader>(head)
            .map_err(|()| wrong("its first header is cut off"))?;
        if dos.e_magic.get(LE) != IMAGE_DOS_SIGNATURE {
            return Err(wrong("it does not begin with MZ"));
        }
        let at = dos.e_lfanew.get(LE) as usize;
        let rest = head.get(at..).ok_or(wrong(CUT_OFF))?;
        let (headers, _) = from_bytes::<ImageNtHeaders64>(rest).map_err(|()| wrong(CUT_OFF))?;
        let optional = &headers.optional_header;
        if headers.signature.get(LE) != IMAGE_NT_SIGNATURE
            || optional.magic.get(LE) != IMAGE_NT_OPTIONAL_HDR64_MAGIC
        {
            return Err(wrong("its headers are of another kind"));
        }
        let end = u64::from(optional.size_of_headers.get(LE));
        if end > head.len() as u64 {
            return Err(wrong("its headers are too long"));
        }
        let begin = at + OPTIONAL;
        let entries = optional.number_of_rva_and_sizes.get(LE) as usize;
        let directory = begin
            + size_of::<ImageOptionalHeader64>()
            + IMAGE_DIRECTORY_ENTRY_SECURITY * size_of::<ImageDataDirectory>();
        let file = &headers.file_header;
        let table = begin + usize::from(file.size_of_optional_header.get(LE));
        let table = head.get(table..).ok_or(wrong(CUT_OFF))?;
        let count = usize::from(file.number_of_sections.get(LE));
        let (sections, _) = slice_from_bytes(table, count).map_err(|()| wrong(CUT_OFF))?;
        Ok(Self {
            checksum: (begin + offset_of!(ImageOptionalHeader64, check_sum)) as u64,
            directory: (entries > IMAGE_DIRECTORY_ENTRY_SECURITY).then_some(directory as u64),
            end,
            sections,
        })
    }
}

/// Where the signatures are; the directory's entry about them gives a place in the file.
fn place(entry: &[u8], length: u64) -> Result<Range<u64>, BadProgram> {
    let (entry, _) =
        from_bytes::<ImageDataDirectory>(entry).map_err(|()| BadProgram::Wrong(CUT_OFF))?;
    let start = u64::from(entry.virtual_address.get(LE));
    let size = u64::from(entry.size.get(LE));
    if size == 0 {
        return Ok(length..length);
    }
    if size > LONGEST_TABLE || start + size > length {
        return Err(BadProgram::Wrong("its signatures lie outside of it"));
    }
    Ok(start..start + size)
}

/// Adds the sections as they lie in the file; gives how many bytes they have.
fn add_sections(
    signed: &mut Vec<Range<u64>>,
    sections: &[ImageSectionHeader],
    length: u64,
) -> Result<u64, BadProgram> {
    let mut parts: Vec<Range<u64>> = sections
        .iter()
        .map(|section| {
            let start = u64::from(section.pointer_to_raw_data.get(LE));
            start..start + u64::from(section.size_of_raw_data.get(LE))
        })
        .filter(|part| !part.is_empty())
        .collect();
    parts.sort_by_key(|part| part.start);
    let mut size = 0;
    for part in parts {
        size += part.end - part.start;
        if part.end > length || size > length {
            return Err(BadProgram::Wrong("a section lies outside of it"));
        }
        signed.push(part);
    }
    Ok(size)
}

/// The signatures of PKCS #7 in the table.
fn signatures(mut table: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let Some(head) = table.get(..8) {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let kind = u16::from_le_bytes([head[6], head[7]]);
        let Some(content) = table.get(8..length) else {
            break;
        };
        match kind {
            PKCS_SIGNED_DATA => found.push(content.to_vec()),
            BY_GUID => found.extend(content.strip_prefix(&PKCS7).map(<[u8]>::to_vec)),
            _ => {}
        }
        // Each begins at a multiple of eight.
        table = table.get(length.next_multiple_of(8)..).unwrap_or_default();
    }
    found
}
