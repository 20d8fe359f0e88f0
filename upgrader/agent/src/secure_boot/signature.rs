//! A signature of an EFI program: PKCS #7 around the program's digest (Microsoft's "Windows Authenticode Portable Executable Signature
//! Format"), read as far as firmware looks at it. Times are not looked at, as firmware does not.

use sha2::{Digest, Sha256};
use x509_parser::asn1_rs::{Any, BitString, Class, FromDer, Oid, Tag, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::verify::verify_signature;
use x509_parser::x509::AlgorithmIdentifier;

const SIGNED_DATA: &[u8] = &oid!(raw 1.2.840.113549.1.7.2);
const PROGRAM_DIGEST: &[u8] = &oid!(raw 1.3.6.1.4.1.311.2.1.4);
const MESSAGE_DIGEST: &[u8] = &oid!(raw 1.2.840.113549.1.9.4);
const SHA_256: &[u8] = &oid!(raw 2.16.840.1.101.3.4.2.1);
const RSA: &[u8] = &oid!(raw 1.2.840.113549.1.1.1);
const RSA_WITH_SHA_256: Oid<'static> = oid!(1.2.840.113549.1.1.11);
/// The tag of a set, under which signed attributes are hashed: in the signature they have another one.
const SET: u8 = 0x31;

/// Why a signature says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// It is cut off, or something else.
    #[error("it is not as such signatures are")]
    Malformed,
    /// A digest that nobody takes for a UKI.
    #[error("its digest is not SHA-256")]
    OtherDigest,
    /// Nobody can be asked for his key.
    #[error("the certificate of whoever signed is not in it")]
    NoSigner,
    /// Something in it was changed, or its key is of a kind that is not known here.
    #[error("it is not of the key that its certificate names")]
    Forged,
}

/// A signature that was made by the key of its signer, and for a program with its digest.
#[derive(Debug)]
pub struct Signature<'a> {
    /// SHA-256 of the program.
    pub program: [u8; 32],
    /// Who signed.
    pub signer: X509Certificate<'a>,
    /// Every certificate in it, the signer's as well.
    certificates: Vec<X509Certificate<'a>>,
}

impl<'a> Signature<'a> {
    /// Reads a signature, and checks it with the key of whoever signed.
    ///
    /// # Errors
    /// It says nothing.
    pub fn verified(der: &'a [u8]) -> Result<Self, BadSignature> {
        let parts = Parts::of(der).ok_or(BadSignature::Malformed)?;
        if parts.digests.iter().any(|digest| *digest != SHA_256) {
            return Err(BadSignature::OtherDigest);
        }
        let program = parts.program.try_into();
        let signer = parts
            .certificates
            .iter()
            .find(|is| is.issuer().as_raw() == parts.issuer && is.raw_serial() == parts.serial)
            .ok_or(BadSignature::NoSigner)?
            .clone();
        parts.check(&signer)?;
        Ok(Self {
            program: program.map_err(|_| BadSignature::Malformed)?,
            signer,
            certificates: parts.certificates,
        })
    }

    /// The signer's certificate, and those in the signature that vouch for it, each for the one before.
    pub fn line(&self) -> Vec<&X509Certificate<'a>> {
        let mut line = vec![&self.signer];
        let mut at = 0;
        while let Some(one) = line.get(at).copied() {
            for above in &self.certificates {
                if !line.iter().any(|is| is.as_raw() == above.as_raw()) && vouches(above, one) {
                    line.push(above);
                }
            }
            at += 1;
        }
        line
    }
}

/// Whether the one certificate was issued by the other's owner.
pub(super) fn vouches(issuer: &X509Certificate<'_>, one: &X509Certificate<'_>) -> bool {
    one.issuer().as_raw() == issuer.subject().as_raw()
        && issuer.is_ca()
        && one.verify_signature(Some(issuer.public_key())).is_ok()
}

/// What stands in a signature.
struct Parts<'a> {
    /// What its digests are made by, as it says.
    digests: [&'a [u8]; 3],
    /// The content that names the program's digest, without its own head.
    content: &'a [u8],
    program: &'a [u8],
    certificates: Vec<X509Certificate<'a>>,
    issuer: &'a [u8],
    serial: &'a [u8],
    /// What was signed instead of the content, if anything: it names the content's digest.
    attributes: Option<Vec<u8>>,
    key_kind: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(der: &'a [u8]) -> Option<Self> {
        let mut whole = Reader(der).sequence()?;
        (whole.oid()? == SIGNED_DATA).then_some(())?;
        let mut data = whole.within(0)?.sequence()?;
        data.any()?;
        let mut algorithms = data.set()?;
        let digest = algorithms.algorithm()?;
        let mut wrapped = data.sequence()?;
        (wrapped.oid()? == PROGRAM_DIGEST).then_some(())?;
        let content = wrapped.within(0)?.sequence()?.0;
        let mut inner = Reader(content);
        inner.sequence()?;
        let mut about = inner.sequence()?;
        let (of_program, program) = (about.algorithm()?, about.octets()?);

        let mut certificates = Vec::new();
        let mut embedded = data.within(0)?;
        while !embedded.0.is_empty() {
            let (rest, certificate) = X509Certificate::from_der(embedded.0).ok()?;
            certificates.push(certificate);
            embedded.0 = rest;
        }
        // Lists of revoked certificates.
        data.within(1);
        let mut signers = data.set()?;
        let mut signer = signers.sequence()?;
        // There is one, always.
        signers.0.is_empty().then_some(())?;
        signer.any()?;
        let mut name = signer.sequence()?;
        let issuer = name.raw(Tag::Sequence)?;
        let serial = name.any()?.data;
        let of_signer = signer.algorithm()?;
        let attributes = signer.attributes();
        Some(Self {
            digests: [digest, of_program, of_signer],
            content,
            program,
            certificates,
            issuer,
            serial,
            attributes,
            key_kind: signer.algorithm()?,
            signature: signer.octets()?,
        })
    }

    /// Checks that it was made by the key in this certificate.
    fn check(&self, signer: &X509Certificate<'_>) -> Result<(), BadSignature> {
        let signed = match &self.attributes {
            None => self.content,
            Some(attributes) => {
                let said = message_digest(attributes).ok_or(BadSignature::Malformed)?;
                if *said != Sha256::digest(self.content)[..] {
                    return Err(BadSignature::Forged);
                }
                attributes
            }
        };
        let algorithm = match self.key_kind {
            RSA => RSA_WITH_SHA_256,
            other => Oid::new(other.into()),
        };
        let algorithm = AlgorithmIdentifier {
            algorithm,
            parameters: None,
        };
        let signature = BitString::new(0, self.signature);
        verify_signature(signer.public_key(), &algorithm, &signature, signed)
            .map_err(|_| BadSignature::Forged)
    }
}

/// The digest of the content that the attributes name.
fn message_digest(attributes: &[u8]) -> Option<&[u8]> {
    let mut all = Reader(attributes).set()?;
    while let Some(mut attribute) = all.sequence() {
        if attribute.oid()? == MESSAGE_DIGEST {
            return attribute.set()?.octets();
        }
    }
    None
}

/// What is left of some DER. A part that is not as asked for is not passed over.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<(&'a [u8], Any<'a>)> {
        Any::from_der(self.0).ok()
    }

    fn any(&mut self) -> Option<Any<'a>> {
        let (rest, any) = self.peek()?;
        self.0 = rest;
        Some(any)
    }

    fn of(&mut self, class: Class, tag: Tag) -> Option<&'a [u8]> {
        let (rest, any) = self.peek()?;
        ((any.class(), any.tag()) == (class, tag)).then_some(())?;
        self.0 = rest;
        Some(any.data)
    }

    fn sequence(&mut self) -> Option<Self> {
        self.of(Class::Universal, Tag::Sequence).map(Self)
    }

    fn set(&mut self) -> Option<Self> {
        self.of(Class::Universal, Tag::Set).map(Self)
    }

    /// What has this number here, in a head of its own.
    fn within(&mut self, number: u32) -> Option<Self> {
        self.of(Class::ContextSpecific, Tag(number)).map(Self)
    }

    fn oid(&mut self) -> Option<&'a [u8]> {
        self.of(Class::Universal, Tag::Oid)
    }

    fn octets(&mut self) -> Option<&'a [u8]> {
        self.of(Class::Universal, Tag::OctetString)
    }

    /// The name of an algorithm, without its parameters.
    fn algorithm(&mut self) -> Option<&'a [u8]> {
        self.sequence()?.oid()
    }

    /// With its head.
    fn raw(&mut self, tag: Tag) -> Option<&'a [u8]> {
        let all = self.0;
        self.of(Class::Universal, tag)?;
        all.get(..all.len() - self.0.len())
    }

    /// Signed attributes, if there are any, as they are hashed.
    fn attributes(&mut self) -> Option<Vec<u8>> {
        let all = self.0;
        self.within(0)?;
        let mut bytes = all[..all.len() - self.0.len()].to_vec();
        *bytes.first_mut()? = SET;
        Some(bytes)
    }
}
