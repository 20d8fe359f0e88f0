//! `holdfast kubeconfig`: the administrator's, for use from another machine.

use crate::client::on_a_node;
use crate::out;
use anyhow::{Context, bail};
use init_api::paths::{ADDRESS, ADMIN_KUBECONFIG};
use std::fs;
use std::io;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The server in it is the node's address; the file gives full power over the cluster, so keep it private."
)]
pub(crate) struct Args {
    /// The name or address that the cluster is reached by, with a port unless it is 6443; for a name, put it into `kubernetes.tls_sans`
    #[arg(long, value_name = "HOST[:PORT]")]
    server: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    on_a_node()?;
    let text = match fs::read_to_string(ADMIN_KUBECONFIG) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!(
                "the cluster has not been prepared yet; `holdfast status` shows what it waits for"
            )
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            bail!("only root may see the administrator's kubeconfig")
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {ADMIN_KUBECONFIG}")),
    };
    let host = match &args.server {
        Some(host) => host.clone(),
        None => fs::read_to_string(ADDRESS)
            .with_context(|| format!("cannot read {ADDRESS}"))?
            .trim()
            .to_owned(),
    };
    out::print(with_server(&text, &url(&host)))?;
    Ok(ExitCode::SUCCESS)
}

fn url(host: &str) -> String {
    if host.starts_with("https://") {
        return host.to_owned();
    }
    let v6 = host.parse::<std::net::Ipv6Addr>().is_ok();
    match host.rsplit_once(':') {
        _ if v6 => format!("https://[{host}]:6443"),
        Some((_, port)) if port.parse::<u16>().is_ok() => format!("https://{host}"),
        _ => format!("https://{host}:6443"),
    }
}

/// The same with another server: the file is ours and has one line for it.
fn with_server(text: &str, url: &str) -> String {
    let line = |line: &str| match line.split_once("server:") {
        Some((before, _)) => format!("{before}server: {url:?}\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers() {
        let cases = [
            ("192.168.1.5", "https://192.168.1.5:6443"),
            ("edge.example:8443", "https://edge.example:8443"),
            ("fd00::5", "https://[fd00::5]:6443"),
            ("https://api.example", "https://api.example"),
        ];
        for (host, expected) in cases {
            assert_eq!(url(host), expected, "{host}");
        }
    }

    #[test]
    fn only_the_server_changes() {
        let text = "clusters:\n- cluster:\n    server: https://127.0.0.1:6443\n  name: x\n";
        assert_eq!(
            with_server(text, "https://a:1"),
            "clusters:\n- cluster:\n    server: \"https://a:1\"\n  name: x\n"
        );
    }
}
