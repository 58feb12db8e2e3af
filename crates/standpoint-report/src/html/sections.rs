//! What stands in the page without a script: its frame, the overview, what was read.

use super::ReportData;
use crate::aggregates::{Aggregate, Counts};
use maud::{Markup, html};
use standpoint_core::{Stance, Task};

/// Most rows of one target in the overview that stands there without a script.
const ROWS: usize = 40;

/// What the run is, in two sentences, and where to find what.
pub(super) fn header(data: &ReportData) -> Markup {
    let summary = &data.summary;
    html! {
        a.skip href="#main" { "Skip to the report" }
        header {
            p.kicker { "Standpoint report" }
            h1 { "Who stands where" }
            p.lead {
                (count(summary.documents, "document")) " from " (count(data.outlets(), "outlet"))
                ", " (count(summary.pieces, "piece"))
                " once near-identical ones are taken together, read for their stance toward "
                (count(data.targets().len(), "target")) ". "
                @if summary.failed > 0 { (count(summary.failed, "input")) " could not be read. " }
                "The stances are a small model’s reading: "
                a href="#guide" { "how far to trust them" } "."
            }
        }
        nav aria-label="Sections" {
            a href="#standing" { "Where everybody stands" }
            a href="#trends" { "How it moved" }
            a href="#network" { "Who agrees" }
            a href="#records" { "Show me" }
            a href="#pieces" { "What ran where" }
            a href="#reading" { "Can I believe it?" }
        }
    }
}

/// The six answers; the script fills those that are empty here.
pub(super) fn sections(data: &ReportData) -> Markup {
    let needs_script = || {
        html! {
            p.note.waiting { "This part is drawn by the page’s script; its figures stand in the tables." }
        }
    };
    html! {
        section #standing aria-labelledby="h-standing" {
            h2 #h-standing { "Where does everybody stand?" }
            div.body { (overview(data)) }
        }
        section #trends aria-labelledby="h-trends" {
            h2 #h-trends { "How did it move?" }
            div.body { (needs_script()) }
        }
        section #network aria-labelledby="h-network" {
            h2 #h-network { "Who agrees with whom?" }
            div.body { (needs_script()) }
        }
        section #records aria-labelledby="h-records" {
            h2 #h-records tabindex="-1" { "Show me" }
            div.body { (needs_script()) }
        }
        section #pieces aria-labelledby="h-pieces" {
            h2 #h-pieces { "What ran where" }
            div.body { (needs_script()) }
        }
        section #reading aria-labelledby="h-reading" {
            h2 #h-reading { "Can I believe it?" }
            (guide(data))
            (reading(data))
        }
    }
}

/// Authors' stances by target and outlet, as one plain table.
fn overview(data: &ReportData) -> Markup {
    let mut targets = data.aggregates().targets();
    targets.sort_by_key(|row| data.target_order(&row.target));
    html! {
        @if targets.is_empty() { p { "No author takes up any of the targets." } } @else {
            table.overview {
                caption { "Stances of authors, in pieces" }
                thead { tr {
                    th scope="col" { "Outlet" }
                    @for stance in Stance::ALL { th.n scope="col" { (stance.as_str()) } }
                    th.n scope="col" { "placements" }
                    th.n scope="col" { "mean position, 95 % interval" }
                } }
                @for row in &targets {
                    tbody {
                        tr { th colspan="7" scope="rowgroup" {
                            (text(data.target_text(&row.target)))
                        } }
                        (figures(&html! { "All outlets" }, &row.total))
                        @for (outlet, aggregate) in row.outlets.iter().take(ROWS) {
                            (figures(&name(outlet.as_deref()), aggregate))
                        }
                    }
                }
            }
            @if targets.iter().any(|row| row.outlets.len() > ROWS) {
                p.note { "The first " (ROWS) " outlets of each target; all stand in the table "
                    code { "stances" } "." }
            }
        }
    }
}

fn figures(name: &Markup, aggregate: &Aggregate) -> Markup {
    html! {
        tr {
            th scope="row" { (name) }
            @for stance in Stance::ALL { td.n { (number(aggregate.pieces.of(stance))) } }
            td.n { (number(aggregate.placements.sum())) }
            td.n {
                @if let Some(position) = aggregate.position { (signed(position)) }
                @if let Some(interval) = aggregate.interval {
                    " (" (signed(interval.low)) " to " (signed(interval.high)) ")"
                }
            }
        }
    }
}

fn name(outlet: Option<&str>) -> Markup {
    match outlet {
        Some(name) => text(name),
        None => html! { i { "no outlet stated" } },
    }
}

/// How to read the report, with the weaknesses that are known.
fn guide(data: &ReportData) -> Markup {
    html! {
        div.guide #guide {
            h3 { "How to read this" }
            ol {
                li { "A stance is what a text says toward a target, in the judgement of a small language
                    model. It is not what its author privately thinks, nor whether the text is right." }
                li { "Read the sentences before you quote a label. A record points to sentences, and the
                    sentences decide." }
                li { "Irony, understatement and praise meant as blame are often taken at their word." }
                li { "Who speaks is found by rules about quotation marks and verbs of saying: a view may be
                    credited to the wrong holder, and what is nobody’s is left out." }
                li { b { "Neutral" } " means neither for nor against, or that the text does not bear on the
                    target. It does not mean balanced." }
                li { b { "Abstained" } " means that the model was not sure enough to answer. Such pieces are
                    counted and left out of means." }
                li { "The " b { "probability" } " of a single passage was calibrated on other texts than yours.
                    A record’s is a weighted mean of several: it ranks records and is not calibrated itself." }
                li { "Stance is counted per " b { "piece" } ", reach per " b { "placement" } ": a column that
                    forty outlets print is one piece with forty placements." }
                li { "An " b { "interval" } " tells how a mean would move with other pieces of the same kind. It
                    holds neither the model’s errors nor those of the selection; of a handful of pieces it is
                    too narrow, of one there is none." }
                li { "What retrieval did not find was not scored; what was cut, truncated, not scored or not
                    readable is counted below." }
            }
            (agreement(data))
        }
    }
}

/// What is known of how right the records are.
fn agreement(data: &ReportData) -> Markup {
    let answers = answers(data);
    html! {
        div.facts {
            p {
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
            p {
                b { "Agreement with people. " }
                "This run was not compared with labels made by people, so nothing here tells how often it is
                right. Label some records and run " code { "standpoint eval --run … --gold …" } "; the card of
                the model tells how it does on public data."
            }
        }
    }
}

fn answers(data: &ReportData) -> Counts {
    data.aggregates().answers()
}

/// Every count of the run, the failures, models and settings.
fn reading(data: &ReportData) -> Markup {
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
                    (row("Records", summary.records, 0))
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
                        dt { "Hash" } dd { code.hash { (text(&model.hash)) } }
                        dt { "Card" } dd { code { "standpoint models show " (text(&model.name)) } }
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

fn row(name: &str, count: u64, depth: u8) -> Markup {
    html! {
        tr.of-which[depth > 0] { th scope="row" { (text(name)) } td.n { (number(count)) } }
    }
}

/// A text from outside: escaped, and isolated so that writing directions and direction overrides
/// in it end with it.
fn text(text: &str) -> Markup {
    html! { bdi { (text) } }
}

/// `1,204`.
fn number(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1,204 pieces`, `1 piece`.
fn count(count: impl TryInto<u64>, thing: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{} {thing}{}", number(count), if count == 1 { "" } else { "s" })
}

/// `+0.42`, `−0.10`; zero has no sign.
fn signed(position: f64) -> String {
    let rounded = format!("{:.2}", position.abs());
    match rounded.as_str() {
        "0.00" => rounded,
        _ if position < 0.0 => format!("−{rounded}"),
        _ => format!("+{rounded}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_positions_signed() {
        assert_eq!([0u64, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.421, -0.1, 0.004, -0.004].map(signed), ["+0.42", "−0.10", "0.00", "0.00"]);
    }
}
