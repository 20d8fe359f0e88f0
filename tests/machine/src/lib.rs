//! A QEMU virtual machine driven through serial console, QMP and ssh.
