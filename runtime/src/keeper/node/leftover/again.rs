//! Making what was removed already: whoever gave up would lose it.

use super::super::super::backoff::Backoff;
use super::super::super::kube_error::explain;
use kube::Error;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tracing::warn;

/// The client itself waits for ever; an answer that comes later is found when it is asked again.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Made {
    Now,
    /// By somebody else, or by a request whose answer was lost.
    Before,
    /// The API refuses it, and why.
    Never(String),
}

/// Asks again and again, with growing pauses, until the API has made it or refuses it.
pub(super) async fn until_answered<T>(
    name: &str,
    make: impl AsyncFn() -> Result<T, Error>,
) -> Made {
    let mut backoff = Backoff::new();
    loop {
        let why = match timeout(ANSWERS_WITHIN, make()).await {
            Ok(Ok(_)) => return Made::Now,
            Ok(Err(Error::Api(status))) if status.is_already_exists() => return Made::Before,
            Ok(Err(error)) if is_final(&error) => return Made::Never(explain(&error)),
            Ok(Err(error)) => explain(&error),
            Err(_) => "no answer".to_owned(),
        };
        warn!("pod {name} ended with the machine and is not made anew yet: {why}");
        sleep(backoff.pause()).await;
    }
}

/// Whether the API refuses what it was asked for, rather than that it cannot answer now: it starts anew (401 while it does not
/// know its own certificates, 5xx) or has too much to do (408, 429).
pub(super) fn is_final(error: &Error) -> bool {
    match error {
        Error::Api(status) => {
            (400..500).contains(&status.code) && ![401, 408, 429].contains(&status.code)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Made, is_final, until_answered};
    use kube::Error;
    use kube::core::Status;
    use std::cell::RefCell;

    fn answer(code: u16, reason: &str) -> Error {
        Error::Api(Status::failure("why", reason).with_code(code).boxed())
    }

    #[test]
    fn an_api_that_cannot_answer_now_has_not_refused() {
        for (code, expected) in [
            (400, true),
            (401, false),
            (403, true),
            (404, true),
            (408, false),
            (422, true),
            (429, false),
            (500, false),
            (503, false),
            (504, false),
        ] {
            assert_eq!(is_final(&answer(code, "")), expected, "{code}");
        }
        assert!(!is_final(&Error::TlsRequired), "no answer of the API");
    }

    #[tokio::test]
    async fn what_was_removed_is_made_as_soon_as_the_api_can() {
        for (case, answers, expected) in [
            ("at once", vec![Ok(())], Made::Now),
            (
                "after a pause",
                vec![Err(answer(503, "ServiceUnavailable")), Ok(())],
                Made::Now,
            ),
            (
                "made, and the answer was lost",
                vec![Err(answer(409, "AlreadyExists"))],
                Made::Before,
            ),
            (
                "refused",
                vec![Err(answer(403, "Forbidden"))],
                Made::Never("why".into()),
            ),
        ] {
            let answers = RefCell::new(answers.into_iter());
            let next = async || answers.borrow_mut().next().expect("asked once more");
            assert_eq!(until_answered("p", next).await, expected, "{case}");
            assert!(answers.into_inner().next().is_none(), "{case}: not asked");
        }
    }
}
