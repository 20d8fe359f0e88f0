//! Where the new sections go, in the file and in memory.

use object::LittleEndian as LE;
use object::pe::{
    IMAGE_SCN_CNT_CODE, IMAGE_SCN_CNT_INITIALIZED_DATA, IMAGE_SCN_MEM_READ, ImageSectionHeader,
};

use super::error::BuildError;
use super::image::{Image, name};

/// Bytes of one section header.
pub(super) const SECTION_HEADER: usize = size_of::<ImageSectionHeader>();

/// What begins a profile: sections that come after it take the places of those that all profiles share.
pub(super) const PROFILE: &str = ".profile";

/// The headers of the new sections: file positions after the stub, addresses after its last one.
pub(super) fn plan(
    image: &Image<'_>,
    body: &[u8],
    parts: &[(&str, &[u8])],
) -> Result<Vec<ImageSectionHeader>, BuildError> {
    let optional = &image.headers.optional_header;
    let file_alignment = u64::from(optional.file_alignment.get(LE));
    let section_alignment = u64::from(optional.section_alignment.get(LE));
    let stub: Vec<String> = image.sections.iter().map(name).collect();
    let mut taken = stub.clone();
    let mut header_end = image.sections_at + size_of_val(image.sections);
    let limit = header_limit(image);
    let mut offset = (body.len() as u64).next_multiple_of(file_alignment);
    let mut address = image.sections.last().map_or(section_alignment, |last| {
        u64::from(last.virtual_address.get(LE)) + u64::from(last.virtual_size.get(LE))
    });
    let mut out = Vec::with_capacity(parts.len());
    for (wanted, data) in parts {
        header_end += SECTION_HEADER;
        if header_end > limit {
            return Err(BuildError::NoRoom {
                name: (*wanted).to_owned(),
                end: header_end,
                limit,
            });
        }
        if *wanted == PROFILE {
            taken.clone_from(&stub);
        }
        if wanted.len() > 8 || taken.iter().any(|t| t == wanted) {
            return Err(BuildError::Name((*wanted).to_owned()));
        }
        address = address.next_multiple_of(section_alignment);
        let size = data.len() as u64;
        let padded = size.next_multiple_of(file_alignment);
        let field = |value: u64| {
            u32::try_from(value).map_err(|_| BuildError::TooLarge((*wanted).to_owned()))
        };
        // The image's end must fit its field as well.
        field((address + size).next_multiple_of(section_alignment))?;
        field(offset + padded)?;
        out.push(section_header(
            wanted,
            field(address)?,
            field(size)?,
            field(offset)?,
            field(padded)?,
        ));
        taken.push((*wanted).to_owned());
        offset += padded;
        address += size;
    }
    Ok(out)
}

/// Section headers may grow up to here: the stated end of headers, and the first content.
fn header_limit(image: &Image<'_>) -> usize {
    let optional = &image.headers.optional_header;
    let stated = (optional.size_of_headers.get(LE) as usize)
        .next_multiple_of(optional.file_alignment.get(LE) as usize);
    image
        .sections
        .iter()
        .filter(|section| section.size_of_raw_data.get(LE) > 0)
        .map(|section| section.pointer_to_raw_data.get(LE) as usize)
        .fold(stated, usize::min)
}

fn section_header(
    wanted: &str,
    address: u32,
    virtual_size: u32,
    offset: u32,
    padded: u32,
) -> ImageSectionHeader {
    let kind = if wanted == ".linux" {
        IMAGE_SCN_CNT_CODE
    } else {
        IMAGE_SCN_CNT_INITIALIZED_DATA
    };
    let mut header = ImageSectionHeader::default();
    header.name[..wanted.len()].copy_from_slice(wanted.as_bytes());
    header.virtual_address.set(LE, address);
    header.virtual_size.set(LE, virtual_size);
    header.pointer_to_raw_data.set(LE, offset);
    header.size_of_raw_data.set(LE, padded);
    header.characteristics.set(LE, kind | IMAGE_SCN_MEM_READ);
    header
}
