//! Errors of the API for a person.

use kube::Error;
use kube::runtime::watcher;

const UNKNOWN_KIND: &str = "the cluster does not know this kind (yet): is its definition missing?";

/// An error without the debug dump that kube's own text carries.
pub(super) fn explain(error: &Error) -> String {
    match error {
        // No `Status` of the API, but its answer to a path that it does not have: nobody has defined the group.
        Error::Api(status) if status.code == 404 && status.reason != "NotFound" => {
            UNKNOWN_KIND.into()
        }
        Error::Api(status) => status.message.clone(),
        Error::Discovery(_) => UNKNOWN_KIND.into(),
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

#[cfg(test)]
mod tests {
    use super::explain;
    use kube::Error;
    use kube::core::Status;

    #[test]
    fn a_path_that_the_api_lacks_is_no_object_that_is_missing() {
        for (reason, message, expected) in [
            (
                "NotFound",
                "nodes \"edge\" not found",
                "nodes \"edge\" not found",
            ),
            (
                "Failed to parse error data",
                "404 page not found",
                "the cluster does not know this kind (yet): is its definition missing?",
            ),
        ] {
            let status = Status::failure(message, reason).with_code(404);
            assert_eq!(explain(&Error::Api(status.boxed())), expected);
        }
    }
}
