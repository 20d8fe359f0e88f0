//! The last resort of a network card with fixed addresses: when these reach nothing for minutes, the card asks for an address by
//! DHCP beside them, so that the node can be reached and corrected. It gives way when the fixed addresses reach something again.
//!
//! # Flow
//! [`watch`] looks at each such card every half a minute: has it a link, do its fixed addresses reach a neighbour, by which
//! profile does it run. [`next`] decides. The profile of the last resort was written with all others by the plan
//! (`holdfast-last-resort-…`); NetworkManager never takes it by itself.
//!
//! # Guarantees
//! The fixed addresses stay on the card all the time. Without a DHCP server nothing changes, but for a minute of asking, less and
//! less often. What is in use is shown in `holdfast status` and on the console.

mod card;
mod decide;
mod neighbours;
mod watch;

pub use card::{Card, watched};
pub use decide::{Facts, Memory, Order, next};
pub use neighbours::{answering, asked};
pub use watch::watch;
