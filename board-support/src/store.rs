//! The folder of board files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use toml::Spanned;

use crate::check::{self, Base, Own, base_name};
use crate::source::Source;
use crate::{Arch, Board, Error};

/// All boards of a folder, checked.
#[derive(Debug)]
pub struct Boards {
    boards: BTreeMap<String, Board>,
}

/// Shorter names than this resemble too much.
const LEAST_LIKENESS: f64 = 0.5;

impl Boards {
    /// Reads every file of `folder`.
    ///
    /// # Errors
    /// The first file, in order of names, that cannot be read or says something it must not.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Folder {
            path: folder.to_owned(),
            source,
        };
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_none_or(|ending| ending != "toml") {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(|source| Error::File {
                path: path.clone(),
                source,
            })?;
            let stem = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned());
            files.insert(stem.unwrap_or_default(), text);
        }
        Self::parse(&files)
    }

    /// All boards of `files`: names without `.toml`, and texts.
    pub(crate) fn parse(files: &BTreeMap<String, String>) -> Result<Self, Error> {
        let mut bases: BTreeMap<String, Base> = BTreeMap::new();
        let mut boards: Vec<(Own, Source<'_>)> = Vec::new();
        for (name, text) in files {
            let source = Source::new(&format!("{name}.toml"), text);
            if name.starts_with("base-") {
                let base = check::base(&source)?;
                check_base_name(name, base.release.arch, &source)?;
                bases.insert(name.clone(), base);
            } else {
                boards.push((check::board(&source, name)?, source));
            }
        }
        let mut mechanisms = Vec::new();
        for (own, source) in &boards {
            let name = own.base.get_ref();
            let base = bases
                .get_mut(name)
                .ok_or_else(|| no_base(source, own, files))?;
            base.release.drivers.extend(&own.drivers);
            base.release.machines.extend(own.machine.clone());
            let mechanism = check::mechanism(source, own, base)?;
            check::share_slot_image(source, own, base, &mechanism)?;
            mechanisms.push(mechanism);
            check::machine(source, own, base)?;
        }
        let board = |((own, _), boot): ((Own, Source<'_>), _)| {
            let release = bases[own.base.get_ref()].release.clone();
            (
                own.name.clone(),
                Board {
                    name: own.name,
                    title: own.title,
                    release,
                    boot,
                    partition_table: own.partition_table,
                    drivers: own.drivers,
                    vm: own.vm.map(Spanned::into_inner),
                },
            )
        };
        Ok(Self {
            boards: boards.into_iter().zip(mechanisms).map(board).collect(),
        })
    }

    /// Every board, in order of names.
    pub fn list(&self) -> impl Iterator<Item = &Board> {
        self.boards.values()
    }

    /// The board called `name`.
    ///
    /// # Errors
    /// When there is none; names the one most alike.
    pub fn get(&self, name: &str) -> Result<&Board, Error> {
        self.boards.get(name).ok_or_else(|| Error::Unknown {
            name: name.to_owned(),
            nearest: self.nearest(name),
            known: self.boards.keys().cloned().collect(),
        })
    }

    fn nearest(&self, name: &str) -> Option<String> {
        let likeness = |known: &&String| strsim::jaro_winkler(known, name);
        let best = self
            .boards
            .keys()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
        (likeness(&best) > LEAST_LIKENESS).then(|| best.clone())
    }
}

fn check_base_name(name: &str, arch: Arch, source: &Source<'_>) -> Result<(), Error> {
    let wanted = base_name(arch);
    if name == wanted {
        return Ok(());
    }
    Err(source.wrong(
        0..0,
        format!("a base for `{arch}` must be called `{wanted}.toml`"),
    ))
}

fn no_base(source: &Source<'_>, own: &Own, files: &BTreeMap<String, String>) -> Error {
    let base = own.base.get_ref();
    let known = files
        .keys()
        .filter(|name| name.starts_with("base-"))
        .cloned()
        .collect::<Vec<_>>();
    source.wrong(
        own.base.span(),
        format!("there is no `{base}.toml`; bases are: {}", known.join(", ")),
    )
}
