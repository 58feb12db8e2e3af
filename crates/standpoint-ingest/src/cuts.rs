//! What is boilerplate in a text, and what it tells.
//!
//! Boilerplate stands in known places: between headline and first paragraph (byline, masthead,
//! section, date, dateline) and after the last one (bio, credit, disclaimer, copyright, sign-up,
//! related). So the lines of a document are looked at from both ends, and each end stops at the
//! first line that is none of these: "Sign up for a longer week, employers say" in the middle of
//! an argument is not looked at. Only whole short lines that can be nothing else ("Read more: …")
//! are cut wherever they stand. A cut is one line, or the beginning of a line for a dateline.

mod head;
mod tail;

use std::collections::BTreeSet;

use standpoint_core::{Cut, CutReason, Span};

use crate::layout::{self, Line};

/// What is known of a document before its text is looked at.
#[derive(Debug, Default)]
pub(crate) struct Known<'a> {
    /// Its title, if stated.
    pub(crate) title: Option<&'a str>,
    /// Its authors, if stated.
    pub(crate) authors: &'a [String],
    /// The name of the folder it lies in, which is often that of its outlet.
    pub(crate) folder: Option<&'a str>,
}

/// What a text's boilerplate is, and what it says.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The boilerplate, in order.
    pub(crate) cuts: Vec<Cut>,
    /// The headline, where one stands at the top.
    pub(crate) title: Option<String>,
    /// The authors of the byline or bio.
    pub(crate) authors: Vec<String>,
    /// Whether the editorial board signs.
    pub(crate) board: bool,
    /// The outlet of the masthead or copyright line.
    pub(crate) outlet: Option<String>,
    /// Date of publication.
    pub(crate) published: Option<String>,
    /// Section labels.
    pub(crate) sections: Vec<String>,
    /// The dateline.
    pub(crate) dateline: Option<String>,
    /// The line that says who the author is.
    pub(crate) bio: Option<String>,
}

/// A text and its lines.
struct Page<'a> {
    text: &'a str,
    lines: Vec<Line>,
    /// The words that occur without a capital: no part of a name.
    common: BTreeSet<&'a str>,
}

impl<'a> Page<'a> {
    fn line(&self, at: usize) -> &'a str {
        self.lines[at].span.of(self.text).unwrap_or_default()
    }

    /// How many lines hold `name`.
    fn lines_with(&self, name: &str) -> usize {
        (0..self.lines.len()).filter(|&at| self.line(at).contains(name)).count()
    }
}

/// Finds the boilerplate of a text and reads it.
pub(crate) fn find(text: &str, known: &Known<'_>) -> Findings {
    let common = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.starts_with(char::is_lowercase))
        .collect();
    let page = Page { text, lines: layout::lines(text), common };
    let mut findings = Findings::default();
    let headline = headline(&page, known);
    findings.title = headline.then(|| page.line(0).to_owned());
    let first = usize::from(headline);

    let body = head::cut(&page, first, known, &mut findings);
    let end = tail::cut(&page, body, known, &mut findings);
    for at in body..end {
        if let Some(reason) = tail::anywhere(page.line(at)) {
            push(&mut findings, page.text, page.lines[at].span, reason);
        }
    }
    // A board's piece may end with the name of whoever runs the page; that is not its author.
    if findings.board {
        findings.authors.clear();
    }
    findings.cuts.sort_by_key(|cut| cut.span);
    findings
}

/// Whether the first line is the headline: it says what the stated title says or, where none is
/// stated, it is short, does not end like a sentence, and something follows.
fn headline(page: &Page<'_>, known: &Known<'_>) -> bool {
    if page.lines.is_empty() {
        return false;
    }
    let first = page.line(0);
    if let Some(title) = known.title {
        return folded(first) == folded(title);
    }
    let Some(second) = (page.lines.len() > 1).then(|| page.line(1)) else { return false };
    let matter_below = head::is_matter(second, known) || head::dateline(second).is_some();
    first.chars().count() <= 200
        && !first.contains('\n')
        && (matter_below || !first.ends_with(['.', ',', ';', ':']))
        && (matter_below || !second.starts_with(char::is_lowercase))
        && head::dateline(first).is_none()
        && !head::is_matter(first, known)
}

fn push(findings: &mut Findings, text: &str, span: Span, reason: CutReason) {
    let text = span.of(text).unwrap_or_default().to_owned();
    findings.cuts.push(Cut { span, text, reason });
}

/// Letters and digits only, in lower case.
pub(crate) fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a folder's name and an outlet's are the same but for case, punctuation and article.
pub(crate) fn same_name(folder: &str, outlet: &str) -> bool {
    let bare = |name: &str| {
        let folded = folded(name);
        let article = name.split([' ', '-', '_']).next().map(str::to_lowercase);
        match article.as_deref() {
            Some(article @ ("the" | "der" | "die" | "das" | "le" | "la" | "el"))
                if folded.len() > article.len() =>
            {
                folded[article.len()..].to_owned()
            }
            _ => folded,
        }
    };
    let folder = bare(folder);
    !folder.is_empty() && folder == bare(outlet)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "The levy works, and it has worked for three years in every province that \
        has tried it, whatever the senator tells voters about the price of bread and coal.";

    fn cuts_of(text: &str) -> Vec<(String, &'static str)> {
        let findings = find(text, &Known::default());
        for cut in &findings.cuts {
            assert_eq!(cut.span.of(text), Some(cut.text.as_str()));
        }
        findings.cuts.into_iter().map(|cut| (cut.text, cut.reason.as_str())).collect()
    }

    fn pairs<'a>(cuts: &'a [(String, &'static str)]) -> Vec<(&'a str, &'static str)> {
        cuts.iter().map(|(text, reason)| (text.as_str(), *reason)).collect()
    }

    #[test]
    fn a_notice_about_cookies_is_cut_wherever_it_stands() {
        let notice = "This website uses cookies to improve your experience while you navigate it.";
        let text = format!(
            "The levy works.\n\n{notice}\n\nCookies are eaten. We use cookies for dessert too."
        );
        assert_eq!(pairs(&cuts_of(&text)), [(notice, "disclaimer")]);
    }

    #[test]
    fn what_a_page_says_of_itself_is_cut_wherever_it_stands() {
        let lines = [
            ("Advertisement", "disclaimer"),
            ("This slideshow requires JavaScript.", "disclaimer"),
            ("[button link=”http://x.example/”] Send us yours[/button]", "disclaimer"),
            ("SEE MORE: Another story", "related"),
            ("Follow Ledger on Instagram and Facebook.", "signup"),
        ];
        for (line, reason) in lines {
            let text = format!("{BODY}\n\n{line}\n\n{BODY}");
            assert_eq!(pairs(&cuts_of(&text)), [(line, reason)]);
        }
        for line in [
            "Advertisements lie.",
            "https://x.example/a",
            "[The button] was red.",
            "Follow Mr. Tolva's money on Facebook.",
        ] {
            assert_eq!(cuts_of(&format!("{BODY}\n\n{line}\n\n{BODY}")), [], "{line}");
        }
    }

    #[test]
    fn the_matter_between_headline_and_body_is_cut_and_read() {
        let text = format!(
            "Pass the levy\n\nThe Harbour Courier\nBY MARO ILVES\nAbroad | Opinion\n\
             Published: 03/04/2026 05:00\n\n{BODY}\n\n{BODY}\n"
        );
        assert_eq!(
            pairs(&cuts_of(&text)),
            [
                ("The Harbour Courier", "byline"),
                ("BY MARO ILVES", "byline"),
                ("Abroad | Opinion", "byline"),
                ("Published: 03/04/2026 05:00", "byline"),
            ]
        );
        let found = find(&text, &Known::default());
        assert_eq!(found.title.as_deref(), Some("Pass the levy"));
        assert_eq!(found.authors, ["Maro Ilves"]);
        assert_eq!(found.outlet.as_deref(), Some("The Harbour Courier"));
        assert_eq!(found.sections, ["Abroad", "Opinion"]);
        assert_eq!(found.published, None, "3 April or 4 March");
    }

    #[test]
    fn the_matter_after_the_body_is_cut_and_read() {
        let text = format!(
            "Pass the levy\nBy Anna Trevane\n\n{BODY}\n\nAnna Trevane is a fellow at the Institute.\n\
             Reprinted with permission of the Syndicate.\nThe views expressed are the author's own.\n\
             Sign up for our Opinion newsletter.\nMore from Opinion\nA signature is not a shield\n\
             © 2026 Der Sundbote. All rights reserved.\n"
        );
        let reasons: Vec<_> = cuts_of(&text).into_iter().map(|(_, reason)| reason).collect();
        let expected =
            ["byline", "bio", "credit", "disclaimer", "signup", "related", "related", "copyright"];
        assert_eq!(reasons, expected);
        let found = find(&text, &Known::default());
        assert_eq!(found.outlet.as_deref(), Some("Der Sundbote"));
        assert!(found.bio.unwrap().starts_with("Anna Trevane is a fellow"));
    }

    #[test]
    fn a_dateline_is_cut_up_to_its_dash() {
        for (line, dateline) in [
            (
                "KORVAAL, March 3 (Meridian Wire) — Talks ended.",
                "KORVAAL, March 3 (Meridian Wire) —",
            ),
            (
                "CAPE TARROW, Halmere, Jan. 20 (Wire) - A hearing began.",
                "CAPE TARROW, Halmere, Jan. 20 (Wire) -",
            ),
            ("WASHINGTON (AP) — “No,” she said.", "WASHINGTON (AP) —"),
            ("Washington (CNN) -- The vote is over.", "Washington (CNN) --"),
            ("NEW YORK — Shares fell.", "NEW YORK —"),
        ] {
            let text = format!("Talks end\n\n{line}\n\n{BODY}");
            assert_eq!(pairs(&cuts_of(&text)), [(dateline, "dateline")], "{line}");
        }
        for line in [
            "NATO — the alliance that has kept the peace — is old.",
            "He said (on March 3) — and meant it — that it was over.",
            "The U.S. — for once — was late.",
            "Talks (of a sort) — They ended.",
        ] {
            assert_eq!(cuts_of(&format!("Talks end\n\n{line}\n\n{BODY}")), [], "{line}");
        }
    }

    #[test]
    fn a_headline_may_end_in_a_stop_if_a_byline_or_dateline_follows() {
        let title = |text: &str| find(text, &Known::default()).title;
        let dated = format!("Talks end.\n\nDALLAS (AP) — {BODY}");
        assert_eq!(title(&dated).as_deref(), Some("Talks end."));
        let signed = format!("Talks end.\nby Anna Trevane\n\n{BODY}");
        assert_eq!(title(&signed).as_deref(), Some("Talks end."));
        assert_eq!(title(&format!("Talks end.\n\n{BODY}")), None);
        let standfirst = format!("Talks end\n\nNo deal was made.\n\nDALLAS (AP) — {BODY}");
        assert_eq!(pairs(&cuts_of(&standfirst)), [("DALLAS (AP) —", "dateline")]);
    }

    #[test]
    fn sentences_that_look_alike_are_not_cut() {
        let body = [
            "Sign up for a longer week, employers say, and you sign away the evening with it.",
            "More from the same playbook followed last week, when we learned of the clause.",
            "By Friday the bill was dead.",
            "Jon Arel is a liar, the minister's aide told me.",
            "Related matters were not discussed.",
            "Copyright law is a poor guide here, and so is the ministry.",
            "Subscribe to that, and you subscribe to all of it.",
            "Read more of this and you will go mad.",
            "The views of the minister do not count.",
            "Views expressed at the hearing were harsh.",
            "Opinions are divided.",
            "Mr. Tolva does not represent the views of his voters.",
            "This report was edited by the ministry, and it shows.",
            "Distributed power is the future.",
            "The author of the bill, Senator Tolva, said nothing.",
            "More in hope than in faith: they wait.",
            "More on that: the levy works.",
            "Get the letter of the law right.",
            "Get the e-mail out of politics.",
            "The author is dead.",
        ];
        for last in 0..body.len() {
            let mut lines = body;
            lines.swap(last, body.len() - 1);
            let text = format!("A headline\n\n{}", lines.join("\n\n"));
            assert_eq!(cuts_of(&text), [], "{}", lines[body.len() - 1]);
        }
    }

    #[test]
    fn a_bare_name_is_an_author_only_where_it_can_be_nothing_else() {
        let of =
            |head: &str, body: &str| find(&format!("Pass it\n{head}\n\n{body}"), &Known::default());
        assert_eq!(of("Maro Ilves\nAbroad | Opinion", BODY).authors, ["Maro Ilves"]);
        let bio = format!("{BODY}\n\nMaro Ilves drove vans and now writes about them.");
        assert_eq!(of("Maro Ilves", &bio).authors, ["Maro Ilves"]);
        assert_eq!(of("Maro Ilves", BODY).cuts, [], "nothing else tells");
        assert_eq!(of("Middle East\nBy Anna Trevane", BODY).authors, ["Anna Trevane"]);
        assert_eq!(of("Ravel Onsager | 11 Feb. 2026", BODY).authors, ["Ravel Onsager"]);
        assert_eq!(of("Climate Change", "The climate is changing.\n\nIt is.").authors, [""; 0]);
        let body = "Talks in Hong Kong went on.\n\nThey end today.";
        assert_eq!(of("Hong Kong", body).authors, [""; 0]);
        assert_eq!(of("Supreme Court", "The court met.\n\nIt sat long.").cuts, []);
    }

    #[test]
    fn a_single_line_has_neither_headline_nor_boilerplate() {
        let found = find("Sign the treaty", &Known::default());
        assert_eq!((found.title, found.cuts.len()), (None, 0));
        assert_eq!(find("", &Known::default()).cuts, []);
    }

    #[test]
    fn names_of_folders_and_outlets_are_compared_loosely() {
        assert!(same_name("harbour-courier", "The Harbour Courier"));
        assert!(same_name("THE_TIMES", "Times"));
        assert!(!same_name("feeds", "Common Loom"));
        assert!(!same_name("", "The"));
    }
}
