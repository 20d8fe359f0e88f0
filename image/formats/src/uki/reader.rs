//! Reading the sections of an EFI program.

use std::borrow::Cow;

use object::LittleEndian as LE;

use super::image::{Arch, Image, ParseError, name};

/// One section of an EFI program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'a> {
    /// Its name, such as `.linux`.
    pub name: String,
    /// Address when loaded, relative to the image's start.
    pub address: u32,
    /// Bytes when loaded.
    pub virtual_size: u32,
    /// Position in the file.
    pub offset: u32,
    /// Content: what is in the file, without its padding.
    pub data: &'a [u8],
}

impl<'a> Section<'a> {
    /// Content when loaded: what the file does not have is zero.
    #[must_use]
    pub fn in_memory(&self) -> Cow<'a, [u8]> {
        let size = self.virtual_size as usize;
        if self.data.len() == size {
            return Cow::Borrowed(self.data);
        }
        let mut content = self.data.to_vec();
        content.resize(size, 0);
        Cow::Owned(content)
    }
}

/// All sections of `program`, in the order of its table.
///
/// # Errors
/// When it is no EFI program that we take.
pub fn sections(program: &[u8]) -> Result<Vec<Section<'_>>, ParseError> {
    let image = Image::parse(program)?;
    let read = |header: &object::pe::ImageSectionHeader| {
        let offset = header.pointer_to_raw_data.get(LE);
        let virtual_size = header.virtual_size.get(LE);
        let length = header.size_of_raw_data.get(LE).min(virtual_size) as usize;
        Section {
            name: name(header),
            address: header.virtual_address.get(LE),
            virtual_size,
            offset,
            data: &image.bytes[offset as usize..offset as usize + length],
        }
    };
    Ok(image.sections.iter().map(read).collect())
}

/// The content of the first section called `wanted`, if there is one.
///
/// # Errors
/// When `program` is no EFI program that we take.
pub fn section<'a>(program: &'a [u8], wanted: &str) -> Result<Option<&'a [u8]>, ParseError> {
    Ok(sections(program)?
        .into_iter()
        .find(|s| s.name == wanted)
        .map(|s| s.data))
}

/// Which processor `program` is for.
///
/// # Errors
/// When it is no EFI program that we take.
pub fn arch(program: &[u8]) -> Result<Arch, ParseError> {
    Ok(Image::parse(program)?.arch)
}
