//! Upgrades over simulated fleets: steps are carried out at once, and nodes do what is asked of them, second by second.

mod fleet;
mod rollout;
mod skew;
mod told;
mod waits;
