use super::{
    ReportData,
    data::{PLACEMENTS, PlacedPiece, ShownRecord},
    parts::{self, text},
};
use maud::{Markup, html};
use standpoint_core::{Evidence, Holder, Stance};

/// The records with their evidence, by target and outlet; the records of one document together.
pub(super) fn records(data: &ReportData) -> Markup {
    let sample = &data.sample;
    let mut cells: Vec<_> =
        sample.cells.iter().filter(|(_, records)| !records.is_empty()).collect();
    cells.sort_by_key(|((target, outlet), _)| {
        (data.target_order(target), target, outlet.is_none(), outlet)
    });
    html! {
        section #records {
            h2 { "Records and their evidence" }
            p.note {
                "Every record is the stance of a holder toward a target in a document; of a piece, "
                "the document that stands for it is shown. The sentences are the document's own, "
                "the heaviest first; hovering over one tells its bytes. "
                @if sample.kept < sample.offered {
                    b {
                        (parts::number(sample.kept)) " of " (parts::count(sample.offered, "record"))
                        " are shown here"
                    }
                    ", shared out over targets and outlets; all of them stand in the tables "
                    code { "stances" } " and " code { "evidence" } "."
                }
            }
            (filter(data))
            @if cells.is_empty() { p { "There are no records." } }
            @for group in cells.chunk_by(|a, b| a.0.0 == b.0.0) {
                @let target = group[0].0.0.as_str();
                details.target open data-target=(target) {
                    summary { (text(data.target_text(target))) }
                    @for ((_, outlet), records) in group {
                        section.outlet {
                            h3 { (parts::outlet(outlet.as_deref())) }
                            @for of_document in records
                                .chunk_by(|a, b| a.place.document == b.place.document)
                            {
                                (document(of_document))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Shown by the script, since it does nothing without it.
fn filter(data: &ReportData) -> Markup {
    html! {
        form #filter hidden {
            input type="search" name="words" placeholder="Filter by words" aria-label="Words";
            select name="target" aria-label="Target" {
                option value="" { "every target" }
                @for target in data.targets() { option value=(target.id) { (target.text) } }
            }
            select name="stance" aria-label="Stance" {
                option value="" { "every stance" }
                @for stance in Stance::ALL { option { (stance.as_str()) } }
            }
            select name="holder" aria-label="Holder" {
                option value="" { "authors and actors" }
                option value="author" { "authors" }
                option value="actor" { "actors" }
            }
            output {}
        }
    }
}

/// The records of one document toward one target; there is at least one.
fn document(records: &[ShownRecord]) -> Markup {
    let ShownRecord { place, authors, kind, placements, .. } = &records[0];
    let title = place.title.as_deref().unwrap_or(&place.document);
    html! {
        article {
            h4 { (parts::linked(title, place.url.as_deref())) }
            p.meta {
                @if !authors.is_empty() {
                    span { @for (i, author) in authors.iter().enumerate() {
                        @if i > 0 { ", " } (text(author))
                    } }
                }
                @if let Some(published) = &place.published { span { (text(published)) } }
                span { (kind.as_str()) }
                @if *placements > 1 { span { (parts::number(*placements)) " placements" } }
            }
            @for record in records { (one(record)) }
        }
    }
}

fn one(shown: &ShownRecord) -> Markup {
    let ShownRecord { record, evidence_left, .. } = shown;
    html! {
        div.record data-stance=(record.stance.as_str()) data-holder=(record.holder.kind()) {
            p.stance {
                (parts::chip(record.stance)) " "
                span.holder { @match &record.holder {
                    Holder::Author => "author",
                    Holder::Actor(name) => { "actor " b { (text(name)) } },
                } } " "
                span.probabilities { (parts::probabilities(&record.probabilities)) }
            }
            @for evidence in &record.evidence { (quote(evidence)) }
            @if *evidence_left > 0 {
                p.meta { span { (parts::count(*evidence_left, "more passage")) } }
            }
        }
    }
}

fn quote(evidence: &Evidence) -> Markup {
    let span = evidence.span;
    let title = format!(
        "bytes {}–{} of the document; this passage alone: {}; weight {:.2}",
        span.start,
        span.end,
        parts::probabilities(&evidence.probabilities),
        evidence.weight
    );
    html! {
        blockquote title=(title) {
            (text(&evidence.text)) " " small.voice { (evidence.voice.as_str()) }
        }
    }
}

/// Pieces that ran in several outlets, by the date of their first placement.
pub(super) fn pieces(data: &ReportData) -> Markup {
    let mut pieces: Vec<&PlacedPiece> = data.pieces.iter().collect();
    pieces.sort_by_key(|piece| piece.places.first().map(|place| place.time()));
    html! {
        section #pieces {
            h2 { "Pieces that ran in several outlets" }
            p.note {
                "Near-identical documents are placements of one piece, in order of time. Nothing "
                "tells who wrote it first but the dates."
            }
            @if pieces.is_empty() { p { "No piece ran in more than one outlet." } }
            @for piece in &pieces {
                article.piece {
                    h4 { (first_title(piece)) }
                    p.meta {
                        span { (parts::count(piece.placements, "placement")) }
                        span { (parts::count(piece.outlets, "outlet")) }
                    }
                    ol { @for place in &piece.places {
                        li {
                            span.date { @match &place.published {
                                Some(published) => (text(published)),
                                None => "undated",
                            } }
                            " " b { (parts::outlet(place.outlet.as_deref())) } " "
                            (parts::linked(
                                place.title.as_deref().unwrap_or(&place.document),
                                place.url.as_deref(),
                            ))
                        }
                    } }
                    @if piece.placements > PLACEMENTS {
                        p.meta { span {
                            (parts::count(piece.placements - PLACEMENTS, "more placement"))
                        } }
                    }
                }
            }
            @if data.pieces_in_several > pieces.len() {
                p.note {
                    "The " (parts::number(pieces.len())) " with the most placements of "
                    (parts::number(data.pieces_in_several)) "; all stand in the table "
                    code { "pieces" } "."
                }
            }
        }
    }
}

fn first_title(piece: &PlacedPiece) -> Markup {
    let first = piece.places.first();
    text(first.map_or("", |place| place.title.as_deref().unwrap_or(&place.document)))
}
