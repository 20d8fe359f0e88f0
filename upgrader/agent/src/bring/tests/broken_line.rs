//! A line that breaks off every 5 MB: how many bytes the server gives until the image stands in the slot.

use super::Case;
use super::shop::Shop;
use release::Effort;
use std::fs;

/// Bytes after which each connection ends.
const BREAK: u64 = 5_000_000;
/// Blocks of the root image: 30.7 MB.
const BLOCKS: usize = 7_500;
/// Bytes that may be given for each byte of the image, metadata and block index among them.
const MOST: f64 = 1.02;

/// A node that runs something else, and a line that breaks.
async fn case() -> Case {
    let case = Case::of(Shop::with(BLOCKS, &["0.2.0"]).await);
    case.server.drop_after(BREAK);
    case
}

fn check(case: &Case, way: &str) {
    let size = fs::metadata(case.shop.root("0.2.0")).expect("there").len();
    let given = case.server.given();
    let ratio = given as f64 / size as f64;
    println!("{way}: {given} bytes for an image of {size}: {ratio:.4} times");
    assert!(case.stands_there(), "{way}");
    assert!(size > 6 * BREAK, "{size} bytes break off too seldom");
    assert!(given >= size, "{way}: {given} for {size}");
    assert!(ratio <= MOST, "{way}: {given} for {size}");
}

#[tokio::test]
async fn a_download_that_goes_on_fetches_next_to_nothing_twice() {
    let case = case().await;
    let brought = case.bring("0.0.9").await.expect("brought");
    assert_eq!(brought.fetched, brought.image);
    check(&case, "broken off every 5 MB");
}

/// As when the machine loses its power each time: everything begins anew, and the slot says what is there.
#[tokio::test]
async fn staging_that_begins_anew_fetches_next_to_nothing_twice() {
    let mut case = case().await;
    case.effort = Effort {
        tries: 1,
        ..case.effort
    };
    let mut begun = 1;
    while let Err(error) = case.bring("0.0.9").await {
        let error = format!("{error:#}");
        assert!(error.contains("could not be had in 1 tries"), "{error}");
        begun += 1;
        assert!(begun <= 7, "{error}");
    }
    assert_eq!(begun, 7, "it breaks off six times");
    check(&case, "begun anew every 5 MB");
}
