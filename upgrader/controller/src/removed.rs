//! APIs that somebody in this cluster still asks for, and that a later Kubernetes has no more.
//!
//! The API server counts them itself: `apiserver_requested_deprecated_apis` has a line for each deprecated API that was asked for
//! since it started, with the release that removes it (Kubernetes, "Deprecated API Migration Guide"; the metric is stable since
//! 1.22). Only requests since then are seen, so objects are looked at as well: [`stored`].

mod api;
mod stored;
mod table;

pub(crate) use api::{RemovedApi, Seen};

use futures_util::{AsyncBufReadExt, StreamExt};
use init_api::Minor;
use kube::Client;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const METRIC: &str = "apiserver_requested_deprecated_apis{";
/// The metrics of an API server are some megabytes.
const SELDOM: Duration = Duration::from_secs(300);
/// As long as nothing is known no node begins, and often the API server has only just restarted.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// What is known about such APIs: why nothing is, in words, when the API server did not say.
pub(crate) type Known = Result<Vec<RemovedApi>, String>;

/// Asks the API server, and not too often.
#[derive(Default)]
pub(crate) struct Look {
    last: Option<(Instant, Minor, Known)>,
}

impl Look {
    /// What is needed in this cluster and goes until the wanted Kubernetes, or later.
    pub(crate) async fn known(&mut self, client: &Client, wanted: Minor) -> Known {
        if let Some(known) = self.kept(wanted, Instant::now()) {
            return known.clone();
        }
        let known = needed(client, wanted)
            .await
            .map_err(|error| error.to_string());
        self.last = Some((Instant::now(), wanted, known.clone()));
        known
    }

    /// What was said last, until it is time to ask again.
    fn kept(&self, wanted: Minor, now: Instant) -> Option<&Known> {
        let (when, _, known) = self.last.as_ref().filter(|(_, of, _)| *of == wanted)?;
        let long = match known {
            Ok(_) => SELDOM,
            Err(_) => SOON,
        };
        (now.saturating_duration_since(*when) < long).then_some(known)
    }
}

async fn needed(client: &Client, wanted: Minor) -> Result<Vec<RemovedApi>, kube::Error> {
    let mut needed = ask(client).await?;
    needed.extend(stored::still_stored(client, wanted).await?);
    Ok(needed)
}

/// Reads the metrics as they come: whole they would be most of the controller's memory.
async fn ask(client: &Client) -> Result<Vec<RemovedApi>, kube::Error> {
    let request = http::Request::get("/metrics").body(Vec::new());
    let request = request.map_err(kube::Error::HttpError)?;
    let body = client.request_stream(request).await?;
    let body = std::pin::pin!(body);
    let mut lines = body.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next().await {
        let line = line.map_err(kube::Error::ReadEvents)?;
        found.extend(parse(&line));
    }
    Ok(found)
}

/// A line of the metric, of an API whose end is known. Labels are names of APIs: nothing in them is quoted.
pub(crate) fn parse(line: &str) -> Option<RemovedApi> {
    let (labels, value) = line.strip_prefix(METRIC)?.rsplit_once("} ")?;
    let labels: BTreeMap<&str, &str> = labels
        .split(',')
        .filter_map(|label| label.split_once('='))
        .map(|(name, value)| (name, value.trim_matches('"')))
        .collect();
    let label = |name: &str| labels.get(name).copied().filter(|value| !value.is_empty());
    if value.trim() == "0" {
        return None;
    }
    let (resource, version) = (label("resource")?, label("version")?);
    let api = match label("group") {
        Some(group) => format!("{group}/{version}"),
        None => version.to_owned(),
    };
    Some(RemovedApi {
        name: format!("{resource} of {api}"),
        removed_in: label("removed_release")?.parse().ok()?,
        seen: Seen::Asked,
    })
}

/// Those that a Kubernetes of this version has no more, by how that is known.
pub(crate) fn gone_in<'a>(all: &'a [RemovedApi], kubernetes: &str, seen: Seen) -> Vec<&'a str> {
    let Ok(minor) = kubernetes.parse::<Minor>() else {
        return Vec::new();
    };
    let gone = all
        .iter()
        .filter(|api| api.removed_in <= minor && api.seen == seen);
    let mut names: Vec<&str> = gone.map(|api| api.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::{Look, RemovedApi, Seen, gone_in, parse};
    use std::time::{Duration, Instant};

    fn minor(text: &str) -> init_api::Minor {
        text.parse().expect("a minor")
    }

    #[test]
    fn a_failure_is_kept_for_ten_seconds_alone() {
        let asked = Instant::now();
        for (known, after_s, is_kept) in [
            (Ok(Vec::new()), 299, true),
            (Ok(Vec::new()), 300, false),
            (Err("timed out".to_owned()), 9, true),
            (Err("timed out".to_owned()), 10, false),
        ] {
            let look = Look {
                last: Some((asked, minor("1.37"), known.clone())),
            };
            let now = asked + Duration::from_secs(after_s);
            let kept = look.kept(minor("1.37"), now).is_some();
            assert_eq!(kept, is_kept, "{known:?} after {after_s} s");
            assert!(look.kept(minor("1.38"), now).is_none(), "another question");
        }
        assert!(Look::default().kept(minor("1.37"), asked).is_none());
    }

    #[test]
    fn what_is_asked_for_and_when_it_is_gone() {
        let line = |group: &str, removed: &str, value: &str| {
            format!(
                "apiserver_requested_deprecated_apis{{group=\"{group}\",removed_release=\"{removed}\",resource=\"flowschemas\",subresource=\"\",version=\"v1beta3\"}} {value}"
            )
        };
        let api = |name: &str| RemovedApi {
            name: name.to_owned(),
            removed_in: minor("1.32"),
            seen: Seen::Asked,
        };
        for (line, expected) in [
            (
                line("flowcontrol.apiserver.k8s.io", "1.32", "1"),
                Some(api("flowschemas of flowcontrol.apiserver.k8s.io/v1beta3")),
            ),
            (line("", "1.32", "1"), Some(api("flowschemas of v1beta3"))),
            (line("", "", "1"), None),
            (line("", "1.32", "0"), None),
            (line("", "later", "1"), None),
            (
                "# TYPE apiserver_requested_deprecated_apis gauge".to_owned(),
                None,
            ),
            ("apiserver_requested_deprecated_apis{".to_owned(), None),
            ("apiserver_request_total{code=\"200\"} 5".to_owned(), None),
        ] {
            assert_eq!(parse(&line), expected, "{line}");
        }
    }

    #[test]
    fn gone_with_that_minor_and_all_later_ones() {
        let line = |resource: &str, removed: &str| {
            let labels = format!(
                "group=\"a\",removed_release=\"{removed}\",resource=\"{resource}\",version=\"v1\""
            );
            parse(&format!(
                "apiserver_requested_deprecated_apis{{{labels}}} 1"
            ))
            .expect("it is one")
        };
        let all = [
            line("old", "1.36"),
            line("next", "1.37"),
            line("next", "1.37"),
            line("late", "2.0"),
        ];
        for (kubernetes, expected) in [
            ("1.35.6", &[][..]),
            ("1.36.3", &["old of a/v1"]),
            ("1.37.2", &["next of a/v1", "old of a/v1"]),
            ("2.0.0", &["late of a/v1", "next of a/v1", "old of a/v1"]),
            ("unknown", &[]),
        ] {
            let gone = gone_in(&all, kubernetes, Seen::Asked);
            assert_eq!(gone, expected, "{kubernetes}");
            assert!(gone_in(&all, kubernetes, Seen::Written).is_empty());
        }
    }
}
