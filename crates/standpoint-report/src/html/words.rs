//! Texts, numbers and positions as the page shows them.

use maud::{Markup, html};

/// A text from outside: escaped, and isolated so that writing directions and direction overrides
/// in it end with it.
pub(super) fn text(text: &str) -> Markup {
    html! { bdi { (text) } }
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
pub(super) fn count(count: impl TryInto<u64>, thing: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{} {thing}{}", number(count), if count == 1 { "" } else { "s" })
}

/// A share as `0.42`.
pub(super) fn hundredths(share: f64) -> String {
    format!("{share:.2}")
}

/// `+0.42`, `−0.10`; zero has no sign.
pub(super) fn signed(position: f64) -> String {
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
