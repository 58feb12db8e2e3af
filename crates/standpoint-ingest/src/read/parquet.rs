//! Parquet: one row a document, read in batches of the columns that are needed.

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use ::parquet::file::reader::ChunkReader;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Date32Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt32Type, UInt64Type,
};
use arrow_array::{Array, DictionaryArray, RecordBatch, downcast_dictionary_array};
use arrow_schema::{DataType, TimeUnit};
use standpoint_core::Failure;

use super::content::Seekable;
use super::{Raw, failure, guarded, quoted, row};
use crate::dates;
use crate::fields::{Field, Fields};

/// Rows in memory at a time; articles are some kilobytes long.
const BATCH: usize = 256;

/// What a damaged file may make panic.
const READER: &str = "Parquet reader";

const FIELDS: [Field; 10] = [
    Field::Id,
    Field::Title,
    Field::Author,
    Field::Outlet,
    Field::Hostname,
    Field::Url,
    Field::Date,
    Field::Text,
    Field::Language,
    Field::Categories,
];

pub(super) struct Rows {
    batches: ParquetRecordBatchReader,
    batch: Option<RecordBatch>,
    columns: Vec<String>,
    /// The next row of the batch, and its row in the file.
    at: usize,
    row: u64,
    name: String,
    fields: Fields,
    ended: bool,
}

impl Rows {
    /// # Errors
    /// Where this is no Parquet file or none of its columns holds the text.
    pub(super) fn new(source: Seekable, name: String, fields: &Fields) -> Result<Self, Failure> {
        match source {
            Seekable::File(file, _) => Rows::of(file.into_inner(), name, fields),
            Seekable::Memory(bytes) => Rows::of(bytes, name, fields),
        }
    }

    fn of(
        source: impl ChunkReader + 'static,
        name: String,
        fields: &Fields,
    ) -> Result<Self, Failure> {
        let broken = |error: ::parquet::errors::ParquetError| {
            failure(&name, None, format!("cannot be read as Parquet: {error}"))
        };
        let panicked = |reason| failure(&name, None, reason);
        let opened = guarded(READER, || ParquetRecordBatchReaderBuilder::try_new(source));
        let builder = opened.map_err(panicked)?.map_err(broken)?;
        let all: Vec<String> =
            builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        let texts = fields.positions(Field::Text, &all);
        let Some(&first) = texts.first() else {
            return Err(failure(&name, None, fields.no_text(&all)));
        };
        let columns = builder.schema().fields();
        if !texts.iter().any(|&at| holds_text(columns[at].data_type())) {
            let kind = columns[first].data_type();
            let column = quoted(&all[first]);
            let reason = format!("the column {column} holds {kind}; it should be the text");
            return Err(failure(&name, None, reason));
        }
        let wanted: Vec<usize> =
            FIELDS.iter().flat_map(|&field| fields.positions(field, &all)).collect();
        let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
        let builder = builder.with_projection(mask).with_batch_size(BATCH);
        let batches = guarded(READER, || builder.build()).map_err(panicked)?.map_err(broken)?;
        let fields = fields.clone();
        Ok(Rows {
            batches,
            batch: None,
            columns: vec![],
            at: 0,
            row: 0,
            name,
            fields,
            ended: false,
        })
    }
}

impl Iterator for Rows {
    type Item = Result<Raw, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.batch.as_ref().is_none_or(|batch| self.at >= batch.num_rows()) {
            if self.ended {
                return None;
            }
            let next = guarded(READER, || self.batches.next().transpose());
            match next.and_then(|next| next.map_err(|error| format!("cannot be read: {error}"))) {
                Ok(None) => {
                    self.ended = true;
                    return None;
                }
                Err(reason) => {
                    self.ended = true;
                    let reason = format!("{reason}. The rows from here on are lost");
                    return Some(Err(failure(&self.name, Some(self.row + 1), reason)));
                }
                Ok(Some(batch)) => {
                    let names = batch.schema();
                    self.columns = names.fields().iter().map(|f| f.name().clone()).collect();
                    self.batch = Some(batch);
                    self.at = 0;
                }
            }
        }
        let batch = self.batch.as_ref()?;
        let at = self.at;
        self.at += 1;
        self.row += 1;
        Some(row(&self.name, Some(self.row), |field| {
            let columns = self.fields.positions(field, &self.columns).into_iter();
            columns.flat_map(|column| texts(batch.column(column), at)).collect()
        }))
    }
}

fn holds_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => holds_text(values),
        _ => false,
    }
}

/// The strings in a cell: none where it is null or of a type that holds no text.
fn texts(column: &dyn Array, at: usize) -> Vec<String> {
    if column.is_null(at) {
        return vec![];
    }
    let text = match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(at).to_owned(),
        DataType::LargeUtf8 => column.as_string::<i64>().value(at).to_owned(),
        DataType::Utf8View => column.as_string_view().value(at).to_owned(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(at).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(at).to_string(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(at).to_string(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(at).to_string(),
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>().value(at);
            dates::from_days(i64::from(days))
        }
        DataType::Timestamp(unit, _) => dates::from_days(timestamp_days(column, *unit, at)),
        DataType::List(_) => return all(column.as_list::<i32>().value(at).as_ref()),
        DataType::LargeList(_) => return all(column.as_list::<i64>().value(at).as_ref()),
        DataType::Dictionary(..) => return dictionary(column, at),
        _ => return vec![],
    };
    vec![text]
}

fn all(values: &dyn Array) -> Vec<String> {
    (0..values.len()).flat_map(|at| texts(values, at)).collect()
}

fn dictionary(column: &dyn Array, at: usize) -> Vec<String> {
    fn value<K: ArrowDictionaryKeyType>(array: &DictionaryArray<K>, at: usize) -> Vec<String> {
        array.key(at).map(|key| texts(array.values(), key)).unwrap_or_default()
    }
    downcast_dictionary_array! {
        column => value(column, at),
        _ => vec![]
    }
}

/// Days since 1970-01-01, UTC.
fn timestamp_days(column: &dyn Array, unit: TimeUnit, at: usize) -> i64 {
    let (value, a_day) = match unit {
        TimeUnit::Second => (column.as_primitive::<TimestampSecondType>().value(at), 86_400),
        TimeUnit::Millisecond => {
            (column.as_primitive::<TimestampMillisecondType>().value(at), 86_400_000)
        }
        TimeUnit::Microsecond => {
            (column.as_primitive::<TimestampMicrosecondType>().value(at), 86_400_000_000)
        }
        TimeUnit::Nanosecond => {
            (column.as_primitive::<TimestampNanosecondType>().value(at), 86_400_000_000_000)
        }
    };
    value.div_euclid(a_day)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ::parquet::arrow::ArrowWriter;
    use arrow_array::{
        Date32Array, Int64Array, LargeStringArray, ListArray, StringArray,
        TimestampMillisecondArray,
    };

    use super::super::tests::read;
    use super::*;

    fn file(columns: Vec<(&str, Arc<dyn Array>)>) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes
    }

    #[test]
    fn columns_of_every_usual_type_are_read() {
        let authors =
            ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), Some(2)]), None]);
        let sections: DictionaryArray<Int32Type> = ["Opinion", "News"].into_iter().collect();
        let bytes = file(vec![
            ("id", Arc::new(Int64Array::from(vec![7, 8]))),
            ("body", Arc::new(LargeStringArray::from(vec![Some("One."), None]))),
            ("headline", Arc::new(StringArray::from(vec![None, Some("Air")]))),
            ("authors", Arc::new(authors)),
            ("section", Arc::new(sections)),
            ("date", Arc::new(Date32Array::from(vec![20_534, 0]))),
        ]);
        let rows = read("a.parquet", &bytes, &Fields::default());
        let [Ok(first), Err(second)] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!(first.id.as_deref(), Some("7"));
        assert_eq!(first.content, b"One.");
        assert_eq!(first.metadata.title, None);
        assert_eq!(first.metadata.authors, ["1", "2"]);
        assert_eq!(first.metadata.sections, ["Opinion"]);
        assert_eq!(first.metadata.published.as_deref(), Some("2026-03-22"));
        assert_eq!(second.to_string(), "a.parquet:2: empty: the row has no text");
    }

    #[test]
    fn a_timestamp_is_a_date_and_rows_beyond_a_batch_keep_their_number() {
        let rows = BATCH + 2;
        let texts: StringArray = (0..rows).map(|row| Some(format!("Text {row}."))).collect();
        let dates = TimestampMillisecondArray::from(vec![-1; rows]);
        let bytes = file(vec![("text", Arc::new(texts)), ("published", Arc::new(dates))]);
        let rows = read("a.parquet", &bytes, &Fields::default());
        let last = rows.last().unwrap().as_ref().unwrap();
        assert_eq!(last.source.row, Some(258));
        assert_eq!(last.content, b"Text 257.");
        assert_eq!(last.metadata.published.as_deref(), Some("1969-12-31"));
    }

    #[test]
    fn what_is_no_parquet_or_has_no_text_says_so() {
        let rows = read("a.parquet", b"PAR1 not really", &Fields::default());
        let [Err(failure)] = &rows[..] else { panic!("{rows:?}") };
        assert!(failure.to_string().starts_with("a.parquet: cannot be read as Parquet: "));
        let bytes = file(vec![("inhalt", Arc::new(StringArray::from(vec!["Eins."])))]);
        let rows = read("a.parquet", &bytes, &Fields::default());
        let [Err(failure)] = &rows[..] else { panic!("{rows:?}") };
        assert!(failure.reason.contains("found: inhalt. Name it with --field text=NAME"));
    }

    #[test]
    fn a_text_that_is_of_another_type_is_no_text() {
        let (numbers, lists) = (
            Arc::new(Int64Array::from(vec![7])) as Arc<dyn Array>,
            ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1)])]),
        );
        for (column, kind) in [(numbers, "Int64"), (Arc::new(lists) as Arc<dyn Array>, "List")] {
            let rows = read("a.parquet", &file(vec![("text", column)]), &Fields::default());
            let [Err(failure)] = &rows[..] else { panic!("{rows:?}") };
            let expected = format!("the column \"text\" holds {kind}");
            assert!(failure.reason.starts_with(&expected), "{failure}");
        }
    }

    #[test]
    fn a_truncated_file_does_not_panic() {
        let texts: StringArray = (0..50).map(|row| Some(format!("Text {row}."))).collect();
        let bytes = file(vec![("text", Arc::new(texts))]);
        for length in (0..bytes.len()).step_by(7) {
            let rows = read("a.parquet", &bytes[..length], &Fields::default());
            assert!(rows[0].is_err());
        }
    }
}
