//! Device mapper: creating one mapping.

use crate::ioctl::{READ, WRITE, ioctl, request};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;

const HEADER: usize = 312;
const SPEC: usize = 40;
const BUFFER: usize = 4096;
const READONLY: u32 = 1;

const fn command(number: u8) -> u32 {
    request(READ | WRITE, 0xfd, number, HEADER)
}
const DM_DEV_CREATE: u32 = command(3);
const DM_DEV_REMOVE: u32 = command(4);
const DM_DEV_SUSPEND: u32 = command(6);
const DM_TABLE_LOAD: u32 = command(9);

/// The device mapper's control device.
#[derive(Debug)]
pub struct Mapper {
    control: File,
}

/// One target that spans a whole mapping.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The target's type, such as `verity`.
    pub kind: &'a str,
    /// Length in sectors of 512 bytes.
    pub sectors: u64,
    /// The type's parameters.
    pub parameters: &'a str,
}

/// A `struct dm_ioctl` with room for one target, as bytes: the kernel reads and writes fields at fixed places.
#[repr(C, align(8))]
struct Request([u8; BUFFER]);

impl Request {
    fn new(name: &str) -> io::Result<Self> {
        let mut request = Self([0; BUFFER]);
        for (index, part) in [4_u32, 0, 0, BUFFER as u32, HEADER as u32]
            .into_iter()
            .enumerate()
        {
            request.put(index * 4, &part.to_ne_bytes());
        }
        if name.len() >= 128 {
            return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
        }
        request.put(48, name.as_bytes());
        Ok(request)
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn flags(&mut self, flags: u32) {
        self.put(28, &flags.to_ne_bytes());
    }

    /// The mapping's device number, in the kernel's wire form.
    fn minor(&self) -> u32 {
        let device = u64::from_ne_bytes(std::array::from_fn(|i| self.0[40 + i]));
        ((device & 0xff) | ((device >> 12) & 0xfff00)) as u32
    }

    fn target(&mut self, target: Target<'_>) -> io::Result<()> {
        let text = target.parameters.as_bytes();
        if text.len() + HEADER + SPEC + 8 > BUFFER || target.kind.len() >= 16 {
            return Err(io::Error::from_raw_os_error(libc::E2BIG));
        }
        self.put(20, &1_u32.to_ne_bytes());
        self.put(HEADER + 8, &target.sectors.to_ne_bytes());
        let next = (SPEC + text.len() + 1).next_multiple_of(8) as u32;
        self.put(HEADER + 20, &next.to_ne_bytes());
        self.put(HEADER + 24, target.kind.as_bytes());
        self.put(HEADER + SPEC, text);
        Ok(())
    }
}

impl Mapper {
    /// Opens `/dev/mapper/control`.
    ///
    /// # Errors
    /// The kernel has no device mapper, or its module is not loaded.
    pub fn open() -> io::Result<Self> {
        let control = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/mapper/control")?;
        Ok(Self { control })
    }

    /// Creates and starts a read-only mapping; gives the number N of its node `/dev/dm-N`. Leaves nothing behind when
    /// it fails.
    ///
    /// # Errors
    /// The name is taken, or the kernel refuses the target; its log says why.
    pub fn create_read_only(&self, name: &str, target: Target<'_>) -> io::Result<u32> {
        self.call(DM_DEV_CREATE, &mut Request::new(name)?)?;
        self.start(name, target).inspect_err(|_| {
            if let Ok(mut remove) = Request::new(name) {
                // The first error is the one to tell.
                let _ = self.call(DM_DEV_REMOVE, &mut remove);
            }
        })
    }

    fn start(&self, name: &str, target: Target<'_>) -> io::Result<u32> {
        let mut load = Request::new(name)?;
        load.flags(READONLY);
        load.target(target)?;
        self.call(DM_TABLE_LOAD, &mut load)?;
        let mut resume = Request::new(name)?;
        self.call(DM_DEV_SUSPEND, &mut resume)?;
        Ok(resume.minor())
    }

    fn call(&self, number: u32, request: &mut Request) -> io::Result<()> {
        // SAFETY: every device mapper request reads and writes at most `data_size` bytes, which `Request::new` set to the
        // buffer's length.
        unsafe { ioctl(self.control.as_fd(), number, request) }.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::{Request, Target};

    #[test]
    fn a_request_has_the_kernel_s_layout() {
        let mut request = Request::new("root").expect("short name");
        request
            .target(Target {
                kind: "verity",
                sectors: 8,
                parameters: "1 x",
            })
            .expect("fits");
        let word = |at: usize| u32::from_ne_bytes(std::array::from_fn(|i| request.0[at + i]));
        assert_eq!([word(0), word(12), word(16), word(20)], [4, 4096, 312, 1]);
        assert_eq!(&request.0[48..53], b"root\0");
        assert_eq!(&request.0[312 + 24..312 + 31], b"verity\0");
        assert_eq!(&request.0[312 + 40..312 + 44], b"1 x\0");
        assert_eq!(word(312 + 20), 48);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Request::new(&"n".repeat(128)).is_err());
        let long = "x".repeat(5000);
        let mut request = Request::new("a").expect("short name");
        assert!(
            request
                .target(Target {
                    kind: "verity",
                    sectors: 1,
                    parameters: &long
                })
                .is_err()
        );
    }

    #[test]
    fn a_device_number_is_decoded() {
        let mut request = Request::new("a").expect("short name");
        // 254:300 in the kernel's huge encoding.
        let device = (254_u64 << 8) | (300 & 0xff) | ((300 & !0xff) << 12);
        request.put(40, &device.to_ne_bytes());
        assert_eq!(request.minor(), 300);
    }
}
