//! How much memory the machine has.

/// Bytes, of the text of `/proc/meminfo`; 0 where it does not say.
#[must_use]
pub fn total(meminfo: &str) -> u64 {
    let total = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or_default() << 10
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn of_the_kernels_own_text() {
        let text = "MemTotal:         945364 kB\nMemFree:          10 kB\n";
        assert_eq!(total(text), 945_364 << 10);
        for nothing in ["", "MemFree: 10 kB\n", "MemTotal: much kB\n"] {
            assert_eq!(total(nothing), 0, "{nothing:?}");
        }
    }
}
