//! The top level.

use std::collections::BTreeMap;

use super::{Checker, clash, files, install, kubernetes, network, registries, time};
use crate::config::{Bundles, Config, Encryption, Logs, State, WhenDamaged};
use crate::raw::{Named, RawBundles, RawCommand, RawConfig, RawLogs, RawState, RawTaint, Text};
use crate::report::Finding;
use crate::values::{Command, LabelKey, LabelValue, Taint};

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
        hostname: c.value("hostname", &raw.hostname),
        timezone: c.value("timezone", &raw.timezone).unwrap_or_default(),
        ssh_authorized_keys: c.texts("ssh_authorized_keys", &raw.ssh_authorized_keys),
        password: c.value("password", &raw.password),
        write_files: files::write_files(c, &raw.write_files),
        init_commands: commands(c, "init_commands", &raw.init_commands),
        boot_commands: commands(c, "boot_commands", &raw.boot_commands),
        run_commands: commands(c, "run_commands", &raw.run_commands),
        modules: c.texts("modules", &raw.modules),
        sysctls: c.named("sysctls", &raw.sysctls),
        environment: c.named("environment", &raw.environment),
        ntp_servers: time::servers(c, raw.ntp_servers.as_deref()),
        time: time::time(c, raw.time.as_ref(), raw.ntp_servers.as_deref()),
        network: network::network(c, raw.network.as_ref()),
        labels: labels(c, &raw.labels),
        taints: taints(c, &raw.taints),
        kubernetes: kubernetes::kubernetes(c, raw.kubernetes.as_ref()),
        registries: registries::registries(c, raw.registries.as_ref()),
        manifests: files::manifests(c, &raw.manifests),
        images: files::images(c, &raw.images),
        components: kubernetes::components(raw.components.as_ref()),
        config_url: c.value("config_url", &raw.config_url),
        bundles: bundles(c, raw.bundles.as_ref()),
        install: install::install(c, raw.install.as_ref()),
        logs: logs(raw.logs.as_ref()),
        state: state(raw.state.as_ref()),
        backup: super::backup::backup(c, raw.backup.as_ref()),
    };
    clash::network(c, raw.network.as_ref(), &config.kubernetes);
    config
}

fn logs(raw: Option<&RawLogs>) -> Logs {
    Logs {
        persist: raw.and_then(|raw| raw.persist).unwrap_or(false),
    }
}

fn bundles(c: &mut Checker, raw: Option<&RawBundles>) -> Bundles {
    let Some(raw) = raw else {
        return Bundles::default();
    };
    c.at("bundles", |c| Bundles {
        signers: c.texts("signers", &raw.signers),
        unsigned: raw.unsigned.unwrap_or(false),
        manifests: raw.manifests.unwrap_or(false),
    })
}

fn state(raw: Option<&RawState>) -> State {
    let when_damaged = match raw.and_then(|raw| raw.when_damaged.as_deref()) {
        Some("stop") => WhenDamaged::Stop,
        Some("renew") => WhenDamaged::Renew,
        _ => WhenDamaged::Repair,
    };
    let encryption = match raw.and_then(|raw| raw.encryption.as_deref()) {
        Some("tpm") => Encryption::Tpm,
        _ => Encryption::None,
    };
    State {
        when_damaged,
        encryption,
    }
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

/// Labels that the kubelet sets from what it sees; another value would be taken back at once.
const KUBELETS_OWN: [&str; 3] = [
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "kubernetes.io/arch",
];

fn labels(
    c: &mut Checker,
    raw: &Named<LabelKey, Text<LabelValue>>,
) -> BTreeMap<LabelKey, LabelValue> {
    let labels = c.named("labels", raw);
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
            let key = &key.0;
            c.parsed(Taint::parse(&format!("{key}={value}:{effect}")))
        }
    });
    let double = super::checker::repeated(&taints, |taint| (taint.key.clone(), taint.effect));
    if let (Some(at), true) = (double, taints.len() == raw.len()) {
        c.at("taints", |c| {
            c.at(at, |c| {
                c.wrong(
                    "the same key and effect are in an earlier taint",
                    "keep one of the two",
                );
            });
        });
    }
    taints
}
