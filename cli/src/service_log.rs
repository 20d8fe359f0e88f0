//! What services of ours write to their logs.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Begins to write, to standard error.
pub(crate) fn begin() {
    // PID 1 keeps what is written as the service's log; it adds the time.
    let lines = fmt::layer()
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(shown()))
        .init();
}

/// What is logged. The client of the API calls each answer of 5xx an error, every two seconds while the API server starts;
/// whoever asked has the same answer, and says what it means.
fn shown() -> Targets {
    Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("kube_client", LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use super::shown;
    use tracing_subscriber::filter::LevelFilter;

    #[test]
    fn an_api_that_starts_is_no_error_and_what_we_say_is_shown() {
        let shows = |target, level: LevelFilter| {
            shown().would_enable(target, &level.into_level().expect("a level"))
        };
        assert!(!shows("kube_client::client::builder", LevelFilter::ERROR));
        assert!(shows("runtime::keeper::api", LevelFilter::INFO));
    }
}
