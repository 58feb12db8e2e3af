//! Pairs whose stance is somebody's whom the text names.
//!
//! A model that is asked "whose stance toward what" ([`Holder::question`]) has to learn that the stance
//! of a text is not that of everybody in it. Two sources teach it: sentences with two entities and a
//! direction ([`related`]), and arguments put in somebody's mouth ([`reported`]): a claim for a target
//! becomes what one actor says and another denies, doubts, or is only reported to think.

use crate::data::Row;
use crate::recipe::LabelMeaning;
use anyhow::{Error, Result};
use fastrand::Rng;
use standpoint_core::Holder;
use standpoint_report::evaluation::{Related, Relation};

/// Both questions of a sentence with two entities: what each of them holds of the other. Where neither
/// has a stance, one question is enough.
pub(crate) fn related(line: &str) -> Result<Vec<Row>> {
    let Related { text, names: [first, second], gold } =
        Related::parse(line).map_err(Error::msg)?;
    let [of_first, of_second] =
        gold.labels().map(|label| LabelMeaning::Certain(label).probabilities());
    let ask = |holder: &str, target: &str, gold| Row {
        text: text.clone(),
        target: Holder::question(holder, target),
        gold,
    };
    let mut rows = vec![ask(&first, &second, of_first)];
    if gold != Relation::Neutral {
        rows.push(ask(&second, &first, of_second));
    }
    Ok(rows)
}

const NEUTRAL: [f32; 3] = [0.0, 0.0, 1.0];

/// What a template makes of an actor's stance, given that of the argument in it.
#[derive(Clone, Copy)]
enum Becomes {
    Same,
    Opposite,
    /// Most likely the opposite: to accuse somebody of a view is rarely to share it.
    RatherOpposite,
    Neutral,
    Favor,
    Against,
    /// As the second argument, which is one for the other side.
    Second,
}

use Becomes::{Against, Favor, Neutral, Opposite, RatherOpposite, Same, Second};

impl Becomes {
    fn of(self, gold: [f32; 3], second: [f32; 3]) -> [f32; 3] {
        let [favor, against, neutral] = gold;
        match self {
            Same => gold,
            Second => second,
            Opposite => [against, favor, neutral],
            RatherOpposite => {
                let part = |p: f32, other: f32| 0.7 * other + 0.05 * p;
                [part(favor, against), part(against, favor), 0.25 + 0.75 * neutral]
            }
            Neutral => NEUTRAL,
            Favor => [1.0, 0.0, 0.0],
            Against => [0.0, 1.0, 0.0],
        }
    }
}

/// Templates for one argument: `{a}` and `{b}` are actors, `{t}` the argument as a clause, `{T}` as a
/// sentence without its full stop. Then what `{a}` and `{b}` think.
const ONE: &[(&str, Becomes, Option<Becomes>)] = &[
    ("{a} said that {t}.", Same, None),
    ("{a} said {t}.", Same, None),
    ("“{T},” said {a}.", Same, None),
    ("“{T},” {a} told reporters on Monday.", Same, None),
    ("{a} put it this way: “{T}.”", Same, None),
    ("“{T},” {a} wrote. “I have said so for years.”", Same, None),
    ("According to {a}, {t}.", Same, None),
    ("{T}, {a} argued on Tuesday.", Same, None),
    ("In the view of {a}, {t}.", Same, None),
    ("{a} warned, rightly, that {t}.", Same, None),
    ("{a} has long maintained that {t}.", Same, None),
    ("{a} told {b} that {t}.", Same, Some(Neutral)),
    ("{a}, who met {b} last week, insisted that {t}.", Same, Some(Neutral)),
    ("At a hearing called by {b}, {a} testified that {t}.", Same, Some(Neutral)),
    ("{b} asked {a} about it. The answer was short: “{T}.”", Same, Some(Neutral)),
    ("{a} does not believe that {t}.", Opposite, None),
    ("{a} rejected the claim that {t}.", Opposite, None),
    ("{a} denied that {t}.", Opposite, None),
    ("It is a myth, {a} said, that {t}.", Opposite, None),
    ("{a} used to say that {t}, but has since changed course.", Opposite, None),
    ("{a} once argued that {t}; today nobody in that office would.", RatherOpposite, None),
    ("{a} agreed with {b} that {t}.", Same, Some(Same)),
    ("{a} disputed a statement by {b} that {t}.", Opposite, Some(Same)),
    ("{b} had claimed that {t}. {a} called that nonsense.", Opposite, Some(Same)),
    ("“{T},” said {b}. {a} could not disagree more.", Opposite, Some(Same)),
    ("“{T},” said {b}, and {a} nodded.", Same, Some(Same)),
    ("{a} fears that {b} thinks that {t}.", RatherOpposite, Some(Same)),
    ("{a} accused {b} of believing that {t}.", RatherOpposite, Some(Same)),
    ("{a} reported that {b} considers that {t}.", Neutral, Some(Same)),
    ("{a} noted that, for {b}, {t}.", Neutral, Some(Same)),
    ("{a} has not said whether {t}.", Neutral, None),
    ("{a} was asked whether {t}, and declined to answer.", Neutral, None),
    ("{a} is studying a report by {b}, which says that {t}.", Neutral, Some(Same)),
    ("Opponents of {a} say that {t}.", Neutral, None),
    ("Critics told {a} that {t}.", Neutral, None),
    ("“{T},” reads a letter that {a} received from {b}.", Neutral, Some(Same)),
];

/// Templates for two arguments on one target, `{t}` and `{u}` (`{U}`), one for each side.
const TWO: &[(&str, Becomes, Becomes)] = &[
    ("{a} said that {t}. {b} disagreed: {u}.", Same, Second),
    ("While {a} argues that {t}, {b} says that {u}.", Same, Second),
    ("“{T},” said {a}. “{U},” {b} replied.", Same, Second),
    ("{a} believes that {t}; for {b}, {u}.", Same, Second),
    ("{b} thinks that {u}. But {a} told the committee: “{T}.”", Same, Second),
    ("“{U},” said {b}. “{T},” said {a}, who spoke next.", Same, Second),
    ("{a} conceded that {u}, but said that on balance {t}.", Same, Neutral),
];

/// Templates for acts toward a target that is a noun phrase, `{x}`.
const ACTS: &[(&str, Becomes, Option<Becomes>)] = &[
    ("{a} rejected {x}.", Against, None),
    ("{a} has vowed to fight {x}.", Against, None),
    ("{a} condemned {x} in the strongest terms.", Against, None),
    ("{a} voted against {x}.", Against, None),
    ("{a} blocked a motion in support of {x}.", Against, None),
    ("{a} called {x} a mistake.", Against, None),
    ("{a} withdrew support for {x}.", Against, None),
    ("{a} is no friend of {x}.", Against, None),
    ("{a} refused to back {x}.", Against, None),
    ("{a} said on Friday that {x} would do more harm than good.", Against, None),
    ("{a} has vowed to defend {x}.", Favor, None),
    ("{a} welcomed {x}.", Favor, None),
    ("{a} praised {x} as overdue.", Favor, None),
    ("{a} voted for {x}.", Favor, None),
    ("{a} agreed to pay for {x}.", Favor, None),
    ("{a} called for {x}.", Favor, None),
    ("{a} urged parliament to support {x}.", Favor, None),
    ("{a} has never opposed {x}, and does not now.", Favor, None),
    ("{a} dropped all objections to {x}.", Favor, None),
    ("{a} was asked about {x} and said nothing.", Neutral, None),
    ("{a} will decide on {x} next month.", Neutral, None),
    ("{a} presented the figures on {x}.", Neutral, None),
    ("{a} neither endorsed nor rejected {x}.", Neutral, None),
    ("{a} rejected {x}, which {b} had welcomed.", Against, Some(Favor)),
    ("{a} backs {x} over the objections of {b}.", Favor, Some(Against)),
    ("{a} criticised {b} for opposing {x}.", Favor, Some(Against)),
    ("{a} attacked {b} for supporting {x}.", Against, Some(Favor)),
    ("{a} defended {b} against critics of {x}.", Neutral, Some(Neutral)),
    ("{a} and {b} both came out against {x}.", Against, Some(Against)),
    ("{a}, like {b}, supports {x}.", Favor, Some(Favor)),
    ("{a} hopes to persuade {b}, who is against {x}, to support it.", Favor, Some(Against)),
    (
        "Under pressure from {b}, a foe of {x}, {a} said that the plan would go ahead.",
        Favor,
        Some(Against),
    ),
    ("{a} fears that {b} opposes {x}.", Favor, Some(Against)),
    ("{a} met {b} to talk about {x}.", Neutral, Some(Neutral)),
    ("{a} said that {b} had rejected {x}.", Neutral, Some(Against)),
];

const FIRST: &[&str] = &[
    "Alice", "Amir", "Anna", "Boris", "Carmen", "Chen", "Daniel", "David", "Deepa", "Elena",
    "Emma", "Fatima", "Felix", "Grace", "Hassan", "Helen", "Igor", "Ines", "James", "Joan", "John",
    "Jorge", "Julia", "Karim", "Kate", "Lars", "Laura", "Li", "Lucy", "Marco", "Maria", "Mark",
    "Mehmet", "Michael", "Mina", "Nadia", "Nina", "Oleg", "Omar", "Paul", "Peter", "Priya",
    "Rachel", "Robert", "Rosa", "Sarah", "Sofia", "Susan", "Thomas", "Victor", "William", "Yuki",
];

const LAST: &[&str] = &[
    "Adams", "Ahmed", "Alvarez", "Bauer", "Becker", "Bennett", "Brandt", "Brown", "Campbell",
    "Carter", "Castro", "Chandra", "Cohen", "Costa", "Dubois", "Evans", "Ferrari", "Fischer",
    "Foster", "Garcia", "Gupta", "Haddad", "Hansen", "Hoffman", "Hughes", "Ivanov", "Jensen",
    "Johnson", "Kaya", "Kelly", "Khan", "Kim", "Kovac", "Larsen", "Lee", "Lopez", "Martin",
    "Mazur", "Meyer", "Mills", "Moreau", "Morris", "Murphy", "Nakamura", "Novak", "O’Brien",
    "Okafor", "Olsen", "Park", "Patel", "Petrov", "Reed", "Rossi", "Santos", "Sato", "Schmidt",
    "Shah", "Silva", "Singh", "Smith", "Taylor", "Torres", "Turner", "Walker", "Wang", "Weber",
    "White", "Wilson", "Wright", "Young",
];

/// A person's role, as it stands before the name.
const ROLES: &[&str] = &[
    "President", "Senator", "Governor", "Mayor", "Professor", "Prime Minister", "Foreign Minister",
    "Judge", "Representative", "Dr.", "Ambassador", "the economist", "the campaigner",
];

/// Bodies, governments and groups.
const BODIES: &[&str] = &[
    "the White House",
    "the Kremlin",
    "Downing Street",
    "Berlin",
    "Paris",
    "Beijing",
    "Tehran",
    "Kyiv",
    "Brussels",
    "the European Commission",
    "the United Nations",
    "the Pentagon",
    "Congress",
    "the Senate",
    "House Republicans",
    "Democrats",
    "the Labour Party",
    "the Greens",
    "the opposition",
    "the Supreme Court",
    "the Treasury",
    "the Chamber of Commerce",
    "the teachers’ union",
    "the Farmers’ Federation",
    "Amnesty International",
    "the World Bank",
    "European leaders",
    "senior officials",
    "business leaders",
    "campaigners",
    "local residents",
    "doctors",
    "Turkey",
    "Russia",
    "India",
    "Brazil",
    "the United States",
    "the Conservatives",
    "the government",
];

/// An actor as the text introduces it, and the name that the question uses.
fn actor(rng: &mut Rng) -> (String, String) {
    let pick = |rng: &mut Rng, of: &[&'static str]| of[rng.usize(..of.len())];
    if rng.f32() < 0.35 {
        let body = pick(rng, BODIES).to_owned();
        return (body.clone(), body);
    }
    let last = pick(rng, LAST);
    let full = format!("{} {last}", pick(rng, FIRST));
    match rng.u8(..6) {
        0 => (format!("{} {last}", pick(rng, ROLES)), last.to_owned()),
        1 => (format!("{} {full}", pick(rng, ROLES)), full),
        2 => (format!("{full}, {},", "who chairs the committee"), full),
        3 => (last.to_owned(), full),
        _ => (full.clone(), full),
    }
}

/// Puts rows' texts, which argue for or against a target, in somebody's mouth, and asks who holds what.
/// About one question a row; what comes out depends on rows and seed only.
pub(crate) fn reported(rows: &[Row], seed: u64) -> Vec<Row> {
    let mut rng = Rng::with_seed(seed);
    let mut asked = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let argument = Argument::of(row);
        let target = row.target.trim_end_matches(['.', '?', '!']);
        if argument.is_none() && !is_phrase(target) {
            continue;
        }
        let ((a, asked_a), (b, asked_b)) = (actor(&mut rng), actor(&mut rng));
        if asked_a == asked_b {
            continue;
        }
        let opposed = opposed(rows, at, &mut rng);
        let act = is_phrase(target) && (argument.is_none() || rng.bool());
        let two = opposed.is_some() && rng.f32() < 0.7;
        let (template, becomes_a, becomes_b) = if act {
            ACTS[rng.usize(..ACTS.len())]
        } else if two {
            let (template, a, b) = TWO[rng.usize(..TWO.len())];
            (template, a, Some(b))
        } else {
            ONE[rng.usize(..ONE.len())]
        };
        let mut text = template.replace("{x}", target);
        if let Some(argument) = &argument {
            text = text.replace("{t}", &argument.clause).replace("{T}", &argument.sentence);
        }
        let mut second_gold = row.gold;
        if let Some((second, gold)) = opposed {
            text = text.replace("{u}", &second.clause).replace("{U}", &second.sentence);
            second_gold = gold;
        }
        let text = capitalised(&text.replace("{a}", &a).replace("{b}", &b).replace(",.", "."));
        let mut ask = |holder: &str, becomes: Becomes| {
            let gold = becomes.of(row.gold, second_gold);
            asked.push(Row { text: text.clone(), target: Holder::question(holder, target), gold });
        };
        match becomes_b {
            // One of two that speak, so that no text is asked about twice as often as others.
            Some(becomes_b) if rng.bool() => ask(&asked_b, becomes_b),
            _ => ask(&asked_a, becomes_a),
        }
        // Somebody who is in another text has no stance in this one.
        if rng.f32() < 0.1 {
            ask(&actor(&mut rng).1, Neutral);
        }
    }
    asked
}

/// An argument as a clause ("the levy works") and as a sentence without its full stop.
#[derive(Clone)]
struct Argument {
    clause: String,
    sentence: String,
}

impl Argument {
    /// `None` for a text that is no single short sentence with a side.
    fn of(row: &Row) -> Option<Self> {
        let text = row.text.trim().trim_end_matches(['.', '!']).trim();
        let inner = text.contains(['.', '?', '!', '“', '"', ':', ';']);
        let words = text.split_whitespace().count();
        let sided = row.gold[0].max(row.gold[1]) > 0.9;
        if inner || !sided || !(4..=40).contains(&words) {
            return None;
        }
        let first = text.split(' ').next().unwrap_or_default();
        let inner_capital = first.chars().skip(1).any(char::is_uppercase);
        let clause =
            if first == "I" || inner_capital { text.to_owned() } else { lower_first(text) };
        Some(Self { clause, sentence: capitalised(text) })
    }
}

/// An argument for the other side of a row's target, from the rows near it.
fn opposed(rows: &[Row], at: usize, rng: &mut Rng) -> Option<(Argument, [f32; 3])> {
    let row = &rows[at];
    let near = rows[at.saturating_sub(40)..].iter().take(80);
    let other_side = near.filter(|other| {
        let turned = row.gold[0] * other.gold[1] + row.gold[1] * other.gold[0];
        other.target == row.target && turned > 0.8
    });
    let found: Vec<_> =
        other_side.filter_map(|other| Some((Argument::of(other)?, other.gold))).collect();
    rng.choice(found)
}

/// Whether a target is a noun phrase, as far as its words tell: claims have a verb or ask.
fn is_phrase(target: &str) -> bool {
    const VERBS: &[&str] = &[
        "should", "is", "are", "was", "were", "would", "will", "can", "cannot", "has", "have",
        "do", "does", "must", "be", "not", "than", "we", "to",
    ];
    let words: Vec<String> = target.split_whitespace().map(str::to_lowercase).collect();
    words.len() <= 4 && !words.iter().any(|word| VERBS.contains(&word.as_str()))
}

fn with_first(text: &str, change: impl Fn(char) -> String) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| change(first) + chars.as_str())
}

fn capitalised(text: &str) -> String {
    with_first(text, |c| c.to_uppercase().collect())
}

fn lower_first(text: &str) -> String {
    with_first(text, |c| c.to_lowercase().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str, target: &str, gold: [f32; 3]) -> Row {
        Row { text: text.to_owned(), target: target.to_owned(), gold }
    }

    const FOR: [f32; 3] = [1.0, 0.0, 0.0];
    const AGAINST_IT: [f32; 3] = [0.0, 1.0, 0.0];

    #[test]
    fn the_one_who_holds_is_for_or_against_and_the_other_is_neutral() {
        let asked = |direction: &str, label: &str| -> Vec<(String, [f32; 3])> {
            let row = serde_json::json!({
                "text": "A Los Angeles official praised Kasich’s plan.", "label": label,
                "entity1": "Los Angele", "entity2": "Kasich’", "direction": direction,
            });
            let rows = related(&row.to_string()).unwrap().into_iter();
            rows.map(|row| (row.target, row.gold)).collect()
        };
        let (first, second) = ("Los Angeles: Kasich".to_owned(), "Kasich: Los Angeles".to_owned());
        assert_eq!(asked("1>2", "favor"), [(first.clone(), FOR), (second.clone(), NEUTRAL)]);
        assert_eq!(asked("2>1", "against"), [(first.clone(), NEUTRAL), (second, AGAINST_IT)]);
        assert_eq!(asked("both", "neutral"), [(first, NEUTRAL)]);
    }

    #[test]
    fn what_is_reported_keeps_its_argument_and_turns_where_it_is_denied() {
        let rows: Vec<Row> = (0..400)
            .map(|i| match i % 2 {
                0 => row("The levy pays for itself.", "The levy should stay", FOR),
                _ => row("The levy ruins small towns.", "The levy should stay", AGAINST_IT),
            })
            .collect();
        let asked = reported(&rows, 5);
        let texts: Vec<_> = reported(&rows, 5).into_iter().map(|row| row.text).collect();
        assert_eq!(asked.iter().map(|row| row.text.clone()).collect::<Vec<_>>(), texts);
        assert!((340..480).contains(&asked.len()), "{} of 400", asked.len());
        for row in &asked {
            assert!(!row.text.contains(['{', '}']), "{}", row.text);
            assert!(row.target.ends_with(": The levy should stay"), "{}", row.target);
            let holder = row.target.split(": ").next().unwrap();
            if row.text == format!("{holder} denied that the levy pays for itself.") {
                assert_eq!(row.gold, AGAINST_IT);
            }
            if row.text == format!("{holder} said that the levy pays for itself.") {
                assert_eq!(row.gold, FOR);
            }
        }
        assert!(asked.iter().any(|row| row.text.contains(" denied that ") && row.gold[0] == 1.0));
    }

    #[test]
    fn acts_are_for_noun_phrases() {
        assert!(is_phrase("a carbon price"));
        assert!(!is_phrase("we should tax"));
        assert!(!is_phrase("zoos are cruel"));
    }

    #[test]
    fn only_one_short_sentence_with_a_side_is_an_argument() {
        assert!(Argument::of(&row("Zoos are cruel to animals.", "zoos", NEUTRAL)).is_none());
        assert!(Argument::of(&row("Zoos are cruel. Close them.", "zoos", FOR)).is_none());
        let argument = Argument::of(&row("UNICEF has shown that it works.", "it", FOR)).unwrap();
        assert_eq!(argument.clause, "UNICEF has shown that it works");
        let argument = Argument::of(&row("Zoos are cruel to animals!", "it", FOR)).unwrap();
        assert_eq!(argument.clause, "zoos are cruel to animals");
    }
}
