//! One disk used by the file system crate and, between its calls, by us.

use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::rc::Rc;

/// A handle on a disk; clones share its position.
#[derive(Debug)]
pub(super) struct Shared<D>(Rc<RefCell<D>>);

impl<D> Shared<D> {
    pub(super) fn new(disk: D) -> Self {
        Self(Rc::new(RefCell::new(disk)))
    }
}

impl<D> Clone for Shared<D> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<D: Read> Read for Shared<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

impl<D: Write> Write for Shared<D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

impl<D: Seek> Seek for Shared<D> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.borrow_mut().seek(to)
    }
}
