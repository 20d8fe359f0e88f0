//! Certificates: authorities that last, leaves that live for one boot or one year.
//!
//! Authorities and the service account key are made once and kept on the state partition, until [a rotation](next_stage) makes others. Leaves are made at every boot
//! in memory and again by the keeper before they expire; nothing of them is ever written to flash.

mod authority;
mod encryption;
mod end;
mod error;
mod generation;
mod issue;
mod issued;
mod leaf;
mod life;
mod rotate;
mod source;
mod stage;
mod trust;

pub use authority::Authorities;
pub use encryption::ensure_encryption;
pub use end::end_of;
pub use error::PkiError;
pub use issue::certificate_source;
pub use issued::Issued;
pub(crate) use leaf::KUBELET_CLIENT;
pub use leaf::{
    ADMIN, ADMINISTRATORS, KEEPER, Leaf, Signer, Usage, leaves, node_leaves, user_leaf,
};
pub use life::Life;
pub use rotate::{Record, RotateError, rotate, rotation};
pub use source::CertificateSource;
pub use stage::{Facts, Refusal, Stage, Step, next_stage};
pub use trust::Trust;
