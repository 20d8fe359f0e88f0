//! What a firmware with Secure Boot goes by: its own lists, and what somebody signed.

use crate::Target;
use crate::target::no_made_seeds;
use agent::secure_boot::{Program, Signature, SignatureLists, judge};
use std::io::Cursor;

/// A certificate, a digest of a program, and one of a certificate.
const KINDS: [(&str, usize); 3] = [
    ("a159c0a5e494a74a87b5ab155c2bf072", 900),
    ("2616c4c14c509240aca941f936934328", 32),
    ("92a4d23bc0967940b420fcf98ef103ed", 48),
];

pub(crate) const LISTS: Target = Target {
    name: "signature-lists",
    run: |input| {
        let lists = SignatureLists::parse(input);
        let kept = lists.programs.len() * 32
            + lists.certificates.iter().map(Vec::len).sum::<usize>()
            + lists.signed_parts.iter().map(Vec::len).sum::<usize>();
        assert!(kept <= input.len(), "more came out than went in");
        let part = |digest: &Vec<u8>| matches!(digest.len(), 32 | 48 | 64);
        assert!(lists.signed_parts.iter().all(part));
    },
    folders: &[],
    made_seeds: || {
        let lists = KINDS.map(|(kind, size)| {
            let byte = |at: usize| u8::from_str_radix(&kind[2 * at..2 * at + 2], 16);
            let mut list: Vec<u8> = (0..16).flat_map(byte).collect();
            let numbers = [28 + 2 * (16 + size), 0, 16 + size];
            list.extend(
                numbers
                    .iter()
                    .flat_map(|number| (*number as u32).to_le_bytes()),
            );
            list.resize(numbers[0], 1);
            list
        });
        let all = lists.concat();
        lists.into_iter().chain([all]).collect()
    },
    words: &["\x1c\0\0\0", "\x30\0\0\0", "\0\0\0\0"],
};

pub(crate) const PROGRAM: Target = Target {
    name: "signed-program",
    run: |input| {
        let nobody = SignatureLists::default();
        if let Ok(program) = Program::read(&mut Cursor::new(input)) {
            let signatures: usize = program.signatures.iter().map(Vec::len).sum();
            assert!(signatures <= input.len(), "more came out than went in");
            let _ = judge(&program, &nobody, &nobody);
        }
        if let Ok(signature) = Signature::verified(input) {
            assert!(!signature.line().is_empty());
        }
    },
    folders: &[],
    made_seeds: no_made_seeds,
    words: &["MZ", "PE\0\0", "\x30\u{2}\0\0", "0\x13\0\0", "\x0b\x02"],
};
