//! Pieces: which documents are near-identical.
//!
//! An op-ed runs in twelve papers under twelve headlines; one paper cuts the last third, another
//! adds a credit line. Counted one by one it would look like twelve opinions. Two documents are
//! placements of one piece if at least [`CONTAINED`] of the shorter one's shingles (runs of
//! [`WORDS`] words) occur in the longer one, and the shorter one has at least [`SHORTEST`] of the
//! longer one's length. Containment, and not resemblance, lets a trimmed copy join; the floor keeps
//! a brief from being swallowed by the long report it was taken from. Two reports on one event that
//! share their quotations and a background paragraph stay far below.
//!
//! Comparing all pairs would be quadratic, so pairs are proposed by MinHash and bands (Broder 1997;
//! Leskovec, Rajaraman and Ullman, *Mining of Massive Datasets*, ch. 3) and each proposal is then
//! verified on the exact shingles. With [`BANDS`] = 32 bands of [`ROWS`] = 3 rows, two documents of
//! Jaccard resemblance s are proposed with probability 1 − (1 − s³)³²:
//!
//! | s | 0.1 | 0.2 | 0.36 | 0.5 | 0.6 | 0.67 | 0.8 |
//! | --- | --- | --- | --- | --- | --- | --- | --- |
//! | proposed | 0.03 | 0.23 | 0.79 | 0.986 | 0.9996 | 0.99999 | 1 |
//!
//! A copy that lost its last third has s ≈ 0.67, one that lost half 0.5. Time and memory grow with
//! the number of documents: in a bucket that holds the same text 100,000 times, every copy is
//! compared with one representative, and in a bucket of different texts with no more than
//! [`REPRESENTATIVES`].

use std::collections::{BTreeMap, HashMap, HashSet};

use standpoint_core::Document;

use crate::layout;

/// Words in a shingle: long enough that two texts do not share one by chance, short enough that a
/// changed word breaks few.
const WORDS: usize = 5;

/// The least share of the shorter document's shingles that the longer one holds.
const CONTAINED: f64 = 0.8;

/// The least share of the longer document's length, in shingles, that the shorter one has.
const SHORTEST: f64 = 0.5;

/// Bands of a sketch.
const BANDS: usize = 32;

/// MinHash values in a band.
const ROWS: usize = 3;

/// The most documents of a bucket that others are compared with.
const REPRESENTATIVES: usize = 16;

/// The most shingle sets kept in memory at a time.
const KEPT: usize = 2048;

/// What grouping needs to know of every document: fixed in size, 272 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    bands: [u64; BANDS],
    /// Equal for equal sets of shingles.
    fingerprint: u64,
    /// How many different shingles the document has.
    shingles: u32,
}

impl Sketch {
    /// The sketch of a document's body, without its headline.
    pub fn of(document: &Document) -> Sketch {
        Sketch::of_shingles(&shingles(document))
    }

    fn of_shingles(shingles: &[u64]) -> Sketch {
        let mut least = [u64::MAX; BANDS * ROWS];
        let mut fingerprint = 0u64;
        for &shingle in shingles {
            fingerprint = fingerprint.wrapping_add(mixed(shingle));
            for (at, least) in least.iter_mut().enumerate() {
                // Multiply-shift: the shingle is mixed already, so an odd factor permutes it well.
                let (factor, offset) = PERMUTATIONS[at];
                *least = (*least).min(shingle.wrapping_mul(factor).wrapping_add(offset));
            }
        }
        let mut bands = [0; BANDS];
        for (band, rows) in bands.iter_mut().zip(least.chunks_exact(ROWS)) {
            *band = rows.iter().fold(0, |hash, &row| mixed(hash ^ row));
        }
        let shingles = u32::try_from(shingles.len()).unwrap_or(u32::MAX);
        Sketch { bands, fingerprint, shingles }
    }
}

/// Documents by piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// The documents of each piece in order, pieces in the order of their first documents. Every
    /// document is in exactly one.
    pub pieces: Vec<Vec<usize>>,
    /// How many pairs of documents were compared by their shingles.
    pub compared: usize,
}

/// The shingles of a document's body without its headline, hashed, in order and without repeats.
pub fn shingles(document: &Document) -> Vec<u64> {
    let text = document.text.as_str();
    let folded = |text: &str| crate::cuts::folded(text);
    let headline = document.title.as_deref().and_then(|title| {
        let first = layout::lines(text).first()?.span;
        (folded(first.of(text)?) == folded(title)).then_some(first.end)
    });
    let mut words = Vec::new();
    for run in document.body() {
        let start = run.start.max(headline.unwrap_or(0));
        let run = text.get(start..run.end).unwrap_or_default();
        let parts = run.split(|c: char| !c.is_alphanumeric());
        words.extend(parts.filter(|word| !word.is_empty()).map(hash_word));
    }
    shingles_of(&words)
}

/// The shingles of a list of hashed words; a list shorter than a shingle is one.
fn shingles_of(words: &[u64]) -> Vec<u64> {
    let fold = |run: &[u64]| run.iter().fold(0, |hash, &word| mixed(hash ^ word));
    let mut shingles: Vec<u64> = match words.len() {
        0 => vec![],
        length => words.windows(WORDS.min(length)).map(fold).collect(),
    };
    shingles.sort_unstable();
    shingles.dedup();
    shingles
}

/// Groups documents into pieces. `fetch` gives the [`shingles`] of the document at that place; it
/// is asked only for documents that a bucket proposes.
///
/// # Errors
/// The first error of `fetch`.
pub fn group<E>(
    sketches: &[Sketch],
    fetch: impl FnMut(usize) -> Result<Vec<u64>, E>,
) -> Result<Groups, E> {
    let mut verifier =
        Verifier { sketches, fetch, kept: HashMap::new(), refused: HashSet::new(), compared: 0 };
    let mut parents: Vec<usize> = (0..sketches.len()).collect();
    for band in 0..BANDS {
        let mut keys: Vec<(u64, usize)> = sketches
            .iter()
            .enumerate()
            .filter(|(_, sketch)| sketch.shingles > 0)
            .map(|(at, sketch)| (sketch.bands[band], at))
            .collect();
        keys.sort_unstable();
        for bucket in keys.chunk_by(|a, b| a.0 == b.0).filter(|bucket| bucket.len() > 1) {
            join_bucket(bucket, &mut parents, &mut verifier)?;
        }
    }
    let mut pieces: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..sketches.len() {
        pieces.entry(root(&mut parents, at)).or_default().push(at);
    }
    Ok(Groups { pieces: pieces.into_values().collect(), compared: verifier.compared })
}

/// Joins the documents of a bucket that are placements of one piece. Each is compared with the
/// bucket's representatives; if it is like none, it becomes one.
fn join_bucket<E, F: FnMut(usize) -> Result<Vec<u64>, E>>(
    bucket: &[(u64, usize)],
    parents: &mut [usize],
    verifier: &mut Verifier<'_, F>,
) -> Result<(), E> {
    let mut representatives: Vec<usize> = Vec::new();
    for &(_, document) in bucket {
        let mut represented = false;
        for &other in &representatives {
            let (a, b) = (root(parents, document), root(parents, other));
            if a == b {
                represented = true;
            } else if verifier.same_piece(other, document)? {
                // The earlier document is the root, so roots are in the order of first documents.
                parents[a.max(b)] = a.min(b);
                represented = true;
            }
        }
        if !represented && representatives.len() < REPRESENTATIVES {
            representatives.push(document);
        }
    }
    Ok(())
}

fn root(parents: &mut [usize], mut at: usize) -> usize {
    while parents[at] != at {
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}

/// Compares documents by their exact shingles.
struct Verifier<'a, F> {
    sketches: &'a [Sketch],
    fetch: F,
    kept: HashMap<usize, Vec<u64>>,
    /// Pairs that were compared and are not one piece; other bands propose them again.
    refused: HashSet<(usize, usize)>,
    compared: usize,
}

impl<E, F: FnMut(usize) -> Result<Vec<u64>, E>> Verifier<'_, F> {
    fn same_piece(&mut self, a: usize, b: usize) -> Result<bool, E> {
        let (first, second) = (&self.sketches[a], &self.sketches[b]);
        if first.fingerprint == second.fingerprint && first.shingles == second.shingles {
            return Ok(true);
        }
        let shorter = first.shingles.min(second.shingles);
        let longer = first.shingles.max(second.shingles);
        let pair = (a.min(b), a.max(b));
        if f64::from(shorter) < SHORTEST * f64::from(longer) || self.refused.contains(&pair) {
            return Ok(false);
        }
        self.compared += 1;
        if self.kept.len() + 2 > KEPT {
            self.kept.clear();
        }
        self.keep(a)?;
        self.keep(b)?;
        let shared = match (self.kept.get(&a), self.kept.get(&b)) {
            (Some(a), Some(b)) => shared(a, b),
            _ => 0,
        };
        let same = shared as f64 >= CONTAINED * f64::from(shorter);
        if !same {
            self.refused.insert(pair);
        }
        Ok(same)
    }

    fn keep(&mut self, at: usize) -> Result<(), E> {
        if !self.kept.contains_key(&at) {
            let shingles = (self.fetch)(at)?;
            self.kept.insert(at, shingles);
        }
        Ok(())
    }
}

/// How many values two ordered lists share.
fn shared(a: &[u64], b: &[u64]) -> usize {
    let (mut at_a, mut at_b, mut shared) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(at_a), b.get(at_b)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => at_a += 1,
            std::cmp::Ordering::Greater => at_b += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                at_a += 1;
                at_b += 1;
            }
        }
    }
    shared
}

/// An odd factor and an offset for each MinHash value.
static PERMUTATIONS: [(u64, u64); BANDS * ROWS] = permutations();

const fn permutations() -> [(u64, u64); BANDS * ROWS] {
    let mut all = [(0, 0); BANDS * ROWS];
    let mut at = 0;
    while at < all.len() {
        all[at] = (mixed(2 * at as u64 + 1) | 1, mixed(2 * at as u64 + 2));
        at += 1;
    }
    all
}

/// The 64-bit finaliser of SplitMix64 (Steele, Lea and Flood 2014).
const fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// FNV-1a over the letters in lower case.
fn hash_word(word: &str) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325u64;
    for c in word.chars().flat_map(char::to_lowercase) {
        hash = (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01B3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of an invented language, so many that two texts share a shingle by intent only.
    fn words(seed: u64, count: usize) -> Vec<String> {
        (0..count as u64).map(|at| format!("w{}", mixed(seed * 1_000_003 + at) % 50_000)).collect()
    }

    fn set(words: &[String]) -> Vec<u64> {
        shingles_of(&words.iter().map(|word| hash_word(word)).collect::<Vec<_>>())
    }

    fn grouped(sets: &[Vec<u64>]) -> Groups {
        let sketches: Vec<_> = sets.iter().map(|set| Sketch::of_shingles(set)).collect();
        group(&sketches, |at| Ok::<_, std::convert::Infallible>(sets[at].clone())).unwrap()
    }

    #[test]
    fn a_trimmed_copy_with_a_credit_line_joins_and_a_brief_does_not() {
        let piece = words(1, 600);
        let trimmed = [&piece[..400], &words(2, 12)].concat();
        let brief = piece[..30].to_vec();
        let edited: Vec<String> = piece
            .iter()
            .enumerate()
            .map(|(at, word)| if at % 50 == 7 { "other".to_owned() } else { word.clone() })
            .collect();
        let sets = [piece, words(3, 600), trimmed, brief, edited].map(|words| set(&words));
        assert_eq!(grouped(&sets).pieces, [vec![0, 2, 4], vec![1], vec![3]]);
    }

    #[test]
    fn two_reports_that_share_quotations_and_background_stay_apart() {
        let (quotations, background) = (words(7, 90), words(8, 110));
        let one = [&words(1, 250), &quotations[..], &background].concat();
        let two = [&words(2, 220), &background[..], &quotations].concat();
        assert_eq!(grouped(&[set(&one), set(&two)]).pieces, [[0], [1]]);
    }

    #[test]
    fn a_headline_of_its_own_does_not_count() {
        let document = |headline: &str| {
            let text =
                format!("{headline}\n\nThe levy works, and it has for years.\n\nIt is cheap.");
            let source = standpoint_core::Source { path: "a.txt".into(), row: None };
            let (id, markup, metadata) = (None, crate::Markup::Plain, crate::Metadata::default());
            let raw = crate::Raw {
                source,
                id,
                content: text.into_bytes(),
                markup,
                metadata,
                notes: vec![],
            };
            crate::prepare(raw).unwrap()
        };
        let (one, two) = (document("Pass the levy"), document("A tax that we should keep"));
        assert_eq!(Sketch::of(&one), Sketch::of(&two));
        assert_eq!(shingles(&one).len(), 7, "eleven words in runs of five");
    }

    #[test]
    fn documents_without_words_are_pieces_of_their_own() {
        assert_eq!(grouped(&[vec![], vec![]]).pieces, [[0], [1]]);
        assert_eq!(grouped(&[]).pieces, Vec::<Vec<usize>>::new());
    }

    #[test]
    fn copies_that_lost_a_third_or_a_half_are_found() {
        let mut sets = vec![];
        for seed in 0..300 {
            let piece = words(seed + 1, 300);
            let kept = if seed % 2 == 0 { 200 } else { 156 };
            sets.push(set(&piece));
            sets.push(set(&piece[..kept]));
        }
        let found = grouped(&sets).pieces.iter().filter(|piece| piece.len() == 2).count();
        assert!(found >= 295, "{found} of 300");
    }

    #[test]
    fn work_grows_with_the_number_of_documents() {
        // A tenth of the corpus are copies of one text with small changes, half come in pairs of a
        // whole and a trimmed copy, the rest stand alone but end in one of ten long disclaimers.
        let corpus = |size: u64| {
            let viral = words(1, 120);
            let sets: Vec<Vec<u64>> = (0..size)
                .map(|at| match at % 10 {
                    0 => {
                        let mut copy = viral.clone();
                        copy[(at / 10 % 120) as usize] = format!("x{at}");
                        set(&copy)
                    }
                    1..=5 => {
                        let piece = words(1000 + at / 10 * 10 + at % 10 / 2, 120);
                        set(&piece[..if at % 2 == 0 { 120 } else { 90 }])
                    }
                    _ => set(&[&words(500_000 + at, 80)[..], &words(10 + at % 10, 60)].concat()),
                })
                .collect();
            let groups = grouped(&sets);
            let largest = groups.pieces.iter().map(Vec::len).max().unwrap();
            assert_eq!(largest, size as usize / 10, "the viral text is one piece");
            groups.compared
        };
        let (small, large) = (corpus(2_000), corpus(20_000));
        // Of 2·10⁸ pairs.
        assert!(large < 20_000 * 20, "{large} comparisons");
        assert!(large < small * 20, "{small} comparisons for 2,000, {large} for 20,000");
    }
}
