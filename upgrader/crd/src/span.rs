//! How a span of time is written: as in Go, `1h30m`, but in whole hours, minutes and seconds.

use schemars::{Schema, SchemaGenerator, json_schema};

/// What the API server takes. One that cannot be read would keep the controller from every resource of its kind.
pub(crate) fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^([0-9]{1,5}h)?([0-9]{1,6}m)?([0-9]{1,7}s)?$",
        "minLength": 2,
    })
}
