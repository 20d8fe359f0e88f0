//! Why a unified kernel image could not be made.

use super::image::{Arch, ParseError};

/// Why sections could not be appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The stub is no EFI program.
    #[error("cannot use the EFI stub")]
    Stub(#[source] ParseError),
    /// The kernel is no EFI program, or one without the headers.
    #[error("cannot use the kernel")]
    Kernel(#[source] ParseError),
    /// Stub and kernel are for different processors.
    #[error("the EFI stub is for {stub:?}, the kernel for {kernel:?}")]
    Arch {
        /// The stub's processor.
        stub: Arch,
        /// The kernel's processor.
        kernel: Arch,
    },
    /// The stub bears a signature, which appending would break.
    #[error("the EFI stub is signed; take the unsigned one and sign the result")]
    Signed,
    /// The stub's symbols are in the middle of it.
    #[error("the EFI stub has a symbol table that is not at its end; take a stripped one")]
    Symbols,
    /// No room for section headers.
    #[error("no room for section `{name}`: the stub's headers end at {end} of {limit} bytes")]
    NoRoom {
        /// Section at hand.
        name: String,
        /// Where its header would end.
        end: usize,
        /// Where headers must end.
        limit: usize,
    },
    /// A name that does not fit, or that the stub has already.
    #[error("section name `{0}` is taken or longer than 8 bytes")]
    Name(String),
    /// The image would be 4 GiB or larger.
    #[error("section `{0}` makes the image larger than 4 GiB")]
    TooLarge(String),
}
