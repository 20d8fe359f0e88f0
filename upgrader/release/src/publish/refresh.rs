//! Signing anew what has not changed.

use super::books::Books;
use super::error::PublishError;
use super::lifetimes::Lifetimes;
use jiff::Timestamp;
use std::path::Path;

/// Signs anew what says which state is the newest, and the list of files when more than half of its time is over. Gives the time
/// when the first signature expires then.
///
/// # Errors
/// As [`PublishError`] says; a repository in which nothing was published is one.
pub async fn refresh(
    repo: &Path,
    keys: &Path,
    lifetimes: Lifetimes,
    now: Timestamp,
) -> Result<Timestamp, PublishError> {
    let books = Books::open(repo, keys).await?;
    let targets = books.targets()?.clone();
    let half = lifetimes.targets / 2;
    let old = targets.expires.duration_since(now) < half;
    books.write(old.then_some(targets), lifetimes, now)
}
