use super::{Cell, Column, ColumnType, Row, TableError};
use ::csv::{Terminator, Writer, WriterBuilder};
use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufWriter, Write},
    marker::PhantomData,
    path::PathBuf,
};

/// The CSV file of a table.
pub(super) struct CsvTable<R: Row> {
    path: PathBuf,
    writer: Writer<BufWriter<File>>,
    row: PhantomData<R>,
}

impl<R: Row> CsvTable<R> {
    /// Writes the header.
    pub(super) fn new(path: PathBuf, file: BufWriter<File>) -> Result<Self, TableError> {
        let mut table = Self { path, writer: writer(file), row: PhantomData };
        let written = write_header::<R>(&mut table.writer);
        table.check(written)?;
        Ok(table)
    }

    pub(super) fn push(&mut self, row: &R) -> Result<(), TableError> {
        let written = write_row(&mut self.writer, row);
        self.check(written)
    }

    pub(super) fn finish(mut self) -> Result<(), TableError> {
        self.writer.flush().map_err(|source| TableError::Io { path: self.path, source })
    }

    fn check(&self, result: Result<(), ::csv::Error>) -> Result<(), TableError> {
        result.map_err(|error| TableError::Io { path: self.path.clone(), source: error.into() })
    }
}

/// Writes rows as CSV, as the tables of a run are, formula guard included.
///
/// # Errors
/// Those of `out`.
pub fn write_csv<R: Row>(rows: &[R], out: impl Write) -> io::Result<()> {
    let mut writer = writer(out);
    write_header::<R>(&mut writer)?;
    rows.iter().try_for_each(|row| write_row(&mut writer, row))?;
    writer.flush()
}

fn writer<W: Write>(out: W) -> Writer<W> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out)
}

fn write_header<R: Row>(writer: &mut Writer<impl Write>) -> Result<(), ::csv::Error> {
    writer.write_record(R::COLUMNS.iter().map(|column| column.name))
}

fn write_row<R: Row>(writer: &mut Writer<impl Write>, row: &R) -> Result<(), ::csv::Error> {
    for column in R::COLUMNS {
        writer.write_field(field(column, row).as_bytes())?;
    }
    writer.write_record(None::<&[u8]>)
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
