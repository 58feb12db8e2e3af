use super::{Cell, ColumnType, Row, TableError};
use ::parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};
use arrow_array::{
    ArrayRef, RecordBatch,
    builder::{
        ArrayBuilder, BooleanBuilder, Float32Builder, Int64Builder, LargeStringBuilder, ListBuilder,
    },
};
use arrow_schema::{DataType, Field, Schema};
use std::{fs::File, io::BufWriter, marker::PhantomData, path::PathBuf, sync::Arc};

/// A row group is closed at this many rows …
const GROUP_ROWS: usize = 65_536;
/// … or when it holds this many bytes of values, whichever comes first.
const GROUP_BYTES: usize = 64 << 20;
/// Rows are handed to the encoder in batches of this many rows …
const BATCH_ROWS: usize = 8_192;
/// … or bytes.
const BATCH_BYTES: usize = 8 << 20;

/// The Parquet file of a table.
///
/// Rows are gathered into batches of a size that depends on the rows only, so that the file does
/// not depend on the slices in which a caller happens to push them.
pub(super) struct ParquetTable<R: Row> {
    path: PathBuf,
    writer: ArrowWriter<BufWriter<File>>,
    schema: Arc<Schema>,
    columns: Vec<Builder>,
    batch: Size,
    group: Size,
    row: PhantomData<R>,
}

/// How much a batch or a row group holds.
#[derive(Clone, Copy, Default)]
struct Size {
    rows: usize,
    bytes: usize,
}

impl Size {
    fn add(&mut self, bytes: usize) {
        self.rows += 1;
        self.bytes += bytes;
    }

    fn reaches(self, rows: usize, bytes: usize) -> bool {
        self.rows >= rows || self.bytes >= bytes
    }
}

impl<R: Row> ParquetTable<R> {
    pub(super) fn new(path: PathBuf, file: BufWriter<File>) -> Result<Self, TableError> {
        let field = |column: &super::Column<R>| {
            // A list is never absent, only empty.
            let nullable = column.kind != ColumnType::List;
            Field::new(column.name, data_type(column.kind), nullable)
        };
        let schema = Arc::new(Schema::new(R::COLUMNS.iter().map(field).collect::<Vec<_>>()));
        // The same rows must give the same bytes: nothing of the library's version, no Arrow schema.
        let properties = WriterProperties::builder()
            .set_created_by("standpoint".to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(None)
            .build();
        let options =
            ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(file, schema.clone(), options);
        let writer = match writer {
            Ok(writer) => writer,
            Err(source) => return Err(TableError::Parquet { path, source }),
        };
        let columns = R::COLUMNS.iter().map(|column| Builder::of(column.kind)).collect();
        let (batch, group) = Default::default();
        Ok(Self { path, writer, schema, columns, batch, group, row: PhantomData })
    }

    pub(super) fn push(&mut self, row: &R) -> Result<(), TableError> {
        let cells = R::COLUMNS.iter().map(|column| (column.cell)(row));
        let bytes = self.columns.iter_mut().zip(cells).map(|(builder, cell)| builder.push(cell));
        let bytes = bytes.sum();
        self.batch.add(bytes);
        self.group.add(bytes);
        let full = self.group.reaches(GROUP_ROWS, GROUP_BYTES);
        let written = if full || self.batch.reaches(BATCH_ROWS, BATCH_BYTES) {
            self.write_batch(full)
        } else {
            Ok(())
        };
        written.map_err(|source| TableError::Parquet { path: self.path.clone(), source })
    }

    pub(super) fn finish(mut self) -> Result<(), TableError> {
        let written = self.write_batch(false).and_then(|()| {
            let mut file = self.writer.into_inner()?;
            Ok(std::io::Write::flush(&mut file)?)
        });
        written.map_err(|source| TableError::Parquet { path: self.path, source })
    }

    fn write_batch(&mut self, close_group: bool) -> Result<(), ParquetError> {
        if self.batch.rows > 0 {
            let columns = self.columns.iter_mut().map(Builder::take).collect();
            self.writer.write(&RecordBatch::try_new(self.schema.clone(), columns)?)?;
            self.batch = Size::default();
        }
        if close_group {
            self.writer.flush()?;
            self.group = Size::default();
        }
        Ok(())
    }
}

fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Text | ColumnType::Json => DataType::LargeUtf8,
        ColumnType::Integer => DataType::Int64,
        ColumnType::Real => DataType::Float32,
        ColumnType::Flag => DataType::Boolean,
        ColumnType::List => DataType::List(Arc::new(item())),
    }
}

fn item() -> Field {
    Field::new("item", DataType::LargeUtf8, false)
}

/// The cells of one column that wait to be written.
enum Builder {
    Text(LargeStringBuilder),
    Integer(Int64Builder),
    Real(Float32Builder),
    Flag(BooleanBuilder),
    List(ListBuilder<LargeStringBuilder>),
}

impl Builder {
    fn of(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Text | ColumnType::Json => Builder::Text(LargeStringBuilder::new()),
            ColumnType::Integer => Builder::Integer(Int64Builder::new()),
            ColumnType::Real => Builder::Real(Float32Builder::new()),
            ColumnType::Flag => Builder::Flag(BooleanBuilder::new()),
            ColumnType::List => {
                let items = ListBuilder::new(LargeStringBuilder::new());
                Builder::List(items.with_field(item()))
            }
        }
    }

    /// Appends a cell and tells its size in bytes. A column's cells have the column's type, or are
    /// absent: both come from the type of one field.
    fn push(&mut self, cell: Cell<'_>) -> usize {
        match (self, cell) {
            (Builder::Text(column), Cell::Text(text)) => {
                column.append_value(&text);
                text.len()
            }
            (Builder::Text(column), _) => {
                column.append_null();
                0
            }
            (Builder::Integer(column), cell) => {
                // Offsets and counts of things in memory stay far below 2^63.
                column.append_option(match cell {
                    Cell::Integer(number) => i64::try_from(number).ok(),
                    _ => None,
                });
                8
            }
            (Builder::Real(column), cell) => {
                column.append_option(match cell {
                    Cell::Real(number) => Some(number),
                    _ => None,
                });
                4
            }
            (Builder::Flag(column), cell) => {
                column.append_option(match cell {
                    Cell::Flag(flag) => Some(flag),
                    _ => None,
                });
                1
            }
            (Builder::List(column), cell) => {
                let items = match cell {
                    Cell::List(items) => items,
                    _ => &[],
                };
                items.iter().for_each(|item| column.values().append_value(item));
                column.append(true);
                items.iter().map(String::len).sum()
            }
        }
    }

    fn take(&mut self) -> ArrayRef {
        match self {
            Builder::Text(column) => ArrayBuilder::finish(column),
            Builder::Integer(column) => ArrayBuilder::finish(column),
            Builder::Real(column) => ArrayBuilder::finish(column),
            Builder::Flag(column) => ArrayBuilder::finish(column),
            Builder::List(column) => ArrayBuilder::finish(column),
        }
    }
}
