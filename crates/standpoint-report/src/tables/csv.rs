use super::{Cell, Column, ColumnType, Row, TableError};
use ::csv::{Terminator, Writer, WriterBuilder};
use std::{borrow::Cow, fs::File, io::BufWriter, marker::PhantomData, path::PathBuf};

/// The CSV file of a table.
pub(super) struct CsvTable<R: Row> {
    path: PathBuf,
    writer: Writer<BufWriter<File>>,
    row: PhantomData<R>,
}

impl<R: Row> CsvTable<R> {
    /// Writes the header.
    pub(super) fn new(path: PathBuf, file: BufWriter<File>) -> Result<Self, TableError> {
        let writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(file);
        let mut table = Self { path, writer, row: PhantomData };
        let header = table.writer.write_record(R::COLUMNS.iter().map(|column| column.name));
        table.check(header)?;
        Ok(table)
    }

    pub(super) fn push(&mut self, row: &R) -> Result<(), TableError> {
        for column in R::COLUMNS {
            let written = self.writer.write_field(field(column, row).as_bytes());
            self.check(written)?;
        }
        let end = self.writer.write_record(None::<&[u8]>);
        self.check(end)
    }

    pub(super) fn finish(mut self) -> Result<(), TableError> {
        self.writer.flush().map_err(|source| TableError::Io { path: self.path, source })
    }

    fn check(&self, result: Result<(), ::csv::Error>) -> Result<(), TableError> {
        result.map_err(|error| TableError::Io { path: self.path.clone(), source: error.into() })
    }
}

fn field<'a, R: Row>(column: &Column<R>, row: &'a R) -> Cow<'a, str> {
    match (column.cell)(row) {
        Cell::Absent => Cow::Borrowed(""),
        Cell::Integer(number) => Cow::Owned(number.to_string()),
        // Display prints the fewest digits that read back as the same number.
        Cell::Real(number) => Cow::Owned(number.to_string()),
        Cell::Flag(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
        Cell::Text(text) if column.kind == ColumnType::Text => guarded(text),
        Cell::Text(json) => json,
        Cell::List(items) => guarded(Cow::Owned(items.join("; "))),
    }
}

/// Text that no spreadsheet takes for a formula.
///
/// Apostrophes before such a start count as part of it, so that the guard can be undone: without
/// that, `=` and `'=` would both become `'=`.
fn guarded(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        text
    }
}
