//! Builds the root file system, the UKI and the disk image.
