//! GUIDs as partition tables store them: the first three groups little-endian.

use std::fmt;

/// A GUID, in the table's byte order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub [u8; 16]);

/// Where the bytes of the text, left to right, lie in the table.
const PLACES: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

impl Guid {
    /// From text such as `0fc63daf-8483-4772-8e79-3d69d8477de4`, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        let groups: Vec<&str> = text.split('-').collect();
        if groups.iter().map(|g| g.len()).ne([8, 4, 4, 4, 12]) || !text.is_ascii() {
            return None;
        }
        let digits = groups.concat();
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 16];
        for (index, place) in PLACES.into_iter().enumerate() {
            bytes[place] = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// A random (version 4) GUID from 16 random bytes.
    pub fn random(mut bytes: [u8; 16]) -> Self {
        bytes[7] = (bytes[7] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, place) in PLACES.into_iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{:02x}", self.0[place])?;
        }
        Ok(())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Guid;

    #[test]
    fn text_and_bytes() {
        let text = "0fc63daf-8483-4772-8e79-3d69d8477de4";
        let guid = Guid::parse(&text.to_uppercase()).expect("valid");
        assert_eq!(guid.0[..6], [0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84]);
        assert_eq!(guid.to_string(), text);
        for bad in [
            "",
            "0fc63daf84834772-8e79-3d69d8477de4",
            "zfc63daf-8483-4772-8e79-3d69d8477de4",
        ] {
            assert_eq!(Guid::parse(bad), None, "{bad}");
        }
        let random = Guid::random([0xff; 16]).to_string();
        assert_eq!(random, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
