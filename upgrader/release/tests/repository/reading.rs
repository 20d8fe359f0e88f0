//! What is published is read, from a folder and from a server alike, by us and by other programs for TUF.

use crate::server::Server;
use crate::shop::{Shop, days, hasty, noon, take, version};
use futures_util::TryStreamExt;
use release::publish::verify;
use release::{Arch, Client, File, Node, Source, Wanted, target_name};
use std::fs;

#[tokio::test]
async fn a_folder_and_a_server_give_the_same() {
    let shop = Shop::open().await;
    shop.publish("0.2.0").await;
    let server = Server::of(&shop.repo());
    let built = fs::read(shop.build("0.2.0", "amd64").root).unwrap();
    for source in [shop.source(), server.url.parse().unwrap()] {
        let trust = shop.trust();
        let repository = Client::new().open(&source, &trust, noon()).await.unwrap();
        let running = version("0.1.0");
        let node = Node {
            running: &running,
            arch: Arch::Amd64,
            id: "node-1",
            kubernetes: None,
            allow_downgrade: false,
        };
        let wanted = Wanted::Channel("stable".to_owned());
        let choice = repository.choose(&wanted, &node, noon()).unwrap();
        assert_eq!(choice.release.version, version("0.2.0"));
        assert_eq!(choice.release.changelog, "This is 0.2.0.");
        assert_eq!(take(&repository, "0.2.0").await.unwrap(), built, "{source}");

        let name = target_name(&choice.release.version, Arch::Amd64, File::Root);
        for range in [
            0..0,
            0..1,
            70_000..200_001,
            0..built.len(),
            built.len() - 3..built.len(),
        ] {
            let (start, end) = (range.start as u64, range.end as u64);
            let pieces = repository.stream(&name, start..end).await.unwrap();
            let pieces: Vec<_> = pieces.try_collect().await.unwrap();
            assert_eq!(
                pieces.concat(),
                built[range.clone()],
                "{range:?} from {source}"
            );
        }
        let beyond = repository.stream(&name, 0..built.len() as u64 + 1).await;
        assert!(beyond.is_err(), "there is nothing behind the end");
    }
}

#[tokio::test]
async fn every_byte_can_be_verified() {
    let shop = Shop::open().await;
    let root = fs::read(shop.path("keys/root.json")).unwrap();
    let mut seen = Vec::new();
    let at = |name: &str| seen.push(name.to_owned());
    let checked = verify(&Client::new(), &shop.source(), &root, noon(), at)
        .await
        .unwrap();
    assert_eq!((checked.releases, checked.files), (1, 5));
    assert_eq!(checked.expires, noon() + days(30));
    assert!(
        seen.contains(&"0.1.0/amd64/root.img".to_owned()),
        "{seen:?}"
    );

    let mut images: Vec<_> = fs::read_dir(shop.repo().join("targets/0.1.0/amd64"))
        .unwrap()
        .flatten()
        .collect();
    images.retain(|entry| entry.file_name().to_string_lossy().ends_with(".root.img"));
    let image = images.pop().unwrap().path();
    let mut content = fs::read(&image).unwrap();
    content[400_000] ^= 1;
    fs::write(&image, content).unwrap();
    let error = verify(&Client::new(), &shop.source(), &root, noon(), |_| ())
        .await
        .unwrap_err();
    let expected = "0.1.0/amd64/root.img, block 6 is not what was signed: its digest is another";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn tough_reads_what_we_write() {
    let shop = Shop::open().await;
    shop.publish("0.2.0").await;
    let root = fs::read(shop.path("keys/1.root.json")).unwrap();
    let url = |name: &str| {
        let folder = shop.repo().join(name);
        let Ok(Source::Folder(folder)) = folder.display().to_string().parse() else {
            panic!("a folder");
        };
        format!("file://{}/", folder.display()).parse().unwrap()
    };
    let judge = tough::RepositoryLoader::new(&root, url("metadata"), url("targets"));
    // It judges by the clock of this machine.
    let judge = judge.expiration_enforcement(tough::ExpirationEnforcement::Unsafe);
    let judge = judge.load().await.unwrap();
    let ours = hasty()
        .open(&shop.source(), &shop.trust(), noon())
        .await
        .unwrap();
    assert_eq!(judge.targets().signed.version.get(), 2);
    let mut theirs: Vec<_> = judge
        .all_targets()
        .map(|(name, _)| name.raw().to_owned())
        .collect();
    theirs.sort();
    assert_eq!(theirs, ours.files().keys().cloned().collect::<Vec<_>>());
    let list = tough::TargetName::new("releases.json").unwrap();
    let list = judge.read_target(&list).await.unwrap().unwrap();
    let list = tough::IntoVec::into_vec(list).await.unwrap();
    assert_eq!(&release::Releases::parse(&list).unwrap(), ours.releases());
}
