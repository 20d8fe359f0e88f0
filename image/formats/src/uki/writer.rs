//! Appending sections to an EFI stub.

use object::LittleEndian as LE;
use object::pe::{
    IMAGE_DIRECTORY_ENTRY_SECURITY, IMAGE_DLLCHARACTERISTICS_NX_COMPAT,
    IMAGE_FILE_LOCAL_SYMS_STRIPPED, ImageDataDirectory, ImageNtHeaders64, ImageSectionHeader,
};
use object::pod::{bytes_of, from_bytes_mut, slice_from_bytes};

use super::error::BuildError;
use super::image::{Image, ParseError};
use super::measured::{PCR_KEY, PCR_SIGNATURE};
use super::plan::{PROFILE, SECTION_HEADER, plan};
use crate::bytes::{put, u32_at};

/// The parts of a unified kernel image. Empty parts are left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Uki<'a> {
    /// `/etc/os-release`: boot menus and `bootctl` show it.
    pub os_release: &'a [u8],
    /// Kernel command line.
    pub cmdline: &'a str,
    /// Kernel version, as `uname -r` prints it.
    pub uname: &'a str,
    /// The kernel, itself an EFI program.
    pub linux: &'a [u8],
    /// Initramfs.
    pub initrd: &'a [u8],
    /// Early microcode archive, which the stub puts before the initramfs.
    pub ucode: &'a [u8],
    /// Device tree, for boards whose firmware brings none.
    pub dtb: &'a [u8],
    /// Public key (PEM) of whoever signs what the stub measures. It is measured, too.
    pub pcr_key: &'a [u8],
    /// The signature (JSON of `systemd-measure sign`) of what [`measured`](super::measured()) says of the first profile.
    pub pcr_signature: &'a [u8],
    /// What else the boot menu offers.
    pub profiles: &'a [Profile<'a>],
}

/// Another way to start the same kernel: an entry of its own in the boot menu. See "Multi-Profile UKIs" in <https://uapi-group.org/specifications/specs/unified_kernel_image/>.
#[derive(Debug, Clone, Copy, Default)]
pub struct Profile<'a> {
    /// The boot loader calls the entry by it: the file's name, `@`, and this.
    pub id: &'a str,
    /// What the menu shows beside the system's name.
    pub title: &'a str,
    /// Its own `/etc/os-release`: a boot loader sorts entries by what stands there, before it looks at profiles.
    pub os_release: &'a [u8],
    /// Its kernel command line.
    pub cmdline: &'a str,
    /// The signature of what is measured when this one is chosen; left out when empty.
    pub pcr_signature: &'a [u8],
}

/// The first profile is the one that has nothing of its own.
const MAIN_PROFILE: &[u8] = b"ID=main\n";

impl Profile<'_> {
    fn text(&self) -> String {
        format!("ID={}\nTITLE=\"{}\"\n", self.id, self.title)
    }
}

impl Uki<'_> {
    /// Makes the image from systemd's EFI stub.
    ///
    /// # Errors
    /// When stub or kernel cannot be used, see [`BuildError`].
    pub fn build(&self, stub: &[u8]) -> Result<Vec<u8>, BuildError> {
        let stub_arch = Image::parse(stub).map_err(BuildError::Stub)?.arch;
        let kernel = Image::parse(self.linux).map_err(BuildError::Kernel)?;
        if stub_arch != kernel.arch {
            return Err(BuildError::Arch {
                stub: stub_arch,
                kernel: kernel.arch,
            });
        }
        let nx = kernel.headers.optional_header.dll_characteristics.get(LE)
            & IMAGE_DLLCHARACTERISTICS_NX_COMPAT
            != 0;
        let texts: Vec<String> = self.profiles.iter().map(Profile::text).collect();
        let mut out = build(stub, &self.parts(&texts))?;
        if !nx {
            // Firmware that enforces it would else start the stub and refuse the kernel.
            clear_nx(&mut out);
        }
        Ok(out)
    }

    /// What all profiles share, then what each has of its own: a signature is one profile's, since it covers that one's words.
    fn parts<'p>(&'p self, texts: &'p [String]) -> Vec<(&'p str, &'p [u8])> {
        let main = match texts {
            [] => &[][..],
            _ => MAIN_PROFILE,
        };
        let mut parts = vec![
            (".osrel", self.os_release),
            (".cmdline", self.cmdline.as_bytes()),
            (".dtb", self.dtb),
            (".uname", self.uname.as_bytes()),
            (".linux", self.linux),
            (".initrd", self.initrd),
            (".ucode", self.ucode),
            (PCR_KEY, self.pcr_key),
            (PROFILE, main),
            (PCR_SIGNATURE, self.pcr_signature),
        ];
        for (profile, text) in self.profiles.iter().zip(texts) {
            parts.extend([
                (PROFILE, text.as_bytes()),
                (".osrel", profile.os_release),
                (".cmdline", profile.cmdline.as_bytes()),
                (PCR_SIGNATURE, profile.pcr_signature),
            ]);
        }
        parts.retain(|(_, data)| !data.is_empty());
        parts
    }
}

/// Appends `parts` (name and content) to `stub`, in order.
///
/// # Errors
/// See [`BuildError`].
pub fn build(stub: &[u8], parts: &[(&str, &[u8])]) -> Result<Vec<u8>, BuildError> {
    let image = Image::parse(stub).map_err(BuildError::Stub)?;
    refuse_signed(&image)?;
    let body = without_symbols(&image)?;
    let plan = plan(&image, body, parts)?;
    let mut out = body.to_vec();
    for (header, (_, data)) in plan.iter().zip(parts) {
        out.resize(header.pointer_to_raw_data.get(LE) as usize, 0);
        out.extend_from_slice(data);
        let end = header.pointer_to_raw_data.get(LE) + header.size_of_raw_data.get(LE);
        out.resize(end as usize, 0);
    }
    let table_end = image.sections_at + size_of_val(image.sections);
    for (index, header) in plan.iter().enumerate() {
        put(
            &mut out,
            table_end + index * SECTION_HEADER,
            bytes_of(header),
        );
    }
    put(
        &mut out,
        image.headers_at,
        bytes_of(&new_headers(&image, body, &plan)),
    );
    Ok(out)
}

fn refuse_signed(image: &Image<'_>) -> Result<(), BuildError> {
    let start = image.headers_at + size_of::<ImageNtHeaders64>();
    let count = image
        .headers
        .optional_header
        .number_of_rva_and_sizes
        .get(LE) as usize;
    let room = image.sections_at.saturating_sub(start) / size_of::<ImageDataDirectory>();
    let (directories, _) =
        slice_from_bytes::<ImageDataDirectory>(&image.bytes[start..], count.min(room))
            .map_err(|()| BuildError::Stub(ParseError::Short("data directories")))?;
    match directories.get(IMAGE_DIRECTORY_ENTRY_SECURITY) {
        Some(directory) if directory.virtual_address.get(LE) != 0 => Err(BuildError::Signed),
        _ => Ok(()),
    }
}

/// The stub up to its symbol table, which older stubs carry at their end.
fn without_symbols<'a>(image: &Image<'a>) -> Result<&'a [u8], BuildError> {
    let start = image.headers.file_header.pointer_to_symbol_table.get(LE) as usize;
    if start == 0 {
        return Ok(image.bytes);
    }
    let symbols = image.headers.file_header.number_of_symbols.get(LE) as usize * 18;
    let strings = start + symbols;
    if strings + 4 > image.bytes.len() {
        return Err(BuildError::Symbols);
    }
    if strings + u32_at(image.bytes, strings) as usize != image.bytes.len() {
        return Err(BuildError::Symbols);
    }
    Ok(&image.bytes[..start])
}

/// The stub's headers with the new sections counted in.
fn new_headers(image: &Image<'_>, body: &[u8], plan: &[ImageSectionHeader]) -> ImageNtHeaders64 {
    let mut headers = *image.headers;
    let file = &mut headers.file_header;
    let count = image.sections.len() + plan.len();
    file.number_of_sections.set(
        LE,
        u16::try_from(count).expect("section headers end within the headers"),
    );
    if body.len() < image.bytes.len() {
        file.pointer_to_symbol_table.set(LE, 0);
        file.number_of_symbols.set(LE, 0);
        file.characteristics.set(
            LE,
            file.characteristics.get(LE) | IMAGE_FILE_LOCAL_SYMS_STRIPPED,
        );
    }
    let optional = &mut headers.optional_header;
    let alignment = optional.section_alignment.get(LE);
    let data: u32 = plan
        .iter()
        .map(|section| section.virtual_size.get(LE))
        .sum();
    if let Some(last) = plan.last() {
        let end = last.virtual_address.get(LE) + last.virtual_size.get(LE);
        optional
            .size_of_image
            .set(LE, end.next_multiple_of(alignment));
    }
    optional.size_of_initialized_data.set(
        LE,
        optional.size_of_initialized_data.get(LE).wrapping_add(data),
    );
    let padded = optional
        .size_of_headers
        .get(LE)
        .next_multiple_of(optional.file_alignment.get(LE));
    optional.size_of_headers.set(LE, padded);
    optional.check_sum.set(LE, 0);
    headers
}

fn clear_nx(program: &mut [u8]) {
    let Ok(at) = Image::parse(program).map(|image| image.headers_at) else {
        return;
    };
    if let Ok((headers, _)) = from_bytes_mut::<ImageNtHeaders64>(&mut program[at..]) {
        let field = &mut headers.optional_header.dll_characteristics;
        field.set(LE, field.get(LE) & !IMAGE_DLLCHARACTERISTICS_NX_COMPAT);
    }
}
