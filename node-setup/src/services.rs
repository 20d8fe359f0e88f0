//! The services that depend on the configuration: the cluster's, and what the node itself still has to do.

mod limits;

use crate::facts::Facts;
use crate::last_resort::watched;
use crate::plan::{firewall_file, hostname, variables};
use init_api::paths::{FIREWALL, HOLDFAST};
use init_api::{Millis, Restart, Service, ServiceName, Services, ServicesError};
use os_config::{Config, HttpUrl, Image, Manifest, Sha256};
use runtime::Settings;

/// What decides about services besides the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Situation {
    /// When the configuration that is on trial goes back.
    pub trial: Option<Millis>,
    /// What they are for.
    pub purpose: Purpose,
    /// A stick brings a script to be run in maintenance mode.
    pub rescue: bool,
}

/// What the services of this boot are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A node.
    Node,
    /// A node in maintenance mode: nothing that needs a good configuration.
    Maintenance,
    /// Maintenance mode that a person asked for, who may do at the console what a stick may ask for.
    Asked,
    /// A machine that has no configuration and never had one: maintenance mode with the form on the console.
    Unconfigured,
    /// An install stick: nothing but the installer.
    Install,
}

/// All services of `services.json`.
///
/// # Errors
/// The services do not fit together.
pub fn services(
    config: &Config,
    facts: &Facts,
    situation: Situation,
) -> Result<Services, ServicesError> {
    let mut all = Vec::new();
    match situation.purpose {
        Purpose::Node => {
            all.extend(runtime::services(&settings(config, facts)));
            all.extend(run_commands(config));
            all.extend(downloads(config));
            all.push(stick());
            all.extend(backups(config));
        }
        Purpose::Maintenance => {}
        Purpose::Asked => all.push(menu(config, facts)),
        Purpose::Unconfigured => all.push(form()),
        Purpose::Install => all.push(install()),
    }
    if situation.rescue && situation.purpose != Purpose::Node {
        all.push(rescue());
    }
    if situation.purpose != Purpose::Install {
        all.push(upgrade());
        all.push(firewall(config, facts));
        all.extend(last_resort(config));
        all.extend(situation.trial.map(trial));
        all.extend(config_url(config));
    }
    all.extend(ssh_keys(config));
    all.extend(logins(config, facts));
    let environment = variables(config, facts);
    for service in &mut all {
        for (name, value) in &environment {
            service
                .env
                .entry(name.clone())
                .or_insert_with(|| value.clone());
        }
    }
    Services::new(all)
}

/// After the drivers of all devices were asked for. Not in maintenance mode: a stick with something wrong installs nothing.
fn install() -> Service {
    Service {
        restart: Restart::on_failure(),
        ..Service::one_shot(name("install"), [HOLDFAST, "node", "install"])
    }
    .after([name("udev-trigger")])
    .unconfined(limits::INSTALL)
}

/// After the drivers of all devices were asked for: it lists disks and network cards.
fn form() -> Service {
    in_maintenance(Service {
        restart: Restart::on_failure(),
        ..Service::one_shot(name("form"), [HOLDFAST, "node", "form"])
    })
    .after([name("udev-trigger")])
    .unconfined(limits::FORM)
}

/// Not where a login prompt is: it would take every other line from it.
fn menu(config: &Config, facts: &Facts) -> Service {
    let taken = facts.serial_consoles.iter();
    let taken = taken.filter(|_| config.password.is_some());
    let without = taken.flat_map(|console| ["--without", console]);
    let command = [HOLDFAST, "node", "menu"].into_iter().chain(without);
    in_maintenance(Service {
        restart: Restart::on_failure(),
        ..Service::one_shot(name("menu"), command)
    })
    .unconfined(limits::MENU)
}

/// Never twice: half of what the script does may have been done.
fn rescue() -> Service {
    let run = Service {
        restart: Restart::never(),
        ..Service::one_shot(name("rescue"), [HOLDFAST, "node", "rescue"])
    };
    in_maintenance(run.after([name("udev-trigger")])).unconfined(limits::RESCUE)
}

/// udev runs it again when a stick comes or goes (`90-holdfast.rules` in the image).
fn stick() -> Service {
    Service::one_shot(name("stick"), [HOLDFAST, "node", "stick"])
        .after([name("udev-trigger")])
        .unconfined(limits::STICK)
}

/// Loads the base table of the packet filter; what stands in it is in the environment, so that a changed one makes a new service.
fn firewall(config: &Config, facts: &Facts) -> Service {
    let digest = host::digest::of_bytes(firewall_file(config, facts));
    let load = Service::one_shot(name("firewall"), ["/usr/sbin/nft", "-f", FIREWALL])
        .confined(limits::firewall());
    in_maintenance(load.env("HOLDFAST_SETTINGS", &digest[..16]))
}

/// Also in maintenance mode: a person may want another release because of it.
fn upgrade() -> Service {
    let serve = Service::daemon(name("upgrade"), [HOLDFAST, "upgrade", "serve"]);
    in_maintenance(serve.unconfined(limits::UPGRADE))
}

/// What is watched is in the arguments, so that a changed configuration makes a new service.
fn last_resort(config: &Config) -> Option<Service> {
    let cards: Vec<String> = watched(&config.network)
        .iter()
        .map(|card| format!("{} {:?} {:?}", card.profile, card.addresses, card.gateway))
        .collect();
    let command = [HOLDFAST, "node", "last-resort"].into_iter();
    let command = command.chain(cards.iter().map(String::as_str));
    let service = Service::daemon(name("last-resort"), command)
        .after([name("network")])
        .confined(limits::last_resort());
    (!cards.is_empty()).then(|| in_maintenance(service))
}

/// The end is in the arguments, so that a second trial makes a new service.
fn trial(ends: Millis) -> Service {
    let ends = ends.0.to_string();
    let command = [HOLDFAST, "node", "trial", "--until", &ends];
    in_maintenance(Service {
        restart: Restart::on_failure(),
        ..Service::daemon(name("config-trial"), command).confined(limits::trial())
    })
}

/// The cluster's part of the configuration.
pub(crate) fn settings(config: &Config, facts: &Facts) -> Settings {
    let founded = facts.founded.as_ref();
    Settings::of(config, &hostname(config, facts), &facts.release, founded)
}

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("our names follow the rule for names")
}

fn holdfast_once(service: &str, arguments: &[&str]) -> Service {
    let command = std::iter::once(HOLDFAST).chain(arguments.iter().copied());
    // What these wait for is a network or a server: no hurry, and no end.
    let restart = Restart {
        first_ms: Millis::seconds(5),
        longest_ms: Millis::seconds(600),
        ..Restart::on_failure()
    };
    Service {
        restart,
        ..Service::one_shot(name(service), command)
    }
    .after([name("network")])
}

fn in_maintenance(service: Service) -> Service {
    Service {
        in_maintenance: true,
        ..service
    }
}

/// Not again after a failure: commands are the user's, and half of them may have been done. PID 1 keeps such a service as
/// the boot's first good configuration has it, so that a changed environment does not run them again.
fn run_commands(config: &Config) -> Option<Service> {
    let service = || Service {
        restart: Restart::never(),
        ..holdfast_once("run-commands", &["node", "run-commands"]).unconfined(limits::COMMANDS)
    };
    (!config.run_commands.is_empty()).then(service)
}

/// The arguments name what is fetched, so that a changed list makes a changed service, which PID 1 runs again.
fn ssh_keys(config: &Config) -> Option<Service> {
    let sources: Vec<String> = config
        .ssh_authorized_keys
        .iter()
        .filter(|key| key.url().is_some())
        .map(ToString::to_string)
        .collect();
    if sources.is_empty() {
        return None;
    }
    let mut arguments = vec!["node", "fetch-keys"];
    arguments.extend(sources.iter().map(String::as_str));
    let fetch = holdfast_once("ssh-keys", &arguments);
    Some(in_maintenance(fetch.confined(limits::ssh_keys())))
}

fn config_url(config: &Config) -> Option<Service> {
    let url = config.config_url.as_ref()?;
    let fetch = holdfast_once("config-url", &["node", "fetch-config", url.as_str()]);
    Some(in_maintenance(fetch.confined(limits::config_url())))
}

fn downloads(config: &Config) -> Option<Service> {
    let manifests = config
        .manifests
        .iter()
        .filter_map(|manifest| match manifest {
            Manifest::Url { url, sha256, .. } => Some((url, sha256)),
            Manifest::Inline { .. } => None,
        });
    let images = config.images.iter().filter_map(|image| match image {
        Image::Url { url, sha256 } => Some((url, sha256)),
        Image::Path(_) => None,
    });
    let words = |(url, sha256): (&'_ HttpUrl, &'_ Option<Sha256>)| {
        let digest = sha256.as_ref().map(|digest| format!("sha256:{digest}"));
        std::iter::once(url.to_string()).chain(digest)
    };
    let urls: Vec<String> = manifests.chain(images).flat_map(words).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    if urls.is_empty() {
        return None;
    }
    let arguments = [&["node", "fetch-downloads"], urls.as_slice()].concat();
    Some(holdfast_once("downloads", &arguments).confined(limits::fetching()))
}

/// How often is in the arguments, so that a changed configuration makes a new service; the rest is read anew each time.
fn backups(config: &Config) -> Option<Service> {
    let hours = config.backup.every_hours?.to_string();
    let command = [HOLDFAST, "node", "backups", "--every-hours", &hours];
    let service = Service::daemon(name("backups"), command).after([name("network")]);
    Some(service.unconfined(limits::BACKUPS))
}

/// A login prompt on the second virtual console and on serial consoles, only where a password is configured.
fn logins(config: &Config, facts: &Facts) -> Vec<Service> {
    if config.password.is_none() {
        return Vec::new();
    }
    let terminals = std::iter::once("tty2").chain(facts.serial_consoles.iter().map(String::as_str));
    terminals
        .map(|terminal| in_maintenance(login(terminal)))
        .collect()
}

fn login(terminal: &str) -> Service {
    let command = [
        "/sbin/agetty",
        "--noclear",
        "--keep-baud",
        terminal,
        "115200,9600",
        "linux",
    ];
    Service::daemon(
        name(&format!("login-{}", terminal.to_ascii_lowercase())),
        command,
    )
    .unconfined(limits::LOGIN)
}

#[cfg(test)]
mod tests;
