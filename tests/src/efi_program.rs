//! A program for UEFI on ARM64 that says one line and ends the machine: what a boot loader is shown to start, without a kernel.

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The machine is reset.
    Reset,
    /// It stays as it is, in a loop.
    Stay,
}

/// Where the code is in the file; all headers come before it.
const CODE: usize = 0x200;
/// Where it is in memory.
const CODE_IN_MEMORY: u32 = 0x1000;
const HEADER: usize = 0x40;
const OPTIONAL_SIZE: u16 = 240;

/// `ConOut->OutputString(ConOut, line)`, then `RuntimeServices->ResetSystem(EfiResetCold, 0, 0, NULL)` or a loop in its place.
/// The line stands behind the code (UEFI 2.10, 4.3, 12.4, 8.5).
fn code(ending: Ending) -> [u32; 14] {
    const LOOP: u32 = 0x1400_0000;
    [
        0xa9be_7bfd, // stp x29, x30, [sp, #-32]!
        0xf900_0be1, // str x1, [sp, #16]      the system table
        0xf940_2020, // ldr x0, [x1, #64]      ConOut
        0xf940_0402, // ldr x2, [x0, #8]       OutputString
        0x1000_0141, // adr x1, line
        0xd63f_0040, // blr x2
        match ending {
            Ending::Reset => 0xf940_0be1, // ldr x1, [sp, #16]
            Ending::Stay => LOOP,
        },
        0xf940_2c23, // ldr x3, [x1, #88]      RuntimeServices
        0xf940_3464, // ldr x4, [x3, #104]     ResetSystem
        0xd280_0000, // mov x0, #0             EfiResetCold
        0xd280_0001, // mov x1, #0
        0xd280_0002, // mov x2, #0
        0xd63f_0080, // blr x4
        LOOP,
    ]
}

/// The program as a file (PE32+).
pub fn efi_program(line: &str, ending: Ending) -> Vec<u8> {
    let mut text: Vec<u8> = code(ending)
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect();
    let line = format!("{line}\r\n\0");
    text.extend(line.encode_utf16().flat_map(u16::to_le_bytes));
    text.resize(text.len().next_multiple_of(0x200), 0);
    let size = text.len() as u32;
    let mut file = vec![0; CODE];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"MZ");
    put(0x3c, &(HEADER as u32).to_le_bytes());
    put(HEADER, b"PE\0\0");
    put(HEADER + 4, &0xaa64_u16.to_le_bytes());
    put(HEADER + 6, &1_u16.to_le_bytes());
    put(HEADER + 20, &OPTIONAL_SIZE.to_le_bytes());
    put(HEADER + 22, &0x22_u16.to_le_bytes());
    let optional = HEADER + 24;
    put(optional, &0x20b_u16.to_le_bytes());
    for (at, value) in [
        (4, size),
        (16, CODE_IN_MEMORY),
        (20, CODE_IN_MEMORY),
        (32, 0x1000),
        (36, 0x200),
        (56, CODE_IN_MEMORY + size.next_multiple_of(0x1000)),
        (60, CODE as u32),
        (108, 16),
    ] {
        put(optional + at, &value.to_le_bytes());
    }
    // An EFI application.
    put(optional + 68, &10_u16.to_le_bytes());
    let section = optional + usize::from(OPTIONAL_SIZE);
    put(section, b".text");
    for (at, value) in [
        (8, size),
        (12, CODE_IN_MEMORY),
        (16, size),
        (20, CODE as u32),
        (36, 0x6000_0020),
    ] {
        put(section + at, &value.to_le_bytes());
    }
    file.extend(text);
    file
}
