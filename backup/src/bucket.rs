//! Backups in storage that speaks S3.
//!
//! Requests are signed in their address (`rusty-s3`), sent by `reqwest`. A file is one object: S3 takes 5 GiB in one piece, and a
//! backup has no images and no volumes.

mod answer;
mod client;
mod error;

use answer::Refused;
use client::client;
use os_config::Bucket as Settings;
use reqwest::{Body, Client, Method, RequestBuilder, Response};
use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Bucket as Address, Credentials, S3Action, UrlStyle};
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::runtime::{Builder, Runtime};
use url::Url;

pub use error::BucketError;

/// How long a signature counts: the server's clock and the node's may differ, and a slow line takes its time.
const SIGNED_FOR: Duration = Duration::from_secs(3600);
/// Bytes of an answer that is a list; it has a thousand names at most.
const LARGEST_LIST: usize = 4 << 20;

/// A folder of a bucket. Names are those of files in it, without the folder.
#[derive(Debug)]
pub struct Bucket {
    address: Address,
    credentials: Credentials,
    folder: String,
    server: String,
    client: Client,
    waiting: Runtime,
}

impl Bucket {
    /// Makes ready to ask; nothing is sent.
    ///
    /// # Errors
    /// The settings name no server, or an authority that is none.
    pub fn new(settings: &Settings) -> Result<Self, BucketError> {
        let endpoint = Url::parse(settings.endpoint.as_str())
            .map_err(|error| BucketError::Endpoint(error.to_string()))?;
        let server = endpoint.host_str().unwrap_or_default().to_owned();
        let name = settings.bucket.as_str().to_owned();
        let region = settings.region.as_str().to_owned();
        // Every server knows this style, and it needs no name of its own for each bucket.
        let address = Address::new(endpoint, UrlStyle::Path, name, region)
            .map_err(|error| BucketError::Endpoint(error.to_string()))?;
        let waiting = Builder::new_current_thread().enable_all().build();
        Ok(Self {
            address,
            credentials: Credentials::new(
                settings.access_key.as_str(),
                settings.secret_key.reveal(),
            ),
            folder: settings
                .folder
                .as_ref()
                .map(|folder| format!("{folder}/"))
                .unwrap_or_default(),
            server,
            client: client(settings)?,
            waiting: waiting.map_err(BucketError::Client)?,
        })
    }

    /// Puts the file at `path` there as `name`. The server compares it with its SHA-256 where it knows how, and its size is asked for
    /// afterwards.
    ///
    /// # Errors
    /// What [`BucketError`] lists.
    pub fn put(&self, name: &str, path: &Path) -> Result<(), BucketError> {
        let file = |source| BucketError::File {
            path: path.into(),
            source,
        };
        let size = std::fs::metadata(path).map_err(file)?.len();
        let digest = answer::base64_sha256(path).map_err(file)?;
        let key = self.key(name);
        self.waiting.block_on(async {
            let mut action = self.address.put_object(Some(&self.credentials), &key);
            action
                .headers_mut()
                .insert("x-amz-checksum-sha256", digest.as_str());
            let url = action.sign(SIGNED_FOR);
            let content = tokio::fs::File::open(path).await.map_err(file)?;
            let request = self
                .client
                .request(Method::PUT, url)
                .header("x-amz-checksum-sha256", &digest)
                .header("content-length", size)
                .body(Body::from(content));
            let sent = self.asked(request, &format!("take {name}")).await;
            if matches!(sent, Err(BucketError::Line { .. })) {
                // A server that says no before it has all of it hangs up, and its answer may be lost.
                self.ask_little().await?;
            }
            sent?;
            let action = self.address.head_object(Some(&self.credentials), &key);
            let request = self.client.head(action.sign(SIGNED_FOR));
            let there = self.asked(request, &format!("show {name}")).await?;
            let there = answer::length(there.headers());
            if there != size {
                let name = name.to_owned();
                return Err(BucketError::Short {
                    name,
                    there,
                    sent: size,
                });
            }
            Ok(())
        })
    }

    /// A question that any server answers whose settings are right.
    async fn ask_little(&self) -> Result<(), BucketError> {
        let mut action = self.address.list_objects_v2(Some(&self.credentials));
        action.with_prefix(self.key(""));
        action.with_max_keys(1);
        let request = self.client.get(action.sign(SIGNED_FOR));
        self.asked(request, "list its files").await.map(drop)
    }

    /// The names that begin with `start`.
    ///
    /// # Errors
    /// What [`BucketError`] lists.
    pub fn list(&self, start: &str) -> Result<Vec<String>, BucketError> {
        self.waiting.block_on(async {
            let mut names = Vec::new();
            let mut next: Option<String> = None;
            loop {
                let mut action = self.address.list_objects_v2(Some(&self.credentials));
                action.with_prefix(self.key(start));
                if let Some(next) = next.take() {
                    action.with_continuation_token(next);
                }
                let request = self.client.get(action.sign(SIGNED_FOR));
                let response = self.asked(request, "list its files").await?;
                let text = self.text(response).await?;
                let page = ListObjectsV2::parse_response(&text).map_err(|error| {
                    BucketError::Nonsense {
                        server: self.server.clone(),
                        why: error.to_string(),
                    }
                })?;
                let keys = page.contents.iter().map(|object| object.key.as_str());
                let here = keys.filter_map(|key| key.strip_prefix(&self.folder));
                names.extend(here.map(str::to_owned));
                match page.next_continuation_token {
                    Some(token) => next = Some(token),
                    None => return Ok(names),
                }
            }
        })
    }

    /// Removes `name`; its absence is fine.
    ///
    /// # Errors
    /// What [`BucketError`] lists.
    pub fn remove(&self, name: &str) -> Result<(), BucketError> {
        let key = self.key(name);
        let action = self.address.delete_object(Some(&self.credentials), &key);
        let request = self.client.delete(action.sign(SIGNED_FOR));
        let act = format!("remove {name}");
        self.waiting.block_on(self.asked(request, &act)).map(drop)
    }

    /// Writes what is there as `name` into the file `to`, which is no more than a copy: it is checked by who reads it.
    ///
    /// # Errors
    /// What [`BucketError`] lists.
    pub fn get(&self, name: &str, to: &Path) -> Result<(), BucketError> {
        let file = |source| BucketError::File {
            path: to.into(),
            source,
        };
        let key = self.key(name);
        let action = self.address.get_object(Some(&self.credentials), &key);
        let request = self.client.get(action.sign(SIGNED_FOR));
        self.waiting.block_on(async {
            let mut response = self.asked(request, &format!("give {name}")).await?;
            let mut copy = tokio::fs::File::create(to).await.map_err(file)?;
            while let Some(piece) = response.chunk().await.map_err(|error| self.line(error))? {
                copy.write_all(&piece).await.map_err(file)?;
            }
            copy.flush().await.map_err(file)
        })
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.folder)
    }

    /// Sends; an answer that is no success is an error with the server's own words.
    async fn asked(&self, request: RequestBuilder, act: &str) -> Result<Response, BucketError> {
        let response = request.send().await.map_err(|error| self.line(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = self.text(response).await.unwrap_or_default();
        Err(BucketError::Refused {
            server: self.server.clone(),
            act: act.to_owned(),
            refused: Refused::new(status.as_u16(), &text),
        })
    }

    async fn text(&self, mut response: Response) -> Result<String, BucketError> {
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.line(error))? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > LARGEST_LIST {
                return Err(BucketError::Nonsense {
                    server: self.server.clone(),
                    why: "it does not end".to_owned(),
                });
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn line(&self, error: reqwest::Error) -> BucketError {
        BucketError::Line {
            server: self.server.clone(),
            // The address has the signature.
            source: error.without_url(),
        }
    }
}

#[cfg(test)]
mod tests;
