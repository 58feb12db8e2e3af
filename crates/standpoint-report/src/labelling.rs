//! Records as tasks for people to label, in the formats of Label Studio and doccano, and their
//! answers read back.
//!
//! A task shows the document that stands for the record's piece, says whose stance toward what is
//! asked, and, unless it is blind, holds the run's answer as a pre-annotation. The fields `document`,
//! `holder` and `target` name the record through both tools, so that answers find back to it.
//!
//! - **Label Studio**: a JSON array of tasks with `data` and `predictions`, for a project with the
//!   labelling interface [`LABEL_STUDIO_INTERFACE`]; the run's evidence comes as marked spans. Spans
//!   are counted in UTF-16 units, as its front end does. Read back is what it exports as *JSON*.
//! - **doccano**: one JSON object a line with `text` and `label`, for a project of document
//!   classification; all other fields are kept by it as metadata. Read back are the JSONL files that it
//!   exports, one per annotator, whose name is the file's unless a line has a `username`. Gold records
//!   of several people, one file each, are read in the same way.

use crate::agreement::Answer;
use crate::evaluation::ReadError;
use crate::sample::Unit;
use serde_json::{Map, Value, json};
use standpoint_core::{Holder, Label, Span};
use std::fs;
use std::path::Path;

/// The labelling interface for Label Studio: one label for the record, and spans for the evidence.
pub const LABEL_STUDIO_INTERFACE: &str = r#"<View>
  <Header value="$question"/>
  <Choices name="stance" toName="text" choice="single" required="true" showInLine="true">
    <Choice value="favor" hotkey="1"/>
    <Choice value="against" hotkey="2"/>
    <Choice value="neutral" hotkey="3"/>
  </Choices>
  <Labels name="evidence" toName="text"><Label value="evidence"/></Labels>
  <Header value="$source" size="5"/>
  <Text name="text" value="$text"/>
</View>
"#;

/// A record to be labelled.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The record.
    pub unit: Unit<'a>,
    /// The target in words.
    pub target_text: &'a str,
    /// The text of the record's document.
    pub text: &'a str,
    /// Whether the run's answer is kept from those who label.
    pub blind: bool,
}

impl Task<'_> {
    fn question(&self) -> String {
        match &self.unit.record.holder {
            Holder::Author => format!("Where does the author stand on: {}?", self.target_text),
            Holder::Actor(name) => {
                format!("Where does {name} stand, by this text, on: {}?", self.target_text)
            }
        }
    }

    fn source(&self) -> String {
        let placement = self.unit.placement;
        let parts = [placement.title, placement.outlet, placement.published];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// The run's label; of a record that abstained too, its most probable one.
    fn label(&self) -> Label {
        self.unit.record.probabilities.label()
    }

    /// The task for Label Studio.
    pub fn label_studio(&self) -> Value {
        let record = self.unit.record;
        let mut task = json!({
            "data": {
                "text": self.text,
                "question": self.question(),
                "source": self.source(),
                "document": record.document,
                "holder": record.holder.name(),
                "target": record.target,
            }
        });
        if self.blind {
            return task;
        }
        let mut result = vec![json!({
            "id": "stance",
            "from_name": "stance",
            "to_name": "text",
            "type": "choices",
            "value": { "choices": [self.label().as_str()] },
        })];
        for (rank, evidence) in record.evidence.iter().enumerate() {
            let Some((start, end)) = utf16_offsets(self.text, evidence.span) else { continue };
            result.push(json!({
                "id": format!("evidence{rank}"),
                "from_name": "evidence",
                "to_name": "text",
                "type": "labels",
                "value": {
                    "start": start, "end": end, "text": evidence.text, "labels": ["evidence"],
                },
            }));
        }
        task["predictions"] = json!([{
            "model_version": "standpoint",
            "score": record.probabilities.confidence(),
            "result": result,
        }]);
        task
    }

    /// The line for doccano, which shows only one text: the question stands before the document's.
    pub fn doccano(&self) -> Value {
        let record = self.unit.record;
        let label = (!self.blind).then(|| self.label().as_str());
        json!({
            "text": format!("{}\n{}\n\n{}", self.question(), self.source(), self.text),
            "label": label.into_iter().collect::<Vec<_>>(),
            "document": record.document,
            "holder": record.holder.name(),
            "target": record.target,
        })
    }
}

/// A span of bytes in UTF-16 units; `None` where it is not one of the text.
fn utf16_offsets(text: &str, span: Span) -> Option<(usize, usize)> {
    let units = |part: &str| part.encode_utf16().count();
    let start = units(text.get(..span.start)?);
    Some((start, start + units(span.of(text)?)))
}

/// Reads the answers in a file that Label Studio (JSON) or doccano (JSONL) exported.
///
/// # Errors
/// [`ReadError`], with the line or, of Label Studio, the number of the task.
pub fn read_answers(path: &Path) -> Result<Vec<Answer>, ReadError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    let wrong = |line, reason| ReadError::Line { path: path.to_owned(), line, reason };
    let mut answers = Vec::new();
    if text.trim_start().starts_with('[') {
        let tasks: Vec<Value> = serde_json::from_str(&text)
            .map_err(|error| wrong(error.line(), format!("not JSON: {error}")))?;
        for (task, number) in tasks.iter().zip(1_usize..) {
            let of_task = label_studio_answers(task)
                .map_err(|reason| wrong(number, format!("task {number}: {reason}")))?;
            answers.extend(of_task);
        }
    } else {
        let annotator = path.file_stem().unwrap_or_default().to_string_lossy();
        for (line, number) in
            text.lines().zip(1_usize..).filter(|(line, _)| !line.trim().is_empty())
        {
            let row: Map<String, Value> = serde_json::from_str(line)
                .map_err(|error| wrong(number, format!("not a JSON object: {error}")))?;
            let answer =
                doccano_answer(&row, &annotator).map_err(|reason| wrong(number, reason))?;
            answers.extend(answer);
        }
    }
    Ok(answers)
}

fn label_studio_answers(task: &Value) -> Result<Vec<Answer>, String> {
    let Some(data) = task.get("data").and_then(Value::as_object) else {
        return Err("it has no `data`; export as JSON, not as JSON-MIN".to_owned());
    };
    let [document, holder, target] = record_fields(data)?;
    let text = data.get("text").and_then(Value::as_str).unwrap_or_default();
    let none = Vec::new();
    let annotations = task.get("annotations").and_then(Value::as_array).unwrap_or(&none);
    let mut answers = Vec::new();
    for annotation in annotations {
        if annotation["was_cancelled"] == json!(true) {
            continue;
        }
        let results = annotation["result"].as_array().unwrap_or(&none);
        let mut label = None;
        let mut evidence = Vec::new();
        for result in results {
            let value = &result["value"];
            match result["from_name"].as_str() {
                Some("stance") => label = Some(label_of(&value["choices"])?),
                Some("evidence") => evidence.extend(marked(value, text)),
                _ => {}
            }
        }
        if let Some(label) = label {
            answers.push(Answer {
                annotator: annotator(&annotation["completed_by"]),
                document: document.clone(),
                holder: holder.clone(),
                target: target.clone(),
                label,
                evidence,
            });
        }
    }
    Ok(answers)
}

/// Who annotated: a number, or an object with what is known of the user.
fn annotator(completed_by: &Value) -> String {
    let known = ["email", "username", "id"].iter().find_map(|field| completed_by.get(field));
    match known.unwrap_or(completed_by) {
        Value::String(name) => name.clone(),
        Value::Null => "unknown".to_owned(),
        other => other.to_string(),
    }
}

/// The text that a span marks: as the tool gives it, else by its offsets.
fn marked(value: &Value, text: &str) -> Option<String> {
    if let Some(text) = value["text"].as_str() {
        return Some(text.to_owned());
    }
    let offset = |name: &str| value[name].as_u64().and_then(|at| usize::try_from(at).ok());
    let (start, end) = (offset("start")?, offset("end")?);
    let units: Vec<u16> = text.encode_utf16().collect();
    String::from_utf16(units.get(start..end)?).ok()
}

fn doccano_answer(row: &Map<String, Value>, file: &str) -> Result<Option<Answer>, String> {
    let meta = ["meta", "metadata"].iter().find_map(|name| row.get(*name)?.as_object());
    let [document, holder, target] = record_fields(meta.unwrap_or(row)).or(record_fields(row))?;
    let labels = match row.get("label").or(row.get("labels")) {
        None => return Ok(None),
        Some(Value::Array(labels)) if labels.is_empty() => return Ok(None),
        Some(Value::Array(labels)) => Value::Array(labels.clone()),
        Some(one) => json!([one]),
    };
    let annotator = row.get("username").and_then(Value::as_str).unwrap_or(file).to_owned();
    let label = label_of(&labels)?;
    let evidence = row.get("evidence").and_then(Value::as_array).into_iter().flatten();
    let evidence = evidence.filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Some(Answer { annotator, document, holder, target, label, evidence }))
}

fn record_fields(fields: &Map<String, Value>) -> Result<[String; 3], String> {
    let field = |name: &str| match fields.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        _ => Err(format!("no text in field {name:?}; was the task made by standpoint export?")),
    };
    Ok([field("document")?, field("holder")?, field("target")?])
}

fn label_of(choices: &Value) -> Result<Label, String> {
    let given: Vec<&str> =
        choices.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match given[..] {
        [one] => Label::parse(&one.to_lowercase())
            .ok_or_else(|| format!("label {one:?} is none of favor, against, neutral")),
        _ => Err(format!("one label is expected, not {}: {}", given.len(), given.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregates::Placement;
    use standpoint_core::{Evidence, Kind, Probabilities, Record, Stance, Voice};

    const TEXT: &str = "Wäre es so? 🌊 “The levy works,” said Ilse Maron.";

    fn with_task<T>(blind: bool, test: impl Fn(&Task<'_>) -> T) -> T {
        let start = TEXT.find('“').unwrap();
        let record = Record {
            document: "d1".into(),
            piece: "d1".into(),
            holder: Holder::Actor("Ilse Maron".into()),
            target: "levy".into(),
            stance: Stance::Favor,
            probabilities: Probabilities::new(0.75, 0.125, 0.125),
            passages: 1,
            evidence: vec![Evidence {
                span: Span::new(start, TEXT.len()),
                text: TEXT[start..].into(),
                voice: Voice::Quoted,
                named: None,
                mention: None,
                cue: None,
                content: Vec::new(),
                probabilities: Probabilities::new(0.75, 0.125, 0.125),
                weight: 1.0,
            }],
        };
        let placement = Placement {
            document: "d1",
            title: Some("A levy"),
            outlet: Some("North"),
            published: Some("2026-02-03"),
            kind: Kind::News,
            text: "",
            records: &[],
            ..Placement::default()
        };
        let unit = Unit { record: &record, placement: &placement, published: None };
        test(&Task { unit, target_text: "the carbon levy", text: TEXT, blind })
    }

    fn read(name: &str, content: &str) -> Result<Vec<Answer>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        read_answers(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_task_for_label_studio_points_into_its_text() {
        let task = with_task(false, |task| task.label_studio());
        assert_eq!(
            task["data"]["question"],
            "Where does Ilse Maron stand, by this text, on: the carbon levy?"
        );
        assert_eq!(task["data"]["source"], "A levy · North · 2026-02-03");
        let results = &task["predictions"][0]["result"];
        assert_eq!(results[0]["value"]["choices"], json!(["favor"]));
        // 12 units before the wave, which has two, and a blank; the file's bytes are more.
        assert_eq!(
            (&results[1]["value"]["start"], &results[1]["value"]["end"]),
            (&json!(15), &json!(49))
        );
        assert!(with_task(true, |task| task.label_studio()).get("predictions").is_none());
    }

    #[test]
    fn answers_from_label_studio_come_back() {
        let mut task = with_task(false, |task| task.label_studio());
        let choice = |label: &str| {
            json!({"from_name": "stance", "to_name": "text", "type": "choices",
                   "value": {"choices": [label]}})
        };
        let span = json!({"from_name": "evidence", "to_name": "text", "type": "labels",
                          "value": {"start": 12, "end": 49, "labels": ["evidence"]}});
        task["annotations"] = json!([
            {"completed_by": 3, "result": [choice("against"), span]},
            {"completed_by": {"id": 4, "email": "ada@example.org"}, "result": [choice("favor")]},
            {"completed_by": 5, "was_cancelled": true, "result": [choice("favor")]},
            {"completed_by": 6, "result": []},
        ]);
        let answers = read("export.json", &json!([task]).to_string()).unwrap();
        assert_eq!(answers.len(), 2);
        assert_eq!((answers[0].annotator.as_str(), answers[0].label), ("3", Label::Against));
        assert_eq!(answers[0].evidence, ["🌊 “The levy works,” said Ilse Maron."]);
        assert_eq!(answers[1].annotator, "ada@example.org");
        assert_eq!(answers[1].holder, "Ilse Maron");

        task["annotations"] = json!([{"completed_by": 3, "result": [choice("pro")]}]);
        let error = read("export.json", &json!([task]).to_string()).unwrap_err();
        assert!(error.contains("task 1: label \"pro\" is none of"), "{error}");
        let error = read("min.json", r#"[{"text": "x", "stance": "favor"}]"#).unwrap_err();
        assert!(error.contains("not as JSON-MIN"), "{error}");
    }

    #[test]
    fn answers_from_doccano_come_back() {
        let mut row = with_task(false, |task| task.doccano());
        assert!(row["text"].as_str().unwrap().starts_with("Where does Ilse Maron stand"));
        assert_eq!(row["label"], json!(["favor"]));
        row["id"] = json!(7);
        let unlabelled = with_task(true, |task| task.doccano());
        let answers = read("ada.jsonl", &format!("{row}\n\n{unlabelled}\n")).unwrap();
        assert_eq!(answers.len(), 1);
        assert_eq!((answers[0].annotator.as_str(), answers[0].document.as_str()), ("ada", "d1"));
        let gold = r#"{"document": "d1", "holder": "author", "target": "t", "label": "neutral", "evidence": ["x"]}"#;
        let [answer] = &read("bo.jsonl", gold).unwrap()[..] else { panic!("one") };
        assert_eq!((answer.label, answer.evidence[0].as_str()), (Label::Neutral, "x"));
        row["label"] = json!(["favor", "against"]);
        let error = read("ada.jsonl", &row.to_string()).unwrap_err();
        assert!(error.contains("ada.jsonl:1: one label is expected, not 2"), "{error}");
    }
}
