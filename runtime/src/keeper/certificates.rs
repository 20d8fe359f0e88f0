//! Leaves are replaced when the clock says so: in its own time, or because it jumped.

use super::alarm::alarm;
use super::backoff::Backoff;
use super::context::{Keeper, prepared_address};
use crate::file;
use crate::pki::{Leaf, Life, certificate_source, end_of, leaves};
use crate::plan::{NodeFacts, certificates};
use crate::{Paths, Settings};
use std::error::Error;
use std::fs;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::info;

const TOPIC: &str = "certificates";

/// Returns when the leaves were replaced.
pub(super) async fn renew(keeper: &Keeper) {
    let mut backoff = Backoff::new();
    loop {
        match wait_and_renew(keeper).await {
            Ok(()) => return keeper.report.problems(TOPIC, Vec::new()),
            Err(error) => keeper.report.problems(
                TOPIC,
                vec![format!("certificates cannot be renewed: {error}")],
            ),
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}

async fn wait_and_renew(keeper: &Keeper) -> Result<(), Box<dyn Error>> {
    while let Some(later) = replace_if_due(&keeper.settings, &keeper.paths, SystemTime::now())? {
        let _ = alarm(later)?.readable().await?;
    }
    Ok(())
}

/// Replaces the leaves if it is time, or tells when it will be. The address is read anew each time: months pass between two
/// looks, and the node may have moved.
fn replace_if_due(
    settings: &Settings,
    paths: &Paths,
    now: SystemTime,
) -> Result<Option<SystemTime>, Box<dyn Error>> {
    let address = prepared_address(paths)?;
    let life = shortest(paths, &leaves(settings, address));
    if !life.is_over(now) {
        return Ok(Some(life.renew()));
    }
    replace(settings, paths, address, now)?;
    Ok(None)
}

/// The life of the leaf that ends first; one that is damaged or missing has ended. The certificates say it themselves: a
/// file's time is the clock's of another moment.
fn shortest(paths: &Paths, leaves: &[Leaf]) -> Life {
    let end = |leaf: &Leaf| {
        let text = fs::read_to_string(paths.leaf(leaf.name)).unwrap_or_default();
        end_of(&text).unwrap_or(UNIX_EPOCH)
    };
    Life::until(leaves.iter().map(end).min().unwrap_or(UNIX_EPOCH))
}

fn replace(
    settings: &Settings,
    paths: &Paths,
    address: IpAddr,
    now: SystemTime,
) -> Result<(), Box<dyn Error>> {
    let source = certificate_source(settings.role, paths, now)?;
    let facts = NodeFacts {
        address,
        memory: 0,
        now,
        emulate: None,
    };
    for leaf in certificates(settings, &facts, paths, source.as_ref())? {
        file::write(&leaf)?;
    }
    info!("made new certificates");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{replace, replace_if_due, shortest};
    use crate::pki::{Authorities, CertificateSource, Life, leaves};
    use crate::prepare::record_address;
    use crate::{Paths, Settings};
    use std::fs;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};
    use x509_parser::pem::parse_x509_pem;

    /// Whether the API server's certificate answers for an address.
    fn answers_for(paths: &Paths, address: [u8; 4]) -> bool {
        let text = fs::read(paths.leaf("apiserver")).expect("read");
        let (_, pem) = parse_x509_pem(&text).expect("PEM");
        pem.contents.windows(4).any(|bytes| bytes == address)
    }

    #[test]
    fn leaves_are_made_for_where_the_node_is_by_then() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let settings = Settings::named("edge", "0.1.0");
        let (old, new) = ([192, 168, 1, 5], [10, 0, 0, 9]);
        let made = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        fs::create_dir_all(paths.cluster()).expect("folder");
        record_address(&paths, old.into()).expect("noted");
        replace(&settings, &paths, old.into(), made).expect("made");
        let later = replace_if_due(&settings, &paths, made)
            .expect("looked")
            .expect("young");
        assert_eq!(later, Life::from(made).renew());
        record_address(&paths, new.into()).expect("moved");
        assert!(answers_for(&paths, old) && !answers_for(&paths, new));
        assert_eq!(
            replace_if_due(&settings, &paths, later).expect("renewed"),
            None
        );
        assert!(answers_for(&paths, new) && !answers_for(&paths, old));
        assert!(replace_if_due(&settings, &paths, later).expect("looked") > Some(later));
    }

    /// Files are written now; only what is in them may count.
    #[test]
    fn a_life_is_read_from_the_certificates() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let born = UNIX_EPOCH + Duration::from_secs(1_600_000_000);
        let young = SystemTime::now();
        let authorities = Authorities::ensure(&paths.pki(), born).expect("made");
        let address = "192.168.1.5".parse().expect("address");
        let leaves = leaves(&Settings::named("edge", "0.1.0"), address);
        let write = |now, name: &str| {
            for leaf in leaves
                .iter()
                .filter(|leaf| name.is_empty() || leaf.name == name)
            {
                let issued = authorities.issue(leaf, now).expect(leaf.name);
                fs::create_dir_all(paths.run().join("leaf")).expect("folder");
                fs::write(paths.leaf(leaf.name), issued.combined()).expect("write");
            }
        };
        write(young, "");
        let over = || shortest(&paths, &leaves).is_over(young);
        assert!(!over(), "all are young");
        write(born, "kubelet");
        assert_eq!(shortest(&paths, &leaves), Life::from(born), "one is old");
        assert!(over());
        write(young, "kubelet");
        assert!(!over());
        for (case, content) in [("damaged", Some("-----BEGIN")), ("missing", None)] {
            match content {
                Some(text) => fs::write(paths.leaf("scheduler"), text).expect("write"),
                None => fs::remove_file(paths.leaf("scheduler")).expect("remove"),
            }
            assert!(over(), "{case}");
        }
    }
}
