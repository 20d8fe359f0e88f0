//! Applies a checked configuration to the running node.
