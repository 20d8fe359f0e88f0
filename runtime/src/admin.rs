//! The administrator's kubeconfig, for `holdfast kubeconfig`.

use crate::Paths;
use crate::pki::{ADMIN, Issued};
use crate::plan::{API_PORT, Credentials, kubeconfig};
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use thiserror::Error;

/// The kubeconfig cannot be made.
#[derive(Debug, Error)]
pub enum AdminError {
    /// The cluster was never prepared on this node.
    #[error(
        "cannot read {path}; is this a Holdfast server, are you root, and has it finished booting?"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A kubeconfig with everything in it, for use anywhere. Its owner can do everything in the cluster, for a year from
/// this node's last boot.
///
/// `server` is the API's URL; without it, the node's own address.
///
/// # Errors
/// The cluster was never prepared on this node, or the caller is not root.
pub fn admin_kubeconfig(paths: &Paths, server: Option<&str>) -> Result<String, AdminError> {
    let read = |path: PathBuf| {
        fs::read_to_string(&path).map_err(|source| AdminError::Read { path, source })
    };
    let authority = read(paths.pki().join("ca.crt"))?;
    let leaf = Issued::split(&read(paths.leaf(ADMIN))?);
    let server = match server {
        Some(server) => server.to_owned(),
        None => own_server(read(paths.address())?.trim()),
    };
    let credentials = Credentials::Embedded {
        authority: &authority,
        leaf: &leaf,
    };
    Ok(kubeconfig(&server, "admin", &credentials))
}

fn own_server(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("https://[{address}]:{API_PORT}"),
        _ => format!("https://{address}:{API_PORT}"),
    }
}

#[cfg(test)]
mod tests {
    use super::own_server;

    #[test]
    fn the_nodes_own_url() {
        assert_eq!(own_server("192.168.1.5"), "https://192.168.1.5:6443");
        assert_eq!(own_server("2001:db8::7"), "https://[2001:db8::7]:6443");
    }
}
