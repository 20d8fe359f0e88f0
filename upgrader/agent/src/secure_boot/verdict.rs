//! Whether a firmware with Secure Boot starts a program. A pure decision, as EDK II makes it: what is in `dbx` is not started
//! whatever `db` says; else one signature is enough whose signer, or somebody who vouches for him, is in `db`; and so is the
//! program's own digest there.

use super::lists::SignatureLists;
use super::program::Program;
use super::signature::{Signature, vouches};
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::fmt;
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;

/// No more of a name is told: it is what somebody wrote into a certificate.
const LONGEST: usize = 200;

/// What the firmware does with a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It starts it.
    Starts,
    /// It does not: `dbx` has this.
    Revoked(String),
    /// It does not: nothing in `db` speaks for it.
    Unknown(Doubt),
}

/// What is wrong with a program that `db` does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// It has no signature.
    Unsigned,
    /// Its signature says nothing, and why.
    Broken(String),
    /// Somebody signed it whom nobody vouches for.
    Stranger {
        /// Who signed.
        signer: String,
        /// Who vouches for him.
        issuer: String,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str("it is not signed"),
            Self::Broken(why) => write!(f, "its signature is of no use: {why}"),
            Self::Stranger { signer, issuer } if signer == issuer => {
                write!(f, "it is signed by {signer}")
            }
            Self::Stranger { signer, issuer } => {
                write!(
                    f,
                    "it is signed by {signer}, whose certificate is of {issuer}"
                )
            }
        }
    }
}

/// Judges a program by what the firmware trusts, and by what it no longer does.
pub fn judge(program: &Program, trusted: &SignatureLists, revoked: &SignatureLists) -> Verdict {
    if revoked.programs.contains(&program.digest) {
        return Verdict::Revoked("its UKI".to_owned());
    }
    let mut starts = trusted.programs.contains(&program.digest);
    let mut doubt = Doubt::Unsigned;
    for der in &program.signatures {
        let signature = match Signature::verified(der) {
            Ok(signature) if signature.program == program.digest => signature,
            Ok(_) => {
                doubt = Doubt::Broken("it is of another program, or this one was changed".into());
                continue;
            }
            Err(why) => {
                doubt = Doubt::Broken(why.to_string());
                continue;
            }
        };
        let line = signature.line();
        if let Some(one) = line.iter().find(|one| is_revoked(one, revoked)) {
            return Verdict::Revoked(format!("the certificate of {}", name(one.subject())));
        }
        let known = |one: &&X509Certificate<'_>| is_known(one, trusted);
        starts |= line.iter().any(known);
        doubt = Doubt::Stranger {
            signer: name(signature.signer.subject()),
            issuer: name(signature.signer.issuer()),
        };
    }
    match starts {
        true => Verdict::Starts,
        false => Verdict::Unknown(doubt),
    }
}

fn name(of: impl fmt::Display) -> String {
    host::plain::line(&of.to_string(), LONGEST)
}

/// Whether a list has this certificate, or that of somebody who vouches for it.
fn is_known(one: &X509Certificate<'_>, list: &SignatureLists) -> bool {
    list.certificates.iter().any(|der| {
        let listed = X509Certificate::from_der(der);
        listed.is_ok_and(|(_, listed)| listed.as_raw() == one.as_raw() || vouches(&listed, one))
    })
}

/// The time from when on a certificate counts no more is not looked at: nothing tells for sure when a program was signed.
fn is_revoked(one: &X509Certificate<'_>, revoked: &SignatureLists) -> bool {
    let signed: &[u8] = one.tbs_certificate.as_ref();
    is_known(one, revoked)
        || revoked
            .signed_parts
            .iter()
            .any(|digest| match digest.len() {
                32 => Sha256::digest(signed)[..] == digest[..],
                48 => Sha384::digest(signed)[..] == digest[..],
                _ => Sha512::digest(signed)[..] == digest[..],
            })
}
