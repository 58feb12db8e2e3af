//! What a user says of names: which of them are one actor's, and which are to be kept apart.
//!
//! A file of aliases is CSV with the columns `variant` and `name`. A row gives a variant its name; a row
//! that gives a variant to itself keeps it apart from all others. Such rows stand above every rule. The
//! starting list that comes with the project has two parts: other names of states and institutions, which
//! are safe and used unless a user's row says otherwise, and capitals and governments ("Kyiv",
//! "Ukrainian government"), which are used only where the user has taken them into a file of their own.

use crate::spelling::key;
use std::collections::{BTreeMap, BTreeSet};

/// Other names of states and institutions.
const NAMES: &str = include_str!("aliases/names.csv");
/// Capitals and governments, and the states that they stand for.
const METONYMS: &str = include_str!("aliases/metonyms.csv");

/// The longest name, in bytes: a quotation mark that is left open makes a longer one.
const LONGEST: usize = 300;

/// Why a file of aliases is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct AliasError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it, and what to do.
    pub reason: String,
}

/// What is to be done with a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision<'a> {
    /// It is another spelling of this name.
    Named(&'a str, Origin),
    /// It is nobody else's name but of those that rows give it to.
    Apart,
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    User,
    Project,
}

/// What is said of a variant, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    name: String,
    line: u64,
}

/// Rows by the keys of their variants.
type Rows = BTreeMap<String, Row>;

/// Names by their variants: the user's over the starting list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aliases {
    user: Rows,
    /// Keys of the names that the user gives.
    given: BTreeSet<String>,
    project: Rows,
    /// Keys of all words of the starting list, of those that are not used, too.
    listed: BTreeSet<String>,
}

impl Default for Aliases {
    /// The starting list alone.
    fn default() -> Self {
        // The project's own files; a test reads them.
        let project = rows(NAMES).unwrap_or_default();
        let metonyms = rows(METONYMS).unwrap_or_default();
        let all = || project.iter().chain(&metonyms);
        let listed = all().map(|(variant, _)| variant.clone());
        let listed = listed.chain(all().map(|(_, row)| key(&row.name))).collect();
        Self { user: Rows::new(), given: BTreeSet::new(), project, listed }
    }
}

impl Aliases {
    /// Reads a user's file, which stands above the starting list.
    ///
    /// # Errors
    /// [`AliasError`] with the line: a column that is missing, an empty or endless name, a variant with two
    /// names, or a name that another row gives another name.
    pub fn read(csv: &str) -> Result<Self, AliasError> {
        let user = rows(csv)?;
        let given = user.values().map(|row| key(&row.name)).collect();
        Ok(Self { user, given, ..Self::default() })
    }

    /// The starting list as a file of aliases, to be printed and made one's own.
    pub fn starting_list() -> String {
        let (_, rows) = METONYMS.split_once('\n').unwrap_or_default();
        format!("{NAMES}{rows}")
    }

    /// What is said of a name, by its key.
    pub(crate) fn decision(&self, name: &str) -> Option<Decision<'_>> {
        let key = key(name);
        if let Some(row) = self.user.get(&key) {
            return Some(match row.name == name {
                true => Decision::Apart,
                false => Decision::Named(&row.name, Origin::User),
            });
        }
        // What a user calls somebody is not renamed by the project.
        if self.given.contains(&key) {
            return None;
        }
        let row = self.project.get(&key)?;
        Some(Decision::Named(&row.name, Origin::Project))
    }

    /// Whether a word is the adjective of a state: the starting list has its government.
    pub fn is_adjective(&self, word: &str) -> bool {
        self.listed.contains(&key(&format!("{word} government")))
    }

    /// Whether a word is one of a state, a capital or an institution, and so nobody's surname alone.
    pub(crate) fn lists(&self, word: &str) -> bool {
        self.listed.contains(&key(word))
    }
}

/// The rows of a file of aliases.
fn rows(csv: &str) -> Result<Rows, AliasError> {
    let text = csv.strip_prefix('\u{feff}').unwrap_or(csv);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let wrong = |line: u64, reason: String| AliasError { line, reason };
    let unread = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        wrong(line, format!("{error}"))
    };
    let header = reader.headers().map_err(unread)?.clone();
    let column = |name: &str| {
        header.iter().position(|column| column == name).ok_or_else(|| {
            wrong(1, format!("no column {name:?}: the first line has to be variant,name"))
        })
    };
    let (variant, name) = (column("variant")?, column("name")?);
    let mut rows = Rows::new();
    for record in reader.records() {
        let record = record.map_err(unread)?;
        let line = record.position().map_or(1, csv::Position::line);
        let cell = |at: usize, column: &str| match record.get(at).unwrap_or_default() {
            cell if key(cell).is_empty() => {
                Err(wrong(line, format!("no {column}: fill it in, or remove the line")))
            }
            cell if cell.len() > LONGEST => Err(wrong(
                line,
                format!("a {column} of {} bytes: is a quotation mark left open?", cell.len()),
            )),
            cell => Ok(cell.to_owned()),
        };
        let (variant, name) = (cell(variant, "variant")?, cell(name, "name")?);
        if let Some(row) = rows.get(&key(&variant)).filter(|row: &&Row| row.name != name) {
            let (other, at) = (&row.name, row.line);
            return Err(wrong(
                line,
                format!("{variant:?} is {name:?} here and {other:?} in line {at}: keep one"),
            ));
        }
        rows.entry(key(&variant)).or_insert(Row { name, line });
    }
    for row in rows.values() {
        let own = key(&row.name);
        if let Some(other) = rows.get(&own).filter(|other| key(&other.name) != own) {
            return Err(wrong(
                row.line,
                format!(
                    "it gives the name {:?}, which line {} calls {:?}: give that name here, too",
                    row.name, other.line, other.name
                ),
            ));
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starting_list_can_be_read_and_only_its_names_are_used() {
        let list = Aliases::starting_list();
        let (names, all) = (rows(NAMES).unwrap(), rows(&list).unwrap());
        assert_eq!(list.lines().count(), NAMES.lines().count() + METONYMS.lines().count() - 1);
        assert_eq!(all.len(), list.lines().count() - 1, "a variant stands there twice");
        assert_eq!(names["USA"].name, "United States");
        let aliases = Aliases::default();
        let project = |name| Some(Decision::Named(name, Origin::Project));
        assert_eq!(aliases.decision("U.S"), project("United States"));
        assert_eq!(aliases.decision("us"), None);
        assert_eq!(aliases.decision("Kyiv"), None, "a capital is as named");
        assert!(aliases.is_adjective("Ukrainian") && !aliases.is_adjective("Ukraine"));
        assert!(aliases.lists("Kyiv") && aliases.lists("Jordan") && !aliases.lists("Kerry"));
        let taken = Aliases::read(&list).unwrap();
        assert_eq!(taken.decision("Kyiv"), Some(Decision::Named("Ukraine", Origin::User)));
    }

    #[test]
    fn a_users_row_stands_above_the_list() {
        let csv = "\u{feff}name,variant,kind\nAmerica,USA,state\n\"Zelensky\", Zelensky\nUS,US\n";
        let aliases = Aliases::read(csv).unwrap();
        let user = |name| Some(Decision::Named(name, Origin::User));
        assert_eq!(aliases.decision("U.S.A."), user("America"));
        assert_eq!(aliases.decision("America"), None, "it is what the user calls it");
        assert_eq!(aliases.decision("Zelensky"), Some(Decision::Apart));
        assert_eq!(aliases.decision("US"), Some(Decision::Apart));
        assert_eq!(aliases.decision("U.S."), user("US"), "another spelling of the same");
        assert_eq!(
            aliases.decision("EU"),
            Some(Decision::Named("European Union", Origin::Project))
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let error = |csv: &str| Aliases::read(csv).unwrap_err().to_string();
        let header = "variant,name\n";
        assert_eq!(
            error("Kyiv,Ukraine\n"),
            "line 1: no column \"variant\": the first line has to be variant,name"
        );
        assert_eq!(error(""), error("Kyiv,Ukraine\n"));
        assert_eq!(
            error(&format!("{header}Kyiv,Ukraine\nKyiv\n")),
            "line 3: no name: fill it in, or remove the line"
        );
        assert_eq!(
            error(&format!("{header}…,…\n’,Ukraine\n")),
            "line 3: no variant: fill it in, or remove the line"
        );
        assert_eq!(
            error(&format!("{header}Kyiv,Ukraine\nKyiv,City of Kyiv\n")),
            "line 3: \"Kyiv\" is \"City of Kyiv\" here and \"Ukraine\" in line 2: keep one"
        );
        assert_eq!(
            error(&format!("{header}Kyiv,Ukraine\nUkraine,Rus\n")),
            "line 2: it gives the name \"Ukraine\", which line 3 calls \"Rus\": give that name here, too"
        );
        let open = error(&format!("{header}\"Kyiv,Ukraine\n{}", "a,b\n".repeat(200)));
        assert_eq!(open, "line 2: a variant of 812 bytes: is a quotation mark left open?");
    }
}
