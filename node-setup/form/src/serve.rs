//! The service `holdfast node form`.

use crate::consoles::{Console, open_all, wait};
use crate::{Facts, Form, Heard};
use init_api::{Root, paths};
use std::io;
use std::time::{Duration, Instant};

/// Nobody is there any more: the console shows again how the machine stands.
const PATIENCE: Duration = Duration::from_secs(600);
/// Consoles come late: a serial adapter, a screen's driver.
const AGAIN: Duration = Duration::from_secs(5);

/// The form cannot be offered.
#[derive(Debug, thiserror::Error)]
#[error("the form on the console cannot be offered: {0}")]
pub struct FormError(io::Error);

/// How a conversation ended.
enum End {
    /// The configuration is written.
    Written,
    /// The person is gone, or the console is.
    Left,
}

/// Waits for Enter on a console, asks, and gives the configuration to `write`, which says why it could not be written. Comes back when it
/// was.
///
/// # Errors
/// `/run/holdfast` cannot be written.
pub fn serve(
    root: &Root,
    write: &mut dyn FnMut(&str) -> Result<(), String>,
) -> Result<(), FormError> {
    let record = root.path(paths::FORM);
    host::file::remove(&record).map_err(FormError)?;
    loop {
        let mut consoles = open_all(root);
        let typed = wait(&consoles, Some(AGAIN)).map_err(FormError)?;
        let mut pressed = typed
            .into_iter()
            .filter(|at| matches!(consoles[*at].line(), Ok(Some(_))));
        let Some(at) = pressed.next() else {
            continue;
        };
        let mut console = consoles.swap_remove(at);
        host::file::write_in_memory(&record, 0o644, format!("{}\n", console.name))
            .map_err(FormError)?;
        let end = converse(&mut console, Facts::read(root), write);
        host::file::remove(&record).map_err(FormError)?;
        match end {
            Ok(End::Written) => return Ok(()),
            Ok(End::Left) => {}
            Err(error) => println!("{}: {error}", console.name),
        }
    }
}

fn converse(
    console: &mut Console,
    facts: Facts,
    write: &mut dyn FnMut(&str) -> Result<(), String>,
) -> io::Result<End> {
    console.forget();
    console.say(&format!(
        "\n\nHoldfast {}: what this machine shall be. An empty line takes what stands in brackets; `back` goes to the question \
         before.\n\n",
        facts.release
    ))?;
    let mut form = Form::new(facts);
    loop {
        console.say(&format!("{}\n> ", form.text()))?;
        let Some(line) = next_line(console)? else {
            console.say("\nNothing was written.\n")?;
            return Ok(End::Left);
        };
        match form.hear(&line) {
            Heard::Next => console.say("\n")?,
            Heard::NotThat(why) => console.say(&format!("{why}\n\n"))?,
            Heard::Done(config) => match write(&config) {
                Ok(()) => {
                    console.say("\nWritten. This machine goes on by itself.\n")?;
                    return Ok(End::Written);
                }
                Err(why) => console.say(&format!("{why}\n\n"))?,
            },
        }
    }
}

/// None when nobody types any more.
fn next_line(console: &mut Console) -> io::Result<Option<String>> {
    let begun = Instant::now();
    loop {
        if let Some(line) = console.line()? {
            return Ok(Some(line));
        }
        let left = PATIENCE.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Ok(None);
        }
        wait(std::slice::from_ref(console), Some(left))?;
    }
}
