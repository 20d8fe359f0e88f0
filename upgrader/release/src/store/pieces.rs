//! A file that is too large to be had at once.

use crate::error::Error;
use bytes::Bytes;
use futures_util::Stream;
use std::pin::Pin;

/// Bytes of a file as they come.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;
