//! How much memory of a machine is the system's own. PID 1 protects so much from pods (`memory.min`), and the kubelet reserves
//! as much (`runtime`), so that the scheduler knows and all pods together are stopped before they meet the protection.

/// `(machines with at least so many MiB, MiB kept for the system)`, the largest first. The row of 1800 MiB was measured: with
/// it a node of 2 GiB answered while pods took all the memory that they could get. The others are scaled from it and were not
/// measured: the control plane's working set grows with what runs on the node, and more runs on a larger one. A machine sold
/// with 2 GiB shows about 1960 MiB, and so on.
const TABLE: [(u64, u64); 5] = [
    (15_000, 1280),
    (7000, 1024),
    (3500, 768),
    (1800, 640),
    (1200, 448),
];

/// Of a smaller machine, one part in this many.
const SMALL: u64 = 3;

/// The memory that pods cannot take from the system, in bytes, on a machine with `total` bytes.
#[must_use]
pub fn reserved_memory(total: u64) -> u64 {
    let mib = total >> 20;
    let row = TABLE.iter().find(|(machine, _)| mib >= *machine);
    row.map_or(mib / SMALL, |(_, reserved)| *reserved) << 20
}

#[cfg(test)]
mod tests {
    use super::reserved_memory;

    #[test]
    fn by_the_size_of_the_machine() {
        for (machine, expected) in [
            (0, 0),
            (512, 170),
            (920, 306),
            (1199, 399),
            (1500, 448),
            (1967, 640),
            (3900, 768),
            (7900, 1024),
            (15_900, 1280),
            (130_000, 1280),
        ] {
            let reserved = reserved_memory(machine << 20) >> 20;
            assert_eq!(reserved, expected, "{machine} MiB");
            assert!(reserved <= machine / 2, "pods still fit");
        }
    }
}
