//! An invented run of as many records as asked for, the same every time.

use standpoint_core::{
    Document, Evidence, Holder, Kind, Label, Probabilities, Record, Source, Span, Stance, Target,
    Voice,
};
use standpoint_report::{aggregates::Placement, html::ReportData};

/// Numbers from 0 on; xorshift of Marsaglia (2003), so that no crate is needed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn share(&mut self) -> f32 {
        self.below(10_000) as f32 / 10_000.0
    }

    /// A word of an invented language of 30,000 words, few of them often: texts of it deflate to about
    /// as much as English does.
    fn word(&mut self) -> String {
        const SYLLABLES: [&str; 24] = [
            "the", "of", "an", "par", "gov", "min", "to", "in", "pol", "tra", "le", "vy", "con",
            "pre", "it", "des", "er", "ist", "ory", "ent", "sha", "ing", "al", "kou",
        ];
        let share = self.share();
        let number = (share * share * 30_000.0) as u64;
        let mut of_word = Random(0x9e37_79b9_7f4a_7c15 ^ (number << 7));
        of_word.below(2);
        let syllables = 1 + of_word.below(if number < 60 { 2 } else { 4 });
        (0..syllables).map(|_| SYLLABLES[of_word.below(SYLLABLES.len())]).collect()
    }

    fn sentence(&mut self) -> String {
        let words = 12 + self.below(22);
        let words: Vec<String> = (0..words).map(|_| self.word()).collect();
        format!("Then {}.", words.join(" "))
    }
}

/// Some `records` records: four per document, on ten targets, of 40 outlets, 400 authors and 800
/// actors, over two years; every tenth piece has copies.
pub(crate) fn report(records: usize) -> ReportData {
    let target = |n: usize| Target {
        id: format!("target-{n}"),
        text: format!("the matter number {n}"),
        aliases: vec![],
    };
    let mut data = ReportData::of((0..10).map(target).collect());
    let mut random = Random(0x5eed);
    let (mut made, mut piece) = (0, 0);
    while made < records {
        let (document, of_document) = document(&mut random, piece);
        made += of_document.len();
        piece += 1;
        let copies = if piece % 10 == 0 { 1 + random.below(4) } else { 0 };
        let copies: Vec<(Document, Vec<Record>)> = (0..copies)
            .map(|copy| {
                let mut document = document.clone();
                document.id = format!("{}-{copy}", document.id);
                document.outlet = Some(format!("The Outlet of Place {}", random.below(40)));
                let records = of_document
                    .iter()
                    .map(|record| Record { document: document.id.clone(), ..record.clone() });
                let records = records.collect();
                (document, records)
            })
            .collect();
        let mut placements = vec![Placement::of(&document, &of_document)];
        placements
            .extend(copies.iter().map(|(document, records)| Placement::of(document, records)));
        data.summary.documents += placements.len() as u64;
        data.summary.records += (placements.len() * of_document.len()) as u64;
        data.add_piece(&placements);
    }
    data.summary.pieces = piece as u64;
    data.summary.placements = data.summary.documents;
    data
}

fn document(random: &mut Random, piece: usize) -> (Document, Vec<Record>) {
    let sentences: Vec<String> = (0..24).map(|_| random.sentence()).collect();
    let id = format!("feed-{}/{piece}.txt", piece % 7);
    let mut text = String::new();
    let mut spans = Vec::new();
    for sentence in &sentences {
        if !text.is_empty() {
            text.push(' ');
        }
        spans.push(Span::new(text.len(), text.len() + sentence.len()));
        text.push_str(sentence);
    }
    let day = random.below(730);
    let document = Document {
        id: id.clone(),
        source: Source { path: id.clone(), row: None },
        title: Some(sentences[0].chars().take(48).collect()),
        authors: vec![format!("Author Number {}", random.below(400))],
        outlet: Some(format!("The Outlet of Place {}", random.below(40))),
        url: Some(format!("https://news.example/{piece}")),
        published: Some(format!(
            "{}-{:02}-{:02}",
            2024 + day / 365,
            1 + (day % 365) / 31,
            1 + day % 28
        )),
        language: Some("en".into()),
        kind: Kind::OpEd,
        kind_reason: String::new(),
        text: text.clone(),
        cuts: vec![],
        rights: None,
        notes: vec![],
    };
    let first = random.below(10);
    let records = (0..4).map(|turn| {
        let holder = match turn {
            0 | 1 => Holder::Author,
            _ => Holder::Actor(format!("Actor Number {}", random.below(800))),
        };
        let favor = random.share();
        let against = (1.0 - favor) * random.share();
        let probabilities = Probabilities::new(favor, against, 1.0 - favor - against);
        let passages = if turn < 2 { 6 } else { 2 };
        let evidence = (0..passages).map(|_| {
            let span = spans[random.below(spans.len())];
            Evidence {
                span,
                text: span.of(&text).unwrap_or_default().to_owned(),
                voice: if turn < 2 { Voice::Own } else { Voice::Quoted },
                named: None,
                mention: None,
                cue: None,
                content: Vec::new(),
                probabilities,
                weight: random.share(),
            }
        });
        Record {
            document: id.clone(),
            piece: id.clone(),
            holder,
            target: format!("target-{}", (first + turn) % 10),
            stance: if probabilities.confidence() < 0.4 {
                Stance::Abstained
            } else {
                Label::into(probabilities.label())
            },
            probabilities,
            passages,
            evidence: evidence.collect(),
        }
    });
    let records = records.collect();
    (document, records)
}
