use super::{
    ReportData,
    parts::{self, text},
};
use crate::aggregates::{ActorAggregate, Aggregate};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Most actors shown: those in the most pieces.
const ACTORS: usize = 200;

/// Where everybody stands: for every target the outlets together, then each.
pub(super) fn outlets(data: &ReportData) -> Markup {
    let mut targets = data.aggregates().targets();
    targets.sort_by_key(|row| data.target_order(&row.target));
    html! {
        section #outlets {
            h2 { "Where outlets stand" }
            p.note {
                "Stances of authors. A piece counts once at every outlet that placed it, and once "
                "in the row of all outlets. Mean position: probability of favor minus that of "
                "against, from −1 to +1, over the pieces that did not abstain, with its 95 % "
                "bootstrap interval; one piece gives no interval, and a few give one that is too "
                "narrow."
            }
            (legend())
            @if targets.is_empty() { p { "No author takes up any of the targets." } }
            table.stances {
                thead {
                    tr {
                        th scope="col" { "Outlet" }
                        th scope="col" { "Share of pieces" }
                        th scope="col" { "Pieces" }
                        th scope="col" colspan="2" { "Mean position" }
                    }
                }
                @for row in &targets {
                    tbody {
                        tr.target { th colspan="5" scope="rowgroup" {
                            (text(data.target_text(&row.target)))
                        } }
                        tr.total { (cells(html! { "All outlets" }, &row.total)) }
                        @for (outlet, aggregate) in &row.outlets {
                            tr { (cells(parts::outlet(outlet.as_deref()), aggregate)) }
                        }
                    }
                }
            }
        }
    }
}

fn cells(name: Markup, aggregate: &Aggregate) -> Markup {
    html! {
        th scope="row" { (name) }
        td.draw { (parts::bar(&aggregate.pieces)) }
        td { (parts::counts(aggregate)) }
        td.draw { (parts::whisker(aggregate)) }
        td.figures { (parts::mean(aggregate)) }
    }
}

fn legend() -> Markup {
    html! {
        p.legend aria-hidden="true" {
            span.against { "against" } span.neutral { "neutral" }
            span.favor { "favor" } span.abstained { "abstained" }
        }
    }
}

/// Actors by targets, those in the most pieces first.
pub(super) fn actors(data: &ReportData) -> Markup {
    let mut targets: Vec<String> = Vec::new();
    let mut actors: BTreeMap<String, BTreeMap<String, Aggregate>> = BTreeMap::new();
    for ActorAggregate { actor, target, aggregate } in data.aggregates().actors() {
        if !targets.contains(&target) {
            targets.push(target.clone());
        }
        actors.entry(actor).or_default().insert(target, aggregate);
    }
    targets.sort_by_key(|target| data.target_order(target));
    let mut actors: Vec<_> = actors.into_iter().collect();
    let pieces = |cells: &BTreeMap<String, Aggregate>| -> usize {
        cells.values().map(|aggregate| aggregate.pieces.sum()).sum()
    };
    actors.sort_by_key(|(_, cells)| std::cmp::Reverse(pieces(cells)));
    let left = actors.len().saturating_sub(ACTORS);
    actors.truncate(ACTORS);
    html! {
        section #actors {
            h2 { "Where actors stand" }
            p.note {
                "People and bodies that the texts quote or paraphrase, by the fullest name given, "
                "counted over pieces. What they say is what the texts report of them."
            }
            @if actors.is_empty() { p { "No actor was found to take a stance." } } @else {
                div.wide tabindex="0" {
                    table.actors {
                        thead { tr {
                            th scope="col" { "Actor" }
                            @for target in &targets {
                                th scope="col" { (text(data.target_text(target))) }
                            }
                        } }
                        tbody {
                            @for (actor, cells) in &actors {
                                tr {
                                    th scope="row" { (text(actor)) }
                                    @for target in &targets {
                                        td { @if let Some(aggregate) = cells.get(target) {
                                            (parts::counts(aggregate))
                                            div { (parts::mean(aggregate)) }
                                        } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if left > 0 {
                p.note { (parts::count(left, "more actor")) " in the table " code { "stances" } "." }
            }
        }
    }
}
