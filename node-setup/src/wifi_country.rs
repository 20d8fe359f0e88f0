//! The country whose rules a radio keeps to, told to the kernel by generic netlink (`linux/genetlink.h`, `linux/nl80211.h`): the
//! kernel's own parameter for it is read once, when its module is loaded, which a card's driver does early in the boot.

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};
use std::io;
use std::os::fd::OwnedFd;

/// The family that knows the others.
const CONTROL: u16 = 0x10;
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;
/// That of radios.
const RADIOS: &str = "nl80211";
const REQUEST_COUNTRY: u8 = 27;
const COUNTRY: u16 = 33;
/// `NLM_F_REQUEST | NLM_F_ACK`
const ASK: u16 = 5;
const ERROR: u16 = 2;
const HEAD: usize = 16;
const GENERIC_HEAD: usize = 4;
const ATTRIBUTE_HEAD: usize = 4;
const NOT_THERE: i32 = rustix::io::Errno::NOENT.raw_os_error();

/// Asks the kernel to keep to the rules of this country (two letters); gives whether it has radios at all.
///
/// # Errors
/// The kernel refuses.
pub(crate) fn set(country: &str) -> io::Result<bool> {
    let protocol = Some(netlink::GENERIC);
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        protocol,
    )?;
    let Some(radios) = family(&socket, RADIOS)? else {
        return Ok(false);
    };
    let text = [country.as_bytes(), &[0]].concat();
    ask(&socket, &message(radios, REQUEST_COUNTRY, COUNTRY, &text))?;
    Ok(true)
}

/// The number of a family; none if the kernel has none of this name.
fn family(socket: &OwnedFd, name: &str) -> io::Result<Option<u16>> {
    let name = [name.as_bytes(), &[0]].concat();
    let request = message(CONTROL, GET_FAMILY, FAMILY_NAME, &name);
    match ask(socket, &request) {
        Ok(answer) => Ok(attribute(&answer, FAMILY_ID)
            .and_then(|id| Some(u16::from_ne_bytes(id.try_into().ok()?)))),
        Err(error) if error.raw_os_error() == Some(NOT_THERE) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A request with one attribute.
fn message(family: u16, command: u8, attribute: u16, value: &[u8]) -> Vec<u8> {
    let length = ATTRIBUTE_HEAD + value.len();
    let whole = HEAD + GENERIC_HEAD + length.next_multiple_of(4);
    let mut bytes = Vec::with_capacity(whole);
    bytes.extend((whole as u32).to_ne_bytes());
    bytes.extend(family.to_ne_bytes());
    bytes.extend(ASK.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([command, 1, 0, 0]);
    bytes.extend((length as u16).to_ne_bytes());
    bytes.extend(attribute.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(whole, 0);
    bytes
}

/// Sends a request and reads until it is acknowledged; gives the answer that came before that, without its heads.
fn ask(socket: &OwnedFd, request: &[u8]) -> io::Result<Vec<u8>> {
    send(socket, request, SendFlags::empty())?;
    let mut answer = Vec::new();
    loop {
        let mut room = [0; 8192];
        let (length, _) = recv(socket, &mut room, RecvFlags::empty())?;
        let mut rest = &room[..length];
        while let Some((kind, content, after)) = first_message(rest) {
            if kind == ERROR {
                return match content
                    .get(..4)
                    .map(|code| i32::from_ne_bytes([code[0], code[1], code[2], code[3]]))
                {
                    Some(0) => Ok(answer),
                    Some(code) => Err(io::Error::from_raw_os_error(-code)),
                    None => Err(io::ErrorKind::InvalidData.into()),
                };
            }
            answer = content.get(GENERIC_HEAD..).unwrap_or_default().to_vec();
            rest = after;
        }
    }
}

/// The kind and content of the first message, and what comes after it.
fn first_message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    let content = bytes.get(HEAD..length)?;
    let after = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((kind, content, after))
}

/// The value of the first attribute of this kind.
fn attribute(mut bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let length = usize::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(bytes.get(2..4)?.try_into().ok()?);
        let value = bytes.get(ATTRIBUTE_HEAD..length)?;
        if kind == wanted {
            return Some(value);
        }
        bytes = bytes.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::{
        AddressFamily, CONTROL, COUNTRY, REQUEST_COUNTRY, SocketFlags, SocketType, attribute,
        family, first_message, message, netlink, socket_with,
    };

    #[test]
    fn a_request_is_laid_out_as_the_kernel_reads_it() {
        let expected: Vec<u8> = [
            &28_u32.to_ne_bytes()[..],
            &0x1c_u16.to_ne_bytes(),
            &5_u16.to_ne_bytes(),
            &[0; 8],
            &[27, 1, 0, 0],
            &7_u16.to_ne_bytes(),
            &33_u16.to_ne_bytes(),
            b"DE\0\0",
        ]
        .concat();
        assert_eq!(message(0x1c, REQUEST_COUNTRY, COUNTRY, b"DE\0"), expected);
    }

    /// The kernel of this machine is the judge.
    #[test]
    fn the_kernel_answers() {
        let protocol = Some(netlink::GENERIC);
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            protocol,
        );
        let socket = socket.expect("a socket");
        assert_eq!(family(&socket, "nlctrl").expect("an answer"), Some(CONTROL));
        assert_eq!(family(&socket, "no-such-family").expect("an answer"), None);
    }

    #[test]
    fn what_is_cut_off_says_nothing() {
        let whole = message(0x10, 3, 2, b"nl80211\0");
        for length in 0..whole.len() {
            assert_eq!(first_message(&whole[..length]), None, "{length}");
        }
        let (_, content, after) = first_message(&whole).expect("whole");
        assert!(after.is_empty());
        for length in 0..content.len() - 4 {
            assert_eq!(attribute(&content[4..4 + length], 2), None, "{length}");
        }
        assert_eq!(attribute(&content[4..], 2), Some(&b"nl80211\0"[..]));
        assert_eq!(attribute(&[0; 64], 2), None, "an attribute without length");
    }
}
