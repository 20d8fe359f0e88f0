use std::process::Command;

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::bytes::put;

/// A program with the shape of systemd's stub: 0x400 bytes of headers, sections from 0x1000.
fn program(arch: Arch, sections: &[(&str, usize)]) -> Vec<u8> {
    program_with(0x400, arch, sections)
}

fn program_with(headers: u32, arch: Arch, sections: &[(&str, usize)]) -> Vec<u8> {
    let mut out = vec![0; headers as usize];
    put(&mut out, 0, b"MZ");
    put(&mut out, 0x3c, &0x80_u32.to_le_bytes());
    put(&mut out, 0x80, b"PE\0\0");
    let machine: u16 = if arch == Arch::X86_64 { 0x8664 } else { 0xaa64 };
    put(&mut out, 0x84, &machine.to_le_bytes());
    put(&mut out, 0x86, &(sections.len() as u16).to_le_bytes());
    put(&mut out, 0x94, &240_u16.to_le_bytes());
    put(&mut out, 0x96, &0x0202_u16.to_le_bytes());
    let optional = 0x98;
    put(&mut out, optional, &0x020b_u16.to_le_bytes());
    put(&mut out, optional + 16, &0x1000_u32.to_le_bytes());
    put(&mut out, optional + 32, &0x1000_u32.to_le_bytes());
    put(&mut out, optional + 36, &0x200_u32.to_le_bytes());
    put(&mut out, optional + 60, &headers.to_le_bytes());
    put(&mut out, optional + 64, &0xdead_u32.to_le_bytes());
    put(&mut out, optional + 68, &10_u16.to_le_bytes());
    put(&mut out, optional + 70, &0x160_u16.to_le_bytes());
    put(&mut out, optional + 108, &16_u32.to_le_bytes());
    let mut address = 0x1000_u32;
    for (index, (name, size)) in sections.iter().enumerate() {
        let at = optional + 240 + 40 * index;
        put(&mut out, at, name.as_bytes());
        put(&mut out, at + 8, &(*size as u32).to_le_bytes());
        put(&mut out, at + 12, &address.to_le_bytes());
        put(
            &mut out,
            at + 16,
            &(size.next_multiple_of(0x200) as u32).to_le_bytes(),
        );
        let offset = out.len() as u32;
        put(&mut out, at + 20, &offset.to_le_bytes());
        put(&mut out, at + 36, &0x4000_0040_u32.to_le_bytes());
        let content = pattern(*size, index);
        out.extend(content);
        out.resize(out.len().next_multiple_of(0x200), 0);
        address = (address + *size as u32).next_multiple_of(0x1000);
    }
    put(&mut out, optional + 56, &address.to_le_bytes());
    out
}

/// Bytes without a favourite among them.
fn pattern(size: usize, seed: usize) -> impl Iterator<Item = u8> {
    (0..size).map(move |n| (n * 7 + n / 256 + seed) as u8)
}

const SBAT: (&str, usize) = (".sbat", 0x100);

fn stub() -> Vec<u8> {
    program(Arch::X86_64, &[(".text", 0x1234), SBAT])
}

fn kernel() -> Vec<u8> {
    program(Arch::X86_64, &[(".text", 0x5000)])
}

fn uki() -> Vec<u8> {
    let initrd: Vec<u8> = pattern(70_001, 9).collect();
    let linux = kernel();
    let parts = Uki {
        os_release: b"ID=holdfast\n",
        cmdline: "console=ttyS0 holdfast.roothash=00",
        uname: "6.12.0",
        linux: &linux,
        initrd: &initrd,
        ..Uki::default()
    };
    parts.build(&stub()).unwrap()
}

#[test]
fn dump_is_golden() {
    let expected = "\
efi program X86_64 99840 bytes
.text     address 0x00001000 memory      4660 offset 0x00000400 content      4660 sha256 7fc887bf18923241
.sbat     address 0x00003000 memory       256 offset 0x00001800 content       256 sha256 2d7f580fd4710654
.osrel    address 0x00004000 memory        12 offset 0x00001a00 content        12 sha256 21e5e89a2f771811
.cmdline  address 0x00005000 memory        34 offset 0x00001c00 content        34 sha256 b551b5eebd2f929e
.uname    address 0x00006000 memory         6 offset 0x00001e00 content         6 sha256 fea4e26faa4a4353
.linux    address 0x00007000 memory     21504 offset 0x00002000 content     21504 sha256 922f75d54126f6ce
.initrd   address 0x0000d000 memory     70001 offset 0x00007400 content     70001 sha256 823fc80fa81f0c46
";
    let text = dump(&uki()).unwrap();
    assert_eq!(text, expected, "{text}");
}

#[test]
fn digest_is_pinned() {
    let hex: String = Sha256::digest(uki())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(
        hex,
        "0a005786808c8e910bf14d488ed25cf9f36c0385cbf4dd70085bd56329808d05"
    );
}

#[test]
fn sections_read_back() {
    let uki = uki();
    assert_eq!(
        section(&uki, ".osrel").unwrap(),
        Some(&b"ID=holdfast\n"[..])
    );
    assert_eq!(section(&uki, ".linux").unwrap(), Some(&kernel()[..]));
    let initrd: Vec<u8> = pattern(70_001, 9).collect();
    assert_eq!(section(&uki, ".initrd").unwrap(), Some(&initrd[..]));
    assert_eq!(section(&uki, ".ucode").unwrap(), None);
    assert_eq!(arch(&uki).unwrap(), Arch::X86_64);
    let stub_text = section(&stub(), ".text").unwrap().map(<[u8]>::to_vec);
    assert_eq!(
        section(&uki, ".text").unwrap().map(<[u8]>::to_vec),
        stub_text
    );
}

/// What all entries of the boot menu share comes before the first profile; the first profile is what is started when nobody chooses.
#[test]
fn a_profile_has_a_command_line_of_its_own() {
    let linux = kernel();
    let profile = |id, title, cmdline| Profile {
        id,
        title,
        os_release: b"ID=other\n",
        cmdline,
        ..Profile::default()
    };
    let uki = Uki {
        os_release: b"ID=holdfast\n",
        cmdline: "quiet",
        linux: &linux,
        profiles: &[
            profile("maintenance", "maintenance mode", "quiet maintenance"),
            profile("other", "another", "loud"),
        ],
        ..Uki::default()
    };
    let uki = uki.build(&stub()).unwrap();
    let all = sections(&uki).unwrap();
    let at = all.iter().position(|it| it.name == ".osrel").unwrap();
    let names: Vec<&str> = all[at..].iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        [
            ".osrel", ".cmdline", ".linux", ".profile", ".profile", ".osrel", ".cmdline",
            ".profile", ".osrel", ".cmdline"
        ]
    );
    assert_eq!(section(&uki, ".cmdline").unwrap(), Some(&b"quiet"[..]));
    let contents: Vec<&[u8]> = all[at + 3..].iter().map(|it| it.data).collect();
    assert_eq!(
        contents,
        [
            &b"ID=main\n"[..],
            b"ID=maintenance\nTITLE=\"maintenance mode\"\n",
            b"ID=other\n",
            b"quiet maintenance",
            b"ID=other\nTITLE=\"another\"\n",
            b"ID=other\n",
            b"loud",
        ]
    );
}

/// A UKI with every part, and with `profiles` beside the main one.
fn signed(profiles: &[Profile<'_>]) -> Vec<u8> {
    let linux = kernel();
    Uki {
        os_release: b"ID=holdfast\n",
        cmdline: "quiet",
        uname: "6.12.0",
        linux: &linux,
        initrd: b"initrd",
        ucode: b"ucode",
        pcr_key: b"key",
        pcr_signature: b"signature of main",
        profiles,
        ..Uki::default()
    }
    // As many headers as these need do not fit the other stub.
    .build(&program_with(
        0x600,
        Arch::X86_64,
        &[(".text", 0x1234), SBAT],
    ))
    .unwrap()
}

const OTHER: Profile<'_> = Profile {
    id: "other",
    title: "another",
    os_release: b"ID=other\n",
    cmdline: "loud",
    pcr_signature: b"signature of other",
};

/// The key is for all profiles, a signature for one.
#[test]
fn a_signature_stands_with_its_profile() {
    let shared = [
        ".osrel", ".cmdline", ".uname", ".linux", ".initrd", ".ucode", ".pcrpkey",
    ];
    let main = [".profile", ".pcrsig"];
    let other = [".profile", ".osrel", ".cmdline", ".pcrsig"];
    let unsigned = Profile {
        pcr_signature: b"",
        ..OTHER
    };
    let cases = [
        ("no profiles", vec![], vec![&shared[..], &[".pcrsig"]]),
        ("one more", vec![OTHER], vec![&shared[..], &main, &other]),
        (
            "two more, one without a signature",
            vec![OTHER, unsigned],
            vec![&shared[..], &main, &other, &other[..3]],
        ),
    ];
    for (name, profiles, want) in cases {
        let uki = signed(&profiles);
        let all = sections(&uki).unwrap();
        let names: Vec<&str> = all[2..].iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, want.concat(), "{name}");
    }
}

/// In the stub's own order, with the stub's own `.sbat`, and never a signature.
#[test]
fn what_is_measured_is_what_a_profile_starts_with() {
    let shared = [
        (".linux", kernel()),
        (".osrel", b"ID=holdfast\n".to_vec()),
        (".cmdline", b"quiet".to_vec()),
        (".initrd", b"initrd".to_vec()),
        (".ucode", b"ucode".to_vec()),
        (".uname", b"6.12.0".to_vec()),
        (
            ".sbat",
            section(&stub(), ".sbat").unwrap().unwrap().to_vec(),
        ),
        (".pcrpkey", b"key".to_vec()),
    ];
    let with = |changes: &[(&'static str, &[u8])]| {
        let mut all = shared
            .clone()
            .map(|(name, data)| (name.to_owned(), data))
            .to_vec();
        for (name, content) in changes {
            match all.iter_mut().find(|(there, _)| there == name) {
                Some((_, old)) => *old = content.to_vec(),
                None => all.push(((*name).to_owned(), content.to_vec())),
            }
        }
        Some(all)
    };
    let title = b"ID=other\nTITLE=\"another\"\n";
    let other: [(&str, &[u8]); 3] = [
        (".osrel", b"ID=other\n"),
        (".cmdline", b"loud"),
        (".profile", title),
    ];
    let cases = [
        ("alone", signed(&[]), 0, with(&[])),
        ("alone, no other", signed(&[]), 1, None),
        (
            "main of two",
            signed(&[OTHER]),
            0,
            with(&[(".profile", b"ID=main\n")]),
        ),
        ("other of two", signed(&[OTHER]), 1, with(&other)),
        ("no third", signed(&[OTHER]), 2, None),
        ("second of three", signed(&[OTHER, OTHER]), 1, with(&other)),
    ];
    for (name, uki, profile, want) in cases {
        let found = measured(&uki, profile).unwrap();
        let found: Option<Vec<_>> = found.map(|found| {
            let parts = found.iter();
            let part = |it: &Section<'_>| (it.name.clone(), it.in_memory().into_owned());
            parts.map(part).collect()
        });
        assert_eq!(found, want, "{name}");
    }
}

/// What is in memory and not in the file is zero, and the stub measures memory.
#[test]
fn what_a_file_does_not_have_is_measured_as_zero() {
    let mut stub = stub();
    // The size in memory of `.sbat`, whose header is the second one.
    put(&mut stub, 0x98 + 240 + 40 + 8, &0x300_u32.to_le_bytes());
    let found = measured(&stub, 0).unwrap().unwrap();
    let [sbat] = &found[..] else {
        panic!("{found:?}");
    };
    let content = sbat.in_memory();
    assert_eq!((content.len(), &content[0x200..]), (0x300, &[0; 0x100][..]));
}

#[test]
fn objdump_reads_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), uki()).unwrap();
    let run = Command::new("objdump")
        .arg("-h")
        .arg(file.path())
        .output()
        .expect("objdump (binutils) is needed");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    for name in [
        ".text", ".sbat", ".osrel", ".cmdline", ".uname", ".linux", ".initrd",
    ] {
        assert!(text.contains(&format!("{name} ")), "{name}: {text}");
    }
    assert!(text.contains("00011171"), "length of .initrd: {text}");
}

/// pefile checks more than objdump does, and it is what `ukify` itself is made of.
#[test]
fn pefile_has_no_warning() {
    let script = "import pefile, sys\n\
        pe = pefile.PE(sys.argv[1])\n\
        assert not pe.get_warnings(), pe.get_warnings()\n\
        last = pe.sections[-1]\n\
        end = last.VirtualAddress + last.Misc_VirtualSize\n\
        assert pe.OPTIONAL_HEADER.SizeOfImage == (end + 4095) // 4096 * 4096\n\
        assert pe.OPTIONAL_HEADER.CheckSum == 0\n\
        print(len(pe.sections))\n";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), uki()).unwrap();
    let run = Command::new("/usr/bin/python3")
        .args(["-c", script])
        .arg(file.path())
        .output()
        .expect("python3 is needed");
    assert!(
        run.status.success(),
        "python3-pefile: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert_eq!(String::from_utf8_lossy(&run.stdout), "7\n");
}

#[test]
fn nx_is_dropped_with_the_kernel_s() {
    let flag =
        |program: &[u8]| u16::from_le_bytes([program[0x98 + 70], program[0x98 + 71]]) & 0x100;
    let mut linux = kernel();
    assert_ne!(flag(&linux), 0);
    let build = |linux: &[u8]| {
        Uki {
            linux,
            ..Uki::default()
        }
        .build(&stub())
        .unwrap()
    };
    assert_ne!(flag(&build(&linux)), 0);
    put(&mut linux, 0x98 + 70, &0_u16.to_le_bytes());
    assert_eq!(flag(&build(&linux)), 0);
}

#[test]
fn a_symbol_table_at_the_end_is_cut_off() {
    let mut stub = stub();
    let at = stub.len() as u32;
    put(&mut stub, 0x8c, &at.to_le_bytes());
    put(&mut stub, 0x90, &2_u32.to_le_bytes());
    stub.extend([9; 36]);
    stub.extend(4_u32.to_le_bytes());
    let out = build(&stub, &[(".x", b"y")]).unwrap();
    assert_eq!(out[0x8c..0x94], [0; 8]);
    assert_eq!(out.len(), at as usize + 0x200);
    stub.push(0);
    assert_eq!(build(&stub, &[(".x", b"y")]), Err(BuildError::Symbols));
}

#[test]
fn what_cannot_be_built_is_refused() {
    let with = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut stub = stub();
        edit(&mut stub);
        stub
    };
    let part: &[(&str, &[u8])] = &[(".x", b"y")];
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("empty", vec![], "cannot use the EFI stub"),
        ("no MZ", with(&|s| s[0] = 0), "cannot use the EFI stub"),
        ("no PE", with(&|s| s[0x80] = 0), "cannot use the EFI stub"),
        (
            "32 bit",
            with(&|s| s[0x98] = 0x0a),
            "cannot use the EFI stub",
        ),
        (
            "no EFI",
            with(&|s| s[0x98 + 68] = 3),
            "cannot use the EFI stub",
        ),
        (
            "odd alignment",
            with(&|s| s[0x98 + 32] = 3),
            "cannot use the EFI stub",
        ),
        (
            "cut",
            with(&|s| s.truncate(0x800)),
            "cannot use the EFI stub",
        ),
        (
            "signed",
            with(&|s| s[0x98 + 112 + 32] = 1),
            "the EFI stub is signed",
        ),
        (
            "full",
            with(&|s| put(s, 0x98 + 240 + 20, &0x1ff_u32.to_le_bytes())),
            "no room for section `.x`",
        ),
    ];
    for (name, stub, message) in cases {
        let error = build(&stub, part).expect_err(name).to_string();
        assert!(error.starts_with(message), "{name}: {error}");
    }
    let parts: [(&str, &[u8]); 3] = [(".profile", b"a"), (".cmdline", b"b"), (".cmdline", b"c")];
    let twice = BuildError::Name(".cmdline".into());
    assert_eq!(build(&stub(), &parts), Err(twice));
    for bad in [".text", ".ninechars"] {
        assert_eq!(
            build(&stub(), &[(bad, b"")]),
            Err(BuildError::Name(bad.into()))
        );
    }
    let arm = program(Arch::Arm64, &[(".text", 10)]);
    let error = Uki {
        linux: &arm,
        ..Uki::default()
    }
    .build(&stub())
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the EFI stub is for X86_64, the kernel for Arm64"
    );
    let error = Uki {
        linux: b"gzip",
        ..Uki::default()
    }
    .build(&stub())
    .unwrap_err();
    assert_eq!(error.to_string(), "cannot use the kernel");
}

proptest! {
    #[test]
    fn reader_never_panics(
        edits in proptest::collection::vec((0_usize..0x400, any::<u8>()), 1..20),
        length in 0_usize..0x2000,
    ) {
        let mut program = stub();
        for (at, value) in edits {
            program[at] = value;
        }
        program.truncate(length.max(0x40));
        let _ = dump(&program);
        let _ = measured(&program, 1);
        let _ = build(&program, &[(".x", b"y")]);
    }
}
