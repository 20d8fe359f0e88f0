//! `holdfast node`: what PID 1 and its services run. Not for people.

mod notes;

use anyhow::Context;
use clap::Subcommand;
use form::Wish;
use init_api::Root;
use init_api::{Asked, Asker, Client, Down, Millis, Problem, Request, paths};
use node_setup::change;
use node_setup::encryption;
use node_setup::rescue;
use node_setup::reset::{self, AskedByStick};
use node_setup::{BUS, NodeMedia, Outcome, ThisMachine, configure, last_resort, online, trial};
use os_config::SshKeySource;
use std::process::ExitCode;
use std::time::Duration;

/// The configuration is not right or could not be applied: PID 1 goes into maintenance mode.
const NOT_CONFIGURED: u8 = 2;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Read every source of configuration, check, apply
    Configure,
    /// Install onto a disk of this machine
    Install,
    /// Offer the form on the consoles
    Form,
    /// Offer the menu of maintenance mode on the consoles
    Menu {
        /// Consoles that are left out: a login prompt is there
        #[arg(long)]
        without: Vec<String>,
    },
    /// Mount the stick with a bundle that is plugged in, or let go one that was pulled out
    Stick,
    /// Run the script that a stick brings
    Rescue,
    /// Run the configuration's run_commands
    RunCommands,
    /// Fetch ssh keys
    FetchKeys {
        /// github:USER, gitlab:USER or a URL
        sources: Vec<String>,
    },
    /// Fetch the configuration that config_url names
    FetchConfig {
        /// The URL
        url: String,
    },
    /// Fetch manifests and images
    FetchDownloads {
        /// What is fetched, for PID 1 to notice a change; the list itself comes from the configuration
        urls: Vec<String>,
    },
    /// Watch network cards with fixed addresses, and use DHCP as a last resort
    LastResort {
        /// Which, for PID 1 to notice a change; what is configured comes from the configuration
        cards: Vec<String>,
    },
    /// Make backups as often as the configuration says
    Backups {
        /// How often
        #[arg(long)]
        every_hours: u32,
    },
    /// Wait for the end of a trial and take the configuration back
    Trial {
        /// When it ends, for PID 1 to notice a new trial; the time itself comes from the trial's record
        #[arg(long)]
        until: u64,
    },
}

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let root = Root::default();
    match args.action {
        Action::Configure => return run_configure(&root),
        Action::Install => installer::serve(&root).map_err(anyhow::Error::from_boxed)?,
        Action::Form => {
            form::serve(&root, &mut |config| write_answers(&root, config))?;
            Client::connect(paths::SOCKET)?.reconfigure()?;
        }
        Action::Menu { without } => {
            form::serve_menu(&root, &without, &mut |wish| carry_out(&root, wish))?;
        }
        Action::Stick => {
            let notes = crate::stick::follow(&root)?;
            notes.iter().for_each(|note| crate::out::say!("{note}"));
        }
        Action::Rescue => run_rescue(&root)?,
        Action::RunCommands => online::run_commands(&root, &mut ThisMachine)?,
        Action::FetchKeys { sources } => {
            let sources: Result<Vec<_>, _> = sources
                .iter()
                .map(|text| SshKeySource::parse(text))
                .collect();
            online::fetch_keys(&root, &sources?, std::thread::sleep)?;
        }
        Action::FetchConfig { url } => {
            if online::fetch_config_and_tell(&root, &mut NodeMedia, &url, std::thread::sleep)? {
                crate::out::say!(
                    "{} has a new configuration: applying it",
                    node_setup::fetch::shown(&url)
                );
                Client::connect(paths::SOCKET)?.reconfigure()?;
            }
        }
        Action::FetchDownloads { .. } => {
            let config = online::config_in_force(&root)?;
            online::fetch_downloads(&root, &config, std::thread::sleep)?;
        }
        Action::LastResort { .. } => {
            let config = online::config_in_force(&root)?;
            let now = || Millis::since_kernel_start().map(Duration::from);
            let now = || now().unwrap_or_default();
            last_resort::watch(&root, &config.network, BUS, now, |pause| {
                std::thread::sleep(pause);
                true
            })?;
        }
        Action::Backups { every_hours } => {
            let every = Duration::from_secs(u64::from(every_hours) * 3600);
            crate::backup::schedule::keep_making(&root, every);
        }
        Action::Trial { .. } => wait_out(&root)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// After one that ended well the machine is as it would be without the stick. Where nothing lasts it would be run again.
fn run_rescue(root: &Root) -> anyhow::Result<()> {
    if !rescue::run(root, &mut NodeMedia)? {
        crate::out::say!(
            "the machine stays up: its state partition is not in use, so that the script would be run again"
        );
        return Ok(());
    }
    Client::connect(paths::SOCKET)?.ask(&Request::GoDown {
        down: Down::Reboot,
        asked: Asked::by(Asker::Rescue),
    })?;
    Ok(())
}

/// What was answered becomes the file on the CONFIG partition.
fn write_answers(root: &Root, config: String) -> Result<(), String> {
    let text = config.into_bytes();
    change::propose(root, &mut NodeMedia, "the answers", text, None)
        .and_then(|proposal| proposal.write_to_config(root, &mut NodeMedia, &mut change::Remount))
        .map_err(|error| host::with_causes(&error))
}

/// What was chosen from the menu.
fn carry_out(root: &Root, wish: Wish) -> Result<(), String> {
    let (down, asked, noted) = match wish {
        Wish::Restart => (Down::Reboot, Asked::by(Asker::Console), ""),
        Wish::PowerOff => (Down::PowerOff, Asked::by(Asker::Console), ""),
        Wish::Reset(reset) => {
            reset::request(root, reset).map_err(|error| host::with_causes(&error))?;
            let by = Asked::about(Asker::Reset, "the menu on the console".to_owned());
            (Down::Reboot, by, "; the next start resets the machine")
        }
    };
    let go_down = Request::GoDown { down, asked };
    let done = Client::connect(paths::SOCKET).and_then(|mut client| client.ask(&go_down));
    done.map(drop)
        .map_err(|error| format!("{}{noted}", host::with_causes(&error)))
}

fn run_configure(root: &Root) -> anyhow::Result<ExitCode> {
    let outcome = configure(root, &mut NodeMedia, ThisMachine)?;
    for error in notes::forget_orphans(root, matches!(outcome, Outcome::Applied)) {
        crate::out::tell!("{error}");
    }
    match outcome {
        Outcome::Applied => Ok(ExitCode::SUCCESS),
        Outcome::Reset(asked) => run_reset(root, &asked),
        Outcome::Encrypt => run_encrypt(root),
        Outcome::Problem(problem) => {
            crate::out::tell!("{}\n\n{}\n\n{}", problem.title, problem.text, problem.cure);
            Ok(ExitCode::from(NOT_CONFIGURED))
        }
    }
}

/// What a stick asks for; a stick that cannot be believed leads to maintenance mode, where a person reads why.
fn run_reset(root: &Root, asked: &AskedByStick) -> anyhow::Result<ExitCode> {
    let problem = match reset::request_by_stick(root, asked) {
        Ok(()) => {
            crate::out::say!(
                "the USB stick {} asks for a reset: restarting",
                asked.device
            );
            Client::connect(paths::SOCKET)?.ask(&Request::GoDown {
                down: Down::Reboot,
                asked: Asked::about(Asker::Reset, format!("the stick {}", asked.device)),
            })?;
            Problem::new(
                "The machine is being reset",
                format!(
                    "The file `{}` on the USB stick {} asked for it.",
                    asked.file, asked.device
                ),
                "Wait: it restarts.",
            )
        }
        Err(error) => Problem::new(
            "The reset that a USB stick asks for cannot be done",
            format!("{:#}", anyhow::Error::new(error)),
            "Pull the stick out, put right what is said, and restart.",
        ),
    };
    init_api::store(root.path(paths::PROBLEM), &problem)?;
    crate::out::tell!("{}\n\n{}", problem.title, problem.text);
    Ok(ExitCode::from(NOT_CONFIGURED))
}

/// State that is new and shall be encrypted is made anew at the next boot; nothing is on it yet.
fn run_encrypt(root: &Root) -> anyhow::Result<ExitCode> {
    encryption::begin(root).context("`state.encryption` cannot be noted in the partition table")?;
    crate::out::say!(
        "`state.encryption` is `tpm`: restarting, to make the new state partition encrypted"
    );
    Client::connect(paths::SOCKET)?.ask(&Request::GoDown {
        down: Down::Reboot,
        asked: Asked::about(
            Asker::Reset,
            "state.encryption, on a new machine".to_owned(),
        ),
    })?;
    let problem = Problem::new(
        "The state partition is being encrypted",
        "`state.encryption` is `tpm`, and the machine is new.",
        "Wait: it restarts once.",
    );
    init_api::store(root.path(paths::PROBLEM), &problem)?;
    Ok(ExitCode::from(NOT_CONFIGURED))
}

/// Waits for the end of the trial, then asks for the old configuration. A confirmation ends this service instead.
fn wait_out(root: &Root) -> anyhow::Result<()> {
    loop {
        let Some((trial, _)) = trial::current(root).context("cannot read the trial's files")?
        else {
            return Ok(());
        };
        let left = trial.ends_ms.since(now()?);
        if left == Millis(0) {
            break;
        }
        crate::out::say!("on trial for {} s more", left.as_seconds().ceil());
        std::thread::sleep(Duration::from(left));
    }
    crate::out::say!("not confirmed in time: the configuration of the CONFIG partition comes back");
    trial::end(root).context("cannot end the trial")?;
    Client::connect(paths::SOCKET)?.reconfigure()?;
    Ok(())
}

/// Time since the kernel's start, sleep included.
pub(crate) fn now() -> anyhow::Result<Millis> {
    Millis::since_kernel_start().context("cannot find out how long the machine is up")
}
