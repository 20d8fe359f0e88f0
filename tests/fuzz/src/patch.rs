//! Inputs for formats too large to be inputs: a good image and a list of edits.

/// Bytes of one edit: three of position, one of how many bytes follow from the value, two of value.
const EDIT: usize = 6;

/// `image` with the edits of `input`. Positions wrap at the image's end.
pub(crate) fn patched(image: &[u8], input: &[u8]) -> Vec<u8> {
    let mut out = image.to_vec();
    for edit in input.chunks_exact(EDIT) {
        let position =
            usize::from(edit[0]) | usize::from(edit[1]) << 8 | usize::from(edit[2]) << 16;
        let value = [edit[4], edit[5]];
        let length = usize::from(edit[3] % 32) + 1;
        let start = position % out.len().max(1);
        for (byte, new) in out[start..]
            .iter_mut()
            .take(length)
            .zip(value.iter().cycle())
        {
            *byte = *new;
        }
    }
    out
}

/// An edit of `length` bytes at `position`.
pub(crate) fn edit(position: usize, length: u8, value: [u8; 2]) -> Vec<u8> {
    let at = position.to_le_bytes();
    vec![at[0], at[1], at[2], length - 1, value[0], value[1]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_land_where_they_say() {
        let out = patched(&[0; 10], &[edit(2, 3, [1, 2]), edit(9, 4, [7, 7])].concat());
        assert_eq!(out, [0, 0, 1, 2, 1, 0, 0, 0, 0, 7]);
    }
}
