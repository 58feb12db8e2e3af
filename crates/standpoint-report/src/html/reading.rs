//! "Can I believe it?": how to read the report, how far it agrees with people, and what was read, by what.

use super::ReportData;
use super::words::{count, hundredths, number, text};
use crate::bootstrap::Estimate;
use crate::evaluation::{Band, EvidenceRecall, Figures, RunScores};
use maud::{Markup, html};
use standpoint_core::Task;

/// How to read the report, with the weaknesses that are known.
pub(super) fn guide(data: &ReportData) -> Markup {
    html! {
        div.guide #guide {
            h3 { "How to read this" }
            ol {
                li { "A stance is what a text says toward a target, in the judgement of a small language
                    model. It is not what its author privately thinks, nor whether the text is right." }
                li { "Read the sentences before you quote a label. A record points to sentences, and the
                    sentences decide." }
                li { "Irony, understatement and praise meant as blame are often taken at their word." }
                li { "Who speaks is found by a tagger that errs, too: a view may be credited to the wrong
                    holder, and what is nobody’s is left out. What a quoted actor holds is harder to tell
                    than what an author does, and more often wrong." }
                li { b { "Neutral" } " means neither for nor against, or that the text does not bear on the
                    target. It does not mean balanced." }
                li { b { "Abstained" } " means that the model was not sure enough to answer. Such pieces are
                    counted and left out of means." }
                li { "The " b { "probability" } " of a single passage was calibrated on "
                    @if calibration(data).is_some() { "labels that you gave" } @else { "other texts than yours" }
                    ". A record’s is a weighted mean of several: it ranks records and is not calibrated itself." }
                li { "Stance is counted per " b { "piece" } ", reach per " b { "placement" } ": a column that
                    forty outlets print is one piece with forty placements." }
                li { "An " b { "interval" } " tells how a mean would move with other pieces of the same kind. It
                    holds neither the model’s errors nor those of the selection; of a handful of pieces it is
                    too narrow, of one there is none." }
                li { "What retrieval did not find was not scored; what was cut, truncated, not scored or not
                    readable is counted below." }
            }
            (abstention(data))
            (agreement(data))
        }
    }
}

/// How often the model gave no answer.
fn abstention(data: &ReportData) -> Markup {
    let answers = data.aggregates().answers();
    html! {
        p.facts {
            b { "Abstention. " }
            @if let Some(threshold) = data.summary.settings.get("abstain_below") {
                "A record gives no answer where its best label has a probability below "
                (text(threshold)) ". "
            }
            "That is so of " (number(data.summary.abstained)) " of "
            (count(data.summary.records, "record"))
            @if answers.sum() > 0 {
                ", and of " (number(answers.abstained)) " of "
                (count(answers.sum(), "stance")) " of authors, counted per piece"
            }
            "."
        }
    }
}

/// How far the records agree with labels that people gave.
fn agreement(data: &ReportData) -> Markup {
    let Some(scores) = data.agreement() else {
        return html! {
            p.facts {
                b { "Agreement with people. " }
                "This run was not compared with labels made by people, so nothing here tells how often it is
                right. Label some records (" code { "standpoint sample" } ", " code { "export" } ", "
                code { "import" } ") and run " code { "standpoint report … --html … --gold …" } "; the card of
                the model, below, tells how it does on public data."
            }
        };
    };
    let RunScores { author, actors, .. } = &scores;
    let by = data.summary.gold_by.as_deref().unwrap_or("people");
    html! {
        h3 #agreement { "How often it is right here" }
        p.facts {
            (count(author.labels.overall.rows, "stance")) " of authors and "
            (number(actors.triplets.gold)) " of quoted actors were labelled by " (text(by))
            ". Of the authors’ that the run answers, " b { (right(&author.labels.overall)) }
            " are right; of the actors’ that it found and answers, "
            b { (right(&actors.labels.overall)) } ". "
            "Who holds what toward which target, all three right, among actors: precision "
            (hundredths(actors.triplets.precision)) ", recall " (hundredths(actors.triplets.recall))
            ". In the tables an abstention or a missing record is “no answer” and counts as wrong. F1 is 1 where
            every label is found and no other is given."
        }
        div.ledger {
            (labels("Authors", &author.labels.overall, &scores.author_evidence))
            (labels("Quoted actors that were found", &actors.labels.overall, &scores.actor_evidence))
        }
        div.ledger {
            (bands("Authors: how often a label is right that has this probability", &author.reliability))
            (bands("Actors: how often a label is right that has this probability", &actors.reliability))
        }
    }
}

/// How many of the answered rows are right, and of how many.
fn right(figures: &Figures) -> String {
    let [right, answered] = figures.right_of_answered();
    format!("{} of {}", number(right), number(answered))
}

/// Labels of people against answers of the run, and what they come to.
fn labels(whose: &str, figures: &Figures, evidence: &EvidenceRecall) -> Markup {
    let Estimate { value, interval } = figures.macro_f1;
    html! {
        div.scroll { table.agreement {
            caption {
                (whose) ": macro-F1 " b { (hundredths(value)) }
                @if let Some(interval) = interval {
                    " (95 % interval " (hundredths(interval.low)) " to " (hundredths(interval.high)) ")"
                }
                @if evidence.gold > 0 {
                    "; " (number(evidence.found)) " of " (number(evidence.gold))
                    " sentences that show it are in the evidence"
                }
            }
            thead { tr {
                th scope="col" { "Labelled" }
                @for answer in ANSWERS { th.n scope="col" { "run: " (answer) } }
                th.n scope="col" { "F1" }
            } }
            tbody { @for (class, answers) in figures.classes.iter().zip(figures.confusion.0) {
                tr {
                    th scope="row" { (class.label.as_str()) }
                    @for answer in answers { td.n { (number(answer)) } }
                    td.n { (hundredths(class.f1)) }
                }
            } }
        } }
    }
}

/// Names of the columns of a [`Confusion`](crate::evaluation::Confusion).
const ANSWERS: [&str; 4] = ["favor", "against", "neutral", "no answer"];

/// A reliability diagram as a table.
fn bands(caption: &str, bands: &[Band]) -> Markup {
    html! {
        @if !bands.is_empty() { div.scroll { table.agreement {
            caption { (caption) }
            thead { tr {
                th scope="col" { "Probability" }
                th.n scope="col" { "records" }
                th.n scope="col" { "right" }
                th.n scope="col" { "share" }
                th.n scope="col" { "95 % interval" }
            } }
            tbody { @for band in bands {
                tr {
                    th scope="row" { (hundredths(band.from)) " to " (hundredths(band.to)) }
                    td.n { (number(band.rows)) }
                    td.n { (number(band.right)) }
                    td.n { (hundredths(band.right as f64 / band.rows as f64)) }
                    td.n { @match band.interval {
                        Some(i) => { (hundredths(i.low)) " to " (hundredths(i.high)) }
                        None => "–",
                    } }
                }
            } }
        } } }
    }
}

/// Every count of the run, the failures, models and settings.
pub(super) fn reading(data: &ReportData) -> Markup {
    let summary = &data.summary;
    html! {
        h3 { "What was read and what was not" }
        div.ledger {
            table {
                caption { "Documents" }
                tbody {
                    (row("Documents read", summary.documents, 0))
                    (row("Inputs that could not be read", summary.failed, 0))
                    (row("Files of a kind that is not read", summary.skipped_files, 0))
                    (row("Documents not scored", summary.not_scored.values().sum(), 0))
                    @for (reason, &count) in &summary.not_scored { (row(reason, count, 1)) }
                    (row("Pieces", summary.pieces, 0))
                    (row("Placements", summary.placements, 0))
                    (row("Passages", summary.passages, 0))
                    (row("Spans cut as boilerplate", summary.cuts.values().sum(), 0))
                    @for (reason, &count) in &summary.cuts { (row(reason.as_str(), count, 1)) }
                }
            }
            table {
                caption { "Scoring" }
                tbody {
                    (row("Pairs of passage and target", summary.pairs_possible, 0))
                    (row("bear on the target, by retrieval", summary.pairs_retrieved, 1))
                    (row("scored by the stance model", summary.pairs_scored, 1))
                    (row("Texts truncated", summary.truncated_texts, 0))
                    (row("tokens of them not read", summary.truncated_tokens, 1))
                    (row("Records, copies of a piece included", summary.records, 0))
                    (row("abstained", summary.abstained, 1))
                }
            }
        }
        @if !data.failures.is_empty() {
            h3 { "Inputs that could not be read" }
            ul.failures { @for failure in &data.failures {
                li { code { (text(&failure.at.to_string())) } " " (text(&failure.reason)) }
            } }
            @if summary.failed > data.failures.len() as u64 {
                p.note {
                    "The first " (number(data.failures.len())) " of " (number(summary.failed))
                    "; all stand in " code { "errors.jsonl" } "."
                }
            }
        }
        @if !summary.models.is_empty() {
            h3 { "Models" }
            @for model in &summary.models {
                div.model {
                    p {
                        b { (text(&model.name)) } " "
                        @match model.task {
                            Task::Embedding => "finds the passages that bear on a target.",
                            Task::Stance => "tells the stance of a passage.",
                            Task::Attribution => "tells who says what.",
                        }
                    }
                    dl {
                        dt { "Licence" } dd { (text(&model.license)) }
                        dt { "Languages" } dd { (text(&model.languages.join(", "))) }
                        dt { "Reads at most" } dd { (count(model.max_tokens, "token")) }
                        dt { "Computed in" } dd { (text(&model.precision)) }
                        @if model.task == Task::Stance {
                            dt { "Calibration" }
                            dd { @match calibration(data) {
                                Some(own) => { "fitted to labels of yours: temperature " (text(own)) }
                                None => "the one that comes with it; see its card",
                            } }
                        }
                        dt { "Hash" } dd { code.hash { (text(&model.hash)) } }
                    }
                    @if let Some(card) = summary.cards.get(&model.name) {
                        details { summary { "Its card" } pre.card tabindex="0" { (text(card)) } }
                    }
                }
            }
        }
        @if !summary.settings.is_empty() {
            h3 { "Settings" }
            table.settings { tbody { @for (name, value) in &summary.settings {
                tr { th scope="row" { code { (text(name)) } } td { (text(value)) } }
            } } }
        }
    }
}

/// The calibration that the user's own labels gave, where there is one.
fn calibration(data: &ReportData) -> Option<&String> {
    data.summary.settings.get("calibration")
}

fn row(name: &str, count: u64, depth: u8) -> Markup {
    html! {
        tr.of-which[depth > 0] { th scope="row" { (text(name)) } td.n { (number(count)) } }
    }
}
