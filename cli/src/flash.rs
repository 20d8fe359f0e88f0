//! `holdfast flash`: an image onto a card or a disk, for one machine.

mod card;
mod exit_code;
mod options;
mod shown;
mod target;

use crate::out;
use anyhow::Context;
use flash::disks::{self, Disk, Roots};
use flash::image::{Image, Patch, Sum};
use flash::{Device, Done, Failure, Job};
pub(crate) use options::Args;
use shown::Shown;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let roots = Roots::default();
    let Some(path) = args.image.as_deref().filter(|_| !args.list) else {
        out::print(target::listed(&disks::list(&roots)?))?;
        return Ok(ExitCode::SUCCESS);
    };
    let unusable = || format!("{} cannot be flashed", path.display());
    let image = Image::open(path).with_context(unusable)?;
    let card = match card::card(args, &image)? {
        Ok(card) => card,
        Err(code) => return Ok(code),
    };
    let disk = match &args.device {
        Some(device) => Some(target::named(&roots, device, &image)?),
        None => None,
    };
    let sum = image.check_whole().with_context(unusable)?;
    if let Sum::NotSaid { path } = &sum {
        crate::out::tell!(
            "note: there is no {}, so nothing vouches that the image is whole",
            path.display()
        );
    }
    let patch = card.as_ref().map(|card| {
        let signatures = card::signatures(args, card, &image)?;
        Patch::with_config(&image, card.text.as_bytes(), signatures.as_deref())
            .with_context(unusable)
    });
    let patch = patch.transpose()?;
    let disk = match target::agreed(&roots, disk, args.yes, &image)? {
        Ok(disk) => disk,
        Err(code) => return Ok(code),
    };
    let device = disk.path();
    let mut target = Device::open(&device, args.write_zeros)?;
    target::unchanged(&roots, &disk)?;
    let job = Job {
        open: Box::new(|| image.stream()),
        size: image.size(),
        patch: patch.as_ref(),
    };
    match written(job, &mut target, &device)? {
        Ok(done) => said(&image, &sum, &disk, &card::told(args, card.as_ref()), &done),
        Err(code) => Ok(code),
    }
}

/// Writes; the exit code when a person stopped it.
fn written(
    job: Job<'_>,
    target: &mut Device,
    device: &Path,
) -> anyhow::Result<Result<Done, ExitCode>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The second one ends it at once: a reader that hangs can keep the first waiting.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .context("cannot listen for signals")?;
    }
    let mut shown = Shown::new(stop);
    let result = flash::run(job, target, &mut shown);
    shown.end();
    let unusable = format!(
        "{} is not usable now: its partition table was removed first, and what was on it is lost. Flash it again",
        device.display()
    );
    match result {
        Ok(done) => Ok(Ok(done)),
        Err(stopped @ Failure::Stopped { .. }) => {
            crate::report(&anyhow::Error::new(stopped).context(unusable));
            Ok(Err(ExitCode::from(exit_code::STOPPED)))
        }
        Err(failure) => Err(anyhow::Error::new(failure).context(unusable)),
    }
}

/// What was done, and what comes next.
fn said(
    image: &Image,
    sum: &Sum,
    disk: &Disk,
    config: &str,
    done: &Done,
) -> anyhow::Result<ExitCode> {
    let rate = |seconds: f64| done.bytes as f64 / 1e6 / seconds.max(0.001);
    let (writing, verifying) = (done.writing.as_secs_f64(), done.verifying.as_secs_f64());
    let zeroed = match done.zeroed {
        0 => String::new(),
        zeroed => format!(
            "; {:.1} MB of it are zeros that the disk made by itself",
            zeroed as f64 / 1e6
        ),
    };
    let sum = match sum {
        Sum::Right { digest, .. } => format!("sha256 {digest}, as its .sha256 says"),
        Sum::NotSaid { .. } => "no .sha256 beside it".to_owned(),
    };
    out::line(format_args!(
        "written   {:.1} MB to {} ({}) in {writing:.2} s, {:.1} MB/s{zeroed}\n\
         compared  all of it, read back from the device in {verifying:.2} s, {:.1} MB/s\n\
         image     {}, for {}; {sum}\n\
         config    {config}\n\
         next      take it out, put it into the machine and switch on: its screen shows the address, and `ssh root@ADDRESS` logs in",
        done.bytes as f64 / 1e6,
        disk.path().display(),
        disk.title(),
        rate(writing),
        rate(verifying),
        image.path().display(),
        image.architecture(),
    ))?;
    Ok(ExitCode::SUCCESS)
}
