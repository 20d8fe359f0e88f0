//! The configuration of the card, from what was asked for.

use super::exit_code::NOT_RIGHT;
use super::options::Args;
use crate::config::{beside, read};
use anyhow::{Context, bail};
use flash::card::{self, Card, Setting};
use flash::image::{Image, must_be_signed, read_config};
use node_setup::policy::is_signed;
use std::fs;
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
                crate::out::tell!("remark: {remark}");
            }
            Ok(Ok(Some(card)))
        }
        Err(error) => {
            crate::out::tell!("{error}; nothing was written");
            Ok(Err(ExitCode::from(NOT_RIGHT)))
        }
    }
}

/// What goes beside the configuration as its signatures.
///
/// # Errors
/// They cannot be had, or the image asks for some and there are none of just this text.
pub(super) fn signatures(
    args: &Args,
    card: &Card,
    image: &Image,
) -> anyhow::Result<Option<Vec<u8>>> {
    if let Some(key) = &args.sign_with {
        let key = crate::signing_key::read(key)?;
        let lines = crate::config::signature_lines(&key, card.text.as_bytes());
        return Ok(Some(lines.into_bytes()));
    }
    let beside = args.config.as_deref().map(beside);
    let lines = match beside.filter(|path| path.is_file()) {
        Some(path) => {
            let lines = fs::read(&path);
            Some(lines.with_context(|| format!("cannot read {}", path.display()))?)
        }
        None => None,
    };
    let lines = lines.filter(|lines| is_signed(card.text.as_bytes(), lines));
    if lines.is_none() && must_be_signed(image)? {
        bail!(
            "this image takes a configuration only with its signature, and there is none of what would be written: give the key with --sign-with, \
             or sign the file of --config with `holdfast config sign` and leave out what changes it; nothing was written"
        );
    }
    Ok(lines)
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
