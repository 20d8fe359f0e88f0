//! `holdfast kubeconfig`: made anew for a person or program at another machine, with an end.

use crate::client::on_a_node;
use crate::{duration, out};
use anyhow::{Context, bail};
use init_api::paths::ADDRESS;
use runtime::Paths;
use runtime::pki::{ADMINISTRATORS, Authorities, user_leaf};
use runtime::plan::{Credentials, kubeconfig};
use std::fs;
use std::io;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The server in it is the node's address. Members of holdfast:administrators may do everything in the cluster, so keep the file private. It cannot be called back by itself: it ends after --ttl, and a group has the rights that bindings give it, no more. What belongs to no binding, for when nothing else helps, is /run/holdfast/cluster/admin.kubeconfig on the node."
)]
pub(crate) struct Args {
    /// The name or address that the cluster is reached by, with a port unless it is 6443; for a name, put it into `kubernetes.tls_sans`
    #[arg(long, value_name = "HOST[:PORT]")]
    server: Option<String>,
    /// Who it is for, as roles, bindings and the audit log name him
    #[arg(long, value_name = "NAME", default_value = "administrator", value_parser = subject)]
    user: String,
    /// The group that he belongs to
    #[arg(long, value_name = "NAME", default_value = ADMINISTRATORS, value_parser = subject)]
    group: String,
    /// How long it lasts, such as 8h or 90d
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = life)]
    ttl: Duration,
}

/// The longest that one is made for.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    on_a_node()?;
    let host = match (&args.server, fs::read_to_string(ADDRESS)) {
        (Some(host), _) => host.clone(),
        (None, Ok(address)) => address.trim().to_owned(),
        (None, Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            bail!(
                "the cluster has not been prepared yet; `holdfast status` shows what it waits for"
            )
        }
        (None, Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
            bail!("only root may make a kubeconfig")
        }
        (None, Err(error)) => return Err(error).with_context(|| format!("cannot read {ADDRESS}")),
    };
    let now = SystemTime::now();
    let authorities = Authorities::load(&Paths::default().pki(), now)?;
    let text = made(args, &url(&host), &authorities, now)?;
    out::print(text)?;
    Ok(ExitCode::SUCCESS)
}

fn made(
    args: &Args,
    server: &str,
    authorities: &Authorities,
    now: SystemTime,
) -> anyhow::Result<String> {
    let leaf = authorities.issue_until(&user_leaf(&args.user, &args.group), now + args.ttl)?;
    let credentials = Credentials::Embedded {
        authority: authorities.cluster_pem(),
        leaf: &leaf,
    };
    Ok(kubeconfig(server, &args.user, &credentials))
}

fn life(text: &str) -> Result<Duration, String> {
    let life = duration::parse(text)?;
    if life.is_zero() || life > LONGEST {
        return Err("a kubeconfig cannot be called back, so it lasts 366d at most".to_owned());
    }
    Ok(life)
}

/// A name that stands in a certificate. Those of the system have rights that no binding gives, or that belong to its parts.
fn subject(text: &str) -> Result<String, String> {
    if text.starts_with("system:") {
        return Err("names that begin with `system:` belong to Kubernetes itself".to_owned());
    }
    let sound = |c: char| c.is_ascii_graphic();
    if text.is_empty() || text.len() > 64 || !text.chars().all(sound) {
        return Err("use 1 to 64 letters, digits and signs, without blanks".to_owned());
    }
    Ok(text.to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use std::process::Command;

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

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn parsed(line: &[&str]) -> Result<Args, String> {
        let line = Line::try_parse_from([&["kubeconfig"], line].concat());
        line.map(|line| line.args)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_would_be_for_ever_or_the_system_s_is_refused() {
        for (line, why) in [
            (["--group", "system:masters"], "belong to Kubernetes itself"),
            (["--user", "system:admin"], "belong to Kubernetes itself"),
            (["--user", "a b"], "without blanks"),
            (["--ttl", "367d"], "366d at most"),
            (["--ttl", "0"], "366d at most"),
        ] {
            let error = parsed(&line).expect_err(why);
            assert!(error.contains(why), "{line:?}: {error}");
        }
    }

    /// Judged by openssl.
    #[test]
    fn the_certificate_says_who_and_how_long() {
        let folder = tempfile::tempdir().expect("folder");
        let now = SystemTime::now();
        let authorities = Authorities::ensure(&folder.path().join("pki"), now).expect("made");
        let line = ["--user", "alice", "--group", "ops", "--ttl", "2d"];
        for (line, subject, day, ended) in [
            (
                &[][..],
                "CN = administrator, O = holdfast:administrators",
                29,
                31,
            ),
            (&line[..], "CN = alice, O = ops", 1, 3),
        ] {
            let args = parsed(line).expect("right");
            let text = made(&args, "https://a:6443", &authorities, now).expect("made");
            assert!(text.contains("server: \"https://a:6443\""), "{text}");
            let (_, pem) = text.split_once("client-certificate-data: ").expect("one");
            let pem = pem.lines().next().expect("a line");
            let pem = os_config::Bytes::try_from(pem.to_owned()).expect("base64");
            let file = folder.path().join("certificate");
            fs::write(&file, pem.as_slice()).expect("written");
            let judge = |arguments: &[&str]| {
                let mut openssl = Command::new("openssl");
                let openssl = openssl.args(["x509", "-noout", "-in"]).arg(&file);
                openssl.args(arguments).output().expect("openssl runs")
            };
            let said = judge(&["-subject"]).stdout;
            let said = String::from_utf8_lossy(&said).replace("subject=", "");
            assert_eq!(said.trim(), subject);
            let ends_within = |days: u64| {
                let seconds = (days * 86_400).to_string();
                !judge(&["-checkend", &seconds]).status.success()
            };
            assert_eq!(
                (ends_within(day), ends_within(ended)),
                (false, true),
                "{subject}"
            );
        }
    }
}
