//! A tree as a tar stream: sorted, owned by root, one time for all.

use super::entry::{Content, Node, Tree};
use std::io::{self, Write};

/// Writes the whole tree. `time` is seconds since 1970, given to every entry.
pub(crate) fn write_tar(tree: &Tree, time: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut tar = tar::Builder::new(out);
    // `.` carries the mode of the root folder itself.
    let mut root = header(0o755, time);
    root.set_entry_type(tar::EntryType::Directory);
    tar.append_data(&mut root, "./", io::empty())?;
    for (path, entry) in tree.iter() {
        let mut header = header(entry.mode, time);
        match &entry.node {
            Node::Folder => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_size(0);
                tar.append_data(&mut header, format!("{path}/"), io::empty())?;
            }
            Node::Symlink(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                tar.append_link(&mut header, path, target)?;
            }
            Node::File(content) => {
                header.set_entry_type(tar::EntryType::Regular);
                match content {
                    Content::Bytes(bytes) => {
                        header.set_size(bytes.len() as u64);
                        tar.append_data(&mut header, path, bytes.as_slice())?;
                    }
                    Content::File { path: source, .. } => {
                        let file = std::fs::File::open(source).map_err(|e| {
                            io::Error::new(e.kind(), format!("{}: {e}", source.display()))
                        })?;
                        header.set_size(file.metadata()?.len());
                        tar.append_data(&mut header, path, file)?;
                    }
                }
            }
        }
    }
    tar.finish()
}

fn header(mode: u32, time: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(time);
    header.set_size(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_owned_by_root_and_timed() {
        let mut tree = Tree::default();
        tree.put_link("usr/bin/awk", "mawk");
        tree.put_bytes("etc/passwd", 0o644, "root");
        tree.put("tmp", 0o1777, Node::Folder);
        let mut bytes = Vec::new();
        write_tar(&tree, 77, &mut bytes).expect("written");
        let mut seen = Vec::new();
        for entry in tar::Archive::new(bytes.as_slice()).entries().expect("tar") {
            let entry = entry.expect("entry");
            let header = entry.header();
            assert_eq!(
                (header.uid().ok(), header.gid().ok(), header.mtime().ok()),
                (Some(0), Some(0), Some(77))
            );
            seen.push(format!(
                "{} {:o}",
                entry.path().expect("path").display(),
                header.mode().expect("mode")
            ));
        }
        assert_eq!(
            seen,
            [
                "./ 755",
                "etc/ 755",
                "etc/passwd 644",
                "tmp/ 1777",
                "usr/ 755",
                "usr/bin/ 755",
                "usr/bin/awk 777"
            ]
        );
    }
}
