//! What there is to say of a configuration that did not stop the node.

use crate::execute::Warning;

/// In two kinds: whoever applied the file must know which of it is not in force.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// What of the configuration is not in force.
    pub(crate) failed: Vec<String>,
    /// All else.
    pub(crate) said: Vec<String>,
}

impl Notes {
    /// What a plan left to say.
    pub(crate) fn add(&mut self, warnings: Vec<Warning>) {
        for warning in warnings {
            match warning {
                Warning::NotInForce(text) => self.failed.push(text),
                Warning::Remark(text) => self.said.push(text),
            }
        }
    }
}
