//! Who stands with whom: actors tied to targets, and to each other by the targets they share.
//!
//! This is discourse network analysis (Leifeld, *Discourse Network Analysis: Policy Debates as
//! Dynamic Networks*, The Oxford Handbook of Political Networks, 2017), with targets as its concepts
//! and stances as its agreement qualifiers:
//!
//! - **Actor × target.** A [`Tie`] holds the mean position of the pieces in which the actor answers to
//!   the target, how many there are, and the records behind it.
//! - **Actor × actor.** On each target an actor takes the *side* that most of those pieces show, favor
//!   or against; where they are as many, or most are neutral, none. Two actors' *congruence* is the
//!   number of targets on which they take the same side, their *conflict* that of the targets on which
//!   they take opposite ones. Being both neutral binds nobody. As busy actors meet more often by
//!   chance alone, both are also given divided by the mean number of targets on which the two take
//!   sides (*average activity* normalisation); the [`score`](Meeting::score) is the normalised
//!   congruence minus the normalised conflict, in [-1, 1] (*subtract* network).
//!
//! Actors go by the name that the corpus has for them; namesakes are one actor here, and a person under two
//! names that no rule brought together two.

use crate::aggregates::{Cell, Cells, Counts, PieceStance, Placement, representative};
use serde::Serialize;
use standpoint_core::{Holder, Record};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::io::{self, Write};

/// How many actors a picture or a matrix of all pairs has room for.
pub const ACTORS: usize = 60;

/// What actors say of targets, gathered piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// By actor and target.
    ties: BTreeMap<(String, String), Gathered>,
}

#[derive(Debug, Clone, Default)]
struct Gathered {
    pieces: Counts,
    positions: Vec<f32>,
    documents: Vec<String>,
}

/// An actor's stance toward a target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tie {
    /// The actor's name.
    pub actor: String,
    /// Id of the target.
    pub target: String,
    /// Mean position of the pieces that did not abstain, in [-1, 1]; `None` if all did.
    pub position: Option<f64>,
    /// Which side most of those pieces show, see the module; `None` for neither.
    pub side: Option<Side>,
    /// Pieces by stance.
    pub pieces: Counts,
    /// Ids of the documents that stand for those pieces, in order. With the actor and the target
    /// each names one record, the one that was counted.
    pub documents: Vec<String>,
}

/// For or against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// For the target.
    Favor,
    /// Against the target.
    Against,
}

impl Side {
    /// The name used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Side::Favor => "favor",
            Side::Against => "against",
        }
    }

    fn of(pieces: &Counts) -> Option<Side> {
        let Counts { favor, against, neutral, .. } = *pieces;
        if favor > against && favor > neutral {
            Some(Side::Favor)
        } else if against > favor && against > neutral {
            Some(Side::Against)
        } else {
            None
        }
    }
}

/// How two actors meet on the targets on which both take sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Meeting {
    /// The actor whose name comes first.
    pub a: String,
    /// The other one.
    pub b: String,
    /// Targets on which both take the same side.
    pub congruence: usize,
    /// Targets on which they take opposite sides.
    pub conflict: usize,
    /// On how many targets each of the two takes sides.
    pub activity: [usize; 2],
}

impl Meeting {
    /// Congruence divided by the mean activity of the two, in [0, 1].
    pub fn normalised_congruence(&self) -> f64 {
        self.normalised(self.congruence)
    }

    /// Conflict divided by the mean activity of the two, in [0, 1].
    pub fn normalised_conflict(&self) -> f64 {
        self.normalised(self.conflict)
    }

    /// Normalised congruence minus normalised conflict, in [-1, 1].
    pub fn score(&self) -> f64 {
        self.normalised_congruence() - self.normalised_conflict()
    }

    fn normalised(&self, targets: usize) -> f64 {
        // A meeting has at least one target, so neither activity is 0.
        2.0 * targets as f64 / (self.activity[0] + self.activity[1]) as f64
    }
}

impl Network {
    /// The network of the [most informative](Self::most_informative) actors among these cells, and how many
    /// there are to choose from. It is made of counts: its ties name no documents.
    pub(crate) fn of_most(most: usize, actors: &Cells) -> (Self, usize) {
        let told = actors.cells().filter_map(|cell| Some((cell.group?, cell.pieces())));
        let ranked = ranked(told);
        let chosen: BTreeSet<&str> = ranked.iter().take(most).copied().collect();
        let tie = |cell: Cell<'_>| {
            let actor = cell.group.filter(|actor| chosen.contains(actor))?.to_owned();
            let positions = cell.positions().collect();
            let gathered = Gathered { pieces: cell.pieces(), positions, documents: Vec::new() };
            Some(((actor, cell.target.to_owned()), gathered))
        };
        (Self { ties: actors.cells().filter_map(tie).collect() }, ranked.len())
    }

    /// Takes up one piece, given all its placements. What authors say is passed over.
    pub fn add_piece(&mut self, placements: &[Placement<'_>]) {
        for stance in PieceStance::of(placements) {
            let Holder::Actor(actor) = stance.holder else { continue };
            let records: Vec<&Record> = stance.placed.iter().map(|&(_, record)| record).collect();
            let Some(record) = representative(&records) else { continue };
            let tie = self.ties.entry((actor.clone(), stance.target.to_owned())).or_default();
            tie.pieces.add(record.stance);
            if record.stance.label().is_some() {
                tie.positions.push(record.probabilities.position());
            }
            tie.documents.push(record.document.clone());
        }
    }

    /// All ties, in the order of actors' names and targets' ids.
    pub fn ties(&self) -> Vec<Tie> {
        self.ties.iter().map(tie).collect()
    }

    /// The at most `most` actors that tell most, in this order: those who take a side in the most
    /// pieces; of equal, those who do on more targets; of equal, the one whose name comes first. Who
    /// was only ever neutral or abstained on is left out.
    pub fn most_informative(&self, most: usize) -> Vec<&str> {
        let told = self.ties.iter().map(|((actor, _), tie)| (actor.as_str(), tie.pieces));
        let mut actors = ranked(told);
        actors.truncate(most);
        actors
    }

    /// How each pair of the given actors meets, in the order of names; pairs that take sides on no
    /// common target are left out. The time is that of all pairs, so choose the actors first.
    pub fn meetings(&self, actors: &[&str]) -> Vec<Meeting> {
        let wanted: BTreeSet<&str> = actors.iter().copied().collect();
        let mut sides: BTreeMap<&str, BTreeMap<&str, Side>> = BTreeMap::new();
        for ((actor, target), tie) in &self.ties {
            if let Some(side) = Side::of(&tie.pieces).filter(|_| wanted.contains(actor.as_str())) {
                sides.entry(actor).or_default().insert(target, side);
            }
        }
        let mut meetings = Vec::new();
        for (at, (&a, of_a)) in sides.iter().enumerate() {
            for (&b, of_b) in sides.iter().skip(at + 1) {
                let shared = of_a.iter().filter_map(|(target, a)| Some((a, of_b.get(target)?)));
                let (same, opposite): (Vec<_>, Vec<_>) = shared.partition(|(a, b)| a == b);
                if same.len() + opposite.len() > 0 {
                    meetings.push(Meeting {
                        a: a.to_owned(),
                        b: b.to_owned(),
                        congruence: same.len(),
                        conflict: opposite.len(),
                        activity: [of_a.len(), of_b.len()],
                    });
                }
            }
        }
        meetings
    }

    /// Writes the network of actors and targets as GraphML: directed edges from actors to targets,
    /// nodes with `kind` (actor or target) and `label`.
    ///
    /// The attribute `weight`, which Gephi and visone lay out by and which must not be negative, is
    /// the number of pieces that answered; the stance is in `position`, from -1 to 1. Ties on which
    /// all pieces abstained have the weight 0 and no position.
    ///
    /// `targets` gives words for ids; a target without any is labelled by its id.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_actor_target(
        &self,
        targets: &BTreeMap<String, String>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let keys = [
            ("node", "kind", "string"),
            ("node", "label", "string"),
            ("edge", "weight", "double"),
            ("edge", "position", "double"),
            ("edge", "side", "string"),
            ("edge", "favor", "long"),
            ("edge", "against", "long"),
            ("edge", "neutral", "long"),
            ("edge", "abstained", "long"),
            ("edge", "documents", "string"),
        ];
        let mut graph = Graphml::begin(out, &keys, "directed")?;
        let actors: BTreeSet<&str> = self.ties.keys().map(|(actor, _)| actor.as_str()).collect();
        let ids: BTreeSet<&str> = self.ties.keys().map(|(_, target)| target.as_str()).collect();
        for actor in actors {
            graph.node("actor", actor, &[("kind", &"actor"), ("label", &actor)])?;
        }
        for id in ids {
            let label = targets.get(id).map_or(id, String::as_str);
            graph.node("target", id, &[("kind", &"target"), ("label", &label)])?;
        }
        for tie in self.ties() {
            let Counts { favor, against, neutral, abstained } = tie.pieces;
            let answered = favor + against + neutral;
            let documents = tie.documents.join("; ");
            let mut data: Vec<(&str, &dyn fmt::Display)> = vec![("weight", &answered)];
            if let Some(position) = &tie.position {
                data.push(("position", position));
            }
            let side = tie.side.map_or("none", Side::as_str);
            data.extend([("side", &side as &dyn fmt::Display), ("favor", &favor)]);
            data.extend([("against", &against as &dyn fmt::Display), ("neutral", &neutral)]);
            data.extend([("abstained", &abstained as &dyn fmt::Display)]);
            data.push(("documents", &documents));
            graph.edge(("actor", &tie.actor), ("target", &tie.target), &data)?;
        }
        graph.end()
    }

    /// Writes the network of the given actors as GraphML: undirected edges between those who meet.
    ///
    /// `weight`, which must not be negative for Gephi, is the number of targets on which both take
    /// sides; `congruence` and `conflict` say how many of these on the same and on opposite ones, and
    /// `score` is the normalised difference, from -1 to 1.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_actor_actor(&self, actors: &[&str], out: &mut impl Write) -> io::Result<()> {
        let keys = [
            ("node", "label", "string"),
            ("edge", "weight", "double"),
            ("edge", "congruence", "long"),
            ("edge", "conflict", "long"),
            ("edge", "normalised_congruence", "double"),
            ("edge", "normalised_conflict", "double"),
            ("edge", "score", "double"),
        ];
        let mut graph = Graphml::begin(out, &keys, "undirected")?;
        for actor in actors.iter().collect::<BTreeSet<_>>() {
            graph.node("actor", actor, &[("label", actor)])?;
        }
        for meeting in self.meetings(actors) {
            let weight = meeting.congruence + meeting.conflict;
            let data: [(&str, &dyn fmt::Display); 6] = [
                ("weight", &weight),
                ("congruence", &meeting.congruence),
                ("conflict", &meeting.conflict),
                ("normalised_congruence", &meeting.normalised_congruence()),
                ("normalised_conflict", &meeting.normalised_conflict()),
                ("score", &meeting.score()),
            ];
            graph.edge(("actor", &meeting.a), ("actor", &meeting.b), &data)?;
        }
        graph.end()
    }
}

/// The actors that take a side at all, those first that tell most; see [`Network::most_informative`].
fn ranked<'a>(ties: impl Iterator<Item = (&'a str, Counts)>) -> Vec<&'a str> {
    let mut told: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (actor, Counts { favor, against, .. }) in ties {
        if favor + against > 0 {
            let (pieces, targets) = told.entry(actor).or_default();
            *pieces += favor + against;
            *targets += 1;
        }
    }
    let mut actors: Vec<_> = told.into_iter().collect();
    // The sort is stable, and the map was in the order of names.
    actors.sort_by_key(|&(_, told)| std::cmp::Reverse(told));
    actors.into_iter().map(|(actor, _)| actor).collect()
}

fn tie(((actor, target), gathered): (&(String, String), &Gathered)) -> Tie {
    // Sorted, so that the sum does not depend on the order of the pieces.
    let mut positions: Vec<f64> = gathered.positions.iter().map(|&x| f64::from(x)).collect();
    positions.sort_by(f64::total_cmp);
    let mut documents = gathered.documents.clone();
    documents.sort_unstable();
    let answered = positions.len();
    Tie {
        actor: actor.clone(),
        target: target.clone(),
        position: (answered > 0).then(|| positions.iter().sum::<f64>() / answered as f64),
        side: Side::of(&gathered.pieces),
        pieces: gathered.pieces,
        documents,
    }
}

/// A GraphML file as it is written (Brandes et al., *GraphML Progress Report*, 2001).
struct Graphml<'a, W: Write> {
    out: &'a mut W,
}

impl<'a, W: Write> Graphml<'a, W> {
    /// `keys` are attributes: of node or edge, name, type.
    fn begin(out: &'a mut W, keys: &[(&str, &str, &str)], edges: &str) -> io::Result<Self> {
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(out, r#"<graphml xmlns="http://graphml.graphdrawing.org/xmlns">"#)?;
        for (of, name, kind) in keys {
            write!(out, r#"  <key id="{of}-{name}" for="{of}" "#)?;
            writeln!(out, r#"attr.name="{name}" attr.type="{kind}"/>"#)?;
        }
        writeln!(out, r#"  <graph edgedefault="{edges}">"#)?;
        Ok(Self { out })
    }

    fn node(&mut self, kind: &str, id: &str, data: &[(&str, &dyn fmt::Display)]) -> io::Result<()> {
        write!(self.out, r#"    <node id="{kind}:{}">"#, escaped(id))?;
        self.data("node", data)?;
        writeln!(self.out, "</node>")
    }

    fn edge(
        &mut self,
        source: (&str, &str),
        target: (&str, &str),
        data: &[(&str, &dyn fmt::Display)],
    ) -> io::Result<()> {
        let (from, to) = (escaped(source.1), escaped(target.1));
        write!(self.out, r#"    <edge source="{}:{from}" target="{}:{to}">"#, source.0, target.0)?;
        self.data("edge", data)?;
        writeln!(self.out, "</edge>")
    }

    fn data(&mut self, of: &str, data: &[(&str, &dyn fmt::Display)]) -> io::Result<()> {
        for (name, value) in data {
            let value = escaped(&value.to_string());
            write!(self.out, r#"<data key="{of}-{name}">{value}</data>"#)?;
        }
        Ok(())
    }

    fn end(self) -> io::Result<()> {
        writeln!(self.out, "  </graph>\n</graphml>")
    }
}

/// Text as XML 1.0 may hold it, in an attribute or an element: white space other than blanks by
/// number, so that no reader makes blanks of it; what may not stand there at all as U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                // Writing to a string does not fail.
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregates::Grouping;
    use standpoint_core::{Kind, Probabilities, Stance};

    /// `actor target stance` in one piece, for each.
    fn network(pieces: &[&[(&str, &str, Stance)]]) -> Network {
        gathered(pieces).0
    }

    /// The network of these pieces, and the cells of their actors.
    fn gathered(pieces: &[&[(&str, &str, Stance)]]) -> (Network, Cells) {
        let (mut network, mut cells) = (Network::default(), Cells::by(Grouping::Actor));
        for (number, said) in pieces.iter().enumerate() {
            let piece = format!("p{number}");
            let record = |document: &str, &(actor, target, stance): &(&str, &str, Stance)| Record {
                document: document.to_owned(),
                piece: piece.clone(),
                holder: Holder::Actor(actor.to_owned()),
                target: target.to_owned(),
                stance,
                probabilities: match stance {
                    Stance::Favor => Probabilities::new(0.75, 0.0, 0.25),
                    Stance::Against => Probabilities::new(0.0, 0.5, 0.5),
                    _ => Probabilities::new(0.25, 0.25, 0.5),
                },
                passages: 1,
                evidence: vec![],
            };
            let own: Vec<Record> = said.iter().map(|said| record(&piece, said)).collect();
            let copy: Vec<Record> = said.iter().map(|said| record("copy", said)).collect();
            let placement = |records| Placement {
                document: "",
                kind: Kind::News,
                text: "",
                records,
                ..Placement::default()
            };
            let placements = [placement(&copy), placement(&own)];
            network.add_piece(&placements);
            cells.add_piece(&placements);
        }
        (network, cells)
    }

    use Stance::{Abstained, Against, Favor, Neutral};

    #[test]
    fn a_tie_is_the_mean_over_pieces_and_names_its_records() {
        let network = network(&[
            &[("Maron", "levy", Favor)],
            &[("Maron", "levy", Against), ("Tolva", "levy", Neutral)],
            &[("Maron", "levy", Favor)],
            &[("Maron", "levy", Abstained)],
        ]);
        let ties = network.ties();
        assert_eq!(ties.len(), 2);
        let maron = &ties[0];
        assert_eq!(maron.pieces, Counts { favor: 2, against: 1, neutral: 0, abstained: 1 });
        assert!((maron.position.unwrap() - (0.75 + 0.75 - 0.5) / 3.0).abs() < 1e-12);
        assert_eq!(maron.side, Some(Side::Favor));
        assert_eq!(maron.documents, ["p0", "p1", "p2", "p3"], "a copy counts no second time");
        assert_eq!((ties[1].side, ties[1].position), (None, Some(0.0)));
    }

    #[test]
    fn the_network_of_cells_is_that_of_the_same_pieces_but_for_its_documents() {
        let (network, cells) = gathered(&[
            &[("A", "levy", Favor), ("A", "plant", Against), ("B", "levy", Favor)],
            &[("A", "levy", Against), ("C", "levy", Neutral), ("D", "plant", Favor)],
            &[("B", "levy", Favor), ("D", "levy", Abstained)],
        ]);
        let (most, all) = Network::of_most(2, &cells);
        assert_eq!(all, 3, "C takes no side");
        assert_eq!(most.most_informative(9), network.most_informative(2));
        let mut ties = network.ties();
        ties.retain(|tie| ["A", "B"].contains(&tie.actor.as_str()));
        ties.iter_mut().for_each(|tie| tie.documents.clear());
        assert_eq!(most.ties(), ties);
        assert_eq!(most.meetings(&["A", "B"]), network.meetings(&["A", "B"]));
    }

    #[test]
    fn actors_meet_where_both_take_sides() {
        let network = network(&[
            &[("A", "levy", Favor), ("A", "plant", Favor), ("A", "week", Against)],
            &[("B", "levy", Favor), ("B", "plant", Against)],
            &[("C", "levy", Neutral), ("C", "week", Against)],
            &[("D", "levy", Favor)],
            &[("D", "levy", Against)],
        ]);
        let meetings = network.meetings(&["C", "B", "A", "D", "nobody"]);
        let names: Vec<_> = meetings.iter().map(|m| (m.a.as_str(), m.b.as_str())).collect();
        assert_eq!(names, [("A", "B"), ("A", "C")], "a torn actor takes no side");
        let [with_b, with_c] = &meetings[..] else { panic!("two") };
        assert_eq!((with_b.congruence, with_b.conflict, with_b.activity), (1, 1, [3, 2]));
        // 1 / 2.5 each.
        assert!((with_b.normalised_congruence() - 0.4).abs() < 1e-12);
        assert!((with_b.normalised_conflict() - 0.4).abs() < 1e-12);
        // C takes a side on the week only: 1 / ((3 + 1) / 2).
        assert!((with_c.score() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_most_informative_take_sides_most_often() {
        let network = network(&[
            &[("A", "levy", Favor), ("B", "levy", Favor), ("C", "levy", Neutral)],
            &[("A", "levy", Favor), ("B", "plant", Favor), ("D", "levy", Abstained)],
            &[("E", "levy", Against)],
        ]);
        assert_eq!(network.most_informative(9), ["B", "A", "E"]);
        assert_eq!(network.most_informative(1), ["B"]);
    }

    #[test]
    fn graphml_holds_what_was_gathered() {
        let network = network(&[&[("A & \"B\"\u{1}", "levy", Favor), ("C", "levy", Against)]]);
        let mut file = Vec::new();
        let words = BTreeMap::from([("levy".to_owned(), "the <levy>".to_owned())]);
        network.write_actor_target(&words, &mut file).unwrap();
        let file = String::from_utf8(file).unwrap();
        assert!(file.contains(r#"<node id="actor:A &amp; &quot;B&quot;�">"#), "{file}");
        assert!(file.contains(r#"<data key="node-label">the &lt;levy&gt;</data>"#), "{file}");
        let edge =
            r#"<edge source="actor:C" target="target:levy"><data key="edge-weight">1</data>"#;
        assert!(file.contains(edge), "{file}");
        assert!(file.contains(r#"<data key="edge-position">-0.5</data>"#), "{file}");

        let mut file = Vec::new();
        network.write_actor_actor(&network.most_informative(9), &mut file).unwrap();
        let file = String::from_utf8(file).unwrap();
        assert!(file.contains(r#"<data key="edge-score">-1</data>"#), "{file}");
    }
}
