//! Text in EFI variables, as efivarfs shows it.

/// Reads a variable's content: four bytes of attributes, then UTF-16 text, usually ended by a NUL. None if it is not
/// text.
pub fn text(content: &[u8]) -> Option<String> {
    let units: Vec<u16> = content
        .get(4..)?
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .take_while(|unit| *unit != 0)
        .collect();
    String::from_utf16(&units)
        .ok()
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::text;
    use proptest::prelude::*;

    #[test]
    fn variables() {
        let content: Vec<u8> = [6, 0, 0, 0]
            .into_iter()
            .chain("Ab-1\0".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert_eq!(text(&content).as_deref(), Some("Ab-1"));
        assert_eq!(text(&content[..12]).as_deref(), Some("Ab-1"));
        assert_eq!(text(&[6, 0, 0, 0]), None);
        assert_eq!(text(&[6, 0]), None);
        assert_eq!(text(&[6, 0, 0, 0, 0, 0xd8]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = text(&bytes);
        }
    }
}
