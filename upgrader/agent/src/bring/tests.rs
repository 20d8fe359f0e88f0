//! A repository with a delta on a web server, a slot, and what can be wrong with them.

mod bad_disk;
mod broken_line;
pub(crate) mod server;
pub(crate) mod shop;
mod speed;

use super::{Bring, TellStep};
use crate::apply::apply;
use crate::origin::{Seed, origin};
use crate::slot::SpareSlot;
use crate::slot::medium::{Medium, Partition};
use release::publish::excerpt;
use release::{Arch, BlockIndex, Client, DeltaHeader, Effort, File, Repository, Source, Trust};
use server::Server;
use shop::{Shop, image};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use upgrade_api::{Brought, Way};

/// What a node does: opens the repository, and brings release 0.2.0 into its slot.
pub(crate) struct Case {
    shop: Shop,
    pub(crate) server: Server,
    effort: Effort,
    /// The disk under the slot.
    disk: fn(Partition) -> Box<dyn Medium>,
}

impl Case {
    pub(crate) async fn new() -> Case {
        Case::of(Shop::open().await)
    }

    fn of(shop: Shop) -> Case {
        let server = Server::of(&shop.repo());
        let effort = Effort {
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(2),
            ..Effort::default()
        };
        Case {
            shop,
            server,
            effort,
            disk: |partition| Box::new(partition),
        }
    }

    fn slot(&self) -> PathBuf {
        self.shop.path("slot")
    }

    pub(crate) async fn open(&self, source: &Source) -> Repository {
        let root = fs::read(self.shop.path("keys/1.root.json")).expect("root");
        Client::with(self.effort)
            .open(source, &Trust::fleeting(root), jiff::Timestamp::now())
            .await
            .expect("a good repository")
    }

    async fn bring(&self, running: &str) -> anyhow::Result<Brought> {
        let source = self.server.url.parse().expect("an address");
        self.bring_from(&source, running).await
    }

    async fn bring_from(&self, source: &Source, running: &str) -> anyhow::Result<Brought> {
        let repository = self.open(source).await;
        let version = "0.2.0".parse().expect("a version");
        let release = (&version, Arch::Amd64);
        let index = Arc::new(repository.index(release.0, release.1).await?);
        let manifest = repository.manifest(release.0, release.1).await?;
        if !self.slot().exists() {
            let empty = fs::File::create(self.slot())?;
            empty.set_len(index.length() + 65_536)?;
        }
        let partition = Partition::open(&self.slot())?;
        let slot = Arc::new(SpareSlot::on(&self.slot(), (self.disk)(partition)));
        let quiet: TellStep = Arc::new(|_, _, _| {});
        let running = Seed {
            path: self.shop.root(running),
            identity: self.shop.root_hash(running),
        };
        let origin = origin(&repository, release, File::Root, Some(running)).await;
        let bring = Bring {
            repository: &repository,
            release,
            root_hash: manifest.root_hash,
            data_size: manifest.data_size,
            index: &index,
            slot: &slot,
            folder: &self.shop.path("fetched"),
            origin: &origin,
            tell: &quiet,
        };
        bring.run().await
    }

    /// The root image's delta on the server.
    fn delta(&self) -> PathBuf {
        let end = format!("{}.delta", self.shop.root_hash("0.1.0"));
        file(&self.shop.repo().join("targets/0.2.0/amd64/from"), &end)
    }

    /// What `holdfast bundle` puts onto a stick of these releases.
    pub(crate) async fn stick(&self, versions: &[&str]) -> PathBuf {
        let folder = self.shop.path("stick");
        let root = fs::read(self.shop.path("keys/1.root.json")).expect("root");
        let versions = versions.iter().map(|version| version.parse());
        let versions = versions.collect::<Result<_, _>>().expect("versions");
        excerpt(
            &Source::Folder(self.shop.repo()),
            &root,
            (&versions, &[Arch::Amd64].into()),
            &folder,
            jiff::Timestamp::now(),
            &mut |_| {},
        )
        .await
        .expect("a stick");
        folder
    }

    fn stands_there(&self) -> bool {
        let wanted = fs::read(self.shop.root("0.2.0")).expect("the image");
        fs::read(self.slot())
            .expect("the slot")
            .starts_with(&wanted)
    }
}

fn file(folder: &Path, end: &str) -> PathBuf {
    let files = fs::read_dir(folder).expect("a folder").flatten();
    let mut paths = files.map(|entry| entry.path());
    let ends = |path: &PathBuf| path.to_string_lossy().ends_with(end);
    paths.find(ends).expect("a file")
}

#[tokio::test]
async fn a_node_that_runs_the_release_before_fetches_the_delta_alone() {
    let case = Case::new().await;
    let size = fs::metadata(case.delta()).expect("there").len();
    let brought = case.bring("0.1.0").await.expect("brought");
    assert_eq!(brought.way, Way::Delta, "{brought}");
    assert_eq!((brought.fetched, brought.no_delta), (size, None));
    assert!(case.stands_there());
    assert!(size * 4 < brought.image, "{size} of {}", brought.image);
    let again = case.bring("0.1.0").await.expect("it is there");
    assert_eq!((again.way, again.fetched), (Way::Image, 0), "nothing twice");
}

#[tokio::test]
async fn a_node_that_runs_something_else_fetches_the_image() {
    let case = Case::new().await;
    let brought = case.bring("0.0.9").await.expect("brought");
    assert_eq!((brought.way, brought.no_delta), (Way::Image, None));
    assert_eq!(brought.fetched, brought.image);
    assert!(case.stands_there());
}

#[tokio::test]
async fn what_is_wrong_with_a_delta_is_said_and_the_image_fetched() {
    type Harm = fn(&Path);
    let cases: [(&str, Harm); 4] = [
        ("is not what was signed: its digest is another", |delta| {
            let mut bytes = fs::read(delta).expect("read");
            bytes[200] ^= 1;
            fs::write(delta, bytes).expect("written");
        }),
        ("it was cut off, added to, or exchanged", |delta| {
            let bytes = fs::read(delta).expect("read");
            fs::write(delta, &bytes[..bytes.len() / 2]).expect("written");
        }),
        ("is not there", |delta| {
            fs::remove_file(delta).expect("gone")
        }),
        ("does not end after", |delta| {
            let bytes = fs::read(delta).expect("read");
            fs::write(delta, [&bytes[..], &[0; 9]].concat()).expect("written");
        }),
    ];
    for (words, harm) in cases {
        let case = Case::new().await;
        harm(&case.delta());
        let brought = case.bring("0.1.0").await.expect("brought all the same");
        assert_eq!(brought.way, Way::Image, "{words}: {brought}");
        let why = brought.no_delta.clone().unwrap_or_default();
        let size = words == "does not end after" && why.contains("it was cut off, added to");
        assert!(why.contains(words) || size, "{words}: {why}");
        assert!(case.stands_there(), "{words}");
        // It is not fetched once more, were the image to be.
        fs::remove_file(case.slot()).expect("gone");
        let before = case.server.given();
        let again = case.bring("0.1.0").await.expect("brought");
        assert_eq!(again.no_delta, Some(why), "{words}");
        assert!(
            case.server.given() - before < again.image + 20_000,
            "{words}"
        );
    }
}

/// A stick with both releases has the image of the older one, and of the newer one the change. A node that runs neither makes the
/// newer one of the older one's image on the stick.
#[tokio::test]
async fn a_stick_with_two_releases_gives_each() {
    let case = Case::new().await;
    let stick = case.stick(&["0.1.0", "0.2.0"]).await;
    let source = Source::Folder(stick.clone());
    for running in ["0.1.0", "0.0.9"] {
        let brought = case.bring_from(&source, running).await.expect(running);
        assert_eq!(brought.way, Way::Delta, "{running}: {brought}");
        assert!(case.stands_there(), "{running}");
        fs::remove_file(case.slot()).expect("gone");
        fs::remove_dir_all(case.shop.path("fetched")).expect("gone");
    }

    // A stick that gives something else under the image's name is told, and the next one is believed again.
    let image = file(&stick.join("targets/0.1.0/amd64"), ".root.img");
    let good = fs::read(&image).expect("read");
    fs::write(&image, vec![3; good.len()]).expect("written");
    let error = case
        .bring_from(&source, "0.0.9")
        .await
        .expect_err("damaged");
    let error = format!("{error:#}");
    assert!(
        error.contains("release 0.2.0 as a change to another release alone"),
        "{error}"
    );
    assert!(error.contains("is not what was signed"), "{error}");
    fs::write(&image, good).expect("written");
    let brought = case.bring_from(&source, "0.0.9").await.expect("whole");
    assert_eq!(brought.way, Way::Delta, "{brought}");
    assert!(case.stands_there());
}

/// Alone on a stick a release is whole, and is read as it is.
#[tokio::test]
async fn a_stick_with_one_release_gives_its_image() {
    let case = Case::new().await;
    let source = Source::Folder(case.stick(&["0.2.0"]).await);
    let brought = case.bring_from(&source, "0.1.0").await.expect("brought");
    assert_eq!(brought.way, Way::Image, "{brought}");
    assert!(case.stands_there());
}

#[tokio::test]
async fn a_line_that_breaks_costs_nothing() {
    let case = Case::new().await;
    let size = fs::metadata(case.delta()).expect("there").len();
    case.server.drop_after(70_000);
    let before = case.server.given();
    let brought = case.bring("0.1.0").await.expect("brought");
    assert_eq!((brought.way, brought.fetched), (Way::Delta, size));
    let given = case.server.given() - before;
    assert!(given < size + 20_000, "{given} for {size}");
    assert!(case.stands_there());
}

/// As after a reboot in the middle: part of the delta lies there, and part of the image.
#[tokio::test]
async fn what_was_fetched_before_a_reboot_is_not_fetched_again() {
    let case = Case::new().await;
    let delta = fs::read(case.delta()).expect("read");
    let name = case.delta();
    let name = name
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let (digest, _) = name.split_once('.').expect("a digest");
    let kept = case.shop.path("fetched");
    fs::create_dir_all(&kept).expect("folder");
    fs::write(kept.join(digest), &delta[..delta.len() - 1000]).expect("written");
    let mut slot = fs::read(case.shop.root("0.2.0")).expect("read");
    slot[70_000..].fill(0);
    slot.extend([0; 65_536]);
    fs::write(case.slot(), slot).expect("written");
    let brought = case.bring("0.1.0").await.expect("brought");
    assert_eq!((brought.way, brought.fetched), (Way::Delta, 1000));
    assert!(case.stands_there());

    // The disk lost a write: what lies there is of no use, and is fetched once more.
    let mut torn = delta.clone();
    torn[100..200].fill(0);
    fs::write(kept.join(digest), &torn[..delta.len() - 1000]).expect("written");
    fs::remove_file(case.slot()).expect("gone");
    let brought = case.bring("0.1.0").await.expect("brought");
    assert_eq!(brought.way, Way::Delta, "{brought}");
    assert_eq!(brought.fetched, 1000 + delta.len() as u64);
    assert!(case.stands_there());
}

/// The repository's owner signed something that does not belong together: no block of it gets into the slot.
#[tokio::test]
async fn a_delta_of_other_images_writes_nothing() {
    let case = Case::new().await;
    let (seed, new) = (case.shop.root("0.1.0"), case.shop.root("0.2.0"));
    let index = BlockIndex::of(&mut &fs::read(&new).expect("read")[..]).expect("an index");
    let good = DeltaHeader {
        from: case.shop.root_hash("0.1.0"),
        to: case.shop.root_hash("0.2.0"),
        length: index.length(),
    };
    let other = release::Digest([7; 32]);
    let whole = fs::read(case.delta()).expect("read");
    let cut = case.shop.path("cut");
    fs::write(&cut, &whole[..whole.len() - 400]).expect("written");
    let short = case.shop.path("short");
    fs::write(&short, &whole[..50]).expect("written");
    let foreign = case.shop.path("foreign");
    image(&foreign, "9.9.9");
    let delta = case.delta();
    for (name, delta, seed, wanted, words) in [
        (
            "another root",
            &delta,
            &seed,
            DeltaHeader {
                from: other,
                ..good
            },
            "it begins with",
        ),
        (
            "another release",
            &delta,
            &seed,
            DeltaHeader { to: other, ..good },
            "it makes",
        ),
        (
            "another size",
            &delta,
            &seed,
            DeltaHeader { length: 1, ..good },
            "and the release's file has 1",
        ),
        (
            "cut off",
            &cut,
            &seed,
            good,
            "nothing more comes out of it after block",
        ),
        (
            "cut off in its head",
            &short,
            &seed,
            good,
            "ends before its header",
        ),
        (
            "no delta",
            &seed,
            &seed,
            good,
            "does not begin as a delta does",
        ),
        (
            "another image runs",
            &delta,
            &foreign,
            good,
            "that comes out of it is not what was signed",
        ),
    ] {
        let slot = case.shop.path("wrong");
        fs::write(&slot, vec![0; index.length() as usize]).expect("written");
        let opened = SpareSlot::open(&slot, index.length()).expect("opened");
        let seed = Seed {
            path: seed.clone(),
            identity: good.from,
        };
        let all = 0..index.digests().len();
        let done = apply(
            (delta, &seed),
            &wanted,
            (&opened, &index),
            std::slice::from_ref(&all),
            &|_, _| {},
        );
        let error = format!("{:#}", done.expect_err(name));
        assert!(error.contains(words), "{name}: {error}");
        let left = fs::read(&slot).expect("read");
        let new = fs::read(&new).expect("read");
        for (number, block) in left.chunks(65_536).enumerate() {
            let good = block.iter().all(|byte| *byte == 0) || index.is_block(number, block);
            assert!(good, "{name}: block {number}");
        }
        assert_ne!(left, new, "{name}");
    }
}
