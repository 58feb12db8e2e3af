//! The tables of a run, each as Parquet, CSV and JSON Lines.
//!
//! People open results where they work: a notebook, R, a spreadsheet, a shell. So every table is
//! written three times, and since three writers invite three truths, a column stands once: the
//! fields of a row struct ([`DocumentRow`] and its siblings) *are* the columns, their doc comments
//! are the data dictionary ([`dictionary`]), and all writers walk the same [`Column`] list.
//!
//! Rows are pushed in slices as they come and nothing is held but the current Parquet row group,
//! so a table may be larger than memory. The bytes written depend on the rows alone, neither on
//! how they were sliced nor on the clock.
//!
//! What differs between the formats:
//!
//! - JSON Lines keeps lists and nested cuts as they are.
//! - Parquet (zstd) keeps lists of names; cuts are a JSON string.
//! - CSV (UTF-8, RFC 4180, CRLF, one header line) joins names with `; `; cuts are a JSON string;
//!   an absent value is an empty cell. **A text cell that starts with `=`, `+`, `-`, `@`, a tab or
//!   a carriage return gets an apostrophe in front**, since a spreadsheet would run it as a
//!   formula; so does one with apostrophes before such a start. To get the text back, remove one
//!   apostrophe from cells of that form. Byte offsets count without it.

mod csv;
mod parquet;
mod rows;

use self::{csv::CsvTable, parquet::ParquetTable};
pub use csv::write_csv;
pub use rows::{
    AggregateRow, Cell, ChangeRow, Column, ColumnType, CorrectedRow, CutCell, DocumentRow,
    EvidenceRow, HolderRow, PairRow, PassageRow, PieceRow, Reading, Row, StanceRow, StatementRow,
    TrendRow,
};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// Why a table could not be written; every variant names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file could not be created or written: no space, no permission, no such folder.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The Parquet library refused the rows.
    #[error("cannot write {}: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the library says.
        source: ::parquet::errors::ParquetError,
    },
}

/// The writers of all tables of a run.
pub struct Tables {
    documents: Table<DocumentRow>,
    passages: Table<PassageRow>,
    pieces: Table<PieceRow>,
    stances: Table<StanceRow>,
    evidence: Table<EvidenceRow>,
    holders: Table<HolderRow>,
    aggregates: Table<AggregateRow>,
    trends: Table<TrendRow>,
}

impl Tables {
    /// The names of all tables.
    pub const NAMES: [&str; 8] = [
        DocumentRow::TABLE,
        PassageRow::TABLE,
        PieceRow::TABLE,
        StanceRow::TABLE,
        EvidenceRow::TABLE,
        HolderRow::TABLE,
        AggregateRow::TABLE,
        TrendRow::TABLE,
    ];

    /// Creates `documents`, `passages`, `pieces`, `stances`, `evidence`, `holders`, `aggregates` and `trends`,
    /// each `.parquet`, `.csv` and `.jsonl`, and `dictionary.md`, which says what they hold, in a folder that exists; files of those names are overwritten.
    ///
    /// # Errors
    /// [`TableError::Io`] if a file cannot be created.
    pub fn create(dir: &Path) -> Result<Self, TableError> {
        let tables = Self {
            documents: Table::create(dir)?,
            passages: Table::create(dir)?,
            pieces: Table::create(dir)?,
            stances: Table::create(dir)?,
            evidence: Table::create(dir)?,
            holders: Table::create(dir)?,
            aggregates: Table::create(dir)?,
            trends: Table::create(dir)?,
        };
        let path = dir.join("dictionary.md");
        fs::write(&path, dictionary()).map_err(|source| TableError::Io { path, source })?;
        Ok(tables)
    }

    /// Appends rows to `documents`.
    ///
    /// # Errors
    /// [`TableError`] if a file cannot be written.
    pub fn documents(&mut self, rows: &[DocumentRow]) -> Result<(), TableError> {
        self.documents.push(rows)
    }

    /// Appends rows to `passages`.
    ///
    /// # Errors
    /// [`TableError`] if a file cannot be written.
    pub fn passages(&mut self, rows: &[PassageRow]) -> Result<(), TableError> {
        self.passages.push(rows)
    }

    /// Appends rows to `pieces`.
    ///
    /// # Errors
    /// [`TableError`] if a file cannot be written.
    pub fn pieces(&mut self, rows: &[PieceRow]) -> Result<(), TableError> {
        self.pieces.push(rows)
    }

    /// Appends rows to `stances`.
    ///
    /// # Errors
    /// [`TableError`] if a file cannot be written.
    pub fn stances(&mut self, rows: &[StanceRow]) -> Result<(), TableError> {
        self.stances.push(rows)
    }

    /// Appends rows to `evidence`.
    ///
    /// # Errors
    /// [`TableError`] if a file cannot be written.
    pub fn evidence(&mut self, rows: &[EvidenceRow]) -> Result<(), TableError> {
        self.evidence.push(rows)
    }

    /// Appends rows to `holders`.
    ///
    /// # Errors
    /// [`TableError`] if a file cannot be written.
    pub fn holders(&mut self, rows: &[HolderRow]) -> Result<(), TableError> {
        self.holders.push(rows)
    }

    /// Appends rows to `aggregates`.
    ///
    /// # Errors
    /// [`TableError`] if a file cannot be written.
    pub fn aggregates(&mut self, rows: &[AggregateRow]) -> Result<(), TableError> {
        self.aggregates.push(rows)
    }

    /// Appends rows to `trends`.
    ///
    /// # Errors
    /// [`TableError`] if a file cannot be written.
    pub fn trends(&mut self, rows: &[TrendRow]) -> Result<(), TableError> {
        self.trends.push(rows)
    }

    /// Writes what is still held and closes every file; without it the Parquet files have no
    /// footer and cannot be read.
    ///
    /// # Errors
    /// [`TableError`] if a file cannot be written.
    pub fn finish(self) -> Result<(), TableError> {
        self.documents.finish()?;
        self.passages.finish()?;
        self.pieces.finish()?;
        self.stances.finish()?;
        self.evidence.finish()?;
        self.holders.finish()?;
        self.aggregates.finish()?;
        self.trends.finish()
    }
}

/// Writes `pairs`, as Parquet, CSV and JSON Lines, to a folder that exists.
///
/// # Errors
/// [`TableError`] if a file cannot be written.
pub fn write_pairs(dir: &Path, rows: &[PairRow]) -> Result<(), TableError> {
    let mut table = Table::create(dir)?;
    table.push(rows)?;
    table.finish()
}

/// One table in its three formats.
struct Table<R: Row> {
    parquet: ParquetTable<R>,
    csv: CsvTable<R>,
    jsonl: (PathBuf, BufWriter<File>),
}

impl<R: Row> Table<R> {
    fn create(dir: &Path) -> Result<Self, TableError> {
        let open = |extension: &str| {
            let path = dir.join(R::TABLE).with_extension(extension);
            match File::create(&path) {
                Ok(file) => Ok((path, BufWriter::new(file))),
                Err(source) => Err(TableError::Io { path, source }),
            }
        };
        let (path, file) = open("parquet")?;
        let parquet = ParquetTable::new(path, file)?;
        let (path, file) = open("csv")?;
        let csv = CsvTable::new(path, file)?;
        Ok(Self { parquet, csv, jsonl: open("jsonl")? })
    }

    fn push(&mut self, rows: &[R]) -> Result<(), TableError> {
        let (path, file) = &mut self.jsonl;
        for row in rows {
            self.parquet.push(row)?;
            self.csv.push(row)?;
            serde_json::to_writer(&mut *file, row)
                .map_err(io::Error::from)
                .and_then(|()| file.write_all(b"\n"))
                .map_err(|source| TableError::Io { path: path.clone(), source })?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), TableError> {
        self.parquet.finish()?;
        self.csv.finish()?;
        let (path, mut file) = self.jsonl;
        file.flush().map_err(|source| TableError::Io { path, source })
    }
}

/// What every table and every column holds, as a Markdown page.
pub fn dictionary() -> String {
    fn describe<R: Row>(page: &mut String) {
        page.push_str(&format!("## {}\n\n{}\n\n", R::TABLE, R::DOC.trim()));
        page.push_str("| column | type | meaning |\n| --- | --- | --- |\n");
        for column in R::COLUMNS {
            let doc = column.doc.trim().replace('|', "\\|");
            page.push_str(&format!("| {} | {} | {doc} |\n", column.name, column.kind.describe()));
        }
        page.push('\n');
    }
    let mut page = String::from(
        "# Tables of a run\n\n\
         Each is written as Parquet, CSV (UTF-8) and JSON Lines. In CSV, a text cell that starts \
         with `=`, `+`, `-`, `@`, a tab or a carriage return, after any apostrophes, has one \
         apostrophe more in front, for a spreadsheet would run it as a formula; to get the text \
         back, remove one. Numbers are never touched.\n\n",
    );
    describe::<DocumentRow>(&mut page);
    describe::<PassageRow>(&mut page);
    describe::<PieceRow>(&mut page);
    describe::<StanceRow>(&mut page);
    describe::<EvidenceRow>(&mut page);
    describe::<HolderRow>(&mut page);
    describe::<AggregateRow>(&mut page);
    describe::<TrendRow>(&mut page);
    describe::<PairRow>(&mut page);
    describe::<StatementRow>(&mut page);
    describe::<ChangeRow>(&mut page);
    describe::<CorrectedRow>(&mut page);
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

#[cfg(test)]
mod tests;
