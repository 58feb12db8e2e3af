//! One name for an actor across the corpus.
//!
//! Within a document a surname or a role is the fullest name that was introduced. Across documents names are
//! only texts, and two of them are taken for one actor's on evidence alone, by the rules of [`Rule`]. A
//! wrong merge puts words into somebody's mouth, a missed one splits a count; so a rule that finds two
//! candidates takes none, a surname alone is never enough where several people bear it anywhere in the
//! corpus, and what stands for a state ("Kyiv", "the White House") is kept as named. Every merge is told
//! with its rule and its grounds ([`Names::variant`]), and a user's [`Aliases`] stand above all rules.
//!
//! Evidence is counted by pieces: ten reprints of an article are no ten witnesses.

use crate::aliases::{Aliases, Decision, Origin};
use crate::names::{is_connector, is_of_a_body};
use crate::spelling::{key, transliterated};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What stands before a person's name and is not taken for a title within a document, as keys.
const BEFORE_A_NAME: &[&str] = &[
    "acting", "adm", "attorney", "col", "congressman", "congresswoman", "democrat", "detective",
    "gen", "judge", "king", "pastor", "prince", "princess", "queen", "republican", "rev",
    "reverend", "sheriff", "vice",
];

/// What stands behind a name and tells a son from his father, as keys.
const SUFFIXES: &[&str] = &["jr", "sr", "ii", "iii", "iv"];

/// One piece in so many that quote somebody by initials has to say whose they are.
const SAY_SO: u32 = 10;

/// In so many pieces at least a surname has to stand for its one bearer.
const INTRODUCED: u32 = 2;

/// What a document says of a name in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Whether words are attributed to its bearer.
    pub heard: bool,
    /// Whether it stands behind a title or form of address, as a person's does.
    pub person: bool,
    /// The single words that stand for it: a surname, initials.
    pub short: BTreeSet<String>,
    /// The initials that stand in parentheses behind it.
    pub acronym: Option<String>,
}

/// On what evidence a name was taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The user's file of aliases says so.
    AliasFile,
    /// The project's list of names of states and institutions says so.
    StartingList,
    /// The same words but for accents, full stops, hyphens, apostrophes, an article, or case.
    Spelling,
    /// The same name behind a title, an office or a party.
    Title,
    /// A person's first and last name are the same, and nobody in the corpus has another middle name.
    MiddleName,
    /// The same given name, and a surname that is transliterated otherwise.
    Transliteration,
    /// Documents put these initials in parentheses behind this name and behind no other.
    Acronym,
    /// The surname of one person alone, whom most pieces with that surname introduce by the full name.
    Surname,
}

impl Rule {
    /// The name used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Rule::AliasFile => "alias file",
            Rule::StartingList => "starting list",
            Rule::Spelling => "spelling",
            Rule::Title => "title",
            Rule::MiddleName => "middle name",
            Rule::Transliteration => "transliteration",
            Rule::Acronym => "acronym",
            Rule::Surname => "surname",
        }
    }
}

/// How a variant came to its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// By which rule.
    pub rule: Rule,
    /// The name that it was merged with: the holder's, or another variant of the holder's.
    pub with: String,
    /// How many pieces speak for it, where the rule counts any.
    pub pieces: Option<u64>,
}

/// A name as documents have it, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant<'a> {
    /// The canonical name.
    pub holder: &'a str,
    /// The name in the documents.
    pub variant: &'a str,
    /// Pieces in which words are attributed to this name.
    pub pieces: u64,
    /// Their placements.
    pub documents: u64,
    /// Why it is the holder's; `None` for the canonical name itself.
    pub merge: Option<&'a Merge>,
}

/// What is known of a name after some pieces.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// Pieces that name it.
    named: u32,
    /// Pieces that attribute words to it, and their placements.
    heard: u32,
    documents: u32,
    person: bool,
}

/// The names of a corpus, gathered piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    names: BTreeMap<String, Seen>,
    /// By a single word and the name that it stood for: in how many pieces.
    shorts: BTreeMap<(String, String), u32>,
    /// By initials and the name that they stood behind: in how many pieces.
    acronyms: BTreeMap<(String, String), u32>,
}

impl Roster {
    /// Takes up the names of a piece that has so many placements.
    pub fn add_piece(&mut self, names: &BTreeMap<String, Named>, placements: usize) {
        let placements = u32::try_from(placements).unwrap_or(u32::MAX);
        for (name, named) in names {
            let seen = self.names.entry(name.clone()).or_default();
            seen.named += 1;
            seen.person |= named.person;
            if named.heard {
                seen.heard += 1;
                seen.documents = seen.documents.saturating_add(placements);
            }
            for short in &named.short {
                *self.shorts.entry((short.clone(), name.clone())).or_default() += 1;
            }
            if let Some(acronym) = &named.acronym {
                *self.acronyms.entry((acronym.clone(), name.clone())).or_default() += 1;
            }
        }
    }

    /// The surnames that stand for a person in two pieces at least, and in nine of ten of those in which they
    /// stand for anybody.
    pub fn shorts<'a>(&'a self, names: &Names, holder: &str) -> Vec<&'a str> {
        let mut own: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
        for ((short, name), &pieces) in &self.shorts {
            let [of_holder, of_all] = own.entry(short).or_default();
            *of_all += u64::from(pieces);
            let person = self.names.get(name).is_some_and(|seen| seen.person);
            if person && names.canonical(name) == holder {
                *of_holder += u64::from(pieces);
            }
        }
        if is_of_a_body(&key(holder).split(' ').collect::<Vec<_>>()) {
            return Vec::new();
        }
        own.retain(|_, [of_holder, of_all]| *of_holder > 1 && *of_holder * 10 >= *of_all * 9);
        own.into_keys().collect()
    }

    /// Brings the variants together.
    pub fn names(&self, aliases: &Aliases) -> Names {
        let mut merging = Merging::of(self, aliases);
        merging.aliases(aliases);
        merging.spellings();
        merging.titles();
        merging.middle_names();
        merging.transliterations();
        merging.acronyms(&self.acronyms);
        merging.surnames(&self.shorts, aliases);
        merging.finish()
    }
}

/// Whose each name is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The names to which words are attributed, and those that were merged.
    variants: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// The canonical name, and why it is this one's; `None` for one that is canonical itself.
    holder: Option<(String, Merge)>,
    pieces: u64,
    documents: u64,
}

impl Entry {
    fn of(seen: Seen) -> Self {
        Self { holder: None, pieces: seen.heard.into(), documents: seen.documents.into() }
    }
}

impl Names {
    /// The canonical name of an actor; of one that nothing was found out about, the name itself.
    pub fn canonical<'a>(&'a self, name: &'a str) -> &'a str {
        let entry = self.variants.get(name);
        entry.and_then(|entry| entry.holder.as_ref()).map_or(name, |(holder, _)| holder)
    }

    /// What there is to say of a name, as a document has it.
    pub fn variant<'a>(&'a self, name: &'a str) -> Variant<'a> {
        let entry = self.variants.get(name);
        let holder = entry.and_then(|entry| entry.holder.as_ref());
        Variant {
            holder: holder.map_or(name, |(holder, _)| holder),
            variant: name,
            pieces: entry.map_or(0, |entry| entry.pieces),
            documents: entry.map_or(0, |entry| entry.documents),
            merge: holder.map(|(_, merge)| merge),
        }
    }

    /// The other names of the actor who is called this in the corpus.
    pub fn variants_of(&self, holder: &str) -> impl Iterator<Item = &str> {
        self.variants.iter().filter_map(move |(name, entry)| {
            let (canonical, _) = entry.holder.as_ref()?;
            (canonical == holder).then_some(name.as_str())
        })
    }

    /// The names to which words are attributed, in their order.
    pub fn heard(&self) -> impl Iterator<Item = &str> {
        self.variants.iter().filter(|(_, entry)| entry.pieces > 0).map(|(name, _)| name.as_str())
    }
}

/// What may still be done with a group of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Free,
    /// An alias gives it this name.
    Named(usize),
    /// The user keeps this name apart.
    Apart(usize),
}

/// Two names that were found to be one actor's.
struct Join {
    names: [usize; 2],
    rule: Rule,
    pieces: Option<u64>,
}

/// Names on their way into groups.
struct Merging<'a> {
    names: Vec<(&'a str, Seen)>,
    keys: Vec<String>,
    /// Of each name, another one of its group; of the group's root, itself.
    parent: Vec<usize>,
    /// Of each root, what may be done with its group.
    standing: Vec<Standing>,
    joins: Vec<Join>,
    /// Of each name, whether it is a mere surname of its group's actor, or has a title.
    lesser: Vec<bool>,
}

impl<'a> Merging<'a> {
    fn of(roster: &'a Roster, aliases: &'a Aliases) -> Self {
        let mut names: Vec<(&str, Seen)> =
            roster.names.iter().map(|(name, seen)| (name.as_str(), *seen)).collect();
        // A name that an alias gives may stand in no document.
        let given: BTreeSet<&str> = names
            .iter()
            .filter_map(|(name, _)| match aliases.decision(name)? {
                Decision::Named(name, _) => Some(name),
                Decision::Apart => None,
            })
            .filter(|name| !roster.names.contains_key(*name))
            .collect();
        names.extend(given.into_iter().map(|name| (name, Seen::default())));
        names.sort_unstable_by_key(|(name, _)| *name);
        let keys = names.iter().map(|(name, _)| key(name)).collect();
        let parent = (0..names.len()).collect();
        let standing = vec![Standing::Free; names.len()];
        let lesser = vec![false; names.len()];
        Self { names, keys, parent, standing, joins: Vec::new(), lesser }
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    /// Makes one group of those of two names, the lesser one first, unless an alias forbids it.
    fn join(&mut self, a: usize, b: usize, rule: Rule, pieces: Option<u64>) {
        let (from, into) = (self.root(a), self.root(b));
        let lesser = matches!(rule, Rule::Title | Rule::Surname);
        self.lesser[a] |= lesser && from == into;
        let standing = match (self.standing[from], self.standing[into]) {
            _ if from == into => return,
            (Standing::Free, Standing::Free) => Standing::Free,
            (Standing::Named(name), Standing::Free) | (Standing::Free, Standing::Named(name)) => {
                Standing::Named(name)
            }
            // Whom a user keeps apart may get other names by the user's rows alone.
            (Standing::Free, Standing::Apart(name)) if rule == Rule::AliasFile => {
                Standing::Apart(name)
            }
            _ => return,
        };
        self.parent[from] = into;
        self.standing[into] = standing;
        self.lesser[a] |= lesser;
        self.joins.push(Join { names: [a, b], rule, pieces });
    }

    fn aliases(&mut self, aliases: &Aliases) {
        let mut given: Vec<(usize, &str, Rule)> = Vec::new();
        for at in 0..self.names.len() {
            match aliases.decision(self.names[at].0) {
                Some(Decision::Apart) => self.standing[at] = Standing::Apart(at),
                Some(Decision::Named(name, Origin::User)) => {
                    given.push((at, name, Rule::AliasFile));
                }
                Some(Decision::Named(name, Origin::Project)) => {
                    given.push((at, name, Rule::StartingList));
                }
                None => {}
            }
        }
        // The project's names must not close a group before the user's rows have had their say.
        given.sort_by_key(|(_, _, rule)| *rule == Rule::StartingList);
        for (at, name, rule) in given {
            // It was put among the names above.
            let Ok(named) = self.names.binary_search_by_key(&name, |(name, _)| name) else {
                continue;
            };
            if self.standing[named] == Standing::Free {
                self.standing[named] = Standing::Named(named);
            }
            self.join(at, named, rule, None);
        }
    }

    /// The words of a name's key where it may be a person's: one in capitals, with no word of a body or group.
    fn persons(&self, at: usize) -> Option<Vec<&str>> {
        let mut written = self.names[at].0.split_whitespace();
        let capitals =
            written.all(|word| is_connector(word) || !word.starts_with(char::is_lowercase));
        let words: Vec<&str> = self.keys[at].split(' ').collect();
        (capitals && !is_of_a_body(&words)).then_some(words)
    }

    /// How telling a name is among the variants of an actor.
    fn weight(&self, at: usize) -> (u32, u32, usize, Reverse<usize>) {
        let (name, seen) = self.names[at];
        (seen.heard, seen.named, name.len(), Reverse(at))
    }

    fn heaviest(&self, of: &[usize]) -> Option<usize> {
        of.iter().copied().max_by_key(|&at| self.weight(at))
    }

    /// Names by what `part` makes of the few that it makes something of.
    fn by(&self, part: impl Fn(&Self, usize) -> Option<String>) -> BTreeMap<String, Vec<usize>> {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for at in 0..self.names.len() {
            if let Some(part) = part(self, at) {
                groups.entry(part).or_default().push(at);
            }
        }
        groups
    }

    /// The groups of names of which `part` makes the same. By hashes first, for most names stand alone.
    fn alike(&self, part: impl Fn(&Self, usize) -> Option<String>) -> Vec<Vec<usize>> {
        let hash = |part: String| {
            let mut head = [0; 8];
            head.copy_from_slice(&blake3::hash(part.as_bytes()).as_bytes()[..8]);
            u64::from_le_bytes(head)
        };
        let mut hashes: Vec<(u64, usize)> =
            (0..self.names.len()).filter_map(|at| Some((hash(part(self, at)?), at))).collect();
        hashes.sort_unstable();
        let mut groups = Vec::new();
        for same in hashes.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let mut parts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for &(_, at) in same {
                parts.entry(part(self, at).unwrap_or_default()).or_default().push(at);
            }
            groups.extend(parts.into_values().filter(|group| group.len() > 1));
        }
        // In an order that no hash has made.
        groups.sort_unstable();
        groups
    }

    fn join_all(&mut self, group: &[usize], rule: Rule) {
        let Some(heaviest) = self.heaviest(group) else { return };
        for &at in group {
            self.join(at, heaviest, rule, None);
        }
    }

    fn spellings(&mut self) {
        let spelt =
            |own: &Self, at: usize| Some(own.keys[at].clone()).filter(|key| !key.is_empty());
        for group in self.alike(spelt) {
            self.join_all(&group, Rule::Spelling);
        }
    }

    fn titles(&mut self) {
        let bare = |own: &Self, at: usize| {
            let words = own.persons(at)?;
            let titles = words.iter().take_while(|word| BEFORE_A_NAME.contains(word)).count();
            let rest = &words[titles..];
            (titles > 0 && rest.len() > 1).then(|| rest.join(" "))
        };
        let titled = self.by(bare);
        for named in 0..self.names.len() {
            for &at in titled.get(&self.keys[named]).into_iter().flatten() {
                self.join(at, named, Rule::Title, None);
            }
        }
    }

    fn middle_names(&mut self) {
        let ends = |own: &Self, at: usize| {
            let [first, .., last] = own.persons(at)?[..] else { return None };
            let told = first.len() > 1 && !SUFFIXES.contains(&last);
            told.then(|| format!("{first} {last}"))
        };
        for group in self.alike(ends) {
            let middle = |own: &Self, at: usize| -> Vec<String> {
                let words: Vec<&str> = own.keys[at].split(' ').collect();
                words[1..words.len() - 1].iter().map(|&word| word.to_owned()).collect()
            };
            let middles: Vec<Vec<String>> = group.iter().map(|&at| middle(self, at)).collect();
            let told: Vec<&Vec<String>> = middles.iter().filter(|m| !m.is_empty()).collect();
            let agree = told.iter().all(|a| told.iter().all(|b| same_middle(a, b)));
            // A word in the middle may make another body of one; a person has had a title somewhere.
            let initials = told.iter().all(|middle| middle.iter().all(|word| word.len() <= 2));
            let person = initials || group.iter().any(|&at| self.names[at].1.person);
            if agree && person {
                self.join_all(&group, Rule::MiddleName);
            }
        }
    }

    fn transliterations(&mut self) {
        let plain = |own: &Self, at: usize| {
            let words = own.persons(at)?;
            let (surname, given) = words.split_last().filter(|(_, given)| !given.is_empty())?;
            Some(format!("{} {}", given.join(" "), transliterated(surname)?))
        };
        for group in self.alike(plain) {
            self.join_all(&group, Rule::Transliteration);
        }
    }

    fn acronyms(&mut self, acronyms: &BTreeMap<(String, String), u32>) {
        let mut said: BTreeMap<&str, Vec<(usize, u32)>> = BTreeMap::new();
        for ((acronym, name), &pieces) in acronyms {
            if let Some(at) = self.find(name) {
                said.entry(acronym).or_default().push((at, pieces));
            }
        }
        for (acronym, names) in said {
            let Some(at) = self.find(acronym) else { continue };
            let roots: BTreeSet<usize> = names.iter().map(|&(name, _)| self.root(name)).collect();
            let pieces: u32 = names.iter().map(|&(_, pieces)| pieces).sum();
            let enough = pieces.saturating_mul(SAY_SO) >= self.names[at].1.heard;
            let of: Vec<usize> = names.iter().map(|&(name, _)| name).collect();
            if let (1, true, Some(name)) = (roots.len(), enough, self.heaviest(&of)) {
                self.join(at, name, Rule::Acronym, Some(pieces.into()));
            }
        }
    }

    fn surnames(&mut self, shorts: &BTreeMap<(String, String), u32>, aliases: &Aliases) {
        let single = |own: &Self, at: usize| {
            let (name, seen) = own.names[at];
            let word = name.chars().all(|c| c.is_alphabetic() || c == '-' || c == '’' || c == '\'');
            let capitals = name.chars().nth(1).is_none_or(char::is_uppercase);
            let told = seen.heard > 0 && word && !capitals && !aliases.lists(name);
            told.then(|| name.to_owned())
        };
        let singles = self.by(single);
        let bearers = self.by(|own, at| {
            let words: Vec<&str> = own.names[at].0.split(' ').collect();
            let suffix = |word: &&&str| SUFFIXES.contains(&key(word).as_str());
            let suffixes = words.iter().rev().take_while(suffix).count();
            let (last, before) = words[..words.len() - suffixes].split_last()?;
            let known = !before.is_empty() && singles.contains_key(*last);
            known.then(|| (*last).to_owned())
        });
        let mut introduced: BTreeMap<&str, u32> = BTreeMap::new();
        for ((short, _), &pieces) in shorts {
            *introduced.entry(short).or_default() += pieces;
        }
        for (surname, bearers) in bearers {
            let roots: BTreeSet<usize> = bearers.iter().map(|&at| self.root(at)).collect();
            let person = bearers.iter().any(|&at| self.names[at].1.person);
            let persons = bearers.iter().all(|&at| self.persons(at).is_some());
            let pieces = introduced.get(surname.as_str()).copied().unwrap_or_default();
            for &at in singles.get(&surname).into_iter().flatten() {
                let enough = pieces >= INTRODUCED && pieces >= self.names[at].1.heard;
                if let (1, true, true, true, Some(bearer)) =
                    (roots.len(), enough, person, persons, self.heaviest(&bearers))
                {
                    self.join(at, bearer, Rule::Surname, Some(pieces.into()));
                }
            }
        }
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.names.binary_search_by_key(&name, |(name, _)| name).ok()
    }

    /// Chooses the canonical names, and tells of every variant how it came to it.
    fn finish(mut self) -> Names {
        let mut groups: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for at in self.joins.iter().flat_map(|join| join.names).collect::<Vec<_>>() {
            groups.entry(self.root(at)).or_default().insert(at);
        }
        let mut beside: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for (place, join) in self.joins.iter().enumerate() {
            let [a, b] = join.names;
            beside.entry(a).or_default().push((b, place));
            beside.entry(b).or_default().push((a, place));
        }
        let mut variants: BTreeMap<String, Entry> = BTreeMap::new();
        for (name, seen) in self.names.iter().filter(|(_, seen)| seen.heard > 0) {
            variants.insert((*name).to_owned(), Entry::of(*seen));
        }
        for (root, group) in groups {
            let canonical = self.canonical(root, &group);
            // From the canonical name outward, along the merges that were made.
            let mut reached = BTreeSet::from([canonical]);
            let mut next = VecDeque::from([canonical]);
            while let Some(at) = next.pop_front() {
                for &(other, join) in beside.get(&at).into_iter().flatten() {
                    if !reached.insert(other) {
                        continue;
                    }
                    let Join { rule, pieces, .. } = self.joins[join];
                    let merge = Merge { rule, with: self.names[at].0.to_owned(), pieces };
                    let (name, seen) = self.names[other];
                    let entry = variants.entry(name.to_owned()).or_insert_with(|| Entry::of(seen));
                    entry.holder = Some((self.names[canonical].0.to_owned(), merge));
                    next.push_back(other);
                }
            }
        }
        Names { variants }
    }

    /// The name that a group goes by: the one that an alias gives; else the one by which most pieces quote it
    /// of those that are no mere surname and have no title.
    fn canonical(&self, root: usize, group: &BTreeSet<usize>) -> usize {
        if let Standing::Named(name) | Standing::Apart(name) = self.standing[root] {
            return name;
        }
        let whole = group.iter().copied().filter(|&at| !self.lesser[at]);
        let whole = whole.max_by_key(|&at| self.weight(at));
        whole.unwrap_or(root)
    }
}

/// Whether two middle names may be one: the same words, or the initial of one.
fn same_middle(a: &[String], b: &[String]) -> bool {
    let initial = |a: &str, b: &str| a.chars().nth(1).is_none() && b.starts_with(a);
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || initial(a, b) || initial(b, a))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name to which words are attributed.
    fn heard(name: &str) -> (String, Named) {
        (name.to_owned(), Named { heard: true, ..Named::default() })
    }

    /// The same, behind a title.
    fn person(name: &str) -> (String, Named) {
        (name.to_owned(), Named { heard: true, person: true, ..Named::default() })
    }

    /// The same, with a surname that stands for it.
    fn introduced(name: &str) -> (String, Named) {
        let short = name.rsplit(' ').next().unwrap_or(name).to_owned();
        let (name, named) = person(name);
        (name, Named { short: BTreeSet::from([short]), ..named })
    }

    /// A name that is only met.
    fn met(name: &str) -> (String, Named) {
        (name.to_owned(), Named::default())
    }

    fn spelt_out(name: &str, acronym: &str) -> (String, Named) {
        let (name, named) = heard(name);
        (name, Named { acronym: Some(acronym.to_owned()), ..named })
    }

    fn names(pieces: &[&[(String, Named)]], aliases: &Aliases) -> Names {
        let mut roster = Roster::default();
        for piece in pieces {
            roster.add_piece(&piece.iter().cloned().collect(), 1);
        }
        roster.names(aliases)
    }

    /// Each piece names and quotes one actor; what comes of two names.
    fn two(a: &str, b: &str) -> Option<(String, Rule)> {
        let names = names(&[&[heard(a)], &[heard(a)], &[heard(b)]], &Aliases::default());
        let (one, other) = (names.variant(a), names.variant(b));
        assert!(one.merge.is_none() || other.merge.is_none(), "{a} / {b}");
        let merge = one.merge.or(other.merge)?;
        assert_eq!(one.holder, other.holder);
        Some((one.holder.to_owned(), merge.rule))
    }

    #[test]
    fn what_is_one_name_by_itself() {
        for (a, b, rule) in [
            ("Kim Jong-un", "KIM JONG UN", Rule::Spelling),
            ("J. R. Halden", "JR Halden", Rule::Spelling),
            ("Tayyip Erdoğan", "Tayyip Erdogan", Rule::Spelling),
            ("Steve Kinnock", "Congressman Steve Kinnock", Rule::Title),
            ("Mike Spence", "Indiana Gov Mike Spence", Rule::Title),
            ("John Kerrin", "John F. Kerrin", Rule::MiddleName),
            ("Volodymyr Zelensky", "Volodymyr Zelenskiy", Rule::Transliteration),
        ] {
            let told = two(a, b);
            if b.starts_with("Indiana") {
                assert_eq!(told, None, "a state is no title");
                continue;
            }
            assert_eq!(told, Some((a.to_owned(), rule)), "{a} / {b}");
        }
    }

    #[test]
    fn what_may_be_two_stays_two() {
        for (a, b) in [
            ("John Kerrin", "Kerrin"),
            ("John Kerrin", "Jon Kerrin"),
            ("Donald Tramp", "Donald Tramp Jr"),
            ("Hillary Clanton", "Hillary Rodham Clanton"),
            ("Democratic Party", "Democratic Labor Party"),
            ("Republican Committee", "Committee"),
            ("European leaders", "European officials"),
            ("Presidential Candidates", "Republican presidential candidates"),
            ("Presidential Candidates", "Republican Presidential Candidates"),
            ("Kyiv", "Ukraine"),
            ("White House", "United States"),
            ("Ann Zelensky", "Olena Zelenskiy"),
            ("Olena Zelenska", "Olena Zelensky"),
            ("Ann Kelly", "Ann Keli"),
            ("VWU", "Veldan Wind Union"),
        ] {
            assert_eq!(two(a, b), None, "{a} / {b}");
        }
    }

    #[test]
    fn a_middle_name_is_nobody_elses() {
        let bushes = [heard("George Bosch"), heard("George W. Bosch"), met("George H. W. Bosch")];
        let all = names(&[&bushes], &Aliases::default());
        assert_eq!(all.canonical("George W. Bosch"), "George W. Bosch");
        assert_eq!(all.canonical("George Bosch"), "George Bosch");
        let one = names(&[&bushes[..2], &[heard("George Walker Bosch")]], &Aliases::default());
        assert_eq!(one.canonical("George W. Bosch"), "George W. Bosch", "a word needs a person");
        let one = names(&[&bushes[..2], &[person("George Walker Bosch")]], &Aliases::default());
        assert_eq!(one.canonical("George W. Bosch"), one.canonical("George Bosch"));
        assert_eq!(one.canonical("George Walker Bosch"), one.canonical("George Bosch"));
    }

    #[test]
    fn a_surname_is_merged_where_one_person_bears_it_and_most_pieces_say_so() {
        let with = |more: &[(String, Named)]| {
            let (full, bare) = ([introduced("Ilse Maron")], [heard("Maron")]);
            let pieces: [&[(String, Named)]; 4] = [&full, &full, &bare, more];
            let names = names(&pieces, &Aliases::default());
            names.canonical("Maron").to_owned()
        };
        assert_eq!(with(&[]), "Ilse Maron");
        assert_eq!(with(&[met("Otto Maron")]), "Maron", "another bears it, though unheard");
        assert_eq!(with(&[met("Maron")]), "Ilse Maron");
        assert_eq!(with(&[heard("Maron"), met("Mount Maron")]), "Maron");

        let once = [introduced("Ilse Maron")];
        let bare = [heard("Maron")];
        let names = |pieces: &[&[(String, Named)]]| {
            super::tests::names(pieces, &Aliases::default()).canonical("Maron").to_owned()
        };
        assert_eq!(names(&[&once, &bare]), "Maron", "one piece is no evidence");
        assert_eq!(names(&[&once, &once, &bare, &bare, &bare]), "Maron", "most do not introduce");

        // Whoever bears the name of a state or capital does not get what the state says.
        let all = super::tests::names(
            &[&[introduced("Michael Jordan")], &[introduced("Michael Jordan")], &[heard("Jordan")]],
            &Aliases::default(),
        );
        assert_eq!(all.canonical("Jordan"), "Jordan");
    }

    #[test]
    fn initials_are_whose_documents_say_they_are() {
        let union = [spelt_out("Veldan Wind Union", "VWU")];
        let bare = [heard("VWU")];
        let names = |pieces: &[&[(String, Named)]]| names(pieces, &Aliases::default());
        let one = names(&[&union, &bare, &bare]);
        assert_eq!(one.canonical("Veldan Wind Union"), "VWU", "by which most pieces quote it");
        let Variant { merge, pieces, .. } = one.variant("Veldan Wind Union");
        let merge = merge.unwrap();
        assert_eq!((merge.rule, merge.with.as_str()), (Rule::Acronym, "VWU"));
        assert_eq!((merge.pieces, pieces), (Some(1), 1));

        let mut roster = Roster::default();
        let piece: BTreeMap<_, _> =
            [introduced("Ilse Maron"), introduced("Veldan Council")].into_iter().collect();
        (0..2).for_each(|_| roster.add_piece(&piece, 1));
        let told = roster.names(&Aliases::default());
        assert_eq!(roster.shorts(&told, "Ilse Maron"), ["Maron"]);
        assert_eq!(roster.shorts(&told, "Veldan Council"), [""; 0], "no person");

        let other = names(&[&union, &bare, &[spelt_out("Vale Workers Union", "VWU")]]);
        assert_eq!(other.canonical("VWU"), "VWU", "two bodies have these initials");
        let rare: Vec<&[(String, Named)]> =
            [&union[..]].into_iter().chain([&bare[..]; 11]).collect();
        assert_eq!(names(&rare).canonical("Veldan Wind Union"), "Veldan Wind Union");
    }

    #[test]
    fn an_alias_stands_above_every_rule() {
        let pieces: [&[(String, Named)]; 5] = [
            &[introduced("Ilse Maron")],
            &[introduced("Ilse Maron")],
            &[heard("Maron"), heard("U.S")],
            &[heard("Iron Lady"), heard("Kyiv"), heard("America")],
            &[heard("ILSE MARON"), heard("US")],
        ];
        let canonical = |csv: &str| {
            let aliases = Aliases::read(&format!("variant,name\n{csv}")).unwrap();
            let names = names(&pieces, &aliases);
            move |name: &str| names.canonical(name).to_owned()
        };
        let plain = canonical("");
        assert_eq!(plain("Maron"), "Ilse Maron");
        assert_eq!(plain("ILSE MARON"), "Ilse Maron");
        assert_eq!([plain("U.S"), plain("US")], ["United States", "United States"]);
        assert_eq!([plain("Kyiv"), plain("America")], ["Kyiv", "America"]);

        let apart = canonical("Maron,Maron\nUS,US\n");
        assert_eq!([apart("Maron"), apart("ILSE MARON")], ["Maron", "Ilse Maron"]);
        assert_eq!([apart("U.S"), apart("US")], ["US", "US"]);

        let named = canonical("Iron Lady,Dr Maron\nIlse Maron,Dr Maron\nKyiv,Ukraine\n");
        for variant in ["Iron Lady", "Ilse Maron", "ILSE MARON", "Maron"] {
            assert_eq!(named(variant), "Dr Maron", "{variant}");
        }
        assert_eq!(named("Kyiv"), "Ukraine");
        let renamed = canonical("United States,America\n");
        assert_eq!([renamed("US"), renamed("U.S")], ["America", "America"]);
        let two = canonical("Maron,Otto Maron\n");
        assert_eq!([two("Maron"), two("Ilse Maron")], ["Otto Maron", "Ilse Maron"]);
    }

    #[test]
    fn a_merge_is_told_along_the_way_to_the_canonical_name() {
        let pieces: [&[(String, Named)]; 4] = [
            &[introduced("Ilse K. Maron")],
            &[introduced("Ilse K. Maron")],
            &[heard("Ilse Maron")],
            &[heard("Maron")],
        ];
        let names = names(&pieces, &Aliases::default());
        let told = |name: &str| {
            let Variant { holder, merge, .. } = names.variant(name);
            (holder.to_owned(), merge.map(|merge| (merge.rule, merge.with.clone())))
        };
        let full = "Ilse K. Maron".to_owned();
        assert_eq!(told("Ilse K. Maron"), (full.clone(), None));
        let middle = Some((Rule::MiddleName, full.clone()));
        assert_eq!(told("Ilse Maron"), (full.clone(), middle));
        let surname = Some((Rule::Surname, full.clone()));
        assert_eq!(told("Maron"), (full, surname));
        assert_eq!(names.heard().collect::<Vec<_>>(), ["Ilse K. Maron", "Ilse Maron", "Maron"]);
    }

    #[test]
    fn neither_order_nor_reprints_change_whose_a_name_is() {
        let pieces: [&[(String, Named)]; 4] = [
            &[introduced("Ilse Maron"), heard("Veldan Wind Union")],
            &[introduced("Ilse Maron")],
            &[heard("Maron"), heard("Ilse J Maron")],
            &[spelt_out("Veldan Wind Union", "VWU"), heard("VWU")],
        ];
        let mut backwards = pieces;
        backwards.reverse();
        let aliases = Aliases::default();
        assert_eq!(names(&pieces, &aliases), names(&backwards, &aliases));
        let mut roster = Roster::default();
        roster.add_piece(&BTreeMap::from([introduced("Ilse Maron")]), 50);
        roster.add_piece(&BTreeMap::from([heard("Maron")]), 50);
        let names = roster.names(&aliases);
        assert_eq!(names.canonical("Maron"), "Maron");
        let Variant { pieces, documents, .. } = names.variant("Maron");
        assert_eq!((pieces, documents), (1, 50));
    }
}
