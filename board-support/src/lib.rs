//! Boards as data files: parsed and checked.
