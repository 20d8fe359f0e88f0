//! QEMU's control socket: one JSON object a line, greeting first, events in between.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::{Error, Result};

/// How long QEMU may take to answer. Saving a machine's memory under emulation is the longest.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// A connection to a running QEMU.
#[derive(Debug)]
pub struct Qmp {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
}

impl Qmp {
    /// Connects to the socket `name` in the folder `dir` and leaves negotiation mode.
    ///
    /// # Errors
    /// When nobody listens, or the other side is not QEMU.
    pub fn connect(dir: &Path, name: &str) -> Result<Self> {
        let path = dir.join(name);
        // Socket addresses end at 107 bytes, folders of a build tree do not: the way there leads through a descriptor.
        let folder = File::open(dir).map_err(Error::file("open", dir))?;
        let short = format!("/proc/self/fd/{}/{name}", folder.as_raw_fd());
        let stream = UnixStream::connect(short).map_err(Error::file("connect to", &path))?;
        stream
            .set_read_timeout(Some(ANSWER_WITHIN))
            .map_err(Error::file("set up", &path))?;
        Self::greet(stream)
    }

    fn greet(stream: UnixStream) -> Result<Self> {
        let writer = stream
            .try_clone()
            .map_err(|error| Error::QmpProtocol(error.to_string()))?;
        let mut qmp = Self {
            reader: BufReader::new(stream),
            writer,
        };
        let greeting = qmp.read()?;
        if greeting.get("QMP").is_none() {
            return Err(Error::QmpProtocol(format!(
                "expected a greeting, got {greeting}"
            )));
        }
        qmp.execute("qmp_capabilities", None)?;
        Ok(qmp)
    }

    /// Executes `command` and returns what it returned.
    ///
    /// # Errors
    /// [`Error::Qmp`] with QEMU's reason, [`Error::QmpProtocol`] when the socket closed.
    pub fn execute(&mut self, command: &str, arguments: Option<Value>) -> Result<Value> {
        let mut request = json!({ "execute": command });
        if let Some(arguments) = arguments {
            request["arguments"] = arguments;
        }
        writeln!(self.writer, "{request}")
            .map_err(|error| Error::QmpProtocol(error.to_string()))?;
        loop {
            let mut answer = self.read()?;
            if let Some(reason) = answer.pointer("/error/desc").and_then(Value::as_str) {
                return Err(Error::Qmp {
                    command: command.to_owned(),
                    reason: reason.to_owned(),
                });
            }
            if answer.get("return").is_some() {
                return Ok(answer["return"].take());
            }
            // Anything else is an event, which no command here needs.
        }
    }

    /// Executes a command of the human monitor and returns what it printed.
    ///
    /// # Errors
    /// As [`Qmp::execute`]; the human monitor prints its errors, so any text is an error where none is expected.
    pub fn human(&mut self, line: &str) -> Result<String> {
        let printed = self.execute(
            "human-monitor-command",
            Some(json!({ "command-line": line })),
        )?;
        Ok(printed.as_str().unwrap_or_default().to_owned())
    }

    /// Waits for an event, given by name and data, that `matcher` accepts.
    ///
    /// # Errors
    /// [`Error::QmpProtocol`] when the socket closed or stayed silent.
    pub fn wait_for_event(&mut self, mut matcher: impl FnMut(&str, &Value) -> bool) -> Result<()> {
        loop {
            let message = self.read()?;
            let name = message.get("event").and_then(Value::as_str);
            if name.is_some_and(|name| matcher(name, &message["data"])) {
                return Ok(());
            }
        }
    }

    fn read(&mut self) -> Result<Value> {
        let mut line = String::new();
        let count = self
            .reader
            .read_line(&mut line)
            .map_err(|error| Error::QmpProtocol(error.to_string()))?;
        if count == 0 {
            return Err(Error::QmpProtocol("closed".to_owned()));
        }
        serde_json::from_str(&line)
            .map_err(|error| Error::QmpProtocol(format!("{error} in {line:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A QEMU that says `lines`, one after each request (the first as greeting), and returns what it was asked.
    fn scripted(
        lines: &'static [&'static str],
    ) -> (UnixStream, std::thread::JoinHandle<Vec<String>>) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let thread = std::thread::spawn(move || {
            let mut reader = BufReader::new(theirs.try_clone().unwrap());
            let (mut writer, mut asked) = (theirs, Vec::new());
            for line in lines {
                writer.write_all(line.as_bytes()).unwrap();
                let mut request = String::new();
                if reader.read_line(&mut request).unwrap() == 0 {
                    break;
                }
                asked.push(request.trim().to_owned());
            }
            asked
        });
        (ours, thread)
    }

    const GREETING: &str = "{\"QMP\": {\"version\": {}}}\n";

    #[test]
    fn events_between_request_and_answer_are_passed_over() {
        let (stream, qemu) = scripted(&[
            GREETING,
            "{\"return\": {}}\n",
            "{\"event\": \"RESUME\", \"data\": {}}\n{\"return\": {\"status\": \"running\"}}\n",
        ]);
        let mut qmp = Qmp::greet(stream).unwrap();
        assert_eq!(
            qmp.execute("query-status", None).unwrap()["status"],
            "running"
        );
        drop(qmp);
        assert_eq!(
            qemu.join().unwrap(),
            [
                r#"{"execute":"qmp_capabilities"}"#,
                r#"{"execute":"query-status"}"#
            ]
        );
    }

    #[test]
    fn a_refusal_carries_qemus_words() {
        let (stream, _qemu) = scripted(&[
            GREETING,
            "{\"return\": {}}\n",
            "{\"error\": {\"class\": \"X\", \"desc\": \"no such job\"}}\n",
        ]);
        let error = Qmp::greet(stream)
            .unwrap()
            .execute("job-cancel", Some(json!({"id": "x"})))
            .unwrap_err();
        assert_eq!(error.to_string(), "QEMU refused `job-cancel`: no such job");
    }

    #[test]
    fn another_program_on_the_socket_is_noticed() {
        for (name, greeting) in [
            ("not QEMU", "{\"hello\": 1}\n"),
            ("not JSON", "220 ftp ready\n"),
        ] {
            let (stream, _qemu) = scripted(Box::leak(Box::new([greeting])));
            assert!(
                matches!(Qmp::greet(stream), Err(Error::QmpProtocol(_))),
                "{name}"
            );
        }
    }
}
