//! What the system keeps for itself, so that pods cannot starve it: a pure plan of control-group files.
//!
//! `system` holds every service, the control plane among them; `kubepods` is the kubelet's. What is reserved for `system` is
//! never taken from it, whatever pods do: memory (page cache included, so that the control plane's program text stays in
//! memory), a share of the processors, and its turn at the disk. Where pods may swap, the system does not.

use init_api::reserved_memory;

/// What the plan depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    /// All of its memory, bytes.
    pub(crate) memory: u64,
    /// Its processors.
    pub(crate) processors: u64,
}

/// One file of a control group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The group, below the root of the tree.
    pub(crate) group: &'static str,
    /// The file in it.
    pub(crate) file: &'static str,
    /// What is written.
    pub(crate) value: String,
    /// Whether some kernels have no such file.
    pub(crate) optional: bool,
}

/// PID 1 itself: small, and nothing works without it.
const INIT_MEMORY: u64 = 16 << 20;
/// The kubelet gives `kubepods` about 40 for each processor (1024 shares); `system` gets ten times that.
const WEIGHT_PER_PROCESSOR: u64 = 400;
/// The kernel takes no more.
const MOST_WEIGHT: u64 = 10_000;
/// Against 100, which pods have, at a disk that serves by weight ([`super::turns`]).
const IO_WEIGHT: u64 = 1000;
/// Pods may swap by `kubernetes.swap`. What the control plane has not used for a while is what it needs at the next request.
const NO_SWAP: (&str, &str) = ("memory.swap.max", "0");

/// What is written, in order.
pub(crate) fn plan(machine: Machine) -> Vec<Setting> {
    let weight = machine
        .processors
        .saturating_mul(WEIGHT_PER_PROCESSOR)
        .min(MOST_WEIGHT);
    let memory = reserved_memory(machine.memory);
    let needed = |group, file, value: u64| Setting {
        group,
        file,
        value: value.to_string(),
        optional: false,
    };
    let optional_of = |group, file, value| Setting {
        group,
        file,
        value,
        optional: true,
    };
    let optional = |file, value| optional_of("system", file, value);
    vec![
        needed("init", "memory.min", INIT_MEMORY),
        needed("init", "cpu.weight", weight),
        needed("system", "memory.min", memory),
        needed("system", "cpu.weight", weight),
        // A kernel without swap has no such file.
        optional_of("init", NO_SWAP.0, NO_SWAP.1.to_owned()),
        optional(NO_SWAP.0, NO_SWAP.1.to_owned()),
        optional("io.bfq.weight", IO_WEIGHT.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Machine, plan};

    #[test]
    fn two_gibibytes_and_two_processors() {
        let settings = plan(Machine {
            memory: 1967 << 20,
            processors: 2,
        });
        let lines: Vec<_> = settings
            .iter()
            .map(|s| format!("{}/{} = {}", s.group, s.file, s.value))
            .collect();
        assert_eq!(
            lines,
            [
                "init/memory.min = 16777216",
                "init/cpu.weight = 800",
                "system/memory.min = 671088640",
                "system/cpu.weight = 800",
                "init/memory.swap.max = 0",
                "system/memory.swap.max = 0",
                "system/io.bfq.weight = 1000",
            ]
        );
    }

    #[test]
    fn the_weight_stays_what_the_kernel_takes_and_far_above_that_of_pods() {
        for processors in [1, 2, 4, 16, 128] {
            let machine = Machine {
                memory: 8 << 30,
                processors,
            };
            let settings = plan(machine);
            let weight = settings
                .iter()
                .find(|s| (s.group, s.file) == ("system", "cpu.weight"));
            let weight: u64 = weight.and_then(|s| s.value.parse().ok()).expect("a number");
            // What the kubelet gives kubepods: 1024 shares a processor, turned into weight as runc does.
            let pods = 1 + (1024 * processors - 2) * 9999 / 262_142;
            assert!(weight <= 10_000 && weight > pods, "{processors}: {weight}");
            assert!(
                processors > 16 || weight > 9 * pods,
                "{processors}: {weight}"
            );
        }
    }
}
