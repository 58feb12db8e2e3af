//! Dates of publication, in the forms in which articles state them.
//!
//! A date that can be read in two ways is not read: 03/04/2026 is a day in March to some and in
//! April to others, and a wrong date is worse than none. Nor is one that programs write where they
//! have none, like 1970-01-01T00:00:00.
//!
//! A time with a zone is the day that it was in that zone: an evening in New York is the next day in
//! UTC, but its newspaper has the day of New York.

use std::sync::LazyLock;

use regex::Regex;

/// Names of months, English and German, by their first letters.
const MONTHS: [&[&str]; 12] = [
    &["jan", "jän"],
    &["feb"],
    &["mar", "mär", "mrz"],
    &["apr"],
    &["may", "mai"],
    &["jun"],
    &["jul"],
    &["aug"],
    &["sep"],
    &["oct", "okt"],
    &["nov"],
    &["dec", "dez"],
];

const MONTH: &str = r"(?i:(jan(?:uary|uar)?|jänner|feb(?:ruary|ruar)?|mar(?:ch)?|märz|mrz|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?))\.?";

/// Years in which what is read here was published: newspapers begin in 1605.
const YEARS: std::ops::RangeInclusive<u32> = 1600..=2100;

/// What programs write for a date that they do not have: the zero of their clocks.
const ZEROS: [&str; 4] =
    ["0001-01-01T00:00", "1601-01-01T00:00", "1899-12-30T00:00", "1970-01-01T00:00"];

struct Forms {
    iso: Regex,
    day_month: Regex,
    month_day: Regex,
    numbers: Regex,
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let form = |pattern: &str| Regex::new(pattern).expect("a valid expression");
    Forms {
        iso: form(r"\b([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:\b|T)"),
        day_month: form(&format!(r"\b([0-9]{{1,2}})(?:st|nd|rd|th)?\.? {MONTH},? ([0-9]{{4}})\b")),
        month_day: form(&format!(r"\b{MONTH} ([0-9]{{1,2}})(?:st|nd|rd|th)?,? ([0-9]{{4}})\b")),
        numbers: form(r"\b([0-9]{1,2})([-/.])([0-9]{1,2})[-/.]([0-9]{4})\b"),
    }
});

/// The first date in `text` as `YYYY-MM-DD`; `None` where there is none, where it does not exist
/// (30 February) or where it can be read in two ways.
pub(crate) fn parse(text: &str) -> Option<String> {
    let whole = text.trim();
    if ZEROS.iter().any(|zero| whole.replacen(' ', "T", 1).starts_with(zero)) {
        return None;
    }
    if whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return clock(whole);
    }
    if let Some(found) = FORMS.iso.captures(text) {
        return date(number(&found[1])?, number(&found[2])?, number(&found[3])?);
    }
    if let Some(found) = FORMS.day_month.captures(text) {
        return date(number(&found[3])?, month(&found[2])?, number(&found[1])?);
    }
    if let Some(found) = FORMS.month_day.captures(text) {
        return date(number(&found[3])?, month(&found[1])?, number(&found[2])?);
    }
    let found = FORMS.numbers.captures(text)?;
    let (first, second, year) = (number(&found[1])?, number(&found[3])?, number(&found[4])?);
    match (first, second) {
        // With dots the day stands first wherever dates are written so.
        _ if &found[2] == "." => date(year, second, first),
        (13.., 1..=12) => date(year, second, first),
        (1..=12, 13..) => date(year, first, second),
        _ if first == second => date(year, first, second),
        _ => None,
    }
}

/// The date in a number: a day as 20260308, or seconds or milliseconds since 1970, UTC.
fn clock(digits: &str) -> Option<String> {
    match digits.len() {
        8 => date(number(&digits[..4])?, number(&digits[4..6])?, number(&digits[6..])?),
        10 => Some(from_days(digits.parse::<i64>().ok()? / 86_400)),
        13 => Some(from_days(digits.parse::<i64>().ok()? / 86_400_000)),
        _ => None,
    }
}

/// The date that lies `days` days after 1970-01-01.
///
/// Howard Hinnant's `civil_from_days`: <https://howardhinnant.github.io/date_algorithms.html>.
pub(crate) fn from_days(days: i64) -> String {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn number(digits: &str) -> Option<u32> {
    digits.parse().ok()
}

fn month(name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    let at = MONTHS.iter().position(|starts| starts.iter().any(|start| name.starts_with(start)))?;
    u32::try_from(at + 1).ok()
}

fn date(year: u32, month: u32, day: u32) -> Option<String> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    let exists = YEARS.contains(&year) && (1..=days).contains(&day);
    exists.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_are_read() {
        for (text, expected) in [
            ("2026-02-05T16:40:00+01:00", "2026-02-05"),
            ("2026/3/9", "2026-03-09"),
            ("Published 12 March 2026", "2026-03-12"),
            ("Thursday, January 22, 2026", "2026-01-22"),
            ("11 Feb. 2026", "2026-02-11"),
            ("Sept. 5th, 2025", "2025-09-05"),
            ("13. März 2026", "2026-03-13"),
            ("Mon, 16 Mar 2026 10:00:00 GMT", "2026-03-16"),
            ("Published: 16/04/2026 05:00", "2026-04-16"),
            ("04/16/2026", "2026-04-16"),
            ("3.4.2026", "2026-04-03"),
            ("29 February 2024", "2024-02-29"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_ambiguous_or_impossible_is_not_read() {
        for text in ["03/04/2026", "30 February 2026", "2026-13-01", "March 2026", "", "1500"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("05/05/2026").as_deref(), Some("2026-05-05"), "both readings agree");
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(from_days(0), "1970-01-01");
        assert_eq!(from_days(-1), "1969-12-31");
        assert_eq!(from_days(20_512), "2026-02-28");
        assert_eq!(from_days(11_016), "2000-02-29");
    }
}
