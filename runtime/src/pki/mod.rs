//! Certificates: authorities that last, leaves that live for one boot or one year.
//!
//! Authorities and the service account key are made once and kept on the state partition. Leaves are made at every boot
//! in memory and again by the keeper before they expire; nothing of them is ever written to flash.

mod authority;
mod encryption;
mod end;
mod issue;
mod issued;
mod leaf;
mod life;
mod source;

pub use authority::{Authorities, PkiError};
pub use encryption::ensure_encryption;
pub use end::end_of;
pub use issue::certificate_source;
pub use issued::Issued;
pub(crate) use leaf::KUBELET_CLIENT;
pub use leaf::{
    ADMIN, ADMINISTRATORS, KEEPER, Leaf, Signer, Usage, leaves, node_leaves, user_leaf,
};
pub use life::Life;
pub use source::CertificateSource;
