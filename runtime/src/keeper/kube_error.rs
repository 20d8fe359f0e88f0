//! Errors of the API for a person.

use kube::Error;
use kube::runtime::watcher;

/// An error without the debug dump that kube's own text carries.
pub(super) fn explain(error: &Error) -> String {
    match error {
        Error::Api(status) => status.message.clone(),
        Error::Discovery(_) => {
            "the cluster does not know this kind (yet): is its definition missing?".into()
        }
        other => other.to_string(),
    }
}

/// As [`explain`], of a watch.
pub(super) fn explain_watch(error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => explain(error),
        watcher::Error::WatchError(status) => status.message.clone(),
        watcher::Error::NoResourceVersion => error.to_string(),
    }
}

/// Whether a watch only has to begin anew: the API does not remember any more where it was.
pub(super) fn is_expired(error: &watcher::Error) -> bool {
    const GONE: u16 = 410;
    match error {
        watcher::Error::WatchError(status) => status.code == GONE,
        watcher::Error::WatchStartFailed(Error::Api(status)) => status.code == GONE,
        _ => false,
    }
}
