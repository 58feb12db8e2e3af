use crate::Span;
use serde::{Deserialize, Serialize};

/// Where a document came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file's path relative to the input that it was found in, with `/`; `-` for stdin.
    pub path: String,
    /// The row in that file, from 1: the line of a JSONL file, the line where a CSV record starts,
    /// the row of a Parquet file; `None` where the file is the document.
    pub row: Option<u64>,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.row {
            Some(row) => write!(f, "{}:{row}", self.path),
            None => f.write_str(&self.path),
        }
    }
}

/// One input text with its metadata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Unique in a run: the document's own id, else its source (`folder/file.txt`, `feed.jsonl:3`).
    pub id: String,
    /// Where it came from.
    pub source: Source,
    /// Headline.
    pub title: Option<String>,
    /// Names of the authors, in order; empty where none is stated or the editorial board signs.
    pub authors: Vec<String>,
    /// The outlet that placed it.
    pub outlet: Option<String>,
    /// Its address.
    pub url: Option<String>,
    /// Date of publication, `YYYY-MM-DD`.
    pub published: Option<String>,
    /// ISO 639-1 code of its language (639-3 where there is no shorter one), if it could be told.
    pub language: Option<String>,
    /// Whose voice it is written in.
    pub kind: Kind,
    /// What told the kind, in words.
    pub kind_reason: String,
    /// The text, in full: every byte range of this document points into it.
    pub text: String,
    /// The spans of the text that are boilerplate and not read, in order and disjoint.
    pub cuts: Vec<Cut>,
    /// Who holds the copyright, what use is allowed and from when on, as the source states it.
    #[serde(default)]
    pub rights: Option<String>,
    /// What reading it had to guess, leave out or could not understand, in words: an encoding, NUL
    /// characters, a date that can be read in two ways.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Document {
    /// The runs of text between the cuts, in order, each trimmed of outer white space; empty runs
    /// are left out.
    pub fn body(&self) -> impl Iterator<Item = Span> {
        let ends = self.cuts.iter().map(|cut| cut.span.start).chain([self.text.len()]);
        let starts = [0].into_iter().chain(self.cuts.iter().map(|cut| cut.span.end));
        starts
            .zip(ends)
            .map(|(start, end)| Span::new(start, end).trimmed(&self.text))
            .filter(|span| !span.is_empty())
    }
}

/// Whose voice a document is written in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The outlet's own opinion, signed by it or its editorial board.
    Editorial,
    /// The opinion of a named author.
    OpEd,
    /// A report, agency copy included.
    News,
    /// None of these, or it could not be told.
    #[default]
    Other,
}

impl Kind {
    /// The name used in tables: `editorial`, `op-ed`, `news`, `other`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Editorial => "editorial",
            Kind::OpEd => "op-ed",
            Kind::News => "news",
            Kind::Other => "other",
        }
    }
}

/// A span of a document that is boilerplate: kept on record, not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Its bytes in the document's text.
    pub span: Span,
    /// The text at that span.
    pub text: String,
    /// Why it was cut.
    pub reason: CutReason,
}

/// Why a span was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CutReason {
    /// Byline, masthead, section label or date line, read into the metadata.
    Byline,
    /// Place, date and agency before the first sentence ("KORVAAL, March 3 (Wire) —").
    Dateline,
    /// Syndication credit ("Distributed by …", "Reprinted with permission …").
    Credit,
    /// Who the author is.
    Bio,
    /// Invitation to subscribe, sign up or follow.
    Signup,
    /// Links to other articles ("More from …", "Read more: …").
    Related,
    /// Agency-feed and views-are-the-author's-own disclaimers; what a page says of itself (cookies,
    /// advertisements).
    Disclaimer,
    /// Copyright line.
    Copyright,
}

impl CutReason {
    /// The name used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            CutReason::Byline => "byline",
            CutReason::Dateline => "dateline",
            CutReason::Credit => "credit",
            CutReason::Bio => "bio",
            CutReason::Signup => "signup",
            CutReason::Related => "related",
            CutReason::Disclaimer => "disclaimer",
            CutReason::Copyright => "copyright",
        }
    }
}

/// A sentence of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Its bytes in the document's text.
    pub span: Span,
    /// The paragraph that it stands in, from 0.
    pub paragraph: usize,
}

/// Near-identical documents: stance is counted per piece, reach per placement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The id of the document that stands for the piece: the first one with the longest body.
    pub id: String,
    /// Ids of all documents of the piece, in the order in which they were read.
    pub placements: Vec<String>,
}

/// A document, or a part of an input, that could not be read; one row of `errors.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{at}: {reason}")]
pub struct Failure {
    /// Where it lies.
    #[serde(flatten)]
    pub at: Source,
    /// What is wrong and, where something can be done, what.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_what_lies_between_the_cuts() {
        let text = "By A. Trevane\n\nThe levy works. \n© 2026".to_owned();
        let cut = |start, end, reason| Cut {
            span: Span::new(start, end),
            text: text[start..end].to_owned(),
            reason,
        };
        let cuts = vec![
            cut(0, 13, CutReason::Byline),
            cut(text.find('©').unwrap(), text.len(), CutReason::Copyright),
        ];
        let document = Document {
            id: "a".into(),
            source: Source { path: "a.txt".into(), row: None },
            title: None,
            authors: vec![],
            outlet: None,
            url: None,
            published: None,
            language: None,
            kind: Kind::OpEd,
            kind_reason: String::new(),
            text: text.clone(),
            cuts,
            rights: None,
            notes: vec![],
        };
        let body: Vec<_> = document.body().filter_map(|span| span.of(&text)).collect();
        assert_eq!(body, ["The levy works."]);
    }

    #[test]
    fn a_failure_is_a_flat_row_and_names_its_place() {
        let failure = Failure {
            at: Source { path: "feed.jsonl".into(), row: Some(2) },
            reason: "not JSON".into(),
        };
        assert_eq!(failure.to_string(), "feed.jsonl:2: not JSON");
        assert_eq!(
            serde_json::to_string(&failure).unwrap(),
            r#"{"path":"feed.jsonl","row":2,"reason":"not JSON"}"#
        );
    }
}
