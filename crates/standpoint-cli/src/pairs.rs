//! Files of labelled pairs, and what a model says to them.

use crate::settings::Layers;
use anyhow::{Context, anyhow, bail};
use rayon::prelude::*;
use serde_json::{Map, Value};
use standpoint_core::{Classification, Holder, Label, ModelError, Pair, StanceModel};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// Pairs that go to the model in one call.
const BATCH: usize = 32;

/// What the model says to each pair, on the threads of the settings; what was truncated is told on
/// standard error.
pub(crate) fn classify(
    rows: &[LabelledPair],
    model: &dyn StanceModel,
    layers: &Layers<'_>,
) -> anyhow::Result<Vec<Classification>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(layers.threads().value).build()?;
    let classify = |rows: &[LabelledPair]| -> Result<Vec<Classification>, ModelError> {
        let asked: Vec<_> = rows.iter().map(|row| row.question(model)).collect();
        let pairs = asked.iter().map(|(target, text)| Pair { target, text });
        model.classify(&pairs.collect::<Vec<_>>())
    };
    let answers: Vec<Vec<Classification>> =
        pool.install(|| rows.par_chunks(BATCH).map(classify).collect::<Result<_, _>>())?;
    let answers: Vec<Classification> = answers.into_iter().flatten().collect();
    let truncated = answers.iter().filter(|answer| answer.truncated > 0).count();
    if truncated > 0 {
        let longest = model.info().max_tokens;
        writeln!(
            std::io::stderr(),
            "standpoint: {truncated} of {} pairs are longer than {longest} tokens and were truncated",
            rows.len()
        )?;
    }
    Ok(answers)
}

/// One labelled pair.
#[derive(Debug, PartialEq)]
pub(crate) struct LabelledPair {
    pub(crate) text: String,
    pub(crate) target: String,
    /// Whose stance the label is; `None` for the text's own.
    pub(crate) holder: Option<String>,
    pub(crate) label: Label,
}

impl LabelledPair {
    /// The target and the text that the model reads: it is asked for the holder's stance, if there is one
    /// and the model reads holders.
    fn question(&self, model: &dyn StanceModel) -> (Cow<'_, str>, Cow<'_, str>) {
        match &self.holder {
            Some(holder) if model.info().reads_holders => (
                Cow::Owned(Holder::question(holder, &self.target)),
                Holder::scripted(holder, &self.text),
            ),
            _ => (Cow::Borrowed(&self.target), Cow::Borrowed(&self.text)),
        }
    }
}

/// Names of the columns of a pair file.
pub(crate) struct Columns {
    text: String,
    target: String,
    label: String,
}

impl Columns {
    pub(crate) fn with(overrides: &[String]) -> anyhow::Result<Columns> {
        let mut columns =
            Columns { text: "text".into(), target: "target".into(), label: "label".into() };
        for one in overrides {
            match one.split_once('=') {
                Some(("text", name)) => columns.text = name.to_owned(),
                Some(("target", name)) => columns.target = name.to_owned(),
                Some(("label", name)) => columns.label = name.to_owned(),
                _ => bail!("--field {one}: a pair has the fields text, target and label"),
            }
        }
        Ok(columns)
    }
}

/// Rows to take: those whose field has the value.
pub(crate) struct Only {
    field: String,
    value: String,
}

impl Only {
    /// Parses `FIELD=VALUE`.
    pub(crate) fn parse(given: &str) -> anyhow::Result<Self> {
        let (field, value) = given
            .split_once('=')
            .ok_or_else(|| anyhow!("--only {given}: give FIELD=VALUE, such as seen=0"))?;
        Ok(Self { field: field.to_owned(), value: value.to_owned() })
    }

    fn takes(&self, row: &Map<String, Value>) -> bool {
        match row.get(&self.field) {
            Some(Value::String(value)) => *value == self.value,
            Some(value) => {
                serde_json::from_str(&self.value).is_ok_and(|asked: Value| asked == *value)
            }
            None => false,
        }
    }
}

/// Reads a JSONL or CSV file of pairs; the first wrong row ends it, with its line.
pub(crate) fn read(
    path: &Path,
    columns: &Columns,
    only: Option<&Only>,
) -> anyhow::Result<Vec<LabelledPair>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let mut pairs = Vec::new();
    if is_csv {
        let mut reader = csv::Reader::from_reader(BufReader::new(file));
        let rows: csv::DeserializeRecordsIter<'_, _, Map<String, Value>> = reader.deserialize();
        // The header is row 1; a quoted field may hold line breaks, so rows are counted.
        for (row, at) in rows.zip(2..) {
            let row = row.with_context(|| format!("{name} is no such CSV"))?;
            if only.is_none_or(|only| only.takes(&row)) {
                pairs.push(pair(&row, columns).with_context(|| format!("{name}, row {at}"))?);
            }
        }
    } else {
        for (line, at) in BufReader::new(file).lines().zip(1..) {
            let line = line.with_context(|| format!("{name}:{at} cannot be read"))?;
            if line.trim().is_empty() {
                continue;
            }
            let row: Map<String, Value> = serde_json::from_str(&line)
                .with_context(|| format!("{name}:{at} is no JSON object"))?;
            if only.is_none_or(|only| only.takes(&row)) {
                pairs.push(pair(&row, columns).with_context(|| format!("{name}:{at}"))?);
            }
        }
    }
    if pairs.is_empty() {
        bail!(
            "{name} has no pairs: one JSON object a line with text, target and label is expected"
        );
    }
    Ok(pairs)
}

fn pair(row: &Map<String, Value>, columns: &Columns) -> anyhow::Result<LabelledPair> {
    let field = |name: &str| match row.get(name) {
        Some(Value::String(value)) => Ok(value.clone()),
        Some(_) => Err(anyhow!("field {name:?} is not a text")),
        None => Err(anyhow!("no field {name:?}; name another with --field")),
    };
    let label = field(&columns.label)?;
    let label = parse_label(&label).ok_or_else(|| {
        anyhow!("label {label:?} is none of favor, against, neutral (or entail, contradict)")
    })?;
    let holder = row.get("holder").and_then(Value::as_str).filter(|holder| !holder.is_empty());
    Ok(LabelledPair {
        text: field(&columns.text)?,
        target: field(&columns.target)?,
        holder: holder.filter(|holder| *holder != Holder::Author.name()).map(str::to_owned),
        label,
    })
}

/// A label, or what an entailment set calls it: a text that entails a claim is for it.
fn parse_label(label: &str) -> Option<Label> {
    Label::parse(label).or(match label {
        "entail" => Some(Label::Favor),
        "contradict" => Some(Label::Against),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_file(name: &str, content: &str) -> Result<Vec<LabelledPair>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let columns = Columns::with(&["target=topic".to_owned()]).unwrap();
        read(&path, &columns, None).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn jsonl_and_csv_give_the_same_pairs() {
        let jsonl =
            read_file("a.jsonl", "{\"text\":\"x, y\",\"topic\":\"t\",\"label\":\"entail\"}\n\n");
        let csv = read_file("a.csv", "id,text,topic,label\n1,\"x, y\",t,favor\n");
        assert_eq!(jsonl.unwrap()[0].label, Label::Favor);
        assert_eq!(csv.unwrap()[0].text, "x, y");
    }

    #[test]
    fn a_wrong_row_is_named_with_its_line() {
        let good = "{\"text\":\"x\",\"topic\":\"t\",\"label\":\"favor\"}\n";
        let error =
            read_file("a.jsonl", &format!("{good}{}", good.replace("favor", "pro"))).unwrap_err();
        assert!(error.contains("a.jsonl:2: label \"pro\" is none of"), "{error}");
        let error = read_file("a.csv", "text,label\nx,favor\n").unwrap_err();
        assert!(error.contains("row 2: no field \"topic\""), "{error}");
        assert!(read_file("a.jsonl", "").unwrap_err().contains("has no pairs"));
    }
    #[test]
    fn only_the_rows_asked_for_are_read_and_a_wrong_row_keeps_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let row = |seen: &str, label: &str| {
            format!(r#"{{"text":"x","target":"t","label":"{label}","seen":{seen}}}"#)
        };
        let rows = [row("0", "favor"), row("1", "against"), row("\"0\"", "neutral")].join("\n");
        std::fs::write(&path, rows).unwrap();
        let columns = Columns::with(&[]).unwrap();
        let only = |given| Only::parse(given).unwrap();
        let labels = |given| -> Vec<Label> {
            let pairs = read(&path, &columns, Some(&only(given))).unwrap();
            pairs.iter().map(|pair| pair.label).collect()
        };
        assert_eq!(labels("seen=0"), [Label::Favor, Label::Neutral]);
        assert_eq!(labels("seen=1"), [Label::Against]);
        assert!(read(&path, &columns, Some(&only("seen=2"))).is_err(), "no rows");
        std::fs::write(&path, [row("0", "favor"), row("1", "maybe")].join("\n")).unwrap();
        let error = read(&path, &columns, Some(&only("seen=1"))).unwrap_err();
        assert!(format!("{error:#}").contains("a.jsonl:2"), "{error:#}");
    }
}
