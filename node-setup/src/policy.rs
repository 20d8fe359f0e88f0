//! Which sources of configuration an image believes: its builder's word, which lies in the verity root, where nobody on the node can
//! change it.

use bundle::{PrivateKey, PublicKey, Signature};
use init_api::{FileError, Root, paths};
use serde::{Deserialize, Serialize};
use url::Url;

/// What is signed begins with this, so that a signature of something else is none of a configuration.
const MEANT: &[u8] = b"holdfast configuration 1\n";

/// The ending of the file with signatures that stands beside a configuration.
pub const SIGNATURE_ENDING: &str = ".sig";

pub use os_config::SIGNATURES;

/// What an image says about sources of configuration. What it does not say is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, try_from = "Raw", into = "Raw")]
pub struct Policy {
    /// What `config.yaml` on the CONFIG partition may say.
    pub config: OwnConfig,
    /// What a USB stick may say.
    pub usb_stick: UsbStick,
    /// What words on the kernel's command line may say.
    pub command_line: CommandLine,
    /// What the server of `config_url` may say.
    pub config_url: ConfigUrl,
    /// Whose signatures count.
    signers: Vec<PublicKey>,
}

/// What `config.yaml` on the CONFIG partition may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnConfig {
    /// A configuration that is signed.
    Signed,
    /// All.
    #[default]
    Allow,
}

/// What a USB stick may say: its configuration, and its wish for a reset or maintenance mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UsbStick {
    /// Nothing; it is not even mounted for its configuration.
    Ignore,
    /// A configuration that is signed.
    Signed,
    /// All.
    #[default]
    Allow,
}

/// What words on the kernel's command line may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandLine {
    /// Nothing but what the image's own line says.
    Ignore,
    /// All; with Secure Boot, what is signed.
    #[default]
    Allow,
}

/// What the server of `config_url` may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigUrl {
    /// A configuration that is signed.
    Signed,
    /// All.
    #[default]
    Allow,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    config: OwnConfig,
    #[serde(default)]
    usb_stick: UsbStick,
    #[serde(default)]
    command_line: CommandLine,
    #[serde(default)]
    config_url: ConfigUrl,
    #[serde(default)]
    config_signers: Vec<String>,
}

/// Why a configuration is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotVouched {
    /// Nothing is there.
    #[error("it is not signed: there is no {0} beside it. Make one with `holdfast config sign`")]
    Unsigned(String),
    /// Signatures of others, or of another text.
    #[error(
        "no signature beside it is one of a key in this image's `config_signers` for this text. Sign it anew with `holdfast config sign`, \
         each time that it changes"
    )]
    Others,
}

impl TryFrom<Raw> for Policy {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Policy, String> {
        let signers = raw.config_signers.iter().map(|key| key.parse());
        let signers: Vec<PublicKey> = signers
            .collect::<Result<_, bundle::KeyError>>()
            .map_err(|error| format!("config_signers: {error}"))?;
        let signed = raw.config == OwnConfig::Signed
            || raw.usb_stick == UsbStick::Signed
            || raw.config_url == ConfigUrl::Signed;
        if signed && signers.is_empty() {
            return Err("`signed` needs a key in `config_signers`: without one nothing would ever be believed".to_owned());
        }
        Ok(Policy {
            config: raw.config,
            usb_stick: raw.usb_stick,
            command_line: raw.command_line,
            config_url: raw.config_url,
            signers,
        })
    }
}

impl From<Policy> for Raw {
    fn from(policy: Policy) -> Raw {
        Raw {
            config: policy.config,
            usb_stick: policy.usb_stick,
            command_line: policy.command_line,
            config_url: policy.config_url,
            config_signers: policy.signers.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Policy {
    /// That of the image. One that cannot be read believes nobody who comes from outside, and the error says why.
    pub(crate) fn read(root: &Root) -> (Policy, Option<FileError>) {
        match init_api::load_if_present(root.path(paths::CONFIG_POLICY)) {
            Ok(policy) => (policy.unwrap_or_default(), None),
            Err(error) => (Policy::nobody(), Some(error)),
        }
    }

    fn nobody() -> Policy {
        Policy {
            // Nobody could sign for it, and the node would have no configuration at all.
            config: OwnConfig::Allow,
            usb_stick: UsbStick::Ignore,
            command_line: CommandLine::Ignore,
            config_url: ConfigUrl::Signed,
            signers: Vec::new(),
        }
    }

    /// Whether `config.yaml` of the CONFIG partition is believed, as far as the image asks for a signature.
    ///
    /// # Errors
    /// As [`Policy::vouched`].
    pub fn own_believed(
        &self,
        text: &[u8],
        signatures: Option<&[u8]>,
        beside: &str,
    ) -> Result<(), NotVouched> {
        match self.config {
            OwnConfig::Allow => Ok(()),
            OwnConfig::Signed => self.vouched(text, signatures, beside),
        }
    }

    /// Whether a signer vouches for a text; `signatures` are the lines of the file beside it.
    ///
    /// # Errors
    /// Why not, with what to do; `beside` names the file that would say so.
    pub(crate) fn vouched(
        &self,
        text: &[u8],
        signatures: Option<&[u8]>,
        beside: &str,
    ) -> Result<(), NotVouched> {
        let lines = signatures.ok_or_else(|| NotVouched::Unsigned(beside.to_owned()))?;
        let signed = [MEANT, text].concat();
        let ours = |signature: &Signature| {
            self.signers.contains(&signature.key) && signature.is_of(&signed)
        };
        let lines = String::from_utf8_lossy(lines);
        let mut signatures = lines.lines().filter_map(|line| line.parse().ok());
        match signatures.any(|signature| ours(&signature)) {
            true => Ok(()),
            false => Err(NotVouched::Others),
        }
    }
}

/// The line of a signature file by which a key vouches for a text.
pub fn sign(key: &PrivateKey, text: &[u8]) -> String {
    format!("{}\n", key.sign(&[MEANT, text].concat()))
}

/// Whether anybody vouches for a text, whoever that is: a file of signatures from before a change does not.
pub fn is_signed(text: &[u8], signatures: &[u8]) -> bool {
    let signed = [MEANT, text].concat();
    let lines = String::from_utf8_lossy(signatures);
    let mut signatures = lines
        .lines()
        .filter_map(|line| line.parse::<Signature>().ok());
    signatures.any(|signature| signature.is_of(&signed))
}

/// Where the signatures of what `url` names are.
pub(crate) fn signature_url(url: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    let path = format!("{}{SIGNATURE_ENDING}", url.path());
    url.set_path(&path);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::{NotVouched, Policy, UsbStick, is_signed, sign, signature_url};
    use bundle::PrivateKey;

    fn key(seed: u8) -> PrivateKey {
        // PKCS#8 of an ed25519 key: sixteen bytes that say so, and the seed.
        let head = "302e020100300506032b657004220420";
        let mut der: Vec<u8> = (0..head.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&head[at..at + 2], 16).unwrap())
            .collect();
        der.extend([seed; 32]);
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        PrivateKey::from_pem(&format!(
            "-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"
        ))
        .unwrap()
    }

    fn policy(json: &str) -> Result<Policy, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn policies() {
        let signer = key(1).public();
        assert_eq!(policy("{}").unwrap(), Policy::default());
        let signed = format!(r#"{{"usb_stick":"signed","config_signers":["{signer}"]}}"#);
        let signed = policy(&signed).unwrap();
        assert_eq!(signed.usb_stick, UsbStick::Signed);
        let again = serde_json::to_string(&signed).unwrap();
        assert_eq!(policy(&again).unwrap(), signed);
        for (wrong, said) in [
            (r#"{"usb_stick":"signed"}"#, "config_signers"),
            (r#"{"config_url":"signed"}"#, "config_signers"),
            (r#"{"config":"signed"}"#, "config_signers"),
            (r#"{"usb_stick":"maybe"}"#, "maybe"),
            (r#"{"config_signers":["ssh-ed25519 AAAA"]}"#, "ssh-ed25519"),
            (r#"{"usb_sticks":"ignore"}"#, "usb_sticks"),
        ] {
            let error = policy(wrong).unwrap_err();
            assert!(error.contains(said), "{wrong}: {error}");
        }
    }

    #[test]
    fn who_vouches_for_what() {
        let signer = key(1).public();
        let policy = policy(&format!(r#"{{"config_signers":["{signer}"]}}"#)).unwrap();
        let text = b"version: 1\n";
        let ours = sign(&key(1), text);
        let theirs = sign(&key(2), text);
        let bare = format!("{}\n", key(1).sign(text));
        for (case, text, signatures, expected) in [
            ("ours", &text[..], Some(ours.clone()), Ok(())),
            (
                "ours among others",
                text,
                Some(format!("{theirs}# x\n{ours}")),
                Ok(()),
            ),
            ("theirs", text, Some(theirs), Err(NotVouched::Others)),
            (
                "another text",
                b"version: 1\n\n",
                Some(ours),
                Err(NotVouched::Others),
            ),
            (
                "not signed as a configuration",
                text,
                Some(bare),
                Err(NotVouched::Others),
            ),
            (
                "an empty file",
                text,
                Some(String::new()),
                Err(NotVouched::Others),
            ),
            (
                "none",
                text,
                None,
                Err(NotVouched::Unsigned("x.sig".to_owned())),
            ),
        ] {
            let signatures = signatures.as_deref().map(str::as_bytes);
            assert_eq!(
                policy.vouched(text, signatures, "x.sig"),
                expected,
                "{case}"
            );
        }
    }

    #[test]
    fn somebody_vouches_for_this_text_or_nobody() {
        let (text, other) = (b"version: 1\n", b"version: 1\n\n");
        let lines = sign(&key(2), text);
        for (text, lines, expected) in [
            (&text[..], lines.as_str(), true),
            (other, &lines, false),
            (text, "", false),
            (text, "ed25519:x y\n", false),
        ] {
            assert_eq!(is_signed(text, lines.as_bytes()), expected, "{lines}");
        }
    }

    #[test]
    fn the_signature_lies_beside_what_is_fetched() {
        for (url, expected) in [
            ("https://x.test/shop.yaml", "https://x.test/shop.yaml.sig"),
            ("https://x.test/a?key=1", "https://x.test/a.sig?key=1"),
        ] {
            assert_eq!(signature_url(url).as_deref(), Some(expected));
        }
    }
}
