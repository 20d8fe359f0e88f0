//! What can be wrong with an inventory.

use super::setting::SettingError;
use std::io;
use std::path::PathBuf;

/// An inventory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// It cannot be read.
    #[error("cannot read the inventory {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is no CSV, or a row has more or fewer cells than the header.
    #[error("{path} is no inventory: {problem}")]
    Csv {
        /// The file.
        path: PathBuf,
        /// Where and why.
        problem: String,
    },
    /// A column names no key.
    #[error("{path}:1, column {column} of the header: {why}")]
    Column {
        /// The file.
        path: PathBuf,
        /// Its number, from 1.
        column: usize,
        /// Why not.
        why: SettingError,
    },
    /// Two columns for one key.
    #[error(
        "{path}:1: the columns {first} and {second} of the header are both `{name}`: remove one"
    )]
    Twice {
        /// The file.
        path: PathBuf,
        /// Number of one.
        first: usize,
        /// Number of the other.
        second: usize,
        /// Their name.
        name: String,
    },
    /// No column of this name.
    #[error("{path} has no column `{column}`; its columns are {columns}")]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        column: String,
        /// What there is.
        columns: String,
    },
    /// No row of this number.
    #[error("{path} has no row {row}: it has {rows} below the header")]
    NoRow {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        row: usize,
        /// How many there are.
        rows: usize,
    },
    /// No row with this value.
    #[error("{path} has no row whose column `{column}` is `{value}`")]
    NoMatch {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What was asked for.
        value: String,
    },
    /// Several rows with this value.
    #[error(
        "{path} has several rows whose column `{column}` is `{value}`: {rows}. Give the number of one with --row"
    )]
    Several {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What was asked for.
        value: String,
        /// Their numbers.
        rows: String,
    },
    /// A cell cannot be a value.
    #[error("{path}:{line}, row {row}: {why}")]
    Cell {
        /// The file.
        path: PathBuf,
        /// Its line.
        line: u64,
        /// The row, from 1.
        row: usize,
        /// Why not.
        why: SettingError,
    },
}
