//! The services `holdfast node form` and `holdfast node menu`.

use crate::consoles::{Console, open_all, wait};
use crate::conversation::{Conversation, Heard};
use crate::menu::{Menu, Wish};
use crate::{Facts, Form};
use init_api::{Release, Root, paths};
use std::io;
use std::time::{Duration, Instant};

/// Nobody is there any more: the console shows again how the machine stands.
const PATIENCE: Duration = Duration::from_secs(600);
/// Consoles come late: a serial adapter, a screen's driver.
const AGAIN: Duration = Duration::from_secs(5);

/// Form or menu cannot be offered.
#[derive(Debug, thiserror::Error)]
#[error("nothing can be asked on the console: {0}")]
pub struct FormError(io::Error);

/// How a conversation ended.
enum End {
    /// What was asked for was carried out.
    Done,
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
    write: &mut dyn FnMut(String) -> Result<(), String>,
) -> Result<(), FormError> {
    listen(root, &[], &mut || Form::new(Facts::read(root)), write)
}

/// As [`serve`], with the menu of maintenance mode, and not on the consoles `without`.
///
/// # Errors
/// `/run/holdfast` cannot be written.
pub fn serve_menu(
    root: &Root,
    without: &[String],
    act: &mut dyn FnMut(Wish) -> Result<(), String>,
) -> Result<(), FormError> {
    // Nothing else is looked at: a disk that hangs may be why somebody is here.
    let release = init_api::load::<Release>(root.path(paths::RELEASE));
    let version = release.map(|release| release.version).unwrap_or_default();
    listen(root, without, &mut || Menu::new(&version), act)
}

fn listen<C: Conversation>(
    root: &Root,
    without: &[String],
    begin: &mut dyn FnMut() -> C,
    act: &mut dyn FnMut(C::Result) -> Result<(), String>,
) -> Result<(), FormError> {
    let record = root.path(paths::FORM);
    host::file::remove(&record).map_err(FormError)?;
    loop {
        let mut consoles = open_all(root, without);
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
        let end = converse(&mut console, begin(), act);
        host::file::remove(&record).map_err(FormError)?;
        match end {
            Ok(End::Done) => return Ok(()),
            Ok(End::Left) => {}
            Err(error) => println!("{}: {error}", console.name),
        }
    }
}

fn converse<C: Conversation>(
    console: &mut Console,
    mut conversation: C,
    act: &mut dyn FnMut(C::Result) -> Result<(), String>,
) -> io::Result<End> {
    console.forget();
    console.say(&format!("\n\n{}\n\n", conversation.greeting()))?;
    loop {
        console.say(&format!("{}\n> ", conversation.text()))?;
        let Some(line) = next_line(console)? else {
            console.say("\nNothing was done.\n")?;
            return Ok(End::Left);
        };
        match conversation.hear(&line) {
            Heard::Next => console.say("\n")?,
            Heard::NotThat(why) => console.say(&format!("{why}\n\n"))?,
            Heard::Done(result) => match act(result) {
                Ok(()) => {
                    console.say(&format!("\n{}\n", conversation.goodbye()))?;
                    return Ok(End::Done);
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
