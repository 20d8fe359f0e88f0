//! Bringing a machine up: looks at what is there, and carries out what [`plan`] decides.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use machine::{Qemu, Running, Spec, Vm, name_flag, with_ssh_key};

use super::options::{Args, spec};
use super::origin::{self, Origin};
use super::plan::{Facts, State, Step, plan};
use super::{board, image};

/// Where a configuration goes that was changed on the machine and is replaced.
const BEFORE: &str = "config.before.yaml";

/// A machine that is on.
pub(super) struct Up {
    pub(super) running: Running,
    /// Whether this command switched it on.
    pub(super) started: bool,
}

/// What stands in the machine's folder, and what is asked of it.
struct Scene<'a> {
    dir: &'a Path,
    name: &'a str,
    args: &'a Args,
    board: String,
    kept: Option<Vm>,
    running: Option<Running>,
    origin: Option<Origin>,
    /// `--config` with the kept machine's key in it.
    asked: Option<String>,
    found: Option<String>,
}

/// Has the machine in `dir` on, as `args` want it.
pub(super) fn up(dir: &Path, name: &str, args: &Args) -> anyhow::Result<Up> {
    let mut scene = Scene::read(dir, name, args)?;
    let facts = Facts {
        state: match (&scene.kept, &scene.running) {
            (_, Some(_)) => State::On,
            (Some(_), None) => State::Off,
            (None, None) => State::Absent,
        },
        fresh: args.fresh,
        board: args.board.as_deref(),
        made_for: scene.origin.as_ref().map(|it| it.board.as_str()),
        asked: scene.asked.as_deref(),
        placed: scene.origin.as_ref().and_then(|it| it.config.as_deref()),
        found: scene.found.as_deref(),
    };
    let steps = match plan(&facts) {
        Ok(steps) => steps,
        Err(refusal) => bail!("{}", refusal.message(&name_flag(dir))),
    };
    if !steps.contains(&Step::Make) {
        scene.note_image()?;
    }
    for step in &steps {
        scene.carry_out(*step)?;
    }
    let running = scene.running.context("the machine does not run")?;
    Ok(Up {
        running,
        started: steps.contains(&Step::Start),
    })
}

impl<'a> Scene<'a> {
    fn read(dir: &'a Path, name: &'a str, args: &'a Args) -> anyhow::Result<Self> {
        let kept = Vm::open(dir)?;
        let running = kept.as_ref().map(Vm::running).transpose()?.flatten();
        let origin = Origin::read(dir)?;
        let own = if args.fresh { None } else { origin.as_ref() };
        let board = args
            .board
            .clone()
            .or_else(|| own.map(|it| it.board.clone()))
            .unwrap_or_else(|| board::DEFAULT.to_owned());
        let (mut asked, mut found) = (None, None);
        if let (Some(vm), Some(file), false) = (&kept, &args.config, args.fresh) {
            asked = Some(with_ssh_key(&read(file)?, &vm.ssh_key()?)?);
            // What cannot be read, or while it runs, is nothing to compare with; placing a file says what is wrong.
            found = vm.config().ok();
        }
        Ok(Self {
            dir,
            name,
            args,
            board,
            kept,
            running,
            origin,
            asked,
            found,
        })
    }

    /// Says so when there is another image than the one that the kept disk was made from.
    fn note_image(&self) -> anyhow::Result<()> {
        let named = self.args.image.as_deref();
        // A kept disk needs no image any more.
        let made_from = self.origin.as_ref().and_then(|it| it.image.as_deref());
        let (Some(made_from), Some(image)) = (made_from, image::find_if_built(named, &self.board)?)
        else {
            return Ok(());
        };
        let identity = origin::identity(&image)?;
        if let Some(note) = origin::note(made_from, &identity, &image) {
            crate::out::tell!("holdfast: {note}");
        }
        Ok(())
    }

    fn carry_out(&mut self, step: Step) -> anyhow::Result<()> {
        match step {
            Step::End => {
                if let Some(running) = self.running.take() {
                    running.quit()?;
                }
            }
            Step::Make => self.make()?,
            Step::Replace { changed } => self.replace_config(changed)?,
            Step::Start => self.start()?,
            Step::GoOn => {
                if let Some(running) = &self.running {
                    crate::out::say!(
                        "the machine runs already (process {})",
                        running.process().pid()
                    );
                }
            }
        }
        Ok(())
    }

    fn make(&mut self) -> anyhow::Result<()> {
        let image = image::find(self.args.image.as_deref(), &self.board)?;
        let config = self
            .args
            .config
            .as_ref()
            .or(self.args.first_config.as_ref());
        let config = config.map(read).transpose()?;
        crate::out::say!(
            "making a machine in {} from {}",
            self.dir.display(),
            image.display()
        );
        let identity = origin::identity(&image)?;
        let spec = self.spec()?;
        let qemu = Qemu::find(spec.hardware.platform)?;
        let vm = Vm::create_with_copy(self.dir, &image, spec, &qemu)?;
        if let Err(error) = self.place_first_config(&vm, identity, config) {
            // Half made, it would start with a configuration that nobody asked for.
            return Err(match fs::remove_dir_all(self.dir) {
                Ok(()) => error,
                Err(left) => error.context(format!("{} stays behind: {left}", self.dir.display())),
            });
        }
        self.kept = Some(vm);
        Ok(())
    }

    /// Puts the configuration onto a new machine's disk: the one given, or the sample that the image carries.
    fn place_first_config(
        &mut self,
        vm: &Vm,
        image: String,
        config: Option<String>,
    ) -> anyhow::Result<()> {
        let text = match config {
            Some(text) => text,
            None => vm.config()?,
        };
        let text = with_ssh_key(&text, &vm.ssh_key()?)?;
        self.write_config(vm, Some(image), text)
    }

    fn replace_config(&mut self, changed: bool) -> anyhow::Result<()> {
        let (Some(vm), Some(text)) = (self.kept.take(), self.asked.take()) else {
            bail!("there is no kept disk to put a config.yaml onto");
        };
        if changed {
            let copy = self.dir.join(BEFORE);
            host::file::write(&copy, 0o600, self.found.as_deref().unwrap_or_default())
                .with_context(|| format!("cannot write {}", copy.display()))?;
            crate::out::tell!(
                "holdfast: --config replaces a config.yaml that was changed on the machine; that one is kept in {}",
                copy.display()
            );
        } else {
            crate::out::say!("the machine's config.yaml is replaced");
        }
        let image = self.origin.take().and_then(|it| it.image);
        self.write_config(&vm, image, text)?;
        self.kept = Some(vm);
        Ok(())
    }

    /// Puts `text` onto CONFIG and writes down what the machine is now made of.
    fn write_config(&mut self, vm: &Vm, image: Option<String>, text: String) -> anyhow::Result<()> {
        vm.place_config(&text)?;
        let origin = Origin {
            board: self.board.clone(),
            image,
            config: Some(text),
        };
        origin.write(self.dir)?;
        self.origin = Some(origin);
        Ok(())
    }

    fn start(&mut self) -> anyhow::Result<()> {
        let spec = self.spec()?;
        let qemu = Qemu::find(spec.hardware.platform)?;
        let vm = self.kept.as_mut().context("there is no machine to start")?;
        vm.change(|old| {
            *old = Spec {
                disk_gib: old.disk_gib,
                ..spec
            }
        })?;
        let running = vm.start(&format!("holdfast-{}", self.name), &qemu)?;
        let accel = match qemu.accel {
            machine::Accel::Kvm => "with KVM",
            machine::Accel::Tcg => {
                "under emulation: this host offers no KVM, so everything takes many times longer"
            }
        };
        crate::out::say!("QEMU runs (process {}), {accel}", running.process().pid());
        self.running = Some(running);
        Ok(())
    }

    fn spec(&self) -> anyhow::Result<Spec> {
        let here = std::env::current_dir().context("cannot find out the current folder")?;
        Ok(spec(self.args, &board::shape(&here, &self.board)?))
    }
}

fn read(file: &PathBuf) -> anyhow::Result<String> {
    fs::read_to_string(file)
        .with_context(|| format!("cannot read the configuration {}", file.display()))
}
