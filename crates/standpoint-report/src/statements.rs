//! Statements as Discourse Network Analyzer and its followers have them: who said when, in which
//! document, that they agree or disagree with what.

use crate::folder::RunFolder;
use crate::tables::StatementRow;
use standpoint_core::{Holder, Stance};

/// The statements of a run: one per passage that carries an actor's or author's record, once per piece,
/// in the order of documents. A statement agrees or disagrees, as DNA's binary qualifier does; records
/// that are neutral or abstained are none.
pub fn statements(run: &RunFolder) -> Vec<StatementRow> {
    let mut rows = Vec::new();
    for (document, records) in run.documents().filter(|(document, _)| document.representative) {
        for record in records {
            let agreement = match record.stance {
                Stance::Favor => 1,
                Stance::Against => 0,
                Stance::Neutral | Stance::Abstained => continue,
            };
            let person = match &record.holder {
                Holder::Actor(name) => Some(name.clone()),
                Holder::Author => {
                    (!document.authors.is_empty()).then(|| document.authors.join("; "))
                }
            };
            for evidence in &record.evidence {
                rows.push(StatementRow {
                    statement_id: rows.len() + 1,
                    time: document.published.clone(),
                    document: document.document.clone(),
                    title: document.title.clone(),
                    source: document.outlet.clone(),
                    holder_kind: record.holder.kind().to_owned(),
                    person: person.clone(),
                    // The opinion of an outlet's author is the outlet's where nobody signs it.
                    organization: match (&record.holder, &person) {
                        (Holder::Author, None) => document.outlet.clone(),
                        _ => None,
                    },
                    concept: run.target_text(&record.target).to_owned(),
                    agreement,
                    start: evidence.span.start,
                    end: evidence.span.end,
                    text: evidence.text.clone(),
                });
            }
        }
    }
    rows
}
