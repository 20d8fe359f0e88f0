//! The configuration of the card, from what was asked for.

use super::exit_code::NOT_RIGHT;
use super::options::Args;
use crate::config::read;
use anyhow::Context;
use flash::card::{self, Card, Setting};
use flash::image::{Image, read_config};
use std::process::ExitCode;

/// The configuration, checked; none when the image's own stays as it is; the exit code when it is wrong, which has been told.
pub(super) fn card(args: &Args, image: &Image) -> anyhow::Result<Result<Option<Card>, ExitCode>> {
    let mut settings: Vec<Setting> = match (&args.inventory, &args.row) {
        (Some(inventory), Some(row)) => match card::read_row(inventory, row) {
            Ok(settings) => settings,
            Err(error) => {
                crate::report(&anyhow::Error::new(error).context("nothing was written"));
                return Ok(Err(ExitCode::from(NOT_RIGHT)));
            }
        },
        _ => Vec::new(),
    };
    // What is typed now is meant more than what lies in a file.
    settings.extend(args.set.iter().cloned());
    let (origin, text) = match &args.config {
        Some(path) => (path.display().to_string(), read(path)?),
        None if settings.is_empty() => return Ok(Ok(None)),
        None => {
            let text = read_config(image).with_context(|| {
                format!(
                    "{} has no usable config.yaml: give one with --config",
                    image.path().display()
                )
            })?;
            (format!("config.yaml of {}", image.path().display()), text)
        }
    };
    match card::write(&origin, &text, &settings) {
        Ok(card) => {
            for remark in &card.remarks {
                eprintln!("remark: {remark}");
            }
            Ok(Ok(Some(card)))
        }
        Err(error) => {
            eprintln!("{error}; nothing was written");
            Ok(Err(ExitCode::from(NOT_RIGHT)))
        }
    }
}

/// What is on CONFIG now, in a line.
pub(super) fn told(args: &Args, card: Option<&Card>) -> String {
    let Some(card) = card else {
        return "the image's own config.yaml: give another with --config".to_owned();
    };
    let mut text = match &args.config {
        Some(path) => path.display().to_string(),
        None => "the image's own config.yaml".to_owned(),
    };
    if let (Some(inventory), Some(_)) = (&args.inventory, &args.row) {
        text += &format!(" with its row of {}", inventory.display());
    }
    if !args.set.is_empty() {
        text += " with --set";
    }
    text += ", checked";
    if !card.as_written {
        text += "; the values could not be put into its text, so the merged configuration was written, without its comments";
    }
    text
}
