//! Pressing the power button until the machine is off.

use std::time::Duration;

use crate::{Deadline, Result};

/// A button that is pressed before the guest listens is not heard; as a person would, it is pressed again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(15);
/// How long a machine that no longer heard the button may take to be off.
const OFF_WITHIN: Duration = Duration::from_secs(30);

/// Presses with `press` until `off` says, within the time it is given, that the machine is off; `false` when `deadline`
/// passed first.
///
/// # Errors
/// When the first press fails, or a later one and the machine is not off.
pub(crate) fn press_until_off(
    mut press: impl FnMut() -> Result<()>,
    mut off: impl FnMut(Duration) -> bool,
    deadline: Deadline,
) -> Result<bool> {
    press()?;
    loop {
        if off(deadline.left().min(AGAIN_AFTER)) {
            return Ok(true);
        }
        if deadline.passed() {
            return Ok(false);
        }
        // The guest may go off while it is pressed: QEMU then hangs up, refuses, or has removed its socket.
        if let Err(error) = press() {
            return if off(OFF_WITHIN) {
                Ok(true)
            } else {
                Err(error)
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::Error;

    /// A machine whose presses fail from the `deaf_from`th on and that is off from the `off_from`th look on.
    fn pressed(deaf_from: u32, off_from: u32, deadline: Deadline) -> (u32, Result<bool>) {
        let (presses, looks) = (Cell::new(0), Cell::new(0));
        let press = || {
            presses.set(presses.get() + 1);
            if presses.get() >= deaf_from {
                return Err(Error::QmpProtocol("Connection reset by peer".to_owned()));
            }
            Ok(())
        };
        let off = |_| {
            looks.set(looks.get() + 1);
            looks.get() >= off_from
        };
        let ended = press_until_off(press, off, deadline);
        (presses.get(), ended)
    }

    #[test]
    fn a_machine_that_goes_off_while_it_is_pressed_is_off() {
        let never = u32::MAX;
        for (name, deaf_from, off_from, presses, off) in [
            ("heard at once", never, 1, 1, Some(true)),
            ("heard at the third", never, 3, 3, Some(true)),
            ("off during the second press", 2, 2, 2, Some(true)),
            ("deaf and running", 2, never, 2, None),
            ("deaf from the start", 1, 1, 1, None),
        ] {
            let (pressed, ended) = pressed(deaf_from, off_from, Deadline::minutes(1));
            assert_eq!((pressed, ended.ok()), (presses, off), "{name}");
        }
        let (_, ended) = pressed(never, never, Deadline::after(Duration::ZERO));
        assert!(!ended.unwrap());
    }
}
