//! The entries of the top-level lists.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Scalar, Text};
use crate::values::text::TextValue;
use crate::values::{
    FileMode, FilePath, HttpUrl, LabelKey, LabelValue, ManifestName, ManifestText, Owner, Sha256,
    Taint, WritablePath,
};

/// A file to write.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["path"]))]
pub(crate) struct RawWriteFile {
    /// Where: an absolute path below /etc, /var, /home, /opt, /root, /usr/local, /run or /tmp. Everything else is the
    /// sealed image, and /run/holdfast and /var/lib/holdfast are Holdfast's own.
    #[schemars(extend("examples" = ["/etc/motd"]))]
    pub(crate) path: Option<Text<WritablePath>>,
    /// What: the text itself, or encoded.
    #[schemars(extend("x-secret" = "by permissions"))]
    pub(crate) content: Option<Scalar>,
    /// How the content is encoded: nothing (plain text), `b64`, `gz`, or `gz+b64`. What is compressed must be written in
    /// base64 as well, since YAML holds text only; `gz` and `gz+b64` are the same.
    #[schemars(extend("default" = "", "enum" = ["", "b64", "base64", "gz", "gzip", "gz+b64", "gz+base64", "gzip+b64", "gzip+base64"]))]
    pub(crate) encoding: Option<String>,
    /// Whose: `USER:GROUP`, by name or number.
    #[schemars(extend("default" = "root:root"))]
    pub(crate) owner: Option<Text<Owner>>,
    /// Permission bits in octal.
    #[schemars(extend("default" = "0644", "examples" = ["0600"]))]
    pub(crate) permissions: Option<Text<FileMode>>,
}

/// A manifest: written here, or fetched.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["content"]}, {"required": ["url"]}], "dependentRequired" = {"content": ["name"], "sha256": ["url"]}))]
pub(crate) struct RawManifest {
    /// The name it goes by, such as `my-app.yaml`; each only once. With `url` it may be left out: the last part of the
    /// address is taken.
    #[schemars(extend("examples" = ["my-app.yaml"]))]
    pub(crate) name: Option<Text<ManifestName>>,
    /// The manifest itself: YAML, one document or several.
    #[schemars(extend("x-secret" = "by kind"))]
    pub(crate) content: Option<Text<ManifestText>>,
    /// Where to fetch it from, instead of `content`.
    #[schemars(extend("examples" = ["https://manifests.example/my-app.yaml"]))]
    pub(crate) url: Option<Text<HttpUrl>>,
    /// The SHA-256 of what `url` gives; anything else is not taken. Needed where the address is plain `http://`.
    pub(crate) sha256: Option<Text<Sha256>>,
}

/// Container images to load.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["path"]}, {"required": ["url"]}], "dependentRequired" = {"sha256": ["url"]}))]
pub(crate) struct RawImage {
    /// A tar file on the node.
    #[schemars(extend("examples" = ["/var/lib/images/my-app.tar"]))]
    pub(crate) path: Option<Text<FilePath>>,
    /// Where to fetch a tar file from, instead of `path`.
    pub(crate) url: Option<Text<HttpUrl>>,
    /// The SHA-256 of what `url` gives; anything else is not taken. Needed where the address is plain `http://`.
    pub(crate) sha256: Option<Text<Sha256>>,
}

/// More than blanks.
const SOMETHING: &str = r"[^ \t\r\n]";

/// A command: a line for the shell, or program and arguments.
#[derive(Debug)]
pub(crate) enum RawCommand {
    Line(String),
    Words(Vec<Scalar>),
}

impl<'de> Deserialize<'de> for RawCommand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Command;
        impl<'de> Visitor<'de> for Command {
            type Value = RawCommand;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line or a list of words")
            }

            fn visit_str<E: serde::de::Error>(self, line: &str) -> Result<RawCommand, E> {
                Ok(RawCommand::Line(line.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawCommand, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = items.next_element()? {
                    words.push(word);
                }
                Ok(RawCommand::Words(words))
            }
        }
        deserializer.deserialize_any(Command)
    }
}

impl JsonSchema for RawCommand {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Command".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let word = generator.subschema_for::<Scalar>();
        let line = json_schema!({ "type": "string", "pattern": SOMETHING });
        let words = json_schema!({ "type": "array", "items": word, "minItems": 1 });
        json_schema!({ "anyOf": [line, words] })
    }
}

/// A taint: `key=value:Effect`, or its three parts.
#[derive(Debug)]
pub(crate) enum RawTaint {
    Text(String),
    Parts(RawTaintParts),
}

/// A taint in parts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["key", "effect"]))]
pub(crate) struct RawTaintParts {
    /// The key.
    pub(crate) key: Option<Text<LabelKey>>,
    /// The value; may be left out.
    pub(crate) value: Option<Text<LabelValue>>,
    /// What it does.
    #[schemars(extend("enum" = ["NoSchedule", "PreferNoSchedule", "NoExecute"]))]
    pub(crate) effect: Option<String>,
}

impl<'de> Deserialize<'de> for RawTaint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taint;
        impl<'de> Visitor<'de> for Taint {
            type Value = RawTaint;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("key=value:Effect, or a mapping")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RawTaint, E> {
                Ok(RawTaint::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<RawTaint, A::Error> {
                RawTaintParts::deserialize(MapAccessDeserializer::new(entries)).map(RawTaint::Parts)
            }
        }
        deserializer.deserialize_any(Taint)
    }
}

impl JsonSchema for RawTaint {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Taint".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let parts = generator.subschema_for::<RawTaintParts>();
        let text = json_schema!({ "type": "string", "pattern": Taint::PATTERN });
        json_schema!({ "anyOf": [text, parts] })
    }
}
