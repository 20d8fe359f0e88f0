//! The workload of the scenarios: one static program that serves, asks and stores.
//!
//! It uses the standard library alone, since it is compiled by itself into a container image without any file but this.

#![forbid(unsafe_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs, io};

const USAGE: &str = "probe serve PORT FILE | probe web PORT FILE | probe resolve NAME | probe get NAME PORT | probe write FILE TEXT | probe read FILE | probe ports ADDRESS FIRST LAST";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a port may take that says neither yes nor no. One that refuses does so at once.
const SILENCE: Duration = Duration::from_secs(3);
/// So many that are silent say that the way is closed, not they.
const MOST_SILENT: usize = 20;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["serve", port, file] => serve(port, file),
        ["web", port, file] => web(port, file),
        ["resolve", name] => resolve(name).map(|address| println!("{address}")),
        ["get", name, port] => get(name, port).map(|answer| println!("{answer}")),
        ["ports", address, first, last] => ports(address, first, last),
        ["write", file, text] => write(file, text),
        ["read", file] => fs::read_to_string(file).map(|text| println!("{text}")),
        _ => Err(io::Error::other(USAGE)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("probe: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers every connection with the file's text, and counts them on standard output.
fn serve(port: &str, file: &str) -> io::Result<()> {
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?;
    println!("serving {file} on port {port}");
    for (number, stream) in (1..).zip(listener.incoming()) {
        let mut stream = stream?;
        let text =
            fs::read_to_string(file).unwrap_or_else(|error| format!("cannot read {file}: {error}"));
        println!("answer {number}");
        // The other side may have gone; the next one is served all the same.
        let _ = writeln!(stream, "{text}");
    }
    Ok(())
}

/// Answers every request of HTTP with the file's text.
fn web(port: &str, file: &str) -> io::Result<()> {
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    for stream in listener.incoming() {
        let mut stream = stream?;
        let mut request = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        // The head ends with an empty line; nothing that is asked for has a body.
        while request.read_line(&mut line)? > 2 {
            line.clear();
        }
        let text = fs::read_to_string(file)?;
        let length = text.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
        )?;
        println!("answered");
    }
    Ok(())
}

/// Asks every TCP port of a range, and prints those that are open, and those that are silent.
fn ports(address: &str, first: &str, last: &str) -> io::Result<()> {
    let address: Ipv4Addr = address.parse().map_err(io::Error::other)?;
    let number = |text: &str| text.parse::<u16>().map_err(io::Error::other);
    let mut silent = 0;
    for port in number(first)?..=number(last)? {
        let place = SocketAddr::from((address, port));
        match TcpStream::connect_timeout(&place, SILENCE) {
            Ok(_) => println!("open {port}"),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                println!("silent {port}");
                silent += 1;
            }
            Err(error) => return Err(error),
        }
        if silent > MOST_SILENT {
            return Err(io::Error::other("nothing answers, not even with a no"));
        }
    }
    Ok(())
}

fn write(file: &str, text: &str) -> io::Result<()> {
    let mut out = fs::File::create(file)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()
}

fn get(name: &str, port: &str) -> io::Result<String> {
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let address = SocketAddr::from((resolve(name)?, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// Asks the first name server of `/etc/resolv.conf` for the name, with each of its search domains and then as it is.
fn resolve(name: &str) -> io::Result<Ipv4Addr> {
    let (mut server, mut domains) = (None, Vec::new());
    for line in BufReader::new(fs::File::open("/etc/resolv.conf")?).lines() {
        let line = line?;
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => server = server.or(words.next().map(str::to_owned)),
            Some("search") => domains.extend(words.map(str::to_owned)),
            _ => {}
        }
    }
    let server: Ipv4Addr = server
        .ok_or_else(|| io::Error::other("no nameserver in /etc/resolv.conf"))?
        .parse()
        .map_err(io::Error::other)?;
    let candidates = domains
        .iter()
        .map(|domain| format!("{name}.{domain}"))
        .chain([name.to_owned()]);
    for candidate in candidates {
        if let Some(address) = ask(server, &candidate)? {
            return Ok(address);
        }
    }
    Err(io::Error::other(format!(
        "{name}: no address (asked {server})"
    )))
}

/// One DNS question for an IPv4 address; `None` when the server knows of none.
fn ask(server: Ipv4Addr, name: &str) -> io::Result<Option<Ipv4Addr>> {
    let mut question = vec![0x48, 0x46, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let length = u8::try_from(label.len()).map_err(io::Error::other)?;
        question.push(length);
        question.extend(label.bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send_to(&question, (server, 53))?;
    let mut answer = [0u8; 1500];
    let count = socket.recv(&mut answer)?;
    Ok(first_address(&answer[..count], question.len()))
}

/// The first A record of an answer whose question takes up `skip` bytes with the header.
fn first_address(answer: &[u8], skip: usize) -> Option<Ipv4Addr> {
    let count = u16::from_be_bytes([*answer.get(6)?, *answer.get(7)?]);
    let mut at = skip;
    for _ in 0..count {
        at = after_name(answer, at)?;
        let kind = u16::from_be_bytes([*answer.get(at)?, *answer.get(at + 1)?]);
        let length = u16::from_be_bytes([*answer.get(at + 8)?, *answer.get(at + 9)?]);
        let data = answer.get(at + 10..at + 10 + usize::from(length))?;
        if let (1, &[a, b, c, d]) = (kind, data) {
            return Some(Ipv4Addr::new(a, b, c, d));
        }
        at += 10 + usize::from(length);
    }
    None
}

/// Where the record behind the name at `at` goes on: names are labels, or end in a pointer of two bytes.
fn after_name(answer: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *answer.get(at)? {
            0 => return Some(at + 1),
            length if length >= 0xc0 => return Some(at + 2),
            length => at += 1 + usize::from(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_behind_an_alias() {
        let mut answer = vec![
            0, 0, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0, 1, b'x', 0, 0, 1, 0, 1,
        ];
        let skip = answer.len();
        answer.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 3, 1, b'y', 0]);
        answer.extend([1, b'y', 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 43, 0, 7]);
        assert_eq!(
            first_address(&answer, skip),
            Some(Ipv4Addr::new(10, 43, 0, 7))
        );
        assert_eq!(first_address(&answer[..answer.len() - 1], skip), None);
        answer[7] = 0;
        assert_eq!(first_address(&answer, skip), None);
    }
}
