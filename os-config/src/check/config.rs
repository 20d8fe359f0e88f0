//! The top level.

use std::collections::BTreeMap;

use super::{Checker, clash, files, kubernetes, network, registries};
use crate::config::{Config, Logs, NtpServers};
use crate::raw::{RawCommand, RawConfig, RawLogs, RawTaint, Scalar};
use crate::report::Finding;
use crate::tree::reader::parse_integer;
use crate::tree::{Kind, Node, Path, Span, Value};
use crate::values::{
    Command, EnvName, EnvValue, Hostname, HttpUrl, Invalid, LabelKey, LabelValue, ModuleName,
    Password, ServerAddress, SshKeySource, SysctlKey, SysctlValue, Taint, TimeZone,
};

/// Checks a whole raw configuration.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn check(raw: &RawConfig) -> Result<Config, Vec<Finding>> {
    let mut checker = Checker::default();
    let config = read(&mut checker, raw);
    let findings = checker.into_findings();
    if findings.is_empty() {
        Ok(config)
    } else {
        Err(findings)
    }
}

fn read(c: &mut Checker, raw: &RawConfig) -> Config {
    let config = Config {
        hostname: c.value("hostname", raw.hostname.as_deref(), Hostname::parse),
        timezone: c
            .value("timezone", raw.timezone.as_deref(), TimeZone::parse)
            .unwrap_or_default(),
        ssh_authorized_keys: c.texts(
            "ssh_authorized_keys",
            &raw.ssh_authorized_keys,
            SshKeySource::parse,
        ),
        password: c.value("password", text(&raw.password), Password::parse),
        write_files: files::write_files(c, &raw.write_files),
        init_commands: commands(c, "init_commands", &raw.init_commands),
        boot_commands: commands(c, "boot_commands", &raw.boot_commands),
        run_commands: commands(c, "run_commands", &raw.run_commands),
        modules: c.texts("modules", &raw.modules, ModuleName::parse),
        sysctls: map(
            c,
            "sysctls",
            &raw.sysctls,
            SysctlKey::parse,
            SysctlValue::parse,
        ),
        environment: map(
            c,
            "environment",
            &raw.environment,
            EnvName::parse,
            EnvValue::parse,
        ),
        ntp_servers: time_servers(c, raw.ntp_servers.as_deref()),
        network: network::network(c, raw.network.as_ref()),
        labels: labels(c, &raw.labels),
        taints: taints(c, &raw.taints),
        kubernetes: kubernetes::kubernetes(c, raw.kubernetes.as_ref()),
        registries: registries::registries(c, raw.registries.as_ref()),
        manifests: files::manifests(c, &raw.manifests),
        images: files::images(c, &raw.images),
        components: kubernetes::components(raw.components.as_ref()),
        config_url: c.value("config_url", raw.config_url.as_deref(), HttpUrl::parse),
        logs: logs(raw.logs.as_ref()),
    };
    clash::interfaces(c, raw.network.as_ref(), &config.kubernetes);
    config
}

/// A list without a server asks for none, and what would be asked is the pool.
fn time_servers(c: &mut Checker, raw: Option<&[String]>) -> NtpServers {
    if raw.is_some_and(<[String]>::is_empty) {
        c.at("ntp_servers", |c| {
            c.wrong(
                "no time server is listed here",
                "list some, or remove the key: Debian's pool is asked then",
            );
        });
    }
    let servers = raw.unwrap_or_default();
    NtpServers::new(c.texts("ntp_servers", servers, ServerAddress::parse))
}

fn logs(raw: Option<&RawLogs>) -> Logs {
    Logs {
        persist: raw.and_then(|raw| raw.persist).unwrap_or(false),
    }
}

/// The text of a scalar that may be absent.
pub(super) fn text(scalar: &Option<Scalar>) -> Option<&str> {
    scalar.as_ref().map(|scalar| scalar.0.as_str())
}

fn commands(c: &mut Checker, key: &str, raw: &[RawCommand]) -> Vec<Command> {
    c.list(key, raw, |c, command| {
        let command = match command {
            RawCommand::Line(line) => Command::shell(line),
            RawCommand::Words(words) => {
                Command::argv(words.iter().map(|word| word.0.clone()).collect())
            }
        };
        c.parsed(command)
    })
}

fn map<K: Ord, V>(
    c: &mut Checker,
    key: &str,
    raw: &BTreeMap<String, Scalar>,
    parse_key: impl Fn(&str) -> Result<K, Invalid>,
    parse_value: impl Fn(&str) -> Result<V, Invalid>,
) -> BTreeMap<K, V> {
    c.at(key, |c| {
        raw.iter()
            .filter_map(|(name, value)| {
                c.at(name.as_str(), |c| {
                    let key = wrong_key(c, parse_key(name));
                    let value = c.parsed(parse_value(&value.0));
                    key.zip(value)
                })
            })
            .collect()
    })
}

/// The good part of a parsed key; the bad part points at the key, not at its value.
pub(super) fn wrong_key<K>(c: &mut Checker, parsed: Result<K, Invalid>) -> Option<K> {
    match parsed {
        Ok(key) => Some(key),
        Err(invalid) => {
            c.refuse(invalid.message, invalid.help);
            None
        }
    }
}

/// Labels that the kubelet sets from what it sees; another value would be taken back at once.
const KUBELETS_OWN: [&str; 3] = [
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "kubernetes.io/arch",
];

fn labels(c: &mut Checker, raw: &BTreeMap<String, Scalar>) -> BTreeMap<LabelKey, LabelValue> {
    let labels = map(c, "labels", raw, LabelKey::parse, LabelValue::parse);
    for key in labels
        .keys()
        .filter(|key| KUBELETS_OWN.contains(&key.as_str()))
    {
        c.at("labels", |c| {
            c.at(key.as_str(), |c| {
                c.refuse(
                    format!("`{key}` is set by the kubelet itself"),
                    "remove it; for the name use `hostname` or `kubernetes.node_name`",
                );
            });
        });
    }
    labels
}

fn taints(c: &mut Checker, raw: &[RawTaint]) -> Vec<Taint> {
    let taints = c.list("taints", raw, |c, taint| match taint {
        RawTaint::Text(text) => c.parsed(Taint::parse(text)),
        RawTaint::Parts(parts) => {
            let (Some(key), Some(effect)) = (&parts.key, &parts.effect) else {
                let missing = if parts.key.is_none() { "key" } else { "effect" };
                c.missing(missing, "write `key`, `effect` and, if wanted, `value`");
                return None;
            };
            let value = parts.value.as_ref().map_or("", |value| value.0.as_str());
            c.parsed(Taint::parse(&format!("{key}={value}:{effect}")))
        }
    });
    let double = super::checker::repeated(&taints, |taint| (taint.key.clone(), taint.effect));
    if let (Some(at), true) = (double, taints.len() == raw.len()) {
        c.at("taints", |c| {
            c.at(at, |c| {
                c.wrong(
                    "the same key and effect stand in an earlier taint",
                    "keep one of the two",
                );
            });
        });
    }
    taints
}

/// The version that this program reads.
pub(crate) const VERSION: u64 = 1;

/// What is wrong with the version that a file says, if anything.
pub(crate) fn config_version(node: &Node) -> Option<Finding> {
    let Value::Scalar(Kind::Integer, text) = &node.value else {
        return None;
    };
    match parse_integer(text) {
        Some(VERSION) => None,
        said => {
            let newer = said.is_some_and(|said| said > VERSION);
            let help = if newer {
                "this file is made for a newer Holdfast: upgrade the node, or write the file for version 1"
            } else {
                "write version: 1"
            };
            let message = format!("version {text} is not understood, only version {VERSION}");
            let key = Path::default().then("version");
            Some(Finding::at(node.span, message, help).about(key))
        }
    }
}

/// A file that does not say its version.
pub(crate) fn missing_version(start: Span) -> Finding {
    Finding::at(
        start,
        "the version is missing",
        "begin the file with the line: version: 1",
    )
    .about(Path::default().then("version"))
}
