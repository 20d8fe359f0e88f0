//! An inventory: a CSV file whose columns are keys and whose rows are cards.

use super::inventory_error::InventoryError;
use super::setting::{Origin, Setting};
use csv::{ReaderBuilder, StringRecord, Trim};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

/// Room for hundreds of thousands of machines: what is larger is another file.
const LARGEST: u64 = 64 << 20;

/// Which row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// By its number; the first below the header is 1.
    Number(usize),
    /// The one that has this value in this column.
    Where {
        /// The column.
        column: String,
        /// The value.
        value: String,
    },
}

impl FromStr for Row {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((column, value)) = text.split_once('=') {
            return Ok(Self::Where {
                column: column.to_owned(),
                value: value.to_owned(),
            });
        }
        match text.parse() {
            Ok(0) | Err(_) => Err(
                "write the number of the row, from 1 below the header, or COLUMN=VALUE".to_owned(),
            ),
            Ok(number) => Ok(Self::Number(number)),
        }
    }
}

/// The settings of one row. An empty cell says nothing: what `config.yaml` says stays.
///
/// # Errors
/// The file is no inventory, or has no such row, or several.
pub fn read_row(path: &Path, row: &Row) -> Result<Vec<Setting>, InventoryError> {
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut text))
        .map_err(|source| InventoryError::Read {
            path: path.to_owned(),
            source,
        })?;
    if text.len() as u64 > LARGEST {
        return Err(InventoryError::Csv {
            path: path.to_owned(),
            problem: format!("it has more than {} MiB", LARGEST >> 20),
        });
    }
    settings(path, &text, row)
}

fn settings(path: &Path, text: &[u8], row: &Row) -> Result<Vec<Setting>, InventoryError> {
    let no_csv = |problem: String| InventoryError::Csv {
        path: path.to_owned(),
        problem,
    };
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let plain = plain_lines(text);
    if let Some(line) = left_open(&plain) {
        return Err(no_csv(format!(
            "a double quote that is opened on line {line} is never closed"
        )));
    }
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(&*plain);
    let header = reader.headers().map_err(|error| no_csv(problem(&error)))?;
    let header = header.clone();
    check_header(path, &header)?;
    let rows: Vec<StringRecord> = reader
        .records()
        .collect::<Result<_, _>>()
        .map_err(|error| no_csv(problem(&error)))?;
    let at = choose(path, &header, &rows, row)?;
    let (record, row) = (&rows[at], at + 1);
    let line = record.position().map_or(0, csv::Position::line);
    let cells = header
        .iter()
        .zip(record)
        .filter(|(_, value)| !value.is_empty());
    cells
        .map(|(key, value)| {
            let origin = Origin::Cell {
                file: path.display().to_string(),
                line,
                row,
            };
            Setting::new(key, value, origin).map_err(|why| InventoryError::Cell {
                path: path.to_owned(),
                line,
                row,
                why,
            })
        })
        .collect()
}

/// Lines end as spreadsheets end them, too: with CR LF, and once with CR alone. The reader would count the lines wrong.
fn plain_lines(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate() {
        match (byte, text.get(at + 1)) {
            (b'\r', Some(b'\n')) => {}
            (b'\r', _) => plain.push(b'\n'),
            _ => plain.push(*byte),
        }
    }
    plain
}

/// The line of the last double quote, if it has no other: the reader takes the rest of the file for its value, and says nothing.
fn left_open(text: &[u8]) -> Option<usize> {
    let is_quote = |byte: &u8| *byte == b'"';
    let count = text.iter().filter(|byte| is_quote(byte)).count();
    let last = text.iter().rposition(is_quote)?;
    let lines = text[..last].iter().filter(|byte| **byte == b'\n').count();
    (count % 2 == 1).then_some(lines + 1)
}

/// What spreadsheets of many countries write between the columns in place of a comma.
fn other_separator(header: &StringRecord) -> Option<&'static str> {
    let [only] = header.iter().collect::<Vec<_>>()[..] else {
        return None;
    };
    if only.contains(';') || only.starts_with("sep=") {
        Some("semicolons")
    } else if only.contains('\t') {
        Some("tabs")
    } else {
        None
    }
}

fn check_header(path: &Path, header: &StringRecord) -> Result<(), InventoryError> {
    if header.is_empty() {
        return Err(InventoryError::Csv {
            path: path.to_owned(),
            problem: "it is empty; its first line has the keys, such as hostname,labels.site"
                .into(),
        });
    }
    if let Some(separator) = other_separator(header) {
        return Err(InventoryError::Csv {
            path: path.to_owned(),
            problem: format!(
                "its columns stand between {separator}, and commas are wanted: save it with commas"
            ),
        });
    }
    for (at, name) in header.iter().enumerate() {
        let column = |why| InventoryError::Column {
            path: path.to_owned(),
            column: at + 1,
            why,
        };
        Setting::new(name, "", Origin::Set).map_err(column)?;
        if let Some(first) = header.iter().take(at).position(|other| other == name) {
            return Err(InventoryError::Twice {
                path: path.to_owned(),
                first: first + 1,
                second: at + 1,
                name: name.to_owned(),
            });
        }
    }
    Ok(())
}

fn choose(
    path: &Path,
    header: &StringRecord,
    rows: &[StringRecord],
    row: &Row,
) -> Result<usize, InventoryError> {
    let path = path.to_owned();
    let (column, value) = match row {
        Row::Number(number) if (1..=rows.len()).contains(number) => return Ok(number - 1),
        Row::Number(number) => {
            return Err(InventoryError::NoRow {
                path,
                row: *number,
                rows: rows.len(),
            });
        }
        Row::Where { column, value } => (column.clone(), value.clone()),
    };
    let Some(at) = header.iter().position(|name| name == column) else {
        let columns: Vec<&str> = header.iter().collect();
        return Err(InventoryError::NoColumn {
            path,
            column,
            columns: columns.join(", "),
        });
    };
    let found: Vec<usize> = (0..rows.len())
        .filter(|row| rows[*row].get(at) == Some(&value))
        .collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(InventoryError::NoMatch {
            path,
            column,
            value,
        }),
        several => Err(InventoryError::Several {
            path,
            column,
            value,
            rows: several
                .iter()
                .map(|row| (row + 1).to_string())
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

/// What the reader of CSV found, with the line.
fn problem(error: &csv::Error) -> String {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!(
                "line {line} has {len} cells, and the header {expected_len}: a value with a comma in it goes in double quotes"
            )
        }
        csv::ErrorKind::Utf8 { .. } => format!("line {line} is not UTF-8 text: save it as UTF-8"),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, settings};
    use std::path::Path;

    const FLEET: &str = "hostname,labels[site],password\n\
        store-17-a,\"north, upper\",\n\
        store-17-b,,\n\
        store-17-b,south,\n";

    fn told(text: &str, row: &str) -> Result<Vec<String>, String> {
        let row: Row = row.parse()?;
        let found = settings(Path::new("fleet.csv"), text.as_bytes(), &row);
        let found = found.map_err(|error| error.to_string())?;
        Ok(found
            .iter()
            .map(|setting| format!("{} {setting}", setting.word()))
            .collect())
    }

    #[test]
    fn a_row_by_number_or_by_value() {
        for row in ["1", "hostname=store-17-a"] {
            assert_eq!(
                told(FLEET, row).expect(row),
                [
                    "\"holdfast.hostname=store-17-a\" fleet.csv:2, row 1, column hostname",
                    "\"holdfast.labels[site]=north, upper\" fleet.csv:2, row 1, column labels[site]",
                ],
                "{row}"
            );
        }
        assert_eq!(
            told(FLEET, "2").expect("row 2").len(),
            1,
            "an empty cell says nothing"
        );
        let marked = format!("\u{feff}{}", FLEET.replace('\n', "\r\n"));
        assert_eq!(
            told(&marked, "1"),
            told(FLEET, "1"),
            "as spreadsheets save it"
        );
        let old = FLEET.replace('\n', "\r");
        assert_eq!(told(&old, "2"), told(FLEET, "2"), "as old ones saved it");
    }

    #[test]
    fn every_mistake_names_its_place() {
        for (name, text, row, parts) in [
            (
                "no such row",
                FLEET,
                "4",
                "fleet.csv has no row 4: it has 3 below",
            ),
            ("row 0", FLEET, "0", "from 1 below the header"),
            ("no number", FLEET, "x", "from 1 below the header"),
            (
                "no such column",
                FLEET,
                "host=a",
                "no column `host`; its columns are hostname, labels[site], password",
            ),
            (
                "no such value",
                FLEET,
                "hostname=x",
                "no row whose column `hostname` is `x`",
            ),
            (
                "two of them",
                FLEET,
                "hostname=store-17-b",
                "several rows whose column `hostname` is `store-17-b`: 2, 3",
            ),
            ("empty", "", "1", "it is empty"),
            (
                "the same twice",
                "hostname,labels[a],hostname\na,b,c\n",
                "1",
                "columns 1 and 3 of the header are both `hostname`",
            ),
            (
                "no key",
                "hostname,\na,b\n",
                "1",
                "fleet.csv:1, column 2 of the header: `` names no key",
            ),
            (
                "semicolons",
                "hostname;labels[a]\nx;y\n",
                "1",
                "its columns stand between semicolons",
            ),
            (
                "semicolons, told beforehand",
                "sep=;\nhostname;labels[a]\nx;y\n",
                "1",
                "between semicolons",
            ),
            ("tabs", "hostname\tlabels[a]\nx\ty\n", "1", "between tabs"),
            (
                "a quote left open",
                "hostname,labels[a]\nx,\"y\n",
                "1",
                "opened on line 2 is never closed",
            ),
            (
                "cells missing",
                "hostname,labels[a]\na\n",
                "1",
                "line 2 has 1 cells, and the header 2",
            ),
            (
                "cells too many",
                "hostname\na\nb,c\n",
                "1",
                "line 3 has 2 cells, and the header 1",
            ),
            (
                "a quote",
                "hostname,password\na,\"b\"\"c\"\n",
                "1",
                "fleet.csv:2, row 1: the value of `password` has a double quote",
            ),
        ] {
            let error = told(text, row).expect_err(name);
            assert!(error.contains(parts), "{name}: {error}");
        }
    }

    #[test]
    fn a_mistake_is_told_once() {
        let row: Row = "1".parse().expect("a row");
        for text in ["hostname,\na,b\n", "hostname\na\x07b\n"] {
            let error = settings(Path::new("fleet.csv"), text.as_bytes(), &row);
            let error = error.expect_err("no inventory");
            assert!(std::error::Error::source(&error).is_none(), "{error}");
        }
    }

    #[test]
    fn what_has_no_end_is_no_inventory() {
        let row = Row::Number(1);
        let error = super::read_row(Path::new("/dev/zero"), &row).expect_err("endless");
        assert!(error.to_string().contains("more than 64 MiB"), "{error}");
    }
}
