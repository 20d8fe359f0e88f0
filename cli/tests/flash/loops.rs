//! Loop devices over files of the test, and running the command on them.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const HOLDFAST: &str = env!("CARGO_BIN_EXE_holdfast");

/// Whether loop devices can be had here.
pub(crate) fn possible() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("file");
    fs::write(&file, vec![0; 1 << 20]).map_err(|error| error.to_string())?;
    let output = Command::new("losetup")
        .args(["--find", "--show"])
        .arg(&file)
        .output();
    let output = output.map_err(|error| format!("losetup: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(format!("losetup says \"{said}\"; run this as root"));
    }
    drop(Loop(String::from_utf8_lossy(&output.stdout).trim().into()));
    Ok(())
}

/// Runs a judge or a helper to a good end; what it said.
pub(crate) fn sh(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    said
}

/// A loop device; detached when dropped.
pub(crate) struct Loop(pub(crate) PathBuf);

impl Loop {
    pub(crate) fn new(file: &Path, options: &[&str]) -> Self {
        let file = file.to_str().unwrap();
        let said = sh(
            "losetup",
            &[&["--find", "--show"], options, &[file]].concat(),
        );
        Loop(said.trim().into())
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    pub(crate) fn name(&self) -> &str {
        self.0.file_name().unwrap().to_str().unwrap()
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").arg("-d").arg(&self.0).status();
    }
}

/// A card: a file full of something old at its beginning and end, as a loop device.
pub(crate) struct Card {
    pub(crate) device: Loop,
    pub(crate) file: PathBuf,
}

/// Enough for the small image and its first boot.
pub(crate) const CARD: u64 = 1600 << 20;

impl Card {
    pub(crate) fn new(folder: &Path, size: u64, options: &[&str]) -> Self {
        let file = folder.join("card");
        old(&file, size);
        let device = Loop::new(&file, options);
        Card { device, file }
    }

    /// The first bytes are still those of the old content.
    pub(crate) fn is_untouched(&self) -> bool {
        head(&self.file).iter().all(|byte| *byte == 0xee)
    }

    /// No table at the beginning, and nothing of an old one.
    pub(crate) fn has_no_table(&self) -> bool {
        head(&self.file).iter().all(|byte| *byte == 0)
    }
}

fn old(file: &Path, size: u64) {
    use std::os::unix::fs::FileExt;
    let card = fs::File::create(file).unwrap();
    card.set_len(size).unwrap();
    let some = vec![0xee; 1 << 20];
    card.write_all_at(&some, 0).unwrap();
    card.write_all_at(&some, size - (1 << 20)).unwrap();
}

fn head(file: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    fs::File::open(file)
        .unwrap()
        .take(1 << 20)
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

fn command(arguments: &[&str]) -> Child {
    Command::new(HOLDFAST)
        .arg("flash")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs `holdfast flash`.
pub(crate) fn flash(arguments: &[&str]) -> Said {
    flash_and(arguments, |_| {})
}

/// Runs `holdfast flash`, and does something when its first line of progress comes.
pub(crate) fn flash_and(arguments: &[&str], meanwhile: impl FnOnce(u32)) -> Said {
    let mut child = command(arguments);
    let id = child.id();
    let mut meanwhile = Some(meanwhile);
    let mut err = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap() + "\n";
        if line.contains('%')
            && let Some(now) = meanwhile.take()
        {
            now(id);
        }
        err += &line;
    }
    let mut out = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    let code = child.wait().unwrap().code().unwrap_or(-1);
    Said { code, out, err }
}

/// What was said, for the message of an assertion.
impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "code {}\n{}{}", self.code, self.out, self.err)
    }
}
