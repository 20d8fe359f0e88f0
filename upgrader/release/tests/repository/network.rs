//! Servers that fail, stall, lie, or give more than they were asked for; and good ones on bad lines.

use crate::server::{Server, Trick};
use crate::shop::{Shop, hasty, noon, patient, take, told, version};
use futures_util::TryStreamExt;
use release::{Arch, Client, Error, File, Source, target_name};
use std::fs;

/// What the node says of a repository whose server plays a trick with one file.
async fn upgrade(client: Client, name: &str, trick: Trick) -> String {
    let shop = Shop::open().await;
    let server = Server::of(&shop.repo());
    server.play(name, trick);
    let source: Source = server.url.parse().unwrap();
    let repository = match client.open(&source, &shop.trust(), noon()).await {
        Ok(repository) => repository,
        Err(error) => return told(&error),
    };
    match take(&repository, "0.1.0").await {
        Ok(_) => "taken".to_owned(),
        Err(error) => told(&error),
    }
}

#[tokio::test]
async fn each_trick_has_its_own_message() {
    for (name, trick, expected) in [
        ("nothing", Trick::Drip, "taken"),
        // A failure to get the next root is not the end of the chain.
        (
            "2.root.json",
            Trick::Status(500),
            "metadata/2.root.json could not be had in 3 tries: the server answered with status 500",
        ),
        (
            "2.root.json",
            Trick::Status(403),
            "metadata/2.root.json: the server answered with status 403",
        ),
        ("2.root.json", Trick::Status(404), "taken"),
        (
            "timestamp.json",
            Trick::Status(404),
            "metadata/timestamp.json is not there",
        ),
        ("timestamp.json", Trick::Once(503), "taken"),
        (
            "timestamp.json",
            Trick::Endless,
            "timestamp.json does not end after the 1048576 bytes that are taken at most: endless data",
        ),
        (
            "timestamp.json",
            Trick::Stall(10),
            "timestamp.json could not be had in 3 tries: no byte came for 0.3 s",
        ),
        (
            "timestamp.json",
            Trick::Drop(10),
            "timestamp.json could not be had in 3 tries: ",
        ),
        (
            "timestamp.json",
            Trick::Drip,
            "timestamp.json could not be had in 3 tries: only ",
        ),
        (
            "timestamp.json",
            Trick::Redirect("ftp://elsewhere.invalid/"),
            "timestamp.json",
        ),
        (".root.img", Trick::Status(404), ".root.img is not there"),
        (
            ".root.img",
            Trick::Cut(400_000),
            ".root.img has 400000 bytes, 417792 are signed",
        ),
        (
            ".root.img",
            Trick::Endless,
            ".root.img does not end after the 417792 bytes that are taken at most: endless data",
        ),
        (
            ".root.img",
            Trick::Stall(1000),
            ".root.img could not be had in 3 tries: no byte came for 0.3 s",
        ),
        (
            ".root.img",
            Trick::Drop(1000),
            ".root.img could not be had in 3 tries: ",
        ),
        (".root.img", Trick::Drop(100_000), "taken"),
        (".root.img", Trick::NoRanges, "taken"),
    ] {
        let client = match expected {
            "taken" => patient(),
            _ => hasty(),
        };
        let answer = upgrade(client, name, trick).await;
        assert!(answer.contains(expected), "{name} {trick:?}: {answer}");
    }
}

/// A part of the root image from the middle, and what the server does with it.
async fn part(trick: Trick) -> Result<bool, Error> {
    let shop = Shop::open().await;
    let server = Server::of(&shop.repo());
    server.play(".root.img", trick);
    let source = server.url.parse().unwrap();
    let repository = patient().open(&source, &shop.trust(), noon()).await?;
    let index = repository.index(&version("0.1.0"), Arch::Amd64).await?;
    let name = target_name(&version("0.1.0"), Arch::Amd64, File::Root);
    let pieces = repository.stream(&name, index.range(3).unwrap()).await?;
    let pieces: Vec<_> = pieces.try_collect().await?;
    Ok(index.is_block(3, &pieces.concat()))
}

#[tokio::test]
async fn ranges_are_believed_only_as_far_as_they_can_be_checked() {
    assert!(
        part(Trick::Drop(usize::MAX)).await.unwrap(),
        "a good server"
    );
    assert!(
        !part(Trick::Lie).await.unwrap(),
        "a lie comes out when the block is checked"
    );
    let error = part(Trick::OtherPart).await.unwrap_err().to_string();
    let expected = "asked for bytes 196608-262143, the server says that it gives bytes 196607-262143/417792: it lies about ranges";
    assert!(error.contains(expected), "{error}");
    let error = part(Trick::NoRanges).await.unwrap_err();
    assert!(matches!(error, Error::NoRanges { .. }), "{error}");
    let expected =
        "the server gives the whole file when asked for a part of it: it knows no ranges";
    assert!(error.to_string().contains(expected), "{error}");
    let error = part(Trick::Cut(100_000)).await.unwrap_err().to_string();
    assert!(
        error.contains("has 100000 bytes, 417792 are signed"),
        "{error}"
    );
}

#[tokio::test]
async fn a_broken_download_fetches_nothing_twice() {
    let shop = Shop::open().await;
    let built = fs::read(shop.build("0.1.0", "amd64").root).unwrap();
    let server = Server::of(&shop.repo());
    let source = server.url.parse().unwrap();
    let repository = patient()
        .open(&source, &shop.trust(), noon())
        .await
        .unwrap();
    server.play(".root.img", Trick::Drop(100_000));
    let (given, requests) = (server.given(), server.requests());
    let name = target_name(&version("0.1.0"), Arch::Amd64, File::Root);
    let pieces = repository
        .stream(&name, 0..built.len() as u64)
        .await
        .unwrap();
    let pieces: Vec<_> = pieces.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), built);
    assert_eq!(server.given() - given, built.len() as u64);
    assert_eq!(
        server.requests() - requests,
        built.len().div_ceil(100_000) as u64
    );
}

#[tokio::test]
async fn nobody_listens() {
    let shop = Shop::open().await;
    let source = "http://me:secret@127.0.0.1:9/".parse().unwrap();
    let error = hasty()
        .open(&source, &shop.trust(), noon())
        .await
        .unwrap_err();
    let expected = "http://127.0.0.1:9/metadata/2.root.json could not be had in 3 tries: ";
    assert!(error.to_string().starts_with(expected), "{error}");
}
