//! A backup of a node that runs.

use crate::about::{About, FORMAT};
use crate::age::{Writer, encrypt};
use crate::contents::{ABOUT, CONFIG, DATABASE, NodeFile, SIGNATURES, files};
use flate2::Compression;
use flate2::write::GzEncoder;
use host::{Command, CommandError, file};
use init_api::{Release, Root, paths};
use os_config::Recipient;
use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tar::{Builder, Header};

/// How long copying and checking the datastore may take: some GB on a slow card.
const LONGEST_COPY: Duration = Duration::from_secs(1800);
/// The engine's applet.
const COPY: &str = "datastore-copy";

/// No backup was made; nothing is left where it would be.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// Nobody could open it.
    #[error(
        "there is no key to encrypt the backup to: name public keys of age in `backup.recipients` of config.yaml"
    )]
    NoRecipient,
    /// This is no node with a cluster, or not yet.
    #[error(
        "this node has no cluster yet that could be saved: `holdfast status` shows how far it is"
    )]
    NoCluster(#[source] io::Error),
    /// What the release is, is not known.
    #[error("cannot find out which release runs")]
    Release(#[source] init_api::FileError),
    /// The release does not say its Kubernetes.
    #[error("this release does not say which Kubernetes it has")]
    Kubernetes,
    /// The datastore could not be copied.
    #[error("the datastore cannot be copied")]
    Copy(#[from] CommandError),
    /// A file of the node cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk or stick is full.
    #[error(
        "there is no room for the backup {path}; nothing was left behind. Take a smaller `backup.keep`, or another place"
    )]
    Full {
        /// Where it would be.
        path: PathBuf,
    },
    /// The stick or the folder takes nothing.
    #[error(
        "the backup {path} cannot be written: what it would be on is read-only; switch its write protection off, or take another place"
    )]
    ReadOnly {
        /// Where it would be.
        path: PathBuf,
    },
    /// It could not be written.
    #[error("cannot write the backup {path}")]
    Write {
        /// Where it would be.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The configuration, as the CONFIG partition has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnConfig {
    /// `config.yaml`.
    pub text: Option<Vec<u8>>,
    /// `config.yaml.sig`.
    pub signatures: Option<Vec<u8>>,
}

impl OwnConfig {
    fn files(self) -> Vec<(&'static str, Vec<u8>)> {
        let named = [(CONFIG, self.text), (SIGNATURES, self.signatures)];
        let there = |(name, content): (_, Option<_>)| Some((name, content?));
        named.into_iter().filter_map(there).collect()
    }
}

/// Makes a backup of the node at `root` in the file `to`, which is replaced whole or not at all; `made` is the time, RFC 3339.
///
/// Flow: SQLite's own backup of the datastore in use, checked whole, beside the datastore → the archive goes through encryption into
/// a file under another name → that is flushed and renamed → the copy is removed.
///
/// # Errors
/// What [`MakeError`] lists.
pub fn make(
    root: &Root,
    config: OwnConfig,
    recipients: &[Recipient],
    made: String,
    to: &Path,
) -> Result<About, MakeError> {
    if recipients.is_empty() {
        return Err(MakeError::NoRecipient);
    }
    let mut files = files(root).map_err(MakeError::NoCluster)?;
    let copy = Copy::take(root)?;
    files.push(NodeFile {
        name: DATABASE.to_owned(),
        path: copy.0.clone(),
    });
    let config = config.files();
    let about = about(root, made, &files, &config)?;
    let contents = Contents {
        about: about.clone(),
        config,
        files,
        recipients: recipients.to_vec(),
    };
    let mut stream = Piped::start(contents).map_err(|source| MakeError::Write {
        path: to.into(),
        source,
    })?;
    let written = file::write_stream(to, 0o600, &mut stream);
    written.map_err(|source| not_written(to, source))?;
    Ok(about)
}

pub(crate) fn not_written(to: &Path, source: io::Error) -> MakeError {
    let path = to.into();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            MakeError::Full { path }
        }
        io::ErrorKind::ReadOnlyFilesystem => MakeError::ReadOnly { path },
        _ => MakeError::Write { path, source },
    }
}

fn about(
    root: &Root,
    made: String,
    files: &[NodeFile],
    config: &[(&'static str, Vec<u8>)],
) -> Result<About, MakeError> {
    let release: Release = init_api::load(root.path(paths::RELEASE)).map_err(MakeError::Release)?;
    let minor = root.path(paths::CLUSTER).join("kubernetes-minor");
    // What wrote the datastore counts: a release on trial emulates the one before.
    let kubernetes = fs::read_to_string(minor).ok().or(release.kubernetes);
    let node = root.path(paths::CLUSTER).join("founding.json");
    let node: serde_json::Value = init_api::load(&node).map_err(MakeError::Release)?;
    let node = node.get("node_name").and_then(|name| name.as_str());
    let names = files.iter().map(|file| file.name.clone());
    Ok(About {
        format: FORMAT,
        release: release.version,
        kubernetes: kubernetes.ok_or(MakeError::Kubernetes)?.trim().to_owned(),
        node: node.unwrap_or_default().to_owned(),
        made,
        files: names
            .chain(config.iter().map(|(name, _)| (*name).to_owned()))
            .collect(),
    })
}

/// A copy of the datastore; dropped, it is removed.
struct Copy(PathBuf);

impl Copy {
    fn take(root: &Root) -> Result<Self, MakeError> {
        let folder = root.path(paths::CLUSTER).join("db");
        let to = folder.join("backup-copy.db");
        let read = |source| MakeError::Read {
            path: to.clone(),
            source,
        };
        // Of a backup that was cut off.
        file::remove(&to).map_err(read)?;
        let copy = Self(to.clone());
        Command::new(root.path(paths::ENGINE))
            .arg(COPY)
            .arg(folder.join("state.db"))
            .arg(&to)
            .within(LONGEST_COPY)
            .run()?;
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // The next backup removes it otherwise.
        let _ = file::remove(&self.0);
    }
}

/// Everything that goes into the archive.
struct Contents {
    about: About,
    config: Vec<(&'static str, Vec<u8>)>,
    files: Vec<NodeFile>,
    recipients: Vec<Recipient>,
}

type Archive = Builder<GzEncoder<Writer<PipeWriter>>>;

impl Contents {
    fn write(self, to: PipeWriter) -> io::Result<()> {
        let encrypted = encrypt(&self.recipients, to)?;
        let mut archive = Builder::new(GzEncoder::new(encrypted, Compression::default()));
        let about = serde_json::to_vec_pretty(&self.about).map_err(io::Error::other)?;
        add(
            &mut archive,
            ABOUT,
            0o600,
            about.len() as u64,
            about.as_slice(),
        )?;
        for (name, content) in &self.config {
            let size = content.len() as u64;
            add(&mut archive, name, 0o600, size, content.as_slice())?;
        }
        for NodeFile { name, path } in &self.files {
            let named = |error: io::Error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            };
            let file = fs::File::open(path).map_err(named)?;
            let is = file.metadata().map_err(named)?;
            let mode = std::os::unix::fs::PermissionsExt::mode(&is.permissions()) & 0o777;
            // A file that grows meanwhile is cut to what was announced.
            add(&mut archive, name, mode, is.len(), file.take(is.len())).map_err(named)?;
        }
        archive.into_inner()?.finish()?.finish().map(|_| ())
    }
}

fn add(
    archive: &mut Archive,
    name: &str,
    mode: u32,
    size: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(size);
    header.set_mode(mode);
    archive.append_data(&mut header, name, content)
}

/// What a thread writes, as something to read. Its end is the end only if the thread did not fail.
struct Piped {
    from: PipeReader,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Piped {
    fn start(contents: Contents) -> io::Result<Self> {
        let (from, to) = io::pipe()?;
        let thread = thread::Builder::new().spawn(move || contents.write(to))?;
        Ok(Self {
            from,
            thread: Some(thread),
        })
    }
}

impl Read for Piped {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        if read == 0
            && let Some(thread) = self.thread.take()
        {
            thread
                .join()
                .map_err(|_| io::Error::other("the backup was broken off"))??;
        }
        Ok(read)
    }
}
