//! `kubectl` on the host against the machine's API server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::{Error, Result, command};

/// The environment variable that names the engine built for the host.
const OVERRIDE: &str = "HOLDFAST_ENGINE";
/// Where the build leaves it, below the top of the checkout.
const BUILT: &str = "build/engine/amd64/engine";
/// What to do when it is missing, in the place of a package.
const PACKAGE: &str = "kubernetes-client (or build it: make engine)";

/// How often a request is made that never reaches the server: each waits ten seconds by itself.
const TRIES: u32 = 6;

/// A way to a cluster: a client and a kubeconfig.
#[derive(Debug, Clone)]
pub struct Kubectl {
    client: Client,
    kubeconfig: PathBuf,
}

/// The program that is `kubectl`.
#[derive(Debug, Clone)]
enum Client {
    /// The engine built for the host, which is kubectl when its first argument says so.
    Engine(PathBuf),
    /// The host's own.
    Host,
}

impl Client {
    /// `HOLDFAST_ENGINE`, else the one built in this folder or one above it, else the host's.
    fn find() -> Self {
        if let Some(engine) = std::env::var_os(OVERRIDE) {
            return Self::Engine(engine.into());
        }
        let here = std::env::current_dir().unwrap_or_default();
        let built = here
            .ancestors()
            .map(|folder| folder.join(BUILT))
            .find(|engine| engine.is_file());
        built.map_or(Self::Host, Self::Engine)
    }
}

impl Kubectl {
    /// The way that this kubeconfig leads.
    pub fn new(kubeconfig: &Path) -> Self {
        Self {
            client: Client::find(),
            kubeconfig: kubeconfig.to_owned(),
        }
    }

    /// The kubeconfig file.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// `kubectl` with its kubeconfig, ready for arguments; standard streams are the caller's.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = match &self.client {
            Client::Engine(engine) => {
                let mut command = Command::new(engine);
                command.arg("kubectl");
                command
            }
            Client::Host => Command::new("kubectl"),
        };
        // Never the user's own cluster.
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// Runs `kubectl` and returns what it printed; a failure carries its standard error. A request that did not even
    /// reach a busy API server is made again.
    ///
    /// # Errors
    /// When kubectl is missing or fails.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut tries = 1;
        loop {
            match command::run(self.command().args(arguments), PACKAGE) {
                Ok(output) => return Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
                Err(Error::Failed { stderr, .. }) if never_sent(&stderr) && tries < TRIES => {
                    tries += 1
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Like [`Kubectl::run`], but any exit code is a result.
    ///
    /// # Errors
    /// When kubectl cannot be started.
    pub fn try_run(&self, arguments: &[&str]) -> Result<Output> {
        command::try_run(self.command().args(arguments), PACKAGE)
    }

    /// Applies a manifest. The server checks it: for its own look, kubectl would fetch the description of the whole API first,
    /// for which a busy machine takes longer than kubectl waits.
    ///
    /// # Errors
    /// As [`Kubectl::run`].
    pub fn apply(&self, manifest: &str) -> Result<String> {
        let folder = self.kubeconfig.parent().unwrap_or("/".as_ref());
        let file = tempfile::Builder::new()
            .suffix(".yaml")
            .tempfile_in(folder)
            .map_err(Error::file("make a file in", folder))?;
        fs::write(file.path(), manifest).map_err(Error::file("write", file.path()))?;
        let file = file.path().to_string_lossy();
        self.run(&["apply", "--server-side", "--validate=false", "-f", &file])
    }
}

/// Whether kubectl failed before its request was sent, so that making it again cannot do anything twice.
fn never_sent(stderr: &str) -> bool {
    stderr.contains("TLS handshake timeout")
}

/// `kubeconfig` with every `server:` line leading to `server`.
#[must_use]
pub fn with_server(kubeconfig: &str, server: &str) -> String {
    let mut out = String::new();
    for line in kubeconfig.lines() {
        match line.split_once("server:") {
            Some((indent, _)) if indent.trim_matches([' ', '-']).is_empty() => {
                out.push_str(&format!("{indent}server: {server}"));
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_server_changes() {
        let before =
            "clusters:\n- cluster:\n    server: https://10.0.2.15:6443\n  name: my-server: x\n";
        let after =
            "clusters:\n- cluster:\n    server: https://127.0.0.1:7000\n  name: my-server: x\n";
        assert_eq!(with_server(before, "https://127.0.0.1:7000"), after);
    }
}
