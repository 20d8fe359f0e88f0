//! Who the machine is: machine-id and host name.

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::rand::{GetRandomFlags, getrandom};
use std::fs;
use std::io;
use std::path::Path;

/// Reads the machine-id at `kept`, or draws one and makes it last, and puts it at `seen`.
///
/// # Errors
/// A file cannot be read or written.
pub(super) fn machine_id(kept: &Path, seen: &Path) -> io::Result<String> {
    let id = match fs::read_to_string(kept) {
        Ok(text) if is_valid(text.trim()) => text.trim().to_owned(),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        // Missing, or cut off by an old power cut.
        _ => {
            let id = random_id()?;
            host::file::write(kept, 0o644, format!("{id}\n"))?;
            id
        }
    };
    host::file::write_in_memory(seen, 0o444, format!("{id}\n"))?;
    Ok(id)
}

fn is_valid(text: &str) -> bool {
    text.len() == 32
        && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        && text.bytes().any(|b| b != b'0')
}

fn random_id() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom(&mut bytes[..], GetRandomFlags::empty())?;
    // A version 4 UUID without dashes, as every other tool makes it.
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A name until the configuration gives one: tells machines of one batch apart.
pub(super) fn default_hostname(machine_id: &str) -> String {
    format!("holdfast-{}", machine_id.get(..6).unwrap_or("node"))
}

/// Sets the kernel's host name.
pub(super) fn set_hostname(name: &str) -> io::Result<()> {
    Ok(rustix::system::sethostname(name.as_bytes())?)
}

/// Raises the loopback interface.
pub(super) fn raise_loopback() -> io::Result<()> {
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    sys::raise_interface(&socket, "lo")
}

#[cfg(test)]
mod tests {
    use super::{default_hostname, machine_id};
    use std::fs;

    #[test]
    fn a_machine_id_is_drawn_once_and_a_torn_one_is_drawn_anew() {
        let folder = tempfile::tempdir().expect("folder");
        let (kept, seen) = (folder.path().join("kept"), folder.path().join("seen"));
        let first = machine_id(&kept, &seen).expect("drawn");
        assert_eq!(first.len(), 32);
        fs::remove_file(&seen).expect("next boot");
        assert_eq!(machine_id(&kept, &seen).expect("kept"), first);
        assert_eq!(
            fs::read_to_string(&seen).expect("read"),
            format!("{first}\n")
        );
        for torn in ["", "0123", "00000000000000000000000000000000\n"] {
            fs::write(&kept, torn).expect("write");
            fs::remove_file(&seen).expect("next boot");
            let anew = machine_id(&kept, &seen).expect("drawn");
            assert!(anew != first && anew.len() == 32, "{torn:?}");
        }
        assert_eq!(default_hostname("abcdef0123"), "holdfast-abcdef");
    }
}
