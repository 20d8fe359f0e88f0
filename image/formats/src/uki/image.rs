//! The headers of an EFI program, checked.

use object::LittleEndian as LE;
use object::pe::{
    IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_ARM64, IMAGE_NT_OPTIONAL_HDR64_MAGIC,
    IMAGE_NT_SIGNATURE, IMAGE_SUBSYSTEM_EFI_APPLICATION, ImageDosHeader, ImageNtHeaders64,
    ImageSectionHeader,
};
use object::pod::{from_bytes, slice_from_bytes};

/// Processor of an EFI program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 64-bit ARM.
    Arm64,
}

/// Why bytes are no EFI program that we take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The file ends within its headers.
    #[error("the file ends within its {0}")]
    Short(&'static str),
    /// A signature is missing.
    #[error("no PE program: {0}")]
    NotPe(&'static str),
    /// A program, but not one that EFI firmware of our machines starts.
    #[error("no 64-bit EFI program: {field} is {value:#x}")]
    NotEfi {
        /// Name of the field.
        field: &'static str,
        /// What it says.
        value: u32,
    },
    /// Section or file alignment that is no power of two, or out of order.
    #[error("alignment of sections {section:#x} and file {file:#x} do not go together")]
    Alignment {
        /// Alignment in memory.
        section: u32,
        /// Alignment in the file.
        file: u32,
    },
    /// A section lies outside of the file.
    #[error("section {index} (`{name}`) lies outside of the file")]
    Outside {
        /// Its number, from 0.
        index: usize,
        /// Its name.
        name: String,
    },
    /// Sections whose addresses do not rise.
    #[error("section {index} (`{name}`) overlaps the one before it")]
    Order {
        /// Its number, from 0.
        index: usize,
        /// Its name.
        name: String,
    },
}

/// Where the checked headers are.
#[derive(Debug)]
pub(super) struct Image<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) arch: Arch,
    pub(super) headers: &'a ImageNtHeaders64,
    pub(super) sections: &'a [ImageSectionHeader],
    /// Position of the PE signature.
    pub(super) headers_at: usize,
    /// Position of the section table.
    pub(super) sections_at: usize,
}

impl<'a> Image<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let (dos, _) =
            from_bytes::<ImageDosHeader>(bytes).map_err(|()| ParseError::Short("DOS header"))?;
        if bytes[..2] != *b"MZ" {
            return Err(ParseError::NotPe("no DOS signature"));
        }
        let headers_at = dos.e_lfanew.get(LE) as usize;
        let rest = bytes
            .get(headers_at..)
            .ok_or(ParseError::Short("PE header"))?;
        let (headers, _) =
            from_bytes::<ImageNtHeaders64>(rest).map_err(|()| ParseError::Short("PE header"))?;
        let arch = check_headers(headers)?;
        // The optional header's stated size is what the firmware goes by.
        let sections_at =
            headers_at + 24 + usize::from(headers.file_header.size_of_optional_header.get(LE));
        let table = bytes
            .get(sections_at..)
            .ok_or(ParseError::Short("section table"))?;
        let count = usize::from(headers.file_header.number_of_sections.get(LE));
        let (sections, _) = slice_from_bytes::<ImageSectionHeader>(table, count)
            .map_err(|()| ParseError::Short("section table"))?;
        let stated = headers.optional_header.size_of_headers.get(LE);
        if u64::from(stated) > bytes.len() as u64 {
            return Err(ParseError::Short("headers"));
        }
        check_sections(bytes, sections)?;
        Ok(Self {
            bytes,
            arch,
            headers,
            sections,
            headers_at,
            sections_at,
        })
    }
}

fn check_headers(headers: &ImageNtHeaders64) -> Result<Arch, ParseError> {
    if headers.signature.get(LE) != IMAGE_NT_SIGNATURE {
        return Err(ParseError::NotPe("no PE signature"));
    }
    let optional = &headers.optional_header;
    let wrong = |field, value| Err(ParseError::NotEfi { field, value });
    if optional.magic.get(LE) != IMAGE_NT_OPTIONAL_HDR64_MAGIC {
        return wrong("magic", optional.magic.get(LE).into());
    }
    let size = headers.file_header.size_of_optional_header.get(LE);
    if usize::from(size) < size_of_val(optional) {
        return wrong("size of the optional header", size.into());
    }
    if optional.subsystem.get(LE) != IMAGE_SUBSYSTEM_EFI_APPLICATION {
        return wrong("subsystem", optional.subsystem.get(LE).into());
    }
    let (section, file) = (
        optional.section_alignment.get(LE),
        optional.file_alignment.get(LE),
    );
    // Linkers take 64 KiB at most.
    let sensible = 32..=1 << 16;
    if !section.is_power_of_two()
        || !file.is_power_of_two()
        || file > section
        || !sensible.contains(&file)
        || section > 1 << 24
    {
        return Err(ParseError::Alignment { section, file });
    }
    match headers.file_header.machine.get(LE) {
        IMAGE_FILE_MACHINE_AMD64 => Ok(Arch::X86_64),
        IMAGE_FILE_MACHINE_ARM64 => Ok(Arch::Arm64),
        other => wrong("machine", other.into()),
    }
}

fn check_sections(bytes: &[u8], sections: &[ImageSectionHeader]) -> Result<(), ParseError> {
    let mut free = 0;
    for (index, section) in sections.iter().enumerate() {
        let start = u64::from(section.pointer_to_raw_data.get(LE));
        let end = start + u64::from(section.size_of_raw_data.get(LE));
        if end > bytes.len() as u64 {
            return Err(ParseError::Outside {
                index,
                name: name(section),
            });
        }
        let address = u64::from(section.virtual_address.get(LE));
        if address < free {
            return Err(ParseError::Order {
                index,
                name: name(section),
            });
        }
        free = address + u64::from(section.virtual_size.get(LE));
    }
    Ok(())
}

/// A section's name without its padding.
pub(super) fn name(section: &ImageSectionHeader) -> String {
    let end = section
        .name
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(section.name.len());
    String::from_utf8_lossy(&section.name[..end]).into_owned()
}
