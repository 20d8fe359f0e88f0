//! A UKI that is brought as a delta, and what can be wrong with one.

use super::BootFile;
use crate::bring::TellStep;
use crate::bring::tests::server::Server;
use crate::bring::tests::shop::Shop;
use crate::origin::Seed;
use release::publish::excerpt;
use release::{Arch, Client, Digest, Effort, File, Source, Trust};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Brings release 0.2.0's UKI from `source` to a node that runs `running`; gives what lies there then.
async fn bring(shop: &Shop, source: &Source, running: &str) -> anyhow::Result<Vec<u8>> {
    let root = fs::read(shop.path("keys/1.root.json"))?;
    let effort = Effort {
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(2),
        ..Effort::default()
    };
    let (client, trust) = (Client::with(effort), Trust::fleeting(root));
    let repository = client.open(source, &trust, jiff::Timestamp::now()).await?;
    let manifest = repository.manifest(&"0.2.0".parse()?, Arch::Amd64).await?;
    let before = repository.manifest(&running.parse()?, Arch::Amd64).await?;
    let running = before.identity(File::Uki).map(|identity| Seed {
        path: shop.uki(running),
        identity,
    });
    let from = (&repository, &manifest);
    let file = BootFile::of(from, File::Uki, running, shop.path("fetched")).await?;
    let quiet: TellStep = Arc::new(|_, _, _| {});
    Ok(fs::read(file.bring(|| Ok(()), &quiet).await?)?)
}

fn delta(shop: &Shop) -> PathBuf {
    let from = shop.repo().join("targets/0.2.0/amd64/from");
    let identity = Digest::of(fs::read(shop.uki("0.1.0")).expect("read"));
    let end = format!("{identity}.delta");
    let mut files = fs::read_dir(from).expect("deltas").flatten();
    let found = files.find(|file| file.file_name().to_string_lossy().ends_with(&end));
    found.expect("a delta").path()
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).expect("there").len()
}

#[tokio::test]
async fn a_node_that_runs_the_release_before_fetches_the_change_alone() {
    let shop = Shop::open().await;
    let server = Server::of(&shop.repo());
    let source = server.url.parse().expect("an address");
    let wanted = fs::read(shop.uki("0.2.0")).expect("read");
    let small = 20_000;
    assert!(size(&delta(&shop)) + small < wanted.len() as u64);
    let before = server.given();
    let brought = bring(&shop, &source, "0.1.0").await.expect("brought");
    assert_eq!(brought, wanted);
    // With the metadata.
    let given = server.given() - before;
    assert!(given < size(&delta(&shop)) + small, "{given}");

    let before = server.given();
    let brought = bring(&shop, &source, "0.1.0").await.expect("it is there");
    assert_eq!(brought, wanted);
    assert!(server.given() - before < small, "nothing twice");
}

#[tokio::test]
async fn what_is_wrong_with_a_delta_costs_the_whole_file_and_no_more() {
    type Harm = fn(&Shop);
    let cases: [(&str, Harm); 3] = [
        ("damaged", |shop| {
            let mut bytes = fs::read(delta(shop)).expect("read");
            bytes[100] ^= 1;
            fs::write(delta(shop), bytes).expect("written");
        }),
        ("gone", |shop| fs::remove_file(delta(shop)).expect("gone")),
        // The boot partition has something else under the entry's name.
        ("another kernel", |shop| {
            let text = fs::read(shop.uki("0.1.0")).expect("read");
            let other: Vec<u8> = text.iter().map(|byte| byte ^ 1).collect();
            fs::write(shop.uki("0.1.0"), other).expect("written");
        }),
    ];
    for (case, harm) in cases {
        let shop = Shop::open().await;
        let server = Server::of(&shop.repo());
        let source = server.url.parse().expect("an address");
        harm(&shop);
        let wanted = fs::read(shop.uki("0.2.0")).expect("read");
        let brought = bring(&shop, &source, "0.1.0").await.expect(case);
        assert_eq!(brought, wanted, "{case}");
    }
}

#[tokio::test]
async fn a_state_partition_that_takes_no_writes_is_not_the_deltas_fault() {
    let shop = Shop::open().await;
    let server = Server::of(&shop.repo());
    let source = server.url.parse().expect("an address");
    let wanted = fs::read(shop.uki("0.2.0")).expect("read");
    // No file can be made under this name.
    let at = shop.path("fetched").join(Digest::of(&wanted).to_string());
    fs::create_dir_all(&at).expect("folder");
    let error = bring(&shop, &source, "0.1.0").await.expect_err("no room");
    let error = format!("{error:#}");
    assert!(error.starts_with("cannot write "), "{error}");
    fs::remove_dir(&at).expect("gone");
    let before = server.given();
    let brought = bring(&shop, &source, "0.1.0").await.expect("brought");
    assert_eq!(brought, wanted);
    // The delta is there already, and is used.
    assert!(server.given() - before < 20_000, "the whole was fetched");
}

/// A stick with both releases has the UKI of the older one, and of the newer one the change.
#[tokio::test]
async fn a_stick_with_two_releases_gives_each() {
    let shop = Shop::open().await;
    let stick = shop.path("stick");
    let root = fs::read(shop.path("keys/1.root.json")).expect("root");
    let versions = ["0.1.0", "0.2.0"].map(|version| version.parse().expect("a version"));
    excerpt(
        &Source::Folder(shop.repo()),
        &root,
        (&versions.into(), &[Arch::Amd64].into()),
        &stick,
        jiff::Timestamp::now(),
        &mut |_| {},
    )
    .await
    .expect("a stick");
    let there = fs::read_dir(stick.join("targets/0.2.0/amd64")).expect("files");
    let names: Vec<String> = there
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect();
    assert!(
        !names.iter().any(|name| name.ends_with("uki.efi")),
        "{names:?}"
    );
    let source = Source::Folder(stick.clone());
    let wanted = fs::read(shop.uki("0.2.0")).expect("read");
    for running in ["0.1.0", "0.2.0"] {
        let brought = bring(&shop, &source, running).await.expect(running);
        assert_eq!(brought, wanted, "{running}");
        fs::remove_dir_all(shop.path("fetched")).expect("gone");
    }

    // Where there is nothing else, a stick that is damaged is told, and the next one is believed again.
    let deltas = stick.join("targets/0.2.0/amd64/from");
    let kept = shop.path("kept");
    fs::rename(&deltas, &kept).expect("moved");
    fs::create_dir_all(&deltas).expect("folder");
    for file in fs::read_dir(&kept).expect("files").flatten() {
        let mut bytes = fs::read(file.path()).expect("read");
        bytes[100] ^= 1;
        fs::write(deltas.join(file.file_name()), bytes).expect("written");
    }
    let error = bring(&shop, &source, "0.1.0").await.expect_err("damaged");
    let error = format!("{error:#}");
    assert!(
        error.contains("as a change to another release alone"),
        "{error}"
    );
    fs::remove_dir_all(&deltas).expect("gone");
    fs::rename(&kept, &deltas).expect("moved");
    let brought = bring(&shop, &source, "0.1.0").await.expect("whole");
    assert_eq!(brought, wanted);
}
