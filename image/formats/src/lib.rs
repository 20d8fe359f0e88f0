//! On-disk formats: GPT, FAT, verity, UKI, cpio.
