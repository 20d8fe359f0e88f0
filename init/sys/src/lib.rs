//! The only unsafe code: mounts, device mapper, loop, signals, reboot.
