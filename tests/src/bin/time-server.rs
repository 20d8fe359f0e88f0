//! Time servers that tell the truth or lie, for a node to ask on its own loopback.
//!
//! It uses the standard library alone, since it is compiled by itself into a program without libraries.

#![forbid(unsafe_code)]

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, io, thread};

const USAGE: &str = "time-server ADDRESS=SECONDS_AHEAD…";
/// The port of NTP.
const PORT: u16 = 123;
/// The header of RFC 5905; what extends it is not understood.
const LENGTH: usize = 48;
/// Its modes.
const CLIENT: u8 = 3;
const SERVER: u8 = 4;
/// Version and mode share a byte, in which the leap indicator's two bits are 0: no leap second.
const VERSION: u8 = 0b0011_1000;
/// From 1900, where NTP begins to count, to 1970.
const TO_1970: u64 = 2_208_988_800;
/// A microsecond, as a power of two.
const PRECISION: i8 = -20;
/// How far this clock may be from its source: a hundredth of a second, in parts of 65,536.
const DISPERSION: u32 = 655;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("time-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves at every address until it is killed.
fn run(words: &[String]) -> io::Result<()> {
    let clock = Clock::now();
    let servers: Vec<_> = words
        .iter()
        .map(|word| serve(word, clock))
        .collect::<io::Result<_>>()?;
    if servers.is_empty() {
        return Err(io::Error::other(USAGE));
    }
    println!("serving {}", words.join(" "));
    for server in servers {
        let end = server.join();
        end.map_err(|_| io::Error::other("a server panicked"))??;
    }
    Ok(())
}

/// Answers in a thread of its own.
fn serve(word: &str, clock: Clock) -> io::Result<thread::JoinHandle<io::Result<()>>> {
    let (address, ahead) = word
        .split_once('=')
        .ok_or_else(|| io::Error::other(USAGE))?;
    let address: IpAddr = address.parse().map_err(io::Error::other)?;
    let ahead = Duration::from_secs(ahead.parse().map_err(io::Error::other)?);
    let socket = UdpSocket::bind(SocketAddr::from((address, PORT)))?;
    Ok(thread::spawn(move || {
        let mut request = [0; LENGTH];
        loop {
            // What is longer is cut off.
            let (length, client) = socket.recv_from(&mut request)?;
            if let Some(answer) = answer(&request[..length], clock.read() + ahead) {
                socket.send_to(&answer, client)?;
            }
        }
    }))
}

/// A clock that goes on by itself, whatever becomes of the machine's.
#[derive(Clone, Copy)]
struct Clock {
    began: Instant,
    /// Since 1970.
    at: Duration,
}

impl Clock {
    fn now() -> Self {
        let at = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            began: Instant::now(),
            at: at.unwrap_or_default(),
        }
    }

    fn read(self) -> Duration {
        self.at + self.began.elapsed()
    }
}

/// What a server of stratum 1 says whose clock shows `time`; nothing to what is no client's question.
fn answer(request: &[u8], time: Duration) -> Option<[u8; LENGTH]> {
    let request: &[u8; LENGTH] = request.try_into().ok()?;
    if request[0] & 0b111 != CLIENT {
        return None;
    }
    let time = timestamp(time);
    let mut answer = [0; LENGTH];
    answer[0] = (request[0] & VERSION) | SERVER;
    answer[1] = 1;
    answer[2] = request[2];
    answer[3] = PRECISION.to_be_bytes()[0];
    answer[8..12].copy_from_slice(&DISPERSION.to_be_bytes());
    answer[12..16].copy_from_slice(b"GPS\0");
    // When its clock was set; when the client asked, by its own; when that came; when this goes.
    answer[16..24].copy_from_slice(&time);
    answer[24..32].copy_from_slice(&request[40..]);
    answer[32..40].copy_from_slice(&time);
    answer[40..].copy_from_slice(&time);
    Some(answer)
}

/// Seconds since 1900, of which 32 bits are told, and parts of 2^32 of one.
fn timestamp(time: Duration) -> [u8; 8] {
    let parts = (u64::from(time.subsec_nanos()) << 32) / 1_000_000_000;
    let seconds = time.as_secs().wrapping_add(TO_1970);
    ((seconds << 32) | parts).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_and_nothing_else() {
        let mut request = [0; LENGTH];
        request[0] = 0b0010_0011;
        request[2] = 6;
        request[40..].copy_from_slice(b"the-time");
        let time = Duration::new(1, 500_000_000);
        let said = answer(&request, time).expect("an answer");
        assert_eq!(said[..4], [0b0010_0100, 1, 6, 0xec]);
        assert_eq!(&said[24..32], b"the-time");
        let shown = [0x83, 0xaa, 0x7e, 0x81, 0x80, 0, 0, 0];
        assert_eq!((&said[32..40], &said[40..]), (&shown[..], &shown[..]));
        assert_eq!(answer(&request[..47], time), None);
        request[0] = 0b0010_0100;
        assert_eq!(answer(&request, time), None, "an answer is no question");
    }
}
