//! What other programs go by: the checked configuration, and the services that PID 1 starts.

use crate::step::{Content, Step};
use init_api::{Services, paths};
use os_config::Config;
use runtime::Settings;

/// For root alone: they hold secrets.
///
/// # Errors
/// A value has no form in JSON.
pub(crate) fn records(
    config: &Config,
    settings: &Settings,
    services: &Services,
) -> Result<Vec<Step>, serde_json::Error> {
    Ok(vec![
        Step::file(paths::CONFIG, 0o600, Content::json(config)?),
        Step::file(paths::SETTINGS, 0o600, Content::json(settings)?),
        services_alone(services)?,
    ])
}

/// Those of maintenance mode.
///
/// # Errors
/// As [`records`].
pub(crate) fn services_alone(services: &Services) -> Result<Step, serde_json::Error> {
    Ok(Step::file(paths::SERVICES, 0o600, Content::json(services)?))
}
