//! Small things that every section is made of.

use crate::aggregates::{Aggregate, Counts};
use maud::{Markup, html};
use standpoint_core::{Probabilities, Stance};

/// A text from outside: escaped, and isolated so that writing directions and direction overrides
/// in it end with it.
pub(super) fn text(text: &str) -> Markup {
    html! { bdi { (text) } }
}

/// A text from outside, as a link if the address is of the web; no other scheme becomes a link.
pub(super) fn linked(label: &str, url: Option<&str>) -> Markup {
    let web = |url: &&str| {
        let scheme =
            |name: &str| url.get(..name.len()).is_some_and(|x| x.eq_ignore_ascii_case(name));
        scheme("https://") || scheme("http://")
    };
    match url.filter(web) {
        Some(url) => html! { a href=(url) rel="noopener noreferrer" { (text(label)) } },
        None => text(label),
    }
}

/// The name of an outlet, or that there is none.
pub(super) fn outlet(name: Option<&str>) -> Markup {
    match name {
        Some(name) => text(name),
        None => html! { i { "no outlet stated" } },
    }
}

/// `1,204`.
pub(super) fn number(number: impl TryInto<u64>) -> String {
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
pub(super) fn count(count: usize, thing: &str) -> String {
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

/// The hatching of abstained parts, defined once for all drawings of the page.
pub(super) fn patterns() -> Markup {
    html! {
        svg.defs width="0" height="0" aria-hidden="true" {
            defs {
                pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)" {
                    rect.hatch-ground width="5" height="5" {}
                    rect.hatch-line width="1.6" height="5" {}
                }
            }
        }
    }
}

/// Pixels for a share of one, in a bar.
const UNIT: f64 = 68.0;

/// The pieces of a cell as a bar: against to the left of the middle, favor to the right, neutral
/// astride it, abstained apart at the right, all on one scale.
pub(super) fn bar(counts: &Counts) -> Markup {
    let total = counts.sum().max(1) as f64;
    let width = |stance| UNIT * counts.of(stance) as f64 / total;
    let neutral = width(Stance::Neutral);
    let against_from = UNIT - neutral / 2.0 - width(Stance::Against);
    let parts = [
        (Stance::Against, against_from),
        (Stance::Neutral, UNIT - neutral / 2.0),
        (Stance::Favor, UNIT + neutral / 2.0),
        (Stance::Abstained, 2.0 * UNIT + 8.0),
    ];
    html! {
        svg.bar viewBox="0 0 212 18" width="212" height="18" aria-hidden="true" {
            @for (stance, from) in parts.into_iter().filter(|(stance, _)| counts.of(*stance) > 0) {
                rect class=(stance.as_str()) x=(px(from)) y="2" width=(px(width(stance)))
                    height="14" {}
            }
            line.axis x1=(px(UNIT)) x2=(px(UNIT)) y1="0" y2="18" {}
        }
    }
}

/// The counts of a cell in words, the stances that do not occur left out; placements only where
/// they tell something else.
pub(super) fn counts(aggregate: &Aggregate) -> Markup {
    let pieces = &aggregate.pieces;
    html! {
        span.counts {
            @for stance in Stance::ALL.into_iter().filter(|stance| pieces.of(*stance) > 0) {
                span class=(stance.as_str()) { b { (number(pieces.of(stance))) } " " (stance.as_str()) }
                " "
            }
        }
        @if aggregate.placements != *pieces {
            small { "in " (count(aggregate.placements.sum(), "placement")) }
        }
    }
}

/// The mean position as a dot with its interval on a line from −1 to +1.
pub(super) fn whisker(aggregate: &Aggregate) -> Markup {
    let x = |position: f64| px(60.0 + 54.0 * position);
    html! {
        svg.whisker viewBox="0 0 120 18" width="120" height="18" aria-hidden="true" {
            line.rail x1="6" x2="114" y1="9" y2="9" {}
            line.axis x1="60" x2="60" y1="4" y2="14" {}
            @if let Some(interval) = aggregate.interval {
                line.range x1=(x(interval.low)) x2=(x(interval.high)) y1="9" y2="9" {}
            }
            @if let Some(position) = aggregate.position {
                circle.dot cx=(x(position)) cy="9" r="4" {}
            }
        }
    }
}

/// The mean position and its interval in figures.
pub(super) fn mean(aggregate: &Aggregate) -> Markup {
    html! {
        @match aggregate.position {
            Some(position) => {
                span.mean { (signed(position)) }
                @if let Some(interval) = aggregate.interval {
                    " " small.interval { (signed(interval.low)) " to " (signed(interval.high)) }
                }
            }
            None => span.none { "–" },
        }
    }
}

/// A stance as a coloured label.
pub(super) fn chip(stance: Stance) -> Markup {
    html! { span.chip.(stance.as_str()) { (stance.as_str()) } }
}

/// `favor 0.81 · against 0.07 · neutral 0.12`.
pub(super) fn probabilities(p: &Probabilities) -> String {
    format!("favor {:.2} · against {:.2} · neutral {:.2}", p.favor, p.against, p.neutral)
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_positions_signed() {
        assert_eq!([0usize, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.421, -0.1, 0.004, -0.004].map(signed), ["+0.42", "−0.10", "0.00", "0.00"]);
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        for url in ["https://x.example/a", "HTTP://x.example"] {
            assert!(linked("x", Some(url)).into_string().starts_with("<a href="), "{url}");
        }
        for url in ["javascript:alert(1)", " https://x.example", "data:text/html,x", "//x", "", "é"]
        {
            assert_eq!(linked("x", Some(url)).into_string(), "<bdi>x</bdi>", "{url}");
        }
    }
}
