//! One measured boot.

use anyhow::{Context, ensure};
use machine::{Deadline, Event, Line, Qemu, Running, Vm};

/// How long a boot may take.
const WITHIN: u64 = 20;

/// Whose words are listened for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    /// PID 1's.
    Holdfast,
    /// Those of the comparison's units: `bench: containerd SECS`, `bench: kubernetes SECS`, `bench: ready SECS`.
    Debian,
}

/// Seconds of the kernel's own clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Boot {
    /// The engine's first process, containerd.
    pub(crate) containerd: f64,
    /// The process of the control plane.
    pub(crate) kubernetes: f64,
    /// The node's condition.
    pub(crate) ready: f64,
}

/// What a line says about a boot.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mark {
    Containerd(f64),
    Kubernetes(f64),
    Ready(f64),
}

/// Starts `vm`, waits until its node is Ready, and shuts it down.
pub(crate) fn boot(vm: &Vm, side: Side, qemu: &Qemu) -> anyhow::Result<Boot> {
    let mut running = vm.start("bench", qemu)?.owned();
    let (mut containerd, mut kubernetes) = (None, None);
    let (_, ready) = running.wait_for(
        "a Ready node",
        Deadline::minutes(WITHIN),
        |line| match mark(line, side)? {
            Mark::Containerd(at) => {
                containerd = containerd.or(Some(at));
                None
            }
            Mark::Kubernetes(at) => {
                kubernetes = kubernetes.or(Some(at));
                None
            }
            Mark::Ready(at) => Some(at),
        },
    )?;
    off(running)?;
    Ok(Boot {
        containerd: containerd.context("the console did not say when containerd started")?,
        kubernetes: kubernetes.context("the console did not say when Kubernetes started")?,
        ready,
    })
}

/// Shuts down in order.
pub(crate) fn off(running: Running) -> anyhow::Result<Vm> {
    ensure!(
        running.power_down(Deadline::minutes(5))?,
        "the machine did not shut down"
    );
    Ok(running.vm().clone())
}

fn mark(line: &Line, side: Side) -> Option<Mark> {
    match side {
        Side::Holdfast => match line.event()? {
            Event::Service { at, name, text } if text == "started" => match name.as_str() {
                "containerd" => Some(Mark::Containerd(at)),
                "control-plane" => Some(Mark::Kubernetes(at)),
                _ => None,
            },
            Event::Ready { at } => at.map(Mark::Ready),
            _ => None,
        },
        Side::Debian => {
            let (_, said) = line.text.split_once("bench: ")?;
            let (what, at) = said.split_once(' ')?;
            let at = at.trim().parse().ok()?;
            match what {
                "containerd" => Some(Mark::Containerd(at)),
                "kubernetes" => Some(Mark::Kubernetes(at)),
                "ready" => Some(Mark::Ready(at)),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line {
            text: text.to_owned(),
            at: std::time::Duration::ZERO,
        }
    }

    #[test]
    fn marks() {
        for (text, side, expected) in [
            (
                "holdfast: [5.10] service containerd started",
                Side::Holdfast,
                Some(Mark::Containerd(5.1)),
            ),
            (
                "holdfast: [9.10] service control-plane started",
                Side::Holdfast,
                Some(Mark::Kubernetes(9.1)),
            ),
            (
                "holdfast: [5.20] service containerd ready",
                Side::Holdfast,
                None,
            ),
            (
                "holdfast: [70.00] node Ready",
                Side::Holdfast,
                Some(Mark::Ready(70.0)),
            ),
            (
                "[  10.1] x: bench: containerd 10.93",
                Side::Debian,
                Some(Mark::Containerd(10.93)),
            ),
            (
                "bench: kubernetes 20.00",
                Side::Debian,
                Some(Mark::Kubernetes(20.0)),
            ),
            ("bench: ready 80.00", Side::Debian, Some(Mark::Ready(80.0))),
            ("bench: ready 80.00", Side::Holdfast, None),
        ] {
            assert_eq!(mark(&line(text), side), expected, "{text}");
        }
    }
}
