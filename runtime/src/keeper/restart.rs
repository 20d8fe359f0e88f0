//! Starting services anew, which is PID 1's to do.

use crate::Paths;
use init_api::{Client, ClientError, Request, ServiceName};

/// Asks for a new start of each service; what was asked before a failure is being done.
pub(super) fn restart(paths: &Paths, services: &[&str]) -> Result<(), ClientError> {
    let mut client = Client::connect(paths.at(init_api::paths::SOCKET))?;
    for service in services {
        let service = ServiceName::new(*service).expect("our names follow the rule for names");
        client.ask(&Request::Restart { service })?;
    }
    Ok(())
}

/// A PID 1 for tests: takes note of what it is asked, and refuses on demand.
#[cfg(test)]
pub(super) mod fake_init {
    use crate::Paths;
    use init_api::{Request, Response};
    use std::fs;
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixListener;
    use std::sync::mpsc::{Receiver, channel};

    /// Answers one connection; gives what was asked.
    pub(in crate::keeper) fn serve_once(paths: &Paths) -> Receiver<Request> {
        let path = paths.at(init_api::paths::SOCKET);
        fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(&path).expect("socket");
        let (told, asked) = channel();
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a connection");
            let mut answers = stream.try_clone().expect("another handle");
            for line in BufReader::new(stream).lines() {
                let request = serde_json::from_str(&line.expect("a line")).expect("a request");
                let answer = serde_json::to_string(&Response::Accepted).expect("JSON");
                let _ = told.send(request);
                writeln!(answers, "{answer}").expect("answered");
            }
        });
        asked
    }
}
