//! Whose voice a document is written in, and what told it.

use standpoint_core::Kind;

/// What a section label, category or type says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// The outlet's own opinion.
    Editorial,
    /// Somebody's opinion.
    Opinion,
    /// Reports.
    News,
    /// A rubric that says nothing about the voice.
    Neutral,
}

const EDITORIAL: [&str; 9] = [
    "editorial", "editorials", "leader", "leaders", "leading article", "our view",
    "editorial board", "the editorial board", "leitartikel",
];

const OPINION: [&str; 38] = [
    "opinion", "opinions", "comment", "commentary", "op-ed", "op ed", "oped", "op-eds", "column",
    "columns", "columnist", "columnists", "guest column", "guest columnist", "guest opinion",
    "guest essay", "guest commentary", "viewpoint", "viewpoints", "perspective", "perspectives",
    "essay", "essays", "voices", "opinionnewsarticle", "commentisfree", "ideas", "gastkommentar",
    "kommentar", "kommentare", "meinung", "gastbeitrag", "kolumne", "kolumnen", "debatte",
    "opinion piece", "letter to the editor", "guest",
];

const NEWS: [&str; 16] = [
    "news", "world", "politics", "business", "national", "international", "breaking news",
    "nachrichten", "politik", "wirtschaft", "top stories", "us news", "uk news", "world news",
    "newsarticle", "reportagenewsarticle",
];

const NEUTRAL: [&str; 27] = [
    "analysis", "explainer", "explained", "feature", "features", "interview", "review", "sport",
    "sports", "culture", "health", "science", "technology", "tech", "lifestyle", "service",
    "foreign affairs", "abroad", "economy", "markets", "local", "environment", "climate", "energy",
    "education", "arts", "europe",
];

/// What a label says, or `None` if it is not a known one.
pub(crate) fn section(label: &str) -> Option<Section> {
    let label = label.trim().trim_end_matches(':').to_lowercase().replace('’', "'");
    let label = label.as_str();
    let view = |label: &str| {
        label.starts_with("the ") && label.split(' ').count() <= 5 && label.ends_with("'s view")
    };
    if EDITORIAL.contains(&label) || view(label) {
        Some(Section::Editorial)
    } else if OPINION.contains(&label) {
        Some(Section::Opinion)
    } else if NEWS.contains(&label) {
        Some(Section::News)
    } else {
        NEUTRAL.contains(&label).then_some(Section::Neutral)
    }
}

/// Everything about a document that tells its kind.
#[derive(Debug, Default)]
pub(crate) struct Signals<'a> {
    /// Whether its editorial board, or the outlet under its own name, signs.
    pub(crate) signed_by_outlet: bool,
    /// Labels, categories and types, given or found at the head of the text.
    pub(crate) sections: &'a [String],
    /// Its address.
    pub(crate) url: Option<&'a str>,
    /// The dateline.
    pub(crate) dateline: Option<&'a str>,
    /// What the text says of its author.
    pub(crate) bio: Option<&'a str>,
    /// Whether it has a named author.
    pub(crate) named: bool,
    /// How often the author says "I".
    pub(crate) first_person: usize,
}

/// The kind and, in words, what told it: the clearest signal wins.
pub(crate) fn kind(signals: &Signals<'_>) -> (Kind, String) {
    let found = |wanted| signals.sections.iter().find(|label| section(label) == Some(wanted));
    let path = |wanted| {
        let (_, path) = signals.url?.split_once("://").unwrap_or(("", signals.url?));
        let folders: Vec<&str> = path.split('/').skip(1).collect();
        let folders = &folders[..folders.len().saturating_sub(1)];
        folders.iter().find(|folder| section(folder) == Some(wanted)).copied()
    };
    if signals.signed_by_outlet {
        return (Kind::Editorial, "signed by the outlet or its editorial board".to_owned());
    }
    for (wanted, kind) in [(Section::Editorial, Kind::Editorial), (Section::Opinion, Kind::OpEd)] {
        if let Some(label) = found(wanted) {
            return (kind, format!("section or type \"{}\"", label.trim()));
        }
        if let Some(folder) = path(wanted) {
            return (kind, format!("\"{folder}\" in its address"));
        }
    }
    if let Some(dateline) = signals.dateline {
        return (Kind::News, format!("dateline \"{dateline}\""));
    }
    if let Some(bio) = signals.bio
        && !is_of_a_reporter(bio)
    {
        return (Kind::OpEd, "a line about its author, who is no reporter".to_owned());
    }
    if let Some(label) = found(Section::News) {
        return (Kind::News, format!("section or type \"{}\"", label.trim()));
    }
    if let Some(folder) = path(Section::News) {
        return (Kind::News, format!("\"{folder}\" in its address"));
    }
    if signals.named && signals.first_person >= 3 {
        return (Kind::OpEd, "a named author writes in the first person".to_owned());
    }
    (Kind::Other, "nothing in it tells".to_owned())
}

/// Whether a bio is that of somebody who reports.
fn is_of_a_reporter(bio: &str) -> bool {
    let bio = bio.to_lowercase();
    ["reporter", "correspondent", "covers ", "reports on", "journalist"]
        .iter()
        .any(|word| bio.contains(word))
        && !bio.contains("columnist")
}

/// How often the author says "I" in his own voice: outside quotation marks.
pub(crate) fn first_person(text: &str) -> usize {
    let mut count = 0;
    let mut quoted = false;
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_alphanumeric() {
            word.push(c);
            continue;
        }
        count += usize::from(word == "I" && !quoted);
        word.clear();
        match c {
            '“' | '„' | '«' => quoted = true,
            '”' | '»' | '\n' => quoted = false,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(signals: Signals<'_>) -> (Kind, String) {
        kind(&signals)
    }

    #[test]
    fn the_board_outranks_the_section_and_the_section_the_dateline() {
        let sections = ["Opinion".to_owned()];
        let signals = || Signals { sections: &sections, ..Signals::default() };
        assert_eq!(told(Signals { signed_by_outlet: true, ..signals() }).0, Kind::Editorial);
        let found = told(Signals { dateline: Some("KORVAAL —"), ..signals() });
        assert_eq!(found, (Kind::OpEd, "section or type \"Opinion\"".to_owned()));
    }

    #[test]
    fn an_address_tells_by_its_folders_only() {
        let of = |url| told(Signals { url: Some(url), ..Signals::default() });
        assert_eq!(of("https://a.example/opinion/levy").0, Kind::OpEd);
        assert_eq!(of("https://a.example/world/levy").1, "\"world\" in its address");
        assert_eq!(of("https://a.example/2026/opinion").0, Kind::Other);
    }

    #[test]
    fn a_bio_tells_a_columnist_from_a_reporter() {
        let of = |bio| told(Signals { bio: Some(bio), ..Signals::default() }).0;
        assert_eq!(of("Anna Trevane is a senior fellow at the Lantern Institute."), Kind::OpEd);
        assert_eq!(of("Tamsin Orde covers treaties for the Review."), Kind::Other);
    }

    #[test]
    fn the_first_person_counts_outside_quotes_only() {
        assert_eq!(first_person("I think “I do” and I'm sure. \"I am,\" she said. It is. I"), 3);
        let named =
            |count| told(Signals { named: true, first_person: count, ..Signals::default() }).0;
        assert_eq!((named(2), named(3)), (Kind::Other, Kind::OpEd));
    }
}
