//! The address that the cluster knows the node by: found, waited for, or made up.

mod changes;
mod choose;
mod host;
mod routes;
mod services_route;
mod stand_in;
mod wait;

pub use changes::Changes;
pub use choose::{Choice, Host, Link, LinkState, choose, held_on, offered};
pub use host::{HostError, interface_of, read_host};
pub use routes::RoutesError;
pub use services_route::{ServicesRouteError, keep_services_route};
pub use stand_in::{FALLBACK, StandInError, is_stand_in, stand_down, stand_in};
pub use wait::{Patience, find};
