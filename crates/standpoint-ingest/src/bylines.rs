//! Who wrote it: names out of bylines.
//!
//! "Better no author than a wrong one": a desk, a board or an agency is no author, and words that
//! are not shaped like a person's name are passed over.

/// What a byline says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Byline {
    /// The people, in order.
    pub(crate) authors: Vec<String>,
    /// Whether the editorial board signs.
    pub(crate) board: bool,
    /// Whether staff, a desk or an agency signs.
    pub(crate) collective: bool,
}

/// Words of which one makes a name that of an organisation or a role.
const COLLECTIVE: [&str; 39] = [
    "staff", "desk", "newsroom", "team", "reporter", "reporters", "correspondent",
    "correspondents", "agency", "agencies", "wire", "wires", "news", "press", "service",
    "services", "bureau", "contributor", "contributors", "admin", "administrator", "editor",
    "editors", "editorial", "board", "redaktion", "reuters", "afp", "ap", "dpa", "upi",
    "bloomberg", "online", "media", "magazine", "leader", "guest", "international", "insider",
];

/// Small words inside names.
const PARTICLES: [&str; 22] = [
    "de", "del", "della", "der", "den", "di", "da", "dos", "du", "van", "von", "zu", "zur", "la",
    "le", "el", "al", "bin", "ibn", "ter", "ten", "y",
];

const HONORIFICS: [&str; 14] = [
    "dr", "dr.", "prof", "prof.", "professor", "mr", "mr.", "mrs", "mrs.", "ms", "ms.", "gen.",
    "rev.", "sen.",
];

const SUFFIXES: [&str; 10] = ["jr", "jr.", "sr", "sr.", "ii", "iii", "phd", "ph.d.", "md", "m.d."];

/// Reads a byline: "By Anna Trevane and J. R. Halden", "ANNA TREVANE", "Hask, Wenna", or the names
/// of a metadata field.
pub(crate) fn parse(text: &str) -> Byline {
    let text = without_by(text.trim());
    if is_board(text) {
        return Byline { board: true, ..Byline::default() };
    }
    let mut byline = Byline::default();
    if let Some((last, first)) = text.split_once(',')
        && let (last, first) = (last.trim(), first.trim())
        && !last.contains(' ')
        && !first.contains(' ')
        && !SUFFIXES.contains(&first.to_lowercase().as_str())
        && let Some(name) = name(&format!("{first} {last}"))
    {
        byline.authors.push(name);
        return byline;
    }
    let mut pieces = vec![text];
    for separator in [";", "|", " and ", " AND ", " And ", " & ", " und ", " UND ", ","] {
        pieces = pieces.into_iter().flat_map(|piece| piece.split(separator)).collect();
    }
    let several = pieces.len() > 1;
    for piece in pieces {
        // In a list a single word is a degree, a place or a role.
        if let Some(name) = name(piece).filter(|name| !several || name.contains(' ')) {
            if !byline.authors.contains(&name) {
                byline.authors.push(name);
            }
        } else if is_collective(piece) {
            byline.collective = true;
        }
    }
    byline
}

/// A line of the text that is a byline: it begins with "By" and what follows can be nothing else.
pub(crate) fn line(text: &str) -> Option<Byline> {
    let named = without_by(text);
    if named.len() == text.len() || named.len() > 120 {
        return None;
    }
    let byline = parse(named);
    if byline.board {
        return Some(byline);
    }
    // "By Wenna Hask, Gazette reporter": what follows a comma may be a role or a place, unless the
    // list goes on with an "and".
    let listed = [" and ", " AND ", " & ", " und "].iter().any(|and| named.contains(and));
    let head = if listed { named } else { named.split(',').next().unwrap_or(named) };
    let head = parse(head);
    let people = head.authors.iter().all(|name| name.contains(' ')) && !head.authors.is_empty();
    let desk = head.authors.is_empty() && byline.collective && named.split(' ').count() <= 7;
    let ended = named.ends_with(['.', '!', '?', ':', ';']) && !ends_in_initials(named);
    ((people || desk) && !ended).then_some(head)
}

/// The text behind "By", "By:" or "Von"; the text itself where it does not begin so.
fn without_by(text: &str) -> &str {
    for by in ["By", "BY", "by", "Von", "VON", "von"] {
        if let Some(rest) = text.strip_prefix(by)
            && let Some(rest) = rest.strip_prefix([' ', ':', '\t', '\u{a0}'])
        {
            return rest.trim();
        }
    }
    text
}

/// Whether the outlet itself or its board signs.
fn is_board(text: &str) -> bool {
    let text = text.to_lowercase();
    let text = text.strip_prefix("the ").unwrap_or(&text);
    text.ends_with("editorial board") || matches!(text, "editors" | "editorial" | "editorial team")
}

fn is_collective(text: &str) -> bool {
    let mut words =
        text.split([' ', '-', '(', ')']).map(|word| word.trim_matches('.').to_lowercase());
    words.any(|word| COLLECTIVE.contains(&word.as_str()))
}

fn ends_in_initials(text: &str) -> bool {
    let last = text.rsplit(' ').next().unwrap_or_default().to_lowercase();
    SUFFIXES.contains(&last.as_str())
}

/// A person's name without honorific, or `None` if the words are not shaped like one. A name all in
/// capitals is set in upper and lower case.
pub(crate) fn name(text: &str) -> Option<String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    while words.len() > 1 && HONORIFICS.contains(&words[0].to_lowercase().as_str()) {
        words.remove(0);
    }
    while words.len() > 1 && SUFFIXES.contains(&words[words.len() - 1].to_lowercase().as_str()) {
        words.pop();
    }
    let weekday = words.iter().any(|word| word.to_lowercase().ends_with("day"));
    if words.is_empty() || words.len() > 5 || weekday || is_collective(text) {
        return None;
    }
    let shaped = |word: &str| {
        word.starts_with(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '’'))
    };
    let ends_right = shaped(words[0]) && shaped(words[words.len() - 1]);
    let particle = |word: &str| PARTICLES.contains(&word.to_lowercase().as_str());
    if !ends_right || !words.iter().all(|word| shaped(word) || particle(word)) {
        return None;
    }
    // A word that ends in a stop is an initial, and a name is more than initials.
    let initial = |word: &str| {
        word.ends_with('.')
            && word.chars().filter(|&c| c == '.').count() * 2 >= word.chars().count()
    };
    if words.iter().all(|word| initial(word)) || words[words.len() - 1].ends_with('.') {
        return None;
    }
    let capitals = words.iter().all(|word| !word.chars().any(char::is_lowercase))
        && words.iter().any(|word| word.chars().count() > 2 && !word.contains('.'));
    let words: Vec<String> = words
        .into_iter()
        .map(|word| match (capitals, particle(word)) {
            (true, true) => word.to_lowercase(),
            (true, false) => capitalised(word),
            (false, _) => word.to_owned(),
        })
        .collect();
    Some(words.join(" "))
}

/// First letters in capitals, the rest in small ones: "HALDEN-ROSS" to "Halden-Ross".
pub(crate) fn capitalised(word: &str) -> String {
    let mut first = true;
    let mut result = String::with_capacity(word.len());
    for c in word.chars() {
        if first {
            result.extend(c.to_uppercase());
        } else {
            result.extend(c.to_lowercase());
        }
        first = !c.is_alphabetic();
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authors(text: &str) -> Vec<String> {
        parse(text).authors
    }

    #[test]
    fn names_are_read() {
        assert_eq!(authors("By Anna Trevane and J. R. Halden"), ["Anna Trevane", "J. R. Halden"]);
        assert_eq!(authors("BY ANNA TREVANE"), ["Anna Trevane"]);
        assert_eq!(
            authors("Signe Holloran, Bo Wexley & Zoë Márkány"),
            ["Signe Holloran", "Bo Wexley", "Zoë Márkány"]
        );
        assert_eq!(authors("Hask, Wenna"), ["Wenna Hask"]);
        assert_eq!(authors("Dr. Amrit Solheim"), ["Amrit Solheim"]);
        assert_eq!(authors("Von Friedhelm von der Aarn"), ["Friedhelm von der Aarn"]);
        assert_eq!(authors("Martin Oak Jr."), ["Martin Oak"]);
        assert_eq!(authors("Ilana Muhl, MS, RDN"), ["Ilana Muhl"]);
        assert_eq!(authors("MARY-ANN O'NEIL"), ["Mary-Ann O'Neil"]);
    }

    #[test]
    fn desks_and_boards_are_no_authors() {
        assert!(parse("By the Editorial Board").board);
        assert!(parse("The Editors").board);
        for text in
            ["Tessel Explainer Desk", "Meridian Wire staff", "Reuters", "News Nation Bureau"]
        {
            assert_eq!(parse(text), Byline { collective: true, ..Byline::default() }, "{text}");
        }
        for text in [
            "https://x.example/a", "admin@x.example", "J. R.", "", "agent 7", "Jeff Foust Monday",
            "CNN Editor-at-large",
        ] {
            assert!(authors(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_line_is_a_byline_only_if_it_can_be_nothing_else() {
        assert_eq!(line("By Wenna Hask, Gazette reporter").unwrap().authors, ["Wenna Hask"]);
        assert_eq!(line("by Hanne Brack").unwrap().authors, ["Hanne Brack"]);
        assert!(line("By the Tessel Explainer Desk").unwrap().collective);
        for text in [
            "By Friday the bill was dead",
            "By Monday Night Brennia had voted.",
            "By 2030",
            "Anna Trevane",
            "By then, Anna Trevane had left",
            "By Tuesday",
        ] {
            assert_eq!(line(text), None, "{text}");
        }
    }
}
