use super::{
    ReportData,
    parts::{self, number, text},
};
use maud::{Markup, html};
use standpoint_core::Task;

/// What was read and what was not: every count of the run, the failures, models and settings.
pub(super) fn reading(data: &ReportData) -> Markup {
    let summary = &data.summary;
    html! {
        section #reading {
            h2 { "What was read and what was not" }
            div.columns {
                dl {
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
                dl {
                    (row("Pairs of passage and target", summary.pairs_possible, 0))
                    (row("bear on the target, by retrieval", summary.pairs_retrieved, 1))
                    (row("scored by the stance model", summary.pairs_scored, 1))
                    (row("Texts truncated", summary.truncated_texts, 0))
                    (row("tokens of them not read", summary.truncated_tokens, 1))
                    (row("Records", summary.records, 0))
                    (row("abstained", summary.abstained, 1))
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
                dl.models { @for model in &summary.models {
                    dt { (text(&model.name)) }
                    dd {
                        @match model.task {
                            Task::Embedding => "finds the passages that bear on a target",
                            Task::Stance => "tells the stance of a passage",
                            Task::Attribution => "tells who says what",
                        }
                        "; licence " (text(&model.license))
                        "; reads " (text(&model.languages.join(", "))) ", up to "
                        (parts::count(model.max_tokens, "token")) "; computed in "
                        (text(&model.precision)) "; hash "
                        code.hash { (text(&model.hash)) }
                    }
                } }
            }
            @if !summary.settings.is_empty() {
                h3 { "Settings" }
                table.settings { tbody { @for (name, value) in &summary.settings {
                    tr { th scope="row" { code { (text(name)) } } td { (text(value)) } }
                } } }
            }
        }
    }
}

fn row(name: &str, count: u64, depth: u8) -> Markup {
    html! {
        div.count.of-which[depth > 0] { dt { (text(name)) } dd { (number(count)) } }
    }
}

/// How to read the report, with the weaknesses that are known.
pub(super) fn guide(_: &ReportData) -> Markup {
    html! {
        section #guide {
            h2 { "How to read this" }
            ul {
                li {
                    "A stance is what the text says toward a target, by the judgement of a small "
                    "language model. It is not what the author privately thinks, and not whether "
                    "the text is right."
                }
                li {
                    "Read the evidence before you quote a stance. A record is a pointer to "
                    "sentences, and the sentences decide."
                }
                li {
                    "Irony, sarcasm and praise that is meant as blame are often taken at their "
                    "word."
                }
                li {
                    "Who speaks is found by rules about quotation marks and verbs of saying. A "
                    "quotation that runs over paragraphs, or a pronoun, may be credited to the "
                    "wrong holder."
                }
                li {
                    "Neutral means neither for nor against, or that the text does not bear on the "
                    "target. It does not mean balanced."
                }
                li {
                    "Abstained means that the model was not sure enough to answer. Abstained "
                    "pieces are counted and left out of means; many of them in one place are a "
                    "finding about the model, not about the outlet."
                }
                li {
                    "A passage's probabilities were calibrated on public development sets of other "
                    "texts than yours. A record's are their weighted mean: they rank records, and are "
                    "not calibrated themselves. To know how good they are on your texts, label some "
                    "and run " code { "standpoint eval" } "."
                }
                li {
                    "Stance is counted per piece, reach per placement. A column that forty "
                    "outlets print is one piece with forty placements."
                }
                li {
                    "The intervals tell how a mean would move with other pieces of the same kind. "
                    "They do not contain the errors of the model, nor those of the selection of "
                    "the documents."
                }
                li {
                    "What was cut, truncated, not scored or not readable is counted above. A "
                    "passage that retrieval did not find was not scored."
                }
            }
        }
    }
}
