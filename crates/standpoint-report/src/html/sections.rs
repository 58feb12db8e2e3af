//! What stands in the page without a script: its frame, the overview, what was read.

use super::ReportData;
use super::reading::{guide, reading};
use super::words::{count, number, signed, text};
use crate::aggregates::{Aggregate, Cell, Grouping};
use maud::{Markup, html};
use standpoint_core::Stance;

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
    let outlets = data.aggregates().by(Grouping::Outlet);
    let mut targets: Vec<Cell<'_>> = data.aggregates().by(Grouping::All).cells().collect();
    targets.sort_by_key(|cell| data.target_order(cell.target));
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
                            (text(data.target_text(row.target)))
                        } }
                        (figures(&html! { "All outlets" }, &row.aggregate()))
                        @for outlet in outlets.of(row.target).take(ROWS) {
                            (figures(&name(outlet.group), &outlet.aggregate()))
                        }
                    }
                }
            }
            @if targets.iter().any(|row| outlets.of(row.target).count() > ROWS) {
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
