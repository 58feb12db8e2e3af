//! Names of actors: reading them off a text and bringing their variants together.

use standpoint_core::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// A word of a sentence with its bytes in the document's text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    pub(crate) span: Span,
}

impl Word<'_> {
    pub(crate) fn lower(&self) -> String {
        self.text.to_lowercase()
    }

    pub(crate) fn is_capitalised(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

/// The words of `text[span]`: runs of letters and digits with inner apostrophes, hyphens and full
/// stops ("U.N", "Vance-Orrel"), a possessive ending left off.
pub(crate) fn words(text: &str, span: Span) -> Vec<Word<'_>> {
    let Some(slice) = span.of(text) else { return Vec::new() };
    let mut found = Vec::new();
    let mut start = None;
    let mut chars = slice.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let inner = matches!(c, '\'' | '’' | '-' | '.' | '&')
            && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        if c.is_alphanumeric() || (start.is_some() && inner) {
            start.get_or_insert(at);
        } else if let Some(from) = start.take() {
            found.push((from, at));
        }
    }
    if let Some(from) = start {
        found.push((from, slice.len()));
    }
    let without_possessive = |(from, to): (usize, usize)| {
        let word = &slice[from..to];
        let stem = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
        let from = span.start + from;
        Word { text: stem, span: Span::new(from, from + stem.len()) }
    };
    found.into_iter().map(without_possessive).collect()
}

/// Small words inside a name ("Chamber of Commerce", "Anna van Holt").
const CONNECTORS: &[&str] =
    &["of", "for", "the", "de", "del", "der", "di", "la", "le", "van", "von", "al"];

/// Words that begin a sentence with a capital but are no name.
const OPENERS: &[&str] = &[
    "a", "according", "after", "all", "also", "although", "among", "an", "and", "another", "any",
    "april", "as", "asked", "at", "august", "based", "because", "before", "both", "but", "by",
    "critics", "current", "december", "despite", "during", "each", "earlier", "even", "every",
    "february", "few", "finally", "following", "for", "former", "friday", "from", "he", "here",
    "how", "however", "i", "if", "in", "inside", "instead", "it", "its", "january", "july", "june",
    "last", "later", "like", "many", "march", "may", "meanwhile", "monday", "more", "most", "my",
    "next", "no", "nor", "not", "nothing", "november", "now", "october", "of", "on", "once", "one",
    "only", "opponents", "or", "other", "others", "our", "out", "outside", "over", "perhaps",
    "saturday", "september", "she", "since", "so", "some", "still", "such", "sunday", "supporters",
    "that", "the", "their", "then", "there", "these", "they", "this", "those", "though",
    "thursday", "to", "today", "tuesday", "two", "under", "until", "we", "wednesday", "well",
    "what", "when", "where", "whether", "which", "while", "who", "why", "with", "yesterday", "yet",
    "you", "your",
];

/// Words that stand before a person's name and are no part of it.
const TITLES: &[&str] = &[
    "admiral", "ambassador", "archbishop", "bishop", "capt", "captain", "chair", "chairman",
    "chairwoman", "chancellor", "chief", "colonel", "commissioner", "councillor", "dame", "deputy",
    "director", "dr", "economist", "envoy", "executive", "general", "gov", "governor", "justice",
    "lady", "leader", "lord", "lt", "major", "mayor", "minister", "miss", "mr", "mrs", "ms", "mx",
    "negotiator", "officer", "president", "prime", "prof", "professor", "rep", "representative",
    "secretary", "sen", "senator", "sgt", "sir", "speaker", "spokesman", "spokesperson",
    "spokeswoman", "treasurer",
];

/// Sources without a name, in the plural or as a role.
pub(crate) const COLLECTIVES: &[&str] = &[
    "activists", "advocates", "aides", "allies", "analysts", "backers", "businesses",
    "campaigners", "commentators", "critics", "defenders", "detractors", "diplomats", "doubters",
    "economists", "employers", "engineers", "environmentalists", "executives", "experts",
    "lawmakers", "lobbyists", "many", "ministers", "most", "observers", "officials", "opponents",
    "others", "people", "politicians", "proponents", "protesters", "researchers", "residents",
    "sceptics", "scientists", "skeptics", "some", "supporters", "they", "unions", "voters",
    "workers",
];

/// A single person or body spoken of by role; it stands for the actor last heard.
pub(crate) const ROLES: &[&str] = &[
    "agency", "association", "board", "chairman", "chairwoman", "chancellor", "commission",
    "commissioner", "committee", "company", "council", "director", "economist", "envoy",
    "executive", "federation", "general", "governor", "group", "head", "leader", "mayor",
    "minister", "ministry", "negotiator", "office", "officer", "official", "party", "president",
    "professor", "secretary", "senator", "spokesman", "spokesperson", "spokeswoman", "union",
];

/// Words after which a name is a place or a body, and not who speaks.
pub(crate) const PREPOSITIONS: &[&str] = &[
    "after", "against", "at", "before", "by", "for", "from", "in", "near", "of", "on", "to",
    "under", "with",
];

pub(crate) fn is_connector(word: &str) -> bool {
    CONNECTORS.contains(&word)
}

pub(crate) fn is_opener(word: &str) -> bool {
    OPENERS.contains(&word)
}

pub(crate) fn is_title(word: &str) -> bool {
    TITLES.contains(&word)
}

/// Whether two neighbouring words belong to one name: only white space, or the full stop of an
/// initial or a title ("J. R. Halden", "Mr. Tolva"), stands between them.
fn adjoin(text: &str, left: Word<'_>, right: Word<'_>) -> bool {
    let between = Span::new(left.span.end, right.span.start).of(text).unwrap_or("x");
    let dotted = left.text.chars().count() == 1 || is_title(&left.lower());
    // "the Farmers' Union": the apostrophe of a plural possessive stands after its word.
    let between = between.strip_prefix(['\'', '’']).unwrap_or(between);
    between.trim().is_empty() || (dotted && between.trim() == "." && between.starts_with('.'))
}

/// Whether a word may begin or end a name: a capital that is not just the first of a sentence, and
/// more than an initial or the tag of a party and state ("D-N.Y.") or place ("London-based"), and not
/// what a verb was drawn together with ("I've", "Don't").
fn is_name(word: Word<'_>) -> bool {
    let tag = word.text.as_bytes().get(1) == Some(&b'-') || word.text.ends_with("-based");
    let lower = word.lower();
    let contracted = lower
        .split_once(['\'', '’'])
        .is_some_and(|(_, after)| ["ve", "m", "re", "ll", "d", "t"].contains(&after));
    word.is_capitalised() && !tag && !contracted && !is_opener(&lower)
}

/// Whether words are set as titles are, all but small ones with a capital, so that no capital tells a
/// name. A verb in small letters makes a sentence of them, however many names are in it.
pub(crate) fn are_titled(words: &[Word<'_>]) -> bool {
    let small = |word: &Word<'_>| {
        let lower = word.lower();
        lower.chars().next().is_some_and(char::is_numeric)
            || is_opener(&lower)
            || is_connector(&lower)
            || PREPOSITIONS.contains(&lower.as_str())
    };
    let capitals = words.iter().filter(|word| word.is_capitalised() && !small(word)).count();
    capitals >= 4 && words.iter().all(|word| word.is_capitalised() || small(word))
}

/// The name that ends at word `end` (inclusive), as a range of positions in `words`.
pub(crate) fn name_ending_at(
    text: &str,
    words: &[Word<'_>],
    end: usize,
) -> Option<RangeInclusive<usize>> {
    if !is_name(*words.get(end)?) {
        return None;
    }
    let mut start = end;
    while start > 0 && adjoin(text, words[start - 1], words[start]) {
        let before = words[start - 1];
        let connected = CONNECTORS.contains(&before.text)
            && start > 1
            && adjoin(text, words[start - 2], before)
            && words[start - 2].is_capitalised()
            && !is_opener(&words[start - 2].lower());
        if connected {
            start -= 2;
        } else if before.is_capitalised() && !is_opener(&before.lower()) {
            start -= 1;
        } else {
            break;
        }
    }
    Some(without_affiliation(words, start..=end))
}

/// Last words of names of bodies, which go on after "of" ("the Council of Brennia").
const BODIES: &[&str] = &[
    "academy", "agency", "assembly", "association", "authority", "bank", "board", "bureau",
    "centre", "center", "chamber", "college", "commission", "committee", "conference", "congress",
    "council", "court", "department", "federation", "forum", "foundation", "guild", "house",
    "institute", "league", "ministry", "movement", "office", "organisation", "organization",
    "party", "senate", "school", "society", "trust", "union", "university",
];

/// Words of names of bodies, papers and laws beside those.
const BODILY: &[&str] = &[
    "act", "administration", "alliance", "and", "army", "bill", "campaign", "candidate",
    "candidates", "caucus", "church", "city", "club", "coalition", "corp", "county", "daily",
    "day", "fund", "government", "hospital", "inc", "journal", "labs", "law", "magazine", "media",
    "news", "police", "post", "press", "radio", "state", "states", "street", "team", "times",
    "tribune", "tv", "war",
];

/// Whether a name, given as its words in lower case, is that of a body or a group and not a person's.
pub(crate) fn is_of_a_body(words: &[&str]) -> bool {
    let lists = [BODIES, BODILY, COLLECTIVES, ROLES];
    words.iter().any(|word| ["of", "for"].contains(word) || lists.iter().any(|l| l.contains(word)))
}

/// A person's name without the body that the person is "of": "Idris Vael of Aldmouth Polytechnic".
fn without_affiliation(words: &[Word<'_>], range: RangeInclusive<usize>) -> RangeInclusive<usize> {
    let of = range.clone().find(|&at| ["of", "for"].contains(&words[at].text));
    match of {
        Some(of) if of > range.start() + 1 && !BODIES.contains(&words[of - 1].lower().as_str()) => {
            *range.start()..=of - 1
        }
        _ => range,
    }
}

/// The name that starts at word `start`.
pub(crate) fn name_starting_at(
    text: &str,
    words: &[Word<'_>],
    start: usize,
) -> Option<RangeInclusive<usize>> {
    if !is_name(*words.get(start)?) {
        return None;
    }
    let mut end = start;
    while end + 1 < words.len() && adjoin(text, words[end], words[end + 1]) {
        let connected = CONNECTORS.contains(&words[end + 1].text)
            && end + 2 < words.len()
            && adjoin(text, words[end + 1], words[end + 2])
            && words[end + 2].is_capitalised();
        if connected {
            end += 2;
        } else if words[end + 1].is_capitalised() {
            end += 1;
        } else {
            break;
        }
    }
    Some(without_affiliation(words, start..=end))
}

/// The names among some words, in order; none begins in another.
pub(crate) fn names<'w>(
    text: &'w str,
    words: &'w [Word<'w>],
) -> impl Iterator<Item = RangeInclusive<usize>> + 'w {
    let mut at = 0;
    std::iter::from_fn(move || {
        let range = (at..words.len()).find_map(|start| name_starting_at(text, words, start))?;
        at = range.end() + 1;
        Some(range)
    })
}

/// A name without the titles before it ("Defence Minister Ilse Maron" → "Ilse Maron"), white space
/// made single. A name that is all title stays as it is.
pub(crate) fn without_titles(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let is_title_word = |word: &&str| is_title(&word.trim_end_matches('.').to_lowercase());
    let after = words.iter().rposition(is_title_word).map_or(0, |at| at + 1);
    let kept = if after < words.len() { &words[after..] } else { &words[..] };
    kept.join(" ")
}

/// The actors of one document: full names that a later surname is taken for.
#[derive(Debug, Default)]
pub(crate) struct Actors {
    full: BTreeSet<String>,
    /// Single words that were capitals inside a sentence, and so are names.
    single: BTreeSet<String>,
    /// By the last word or the initials of full names: the one that has them, `None` where several do.
    bearers: BTreeMap<String, Option<String>>,
}

impl Actors {
    /// Notes a single word that stood with a capital inside a sentence.
    pub(crate) fn note_single(&mut self, name: &str) {
        if !self.single.contains(name) {
            self.single.insert(name.to_owned());
        }
    }

    /// Whether a word that begins a sentence is known for a name: its capital alone tells nothing.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.single.contains(word) || self.bearers.contains_key(word)
    }

    /// The full name that a name in capitals ends, as it was written ("De Blasio" → "Bill de Blasio").
    pub(crate) fn ended_by(&self, written: &str) -> Option<&str> {
        let last = written.rsplit(' ').next().unwrap_or(written);
        let bearer = self.bearers.get(last)?.as_deref()?;
        bearer.to_lowercase().ends_with(&written.to_lowercase()).then_some(bearer)
    }

    /// Notes a name as it was met and gives the fullest form known for it: "Maron" is "Ilse Maron"
    /// once she was introduced; a single name that two people share stays as it is.
    pub(crate) fn resolve(&mut self, name: &str) -> String {
        let name = without_titles(name);
        let Some((_, last)) = name.rsplit_once(' ') else {
            return self.bearers.get(&name).cloned().flatten().unwrap_or(name);
        };
        if !self.full.contains(&name) {
            for short in BTreeSet::from([last.to_owned(), initials(&name)]) {
                let bearer = self.bearers.entry(short);
                bearer.and_modify(|other| *other = None).or_insert_with(|| Some(name.clone()));
            }
            self.full.insert(name.clone());
        }
        name
    }
}

/// The capitals that begin the words of a name: "Veldan Wind Union" → "VWU".
pub(crate) fn initials(name: &str) -> String {
    name.split(' ').filter_map(|word| word.chars().next()).filter(|c| c.is_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Word<'_>> {
        words(text, Span::new(0, text.len()))
    }

    #[test]
    fn words_keep_their_inner_marks_and_lose_the_possessive() {
        let found: Vec<&str> =
            all("Vance-Orrel’s U.N. envoy, 4.5").iter().map(|w| w.text).collect();
        assert_eq!(found, ["Vance-Orrel", "U.N", "envoy", "4.5"]);
    }

    #[test]
    fn a_name_reaches_over_connectors_and_initials_but_not_over_a_sentence_opener() {
        let text = "But the Korvaal Chamber of Commerce and J. R. Halden";
        let words = all(text);
        let name = |range: RangeInclusive<usize>| {
            Span::new(words[*range.start()].span.start, words[*range.end()].span.end)
                .of(text)
                .unwrap()
        };
        assert_eq!(name(name_starting_at(text, &words, 2).unwrap()), "Korvaal Chamber of Commerce");
        assert_eq!(name(name_starting_at(text, &words, 7).unwrap()), "J. R. Halden");
        assert_eq!(name(name_ending_at(text, &words, 5).unwrap()), "Korvaal Chamber of Commerce");
        assert!(name_ending_at(text, &words, 0).is_none());
    }

    #[test]
    fn a_person_is_named_without_the_body_that_the_person_is_of() {
        let name = |text: &str| {
            let words = all(text);
            let range = name_starting_at(text, &words, 0).unwrap();
            Span::new(0, words[*range.end()].span.end).of(text).unwrap().to_owned()
        };
        assert_eq!(name("Idris Vael of Aldmouth Polytechnic said"), "Idris Vael");
        assert_eq!(name("Climate Council of Brennia said"), "Climate Council of Brennia");
        assert_eq!(name("Bank of Korvaal said"), "Bank of Korvaal");
    }

    #[test]
    fn titles_are_no_part_of_a_name() {
        assert_eq!(without_titles("Defence Minister Ilse  Maron"), "Ilse Maron");
        assert_eq!(without_titles("Mr. Tolva"), "Tolva");
        assert_eq!(without_titles("Prime Minister"), "Prime Minister");
    }

    #[test]
    fn a_surname_is_its_one_bearer() {
        let mut actors = Actors::default();
        assert_eq!(actors.resolve("Energy Minister Ilse Maron"), "Ilse Maron");
        assert_eq!(actors.resolve("Ms. Maron"), "Ilse Maron");
        assert_eq!(actors.resolve("Piet Maron"), "Piet Maron");
        assert_eq!(actors.resolve("Maron"), "Maron");
        assert!(actors.knows("Maron") && !actors.knows("Piet"));
        assert_eq!(actors.resolve("Veldan Wind Union"), "Veldan Wind Union");
        assert_eq!(actors.resolve("VWU"), "Veldan Wind Union");
    }
}
