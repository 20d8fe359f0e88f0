//! Publishes what a plan tells as events of the cluster.
//!
//! An event's name is made of what it is about, its reason and its occasion, so the API server refuses a second one: nothing is told
//! twice when another controller leads, or when what was read is old. (The recorder of `kube` would make a new name each time, and
//! keep the first text of those that it counts together.) An event is a courtesy: one that is refused is not tried again.

use crate::plan::{Object, Told};
use crate::watch::Followed;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client, Error, Resource};
use std::collections::BTreeSet;
use tracing::warn;
use upgrade_crd::Upgrade;

/// What has no namespace has its events in this one.
const NAMESPACE: &str = "default";
/// The API takes 1024 bytes of a note, and names of 253.
const LONGEST_NOTE: usize = 1000;
const LONGEST_NAME: usize = 253;

/// Tells each event once.
pub(crate) struct Teller<'a> {
    client: &'a Client,
    controller: &'static str,
    /// The controller's pod.
    instance: &'a str,
    /// The names of those that need no second try; what is not to be told any more is forgotten.
    told: BTreeSet<String>,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(client: &'a Client, controller: &'static str, instance: &'a str) -> Self {
        Self {
            client,
            controller,
            instance,
            told: BTreeSet::new(),
        }
    }

    /// Tells what was not told yet. Where the API does not answer, the rest is left for the next time.
    pub(crate) async fn tell(&mut self, followed: &Followed, told: &[Told]) {
        let names: BTreeSet<String> = told.iter().map(name).collect();
        self.told.retain(|name| names.contains(name));
        let events: Api<Event> = Api::namespaced(self.client.clone(), NAMESPACE);
        for one in told {
            let name = name(one);
            if self.told.contains(&name) {
                continue;
            }
            let event = self.event(one, followed, Timestamp::now());
            match events.create(&PostParams::default(), &event).await {
                Ok(_) => {}
                Err(Error::Api(status)) if status.is_already_exists() => {}
                Err(Error::Api(status)) => {
                    warn!("the event {name} is not taken: {}", status.message);
                }
                Err(error) => return warn!("cannot tell the event {name} now: {error}"),
            }
            self.told.insert(name);
        }
    }

    fn event(&self, told: &Told, followed: &Followed, now: Timestamp) -> Event {
        Event {
            metadata: ObjectMeta {
                name: Some(name(told)),
                namespace: Some(NAMESPACE.to_owned()),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(now)),
            type_: Some(if told.warning { "Warning" } else { "Normal" }.to_owned()),
            reason: Some(told.reason.clone()),
            action: Some("Upgrade".to_owned()),
            note: Some(cut(&told.note, LONGEST_NOTE)),
            regarding: Some(reference(&told.about, followed)),
            related: told.related.as_ref().map(|it| reference(it, followed)),
            reporting_controller: Some(self.controller.to_owned()),
            reporting_instance: Some(self.instance.to_owned()),
            ..Event::default()
        }
    }
}

fn reference(object: &Object, followed: &Followed) -> ObjectReference {
    let (api_version, kind, name, uid) = match object {
        Object::Node(name) => ("v1".into(), "Node".into(), name, followed.uid(name)),
        Object::Upgrade(name) => {
            let uid = followed
                .upgrade(name)
                .and_then(|it| it.metadata.uid.clone());
            (Upgrade::api_version(&()), Upgrade::kind(&()), name, uid)
        }
    };
    ObjectReference {
        api_version: Some(api_version.into_owned()),
        kind: Some(kind.into_owned()),
        name: Some(name.clone()),
        uid,
        ..ObjectReference::default()
    }
}

/// The event's name, in the letters and of the length that the API takes.
fn name(told: &Told) -> String {
    let (kind, about) = match &told.about {
        Object::Node(name) => ("node", name),
        Object::Upgrade(name) => ("upgrade", name),
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let occasion: String = told.occasion.chars().map(plain).collect();
    let own = format!("{kind}.{}.{}", told.reason, occasion.trim_matches('-'));
    let room = LONGEST_NAME.saturating_sub(own.len() + 1);
    let about = about.get(..room).unwrap_or(about);
    let whole = format!("{}.{own}", about.trim_end_matches(['.', '-'])).to_lowercase();
    let whole = whole.get(..LONGEST_NAME).unwrap_or(&whole);
    whole.trim_matches(['.', '-']).to_owned()
}

/// Its beginning, cut between characters.
fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let mut end = longest;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{} …", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_NAME, cut, name};
    use crate::plan::{Object, Told};

    fn told(about: Object, occasion: &str) -> Told {
        Told {
            about,
            related: None,
            warning: false,
            reason: "NodeFailed".into(),
            note: String::new(),
            occasion: occasion.into(),
        }
    }

    #[test]
    fn an_events_name_is_one_that_the_api_takes() {
        let long = "n".repeat(253);
        let dots = format!("{}.{}", "n".repeat(225), "m".repeat(27));
        for (about, occasion, expected) in [
            (Object::Node("edge".into()), "17", "edge.node.nodefailed.17"),
            (
                Object::Upgrade("stores".into()),
                "edge.0.3.0-RC.1.0",
                "stores.upgrade.nodefailed.edge-0-3-0-rc-1-0",
            ),
            (
                Object::Upgrade("stores".into()),
                "edge.0.3.0+x.-",
                "stores.upgrade.nodefailed.edge-0-3-0-x",
            ),
        ] {
            assert_eq!(name(&told(about, occasion)), expected);
        }
        for about in [long.clone(), dots] {
            for occasion in ["17", long.as_str()] {
                let name = name(&told(Object::Node(about.clone()), occasion));
                assert!(name.len() <= LONGEST_NAME, "{}", name.len());
                assert!(!name.contains("..") && !name.contains("-."), "{name}");
                let ends = [name.chars().next(), name.chars().last()];
                let good = |c: &Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
                assert!(ends.iter().all(good), "{name}");
            }
        }
    }

    #[test]
    fn a_long_note_is_cut_between_characters() {
        let note = cut(&"ä".repeat(600), 1001);
        assert!(note.len() <= 1024 && note.ends_with('…'), "{}", note.len());
        assert_eq!(cut("short", 1000), "short");
    }
}
