//! PID 1 and its initramfs stage.
