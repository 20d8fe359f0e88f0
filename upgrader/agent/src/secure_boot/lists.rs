//! What a firmware trusts, and what it no longer does: its variables `db` and `dbx`, which are lists of signatures (UEFI 2.10,
//! 32.4.1). Kinds that this machine cannot meet in a signed UKI are passed over.

/// One list: its kind, its size, the size of the kind's header, the size of each entry.
const LIST: usize = 28;
/// Before each entry stands the GUID of who put it there.
const OWNER: usize = 16;

/// `c1c41626-504c-4092-aca9-41f936934328`: SHA-256 of a program.
const PROGRAM: [u8; 16] = [
    0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28,
];
/// `a5c059a1-94e4-4aa7-87b5-ab155c2bf072`: a certificate.
const CERTIFICATE: [u8; 16] = [
    0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72,
];
/// `3bd2a492-96c0-4079-b420-fcf98ef103ed`: SHA-256 of what is signed in a certificate, and since when it counts no more.
const SIGNED_PART_256: [u8; 16] = [
    0x92, 0xa4, 0xd2, 0x3b, 0xc0, 0x96, 0x79, 0x40, 0xb4, 0x20, 0xfc, 0xf9, 0x8e, 0xf1, 0x03, 0xed,
];
/// `7076876e-80c2-4ee6-aad2-28b349a6865b`: the same with SHA-384.
const SIGNED_PART_384: [u8; 16] = [
    0x6e, 0x87, 0x76, 0x70, 0xc2, 0x80, 0xe6, 0x4e, 0xaa, 0xd2, 0x28, 0xb3, 0x49, 0xa6, 0x86, 0x5b,
];
/// `446dbf63-2502-4cda-bcfa-2465d2b0fe9d`: the same with SHA-512.
const SIGNED_PART_512: [u8; 16] = [
    0x63, 0xbf, 0x6d, 0x44, 0x02, 0x25, 0xda, 0x4c, 0xbc, 0xfa, 0x24, 0x65, 0xd2, 0xb0, 0xfe, 0x9d,
];

/// What stands in one such variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignatureLists {
    /// SHA-256 of programs.
    pub programs: Vec<[u8; 32]>,
    /// Certificates, DER.
    pub certificates: Vec<Vec<u8>>,
    /// Digests of what is signed in certificates: SHA-256, SHA-384 or SHA-512, as their length says.
    pub signed_parts: Vec<Vec<u8>>,
}

impl SignatureLists {
    /// Reads the variable's value. As firmware does, it reads up to the first list that is wrong.
    pub fn parse(mut bytes: &[u8]) -> Self {
        let mut lists = Self::default();
        while let Some((list, rest)) = List::first_of(bytes) {
            for entry in list.entries() {
                lists.add(list.kind, entry);
            }
            bytes = rest;
        }
        lists
    }

    fn add(&mut self, kind: &[u8], entry: &[u8]) {
        let begin = |length: usize| entry.get(..length);
        if kind == PROGRAM {
            self.programs.extend(<[u8; 32]>::try_from(entry));
        } else if kind == CERTIFICATE {
            self.certificates.push(entry.to_vec());
        } else if let Some(digest) = match () {
            () if kind == SIGNED_PART_256 => begin(32),
            () if kind == SIGNED_PART_384 => begin(48),
            () if kind == SIGNED_PART_512 => begin(64),
            () => None,
        } {
            self.signed_parts.push(digest.to_vec());
        }
    }
}

/// A list of entries of one kind.
struct List<'a> {
    kind: &'a [u8],
    entries: &'a [u8],
    /// Bytes of each.
    size: usize,
}

impl<'a> List<'a> {
    /// The list that the bytes begin with, and what follows it.
    fn first_of(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let head = bytes.get(..LIST)?;
        let number = |at: usize| {
            let number = head.get(at..at + 4)?.try_into().ok()?;
            usize::try_from(u32::from_le_bytes(number)).ok()
        };
        let (length, before, size) = (number(16)?, number(20)?, number(24)?);
        let entries = bytes.get(LIST.checked_add(before)?..length)?;
        if size <= OWNER || entries.len() % size != 0 {
            return None;
        }
        let list = Self {
            kind: &head[..16],
            entries,
            size,
        };
        Some((list, &bytes[length..]))
    }

    fn entries(&self) -> impl Iterator<Item = &'a [u8]> {
        let entries = self.entries.chunks_exact(self.size);
        entries.map(|entry| &entry[OWNER..])
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{CERTIFICATE, PROGRAM, SIGNED_PART_256, SignatureLists};

    /// A list as firmware keeps it.
    fn list(kind: [u8; 16], entries: &[&[u8]]) -> Vec<u8> {
        let size = 16 + entries[0].len();
        let numbers = [28 + size * entries.len(), 0, size];
        let mut list = kind.to_vec();
        list.extend(
            numbers
                .iter()
                .flat_map(|number| (*number as u32).to_le_bytes()),
        );
        for entry in entries {
            list.extend([7; 16]);
            list.extend(*entry);
        }
        list
    }

    pub(in super::super) fn certificate(der: &[u8]) -> Vec<u8> {
        list(CERTIFICATE, &[der])
    }

    pub(in super::super) fn program(digest: &[u8; 32]) -> Vec<u8> {
        list(PROGRAM, &[digest])
    }

    pub(in super::super) fn signed_part(digest: &[u8]) -> Vec<u8> {
        // With the time from when on it counts no more.
        list(SIGNED_PART_256, &[&[digest, &[0; 16]].concat()])
    }

    #[test]
    fn lists_of_every_kind_are_read_up_to_the_first_that_is_wrong() {
        let two = list(PROGRAM, &[&[1; 32], &[2; 32]]);
        let other = list([9; 16], &[&[5; 20]]);
        let good = [
            two.clone(),
            other,
            certificate(b"a certificate"),
            signed_part(&[3; 32]),
        ]
        .concat();
        let expected = SignatureLists {
            programs: vec![[1; 32], [2; 32]],
            certificates: vec![b"a certificate".to_vec()],
            signed_parts: vec![vec![3; 32]],
        };
        assert_eq!(SignatureLists::parse(&good), expected);
        let changed = |at: usize, to: u8| {
            let mut list = two.clone();
            list[at] = to;
            list
        };
        for (case, wrong) in [
            ("cut off", two[..two.len() - 1].to_vec()),
            ("longer than what is there", changed(17, 1)),
            ("no room for its own head", changed(16, 27)),
            ("a header of its kind without end", changed(23, 0xff)),
            ("entries of no size", changed(24, 0)),
            ("entries without content", changed(24, 16)),
            ("half an entry", changed(24, 47)),
        ] {
            let bytes = [&good[..], &wrong].concat();
            assert_eq!(SignatureLists::parse(&bytes), expected, "{case}");
            if wrong.len() == two.len() {
                let more = [&bytes[..], &two].concat();
                assert_eq!(SignatureLists::parse(&more), expected, "{case}, and more");
            }
        }
        assert_eq!(SignatureLists::parse(&[]), SignatureLists::default());
    }
}
