//! Where a configuration comes from, and getting at it.
//!
//! The order in which sources win is os-config's ([`os_config::SourceName`]); this finds and reads them.

mod asked_maintenance;
mod asked_rescue;
mod asked_reset;
mod attempt;
mod block;
mod bundled;
mod file;
mod known_sticks;
mod media;
pub(crate) mod mount;
mod signed_words;
mod stick;
mod stick_out;
mod stored_url;
mod usb;
mod volume;

pub use asked_rescue::RescueFiles;
pub(crate) use asked_rescue::{Judged, judge, note_begun};
pub use asked_reset::AskedByStick;
pub(crate) use bundled::{Bundled, bundle_sticks, mount_bundle, unmount_bundle};
pub(crate) use file::read;
pub(crate) use known_sticks::KnownSticks;
pub use media::{CONFIG_MOUNT, ConfigPartition, Media, NodeMedia};
pub(crate) use media::{as_flashed, is_unconfigured};
pub use stick::Stick;
pub(crate) use stick::{mark_reset_done, mount_own, readable};
pub use stick_out::{StickOut, StickOutError};
pub use stored_url::{StoredUrl, UrlCopy};
pub use volume::{Kind as VolumeKind, Volume, identify as identify_volume};

use crate::policy::{CommandLine, NotVouched, Policy, SIGNATURES, UsbStick};
use crate::trial;
use init_api::{BootRecord, Millis, Problem, Root, paths};
use jiff::Timestamp;
use os_config::{Source, SourceName, Sources};

const STICK_MISSED: &str =
    "a USB stick that the configuration was read from before is not there or cannot be read";

/// The sources as they were found, with what there is to say about them. Nothing is added later.
#[derive(Debug, Clone, Default)]
pub(crate) struct FoundSources {
    /// All sources but the URL.
    pub(crate) sources: Sources,
    /// Things worth telling that are no obstacle.
    pub(crate) notes: Vec<String>,
    /// The CONFIG partition is on a stick: the machine was started from it.
    pub(crate) on_a_stick: bool,
    /// Why there is no configuration of this node, when there is none.
    pub(crate) missing: Option<Problem>,
    /// When the configuration goes back that stands in for the one on the CONFIG partition.
    pub(crate) trial: Option<Millis>,
    /// Why there may be more to it than what was found.
    pub(crate) incomplete: Option<String>,
    /// Who asks for maintenance mode, in words that follow "by".
    pub(crate) maintenance_asked_by: Option<String>,
    /// The reset that a stick asks for.
    pub(crate) reset: Option<AskedByStick>,
    /// A stick brings a script to be run, and the keys of releases vouch for it.
    pub(crate) rescue: bool,
}

/// Reads every source that needs no network.
pub(crate) fn find(root: &Root, media: &mut dyn Media) -> FoundSources {
    let policy = Believed::read(root);
    let sticks = match policy.policy.usb_stick {
        UsbStick::Ignore => Vec::new(),
        UsbStick::Signed | UsbStick::Allow => media.sticks(),
    };
    collect(root, media, policy, sticks)
}

/// As [`find`], and misses the sticks that belong to the node; a `first` look in a boot waits for them.
pub(crate) fn find_with_known_sticks(
    root: &Root,
    media: &mut dyn Media,
    first: bool,
) -> FoundSources {
    let policy = Believed::read(root);
    if policy.policy.usb_stick == UsbStick::Ignore {
        return collect(root, media, policy, Vec::new());
    }
    if first {
        media.settle(drivers_loaded(root));
    }
    let known = KnownSticks::new(root).count();
    let sticks = if first && known > 0 {
        media.awaited_sticks(known)
    } else {
        media.sticks()
    };
    let all_there = readable(&sticks) >= known;
    let mut found = collect(root, media, policy, sticks);
    if !all_there {
        found.notes.push(format!(
            "{STICK_MISSED}: what only it says is not in force, and nothing is removed from the cluster. Put it in and \
             restart; or, to give it up for good, run `holdfast config apply FILE` with a file that does without it \
             ({CONFIG_MOUNT}/config.yaml, if that says everything)"
        ));
        found.incomplete = Some(STICK_MISSED.to_owned());
    }
    found
}

/// When the initramfs had loaded the drivers of all that a disk can be behind.
fn drivers_loaded(root: &Root) -> Option<Millis> {
    let boot: BootRecord = init_api::load_if_present(root.path(paths::BOOT)).ok()??;
    let phase = boot.phases.iter().find(|phase| phase.name == "modules")?;
    phase.ended_ms
}

fn collect(
    root: &Root,
    media: &mut dyn Media,
    Believed { policy, notes }: Believed,
    sticks: Vec<Stick>,
) -> FoundSources {
    let mut found = FoundSources {
        notes,
        ..FoundSources::default()
    };
    if let Some(text) = read(&root.path(paths::DEFAULT_CONFIG), &mut found.notes) {
        let origin = paths::DEFAULT_CONFIG;
        let source = Source::new(SourceName::Image, origin, text);
        found.sources.add(source);
    }
    match trial::current(root) {
        Ok(Some((trial, text))) => {
            found.trial = Some(trial.ends_ms);
            let origin = format!("{} (on trial)", trial::FILE);
            found.add_own(SourceName::ConfigPartition, origin, text);
        }
        Ok(None) => found.add_partition(root, media, &policy),
        // Without a deadline it would never go back.
        Err(error) => {
            let note = format!("the configuration on trial is left out: {error}");
            found.notes.push(note);
            found.add_partition(root, media, &policy);
        }
    }
    if policy.usb_stick == UsbStick::Ignore {
        let ignored = media.stick_devices().into_iter().map(|device| {
            format!(
                "the USB stick {device} is not read for a configuration: this image says `usb_stick: ignore`. Put what it says into \
                 config.yaml on the CONFIG partition, or build an image that allows sticks (`holdfast build --config-policy`)"
            )
        });
        found.notes.extend(ignored);
    }
    // These bring their own signatures.
    let rescues = sticks.iter();
    let rescues = rescues.filter_map(|stick| Some((stick.device.clone(), stick.rescue.clone()?)));
    let rescues: Vec<_> = rescues.collect();
    let believed = |stick: Stick| believed_stick(&policy, stick);
    let believed: Vec<_> = sticks.into_iter().map(believed).collect();
    if asked_rescue::is_under_way(root) {
        found.rescue = true;
        let by = "the rescue script that was begun in this boot";
        found.maintenance_asked_by = Some(by.to_owned());
    } else {
        for (device, files) in rescues {
            found.add_rescue(root, &device, &files);
        }
    }
    for (stick, refused) in believed {
        found.notes.extend(refused);
        stick.into_iter().for_each(|stick| found.add_stick(stick));
    }
    if let Some(line) = read(&root.path("/proc/cmdline"), &mut found.notes) {
        let line = found.believed(root, &policy, line);
        let by = asked_maintenance::asked_by(&line);
        found.maintenance_asked_by = by.or(found.maintenance_asked_by);
        let source = Source::new(SourceName::CommandLine, "/proc/cmdline", line);
        found.sources.add(source);
    }
    found
}

impl FoundSources {
    /// The kernel's command line as far as it is believed: with Secure Boot, or where the image says so, what is its own. Words are named without their values,
    /// which may be secret.
    fn believed(&mut self, root: &Root, policy: &Policy, line: Vec<u8>) -> Vec<u8> {
        let why = match policy.command_line {
            CommandLine::Ignore => "this image says `command_line: ignore`",
            CommandLine::Allow if signed_words::secure_boot(root) => "Secure Boot is on",
            CommandLine::Allow => return line,
        };
        let Ok(text) = std::str::from_utf8(&line) else {
            return line;
        };
        let (signed, appended) = signed_words::split(text);
        if !appended.is_empty() {
            let name = |word: &&str| word.split('=').next().unwrap_or_default().replace('"', "");
            let names: Vec<String> = appended.iter().map(name).collect();
            let names = names.join(", ");
            self.notes.push(format!(
                "words that were appended to the signed command line of the kernel are ignored, since {why}: {names}"
            ));
        }
        signed.as_bytes().to_vec()
    }

    /// A stick is enough where the partition has nothing; that its file is refused is told all the same.
    fn add_own(&mut self, name: SourceName, origin: String, text: Vec<u8>) {
        if let Some(problem) = self.missing.take().filter(|it| it.title == NOT_VOUCHED) {
            self.notes.push(format!("{NOT_VOUCHED}: {}", problem.text));
        }
        self.sources.add(Source::new(name, origin, text));
    }

    fn add_partition(&mut self, root: &Root, media: &mut dyn Media, policy: &Policy) {
        let boot: Option<BootRecord> =
            init_api::load_if_present(root.path(paths::BOOT)).unwrap_or_default();
        match media.config_partition(boot.as_ref()) {
            Ok(ConfigPartition {
                directory,
                pluggable,
                notes,
            }) => {
                self.on_a_stick = pluggable;
                self.notes.extend(notes);
                let mut trouble = Vec::new();
                match (
                    read(&directory.join("config.yaml"), &mut trouble),
                    trouble.pop(),
                ) {
                    (Some(text), _) => {
                        let signatures = read(&directory.join(SIGNATURES), &mut self.notes);
                        let believed =
                            policy.own_believed(&text, signatures.as_deref(), SIGNATURES);
                        match believed {
                            Ok(()) => {
                                let origin = format!("{CONFIG_MOUNT}/config.yaml");
                                self.add_own(SourceName::ConfigPartition, origin, text);
                            }
                            Err(why) => self.missing = Some(not_vouched(&why)),
                        }
                    }
                    (None, Some(why)) => self.missing = Some(media::unreadable_file(&why)),
                    (None, None) => self.missing = Some(media::no_file(&directory)),
                }
            }
            Err(problem) => self.missing = Some(problem),
        }
    }

    fn add_rescue(&mut self, root: &Root, device: &str, files: &RescueFiles) {
        match judge(root, files, Timestamp::now()) {
            Judged::Run(_) => {
                self.rescue = true;
                let by = format!("the rescue script on the USB stick {device}");
                self.maintenance_asked_by = Some(by);
            }
            Judged::No(why) => self.notes.push(format!(
                "the rescue script on the USB stick {device} is not run: {why}"
            )),
        }
    }

    fn add_stick(&mut self, stick: Stick) {
        let device = &stick.device;
        match &stick.asks_for_reset {
            Some((file, Ok(reset))) => {
                self.reset = Some(AskedByStick {
                    device: device.clone(),
                    file,
                    reset: *reset,
                });
            }
            Some((file, Err(why))) => self.notes.push(format!(
                "the file `{file}` on the USB stick {device} asks for no reset: {why}"
            )),
            None => {}
        }
        if stick.asks_for_maintenance {
            let by = format!("the file `maintenance` on the USB stick {device}");
            self.maintenance_asked_by = Some(by);
        }
        match stick.config {
            Ok(text) => {
                let origin = format!("config.yaml on the USB stick {device}");
                self.add_own(SourceName::UsbStick, origin, text);
            }
            // A stick that was made to ask needs no configuration.
            Err(_) if stick.is_a_wish() => {}
            Err(note) => self.notes.push(note),
        }
    }
}

/// The title of [`not_vouched`].
const NOT_VOUCHED: &str = "config.yaml on the CONFIG partition is not believed";

/// The image asks for a signature of the partition's file.
fn not_vouched(why: &NotVouched) -> Problem {
    Problem::new(
        NOT_VOUCHED,
        format!("This image says `config: signed`: {why}."),
        "On the machine that has the key: `holdfast config sign --key KEY config.yaml`. Put config.yaml and config.yaml.sig on the \
         CONFIG partition (any PC shows it) and restart; or, on this machine, run `holdfast config apply config.yaml` with \
         config.yaml.sig beside it.",
    )
}

/// What the image believes, with what there is to say about that.
struct Believed {
    policy: Policy,
    notes: Vec<String>,
}

impl Believed {
    fn read(root: &Root) -> Believed {
        let (policy, error) = Policy::read(root);
        let told = |error| {
            let why = host::with_causes(&error);
            format!("neither sticks nor appended words are believed: {why}; write another image")
        };
        Believed {
            policy,
            notes: error.map(told).into_iter().collect(),
        }
    }
}

/// The stick as far as it is believed, and what is refused of it.
fn believed_stick(policy: &Policy, stick: Stick) -> (Option<Stick>, Option<String>) {
    if policy.usb_stick != UsbStick::Signed {
        return (Some(stick), None);
    }
    let device = &stick.device;
    let refused = |what: &str| {
        Some(format!(
            "{what} on the USB stick {device} is not believed: "
        ))
    };
    let asks = stick.asks_for_maintenance || stick.asks_for_reset.is_some();
    let vouched = match &stick.config {
        Ok(text) => policy.vouched(text, stick.signatures.as_deref(), SIGNATURES),
        // Why it cannot be read is told elsewhere.
        Err(_) => Ok(()),
    };
    match vouched {
        Err(why) => {
            let text = refused("config.yaml").map(|text| format!("{text}{why}"));
            (None, text)
        }
        Ok(()) if asks => {
            let text = refused("a file `maintenance` or `reset`").map(|text| {
                format!("{text}this image says `usb_stick: signed`, and nothing in such a file is signed. Log in and use `holdfast reset`")
            });
            let quiet = Stick {
                asks_for_maintenance: false,
                asks_for_reset: None,
                ..stick.clone()
            };
            (quiet.config.is_ok().then_some(quiet), text)
        }
        Ok(()) => (Some(stick), None),
    }
}
