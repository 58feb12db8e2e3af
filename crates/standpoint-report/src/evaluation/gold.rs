use super::{
    names,
    reliability::{Band, reliability},
    scores::{Judged, Scores, ratio},
};
use serde::{Deserialize, Serialize};
use standpoint_core::{Holder, Label, Record, Stance};
use std::collections::{BTreeMap, BTreeSet};

/// A label that people gave: whose stance toward what, in which document, and by which sentences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldRecord {
    /// Id of the document.
    pub document: String,
    /// `author`, or an actor's name.
    pub holder: String,
    /// Id of the target.
    pub target: String,
    /// The stance.
    pub label: Label,
    /// The sentences that show it, as they stand in the document.
    #[serde(default)]
    pub evidence: Vec<String>,
}

/// A run's records against gold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunScores {
    /// The stances of authors.
    pub author: AuthorScores,
    /// The stances of actors.
    pub actors: ActorScores,
    /// Gold sentences of author rows found in the evidence of the run's records.
    pub author_evidence: EvidenceRecall,
    /// Gold sentences of actor rows found.
    pub actor_evidence: EvidenceRecall,
    /// Records on documents of which gold says nothing; they count nowhere.
    pub outside_gold: usize,
}

/// Author rows of gold against author records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuthorScores {
    /// Gold label against answer. A missing record is no answer, also where gold says neutral.
    pub labels: Scores,
    /// Gold rows whose record abstains.
    pub abstained: usize,
    /// Gold rows without a record.
    pub missing: usize,
    /// Author records on documents that gold knows, toward targets of which it says nothing there.
    pub extra: usize,
    /// How often their labels are right, by their probability.
    pub reliability: Vec<Band>,
}

/// Actor rows of gold against actor records of the same documents.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActorScores {
    /// Actor, target and label in a document, all right or wrong.
    pub triplets: Triplets,
    /// Gold label against answer, for the gold rows whose actor the run found.
    pub labels: Scores,
    /// Gold rows whose actor the run found, but whose record abstains.
    pub abstained: usize,
    /// Gold rows whose actor the run did not find on that target.
    pub missing: usize,
    /// How often the labels of the actors found are right, by their probability.
    pub reliability: Vec<Band>,
}

/// Agreement on (document, actor, target, label).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Triplets {
    /// Actor rows of gold.
    pub gold: usize,
    /// Actor records of the run on documents that gold knows, abstained ones left out.
    pub predicted: usize,
    /// Those of them that match a gold row in everything.
    pub correct: usize,
    /// `correct / predicted`.
    pub precision: f64,
    /// `correct / gold`.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
}

/// How many gold sentences are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct EvidenceRecall {
    /// Sentences in gold.
    pub gold: usize,
    /// Those found.
    pub found: usize,
    /// `found / gold`.
    pub recall: f64,
}

/// Scores a run's records against gold.
///
/// Only documents that occur in gold are looked at. Gold actors and the run's are matched one to
/// one within a document and target: first where the names are equal but for case and titles, then
/// by [`same_actor`](super::same_actor). A gold sentence is found if some evidence of the
/// matching record contains it, or if evidence that lies within it makes up at least half of its
/// bytes, white space apart. Intervals are drawn over pieces.
pub fn run_against_gold<'a>(records: &'a [Record], gold: &'a [GoldRecord]) -> RunScores {
    let known: BTreeSet<&str> = gold.iter().map(|row| row.document.as_str()).collect();
    let in_gold = |record: &&'a Record| known.contains(record.document.as_str());
    let mut by_place: BTreeMap<Place<'_>, Vec<&Record>> = BTreeMap::new();
    for record in records.iter().filter(in_gold) {
        by_place.entry((&record.document, &record.target)).or_default().push(record);
    }
    let pieces: BTreeMap<&str, &str> =
        records.iter().map(|record| (record.document.as_str(), record.piece.as_str())).collect();

    let (author_rows, actor_rows): (Vec<&GoldRecord>, Vec<&GoldRecord>) =
        gold.iter().partition(|row| row.holder == Holder::Author.name());
    let authors = match_authors(&author_rows, &by_place);
    let actors = match_actors(&actor_rows, &by_place);
    let judged_places: BTreeSet<Place<'_>> = author_rows.iter().map(|row| place(row)).collect();
    let extra = by_place
        .iter()
        .filter(|(place, _)| !judged_places.contains(*place))
        .flat_map(|(_, records)| records)
        .filter(|record| record.holder == Holder::Author)
        .count();

    let judge = |&(row, record): &Match<'a>| {
        let piece = pieces.get(row.document.as_str()).copied();
        judged(row, record, piece)
    };
    let author_labels: Vec<Judged<'_>> = authors.iter().map(judge).collect();
    let found = actors.iter().filter(|(_, record)| record.is_some());
    let actor_labels: Vec<Judged<'_>> = found.map(judge).collect();
    RunScores {
        author: AuthorScores {
            labels: Scores::of(&author_labels),
            abstained: abstained(&authors),
            missing: missing(&authors),
            extra,
            reliability: reliability(&author_labels),
        },
        actors: ActorScores {
            triplets: Triplets::of(&actors, &by_place),
            labels: Scores::of(&actor_labels),
            abstained: abstained(&actors),
            missing: missing(&actors),
            reliability: reliability(&actor_labels),
        },
        author_evidence: EvidenceRecall::of(&authors),
        actor_evidence: EvidenceRecall::of(&actors),
        outside_gold: records.iter().filter(|record| !in_gold(record)).count(),
    }
}

/// Document and target.
type Place<'a> = (&'a str, &'a str);
/// A gold row and the record that answers it.
type Match<'a> = (&'a GoldRecord, Option<&'a Record>);

fn place(row: &GoldRecord) -> Place<'_> {
    (&row.document, &row.target)
}

fn match_authors<'a>(
    rows: &[&'a GoldRecord],
    by_place: &BTreeMap<Place<'a>, Vec<&'a Record>>,
) -> Vec<Match<'a>> {
    let answer = |row: &'a GoldRecord| {
        let records = by_place.get(&place(row))?;
        records.iter().copied().find(|record| record.holder == Holder::Author)
    };
    rows.iter().map(|&row| (row, answer(row))).collect()
}

fn match_actors<'a>(
    rows: &[&'a GoldRecord],
    by_place: &BTreeMap<Place<'a>, Vec<&'a Record>>,
) -> Vec<Match<'a>> {
    let mut matches: Vec<Match<'a>> = rows.iter().map(|&row| (row, None)).collect();
    let mut free: BTreeMap<Place<'a>, Vec<&'a Record>> = by_place.clone();
    let equal: fn(&str, &str) -> bool = |a, b| names::words(a) == names::words(b);
    for same in [equal, names::same_actor] {
        for (row, answer) in matches.iter_mut().filter(|(_, answer)| answer.is_none()) {
            let Some(records) = free.get_mut(&place(row)) else { continue };
            // Gold has the name that the document has.
            let named = |record: &Record| {
                let mut names = record.evidence.iter().filter_map(|e| e.named.as_deref());
                names.any(|name| same(name, &row.holder))
            };
            let is_actor = |record: &&Record| match &record.holder {
                Holder::Author => false,
                Holder::Actor(name) => same(name, &row.holder) || named(record),
            };
            *answer = records.iter().position(is_actor).map(|found| records.remove(found));
        }
    }
    matches
}

fn judged<'a>(row: &'a GoldRecord, record: Option<&Record>, piece: Option<&'a str>) -> Judged<'a> {
    Judged {
        gold: row.label,
        predicted: record.and_then(answer),
        probabilities: record.map(|record| record.probabilities),
        target: &row.target,
        cluster: Some(piece.unwrap_or(&row.document)),
    }
}

fn answer(record: &Record) -> Option<Label> {
    record.stance.label()
}

fn abstained(matches: &[Match<'_>]) -> usize {
    let stances = matches.iter().filter_map(|(_, record)| *record);
    stances.filter(|record| record.stance == Stance::Abstained).count()
}

fn missing(matches: &[Match<'_>]) -> usize {
    matches.iter().filter(|(_, record)| record.is_none()).count()
}

impl Triplets {
    fn of(matches: &[Match<'_>], by_place: &BTreeMap<Place<'_>, Vec<&Record>>) -> Self {
        let predicted = by_place
            .values()
            .flatten()
            .filter(|record| record.holder != Holder::Author && record.stance != Stance::Abstained)
            .count();
        let right = |(row, record): &&Match<'_>| record.and_then(answer) == Some(row.label);
        let correct = matches.iter().filter(right).count();
        let gold = matches.len();
        Self {
            gold,
            predicted,
            correct,
            precision: ratio(correct, predicted),
            recall: ratio(correct, gold),
            f1: ratio(2 * correct, predicted + gold),
        }
    }
}

impl EvidenceRecall {
    fn of(matches: &[Match<'_>]) -> Self {
        let mut recall = Self::default();
        for (row, record) in matches {
            let shown: Vec<String> = record
                .iter()
                .flat_map(|record| &record.evidence)
                .map(|evidence| squeezed(&evidence.text))
                .collect();
            recall.gold += row.evidence.len();
            recall.found += row.evidence.iter().filter(|text| is_shown(text, &shown)).count();
        }
        recall.recall = ratio(recall.found, recall.gold);
        recall
    }
}

fn is_shown(sentence: &str, shown: &[String]) -> bool {
    let sentence = squeezed(sentence);
    let within: BTreeSet<&String> =
        shown.iter().filter(|text| !text.is_empty() && sentence.contains(*text)).collect();
    let covered: usize = within.iter().map(|text| text.len()).sum();
    shown.iter().any(|text| text.contains(&sentence)) || 2 * covered >= sentence.len()
}

/// Every run of white space as one space, so that line breaks do not tell texts apart.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use standpoint_core::{Evidence, Probabilities, Span, Voice};

    fn record(document: &str, holder: &str, target: &str, stance: Stance, text: &str) -> Record {
        let probabilities = Probabilities::new(0.5, 0.25, 0.25);
        let holder = match holder {
            "author" => Holder::Author,
            name => Holder::Actor(name.to_owned()),
        };
        let evidence = Evidence {
            span: Span::new(0, text.len()),
            text: text.to_owned(),
            voice: Voice::Own,
            named: None,
            mention: None,
            cue: None,
            content: Vec::new(),
            probabilities,
            weight: 1.0,
        };
        Record {
            document: document.into(),
            piece: document.into(),
            holder,
            target: target.into(),
            stance,
            probabilities,
            passages: 1,
            evidence: vec![evidence],
        }
    }

    fn gold(document: &str, holder: &str, target: &str, label: Label, text: &str) -> GoldRecord {
        GoldRecord {
            document: document.into(),
            holder: holder.into(),
            target: target.into(),
            label,
            evidence: if text.is_empty() { vec![] } else { vec![text.to_owned()] },
        }
    }

    #[test]
    fn missing_abstained_and_extra_author_records_are_told_apart() {
        use Label::{Against, Favor, Neutral};
        let gold = [
            gold("a", "author", "levy", Favor, "The levy works."),
            gold("b", "author", "levy", Against, "It is ruinous."),
            gold("c", "author", "levy", Neutral, ""),
        ];
        let records = [
            record("a", "author", "levy", Stance::Favor, "The levy\nworks. It does."),
            record("a", "author", "station", Stance::Favor, "x"),
            record("b", "author", "levy", Stance::Abstained, "Nothing of it."),
            record("z", "author", "levy", Stance::Favor, "x"),
        ];
        let scores = run_against_gold(&records, &gold);
        let author = &scores.author;
        assert_eq!((author.missing, author.abstained, author.extra), (1, 1, 1));
        assert_eq!(scores.outside_gold, 1);
        let figures = &author.labels.overall;
        assert_eq!(figures.confusion.0, [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]);
        assert_eq!(
            figures.answered, 1,
            "a missing record is no answer, even where gold is neutral"
        );
        assert_eq!(scores.author_evidence, EvidenceRecall { gold: 2, found: 1, recall: 0.5 });
    }

    #[test]
    fn actors_are_matched_one_to_one_and_the_equal_name_first() {
        let gold = [
            gold("a", "Ilse Maron", "levy", Label::Favor, ""),
            gold("a", "Maron", "levy", Label::Against, ""),
            gold("a", "Otto Tolva", "levy", Label::Against, ""),
        ];
        let records = [
            record("a", "Mr. Maron", "levy", Stance::Against, ""),
            record("a", "ILSE MARON", "levy", Stance::Neutral, ""),
            record("a", "Bram Oduin", "levy", Stance::Favor, ""),
            record("a", "Otto Tolva", "station", Stance::Against, ""),
        ];
        let actors = run_against_gold(&records, &gold).actors;
        let Triplets { gold, predicted, correct, .. } = actors.triplets;
        assert_eq!((gold, predicted, correct), (3, 4, 1));
        assert!((actors.triplets.f1 - 2.0 / 7.0).abs() < 1e-12);
        assert_eq!((actors.missing, actors.abstained), (1, 0));
        let matched = &actors.labels.overall;
        assert_eq!(matched.confusion.0, [[0, 0, 1, 0], [0, 1, 0, 0], [0; 4]]);
    }

    #[test]
    fn a_sentence_is_found_by_half_of_its_bytes() {
        let shown = |texts: &[&str]| texts.iter().map(|text| squeezed(text)).collect::<Vec<_>>();
        assert!(is_shown("0123456789", &shown(&["01234"])));
        assert!(!is_shown("0123456789", &shown(&["0123"])));
        assert!(is_shown("0123456789", &shown(&["012", "789"])));
        assert!(!is_shown("0123456789", &shown(&["012", "012"])), "the same words count once");
        assert!(!is_shown("0123456789", &shown(&["", "abc"])));
    }
}
