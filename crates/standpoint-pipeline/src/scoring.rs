//! From documents to records: what the models are asked, once, and what follows from it.
//!
//! A *window* of documents is scored together, in five steps, each parallel inside and none nested:
//! embed the passages that are not in the store, find which bear on which target, tag who speaks in the
//! documents that bear on one, classify the pairs that are not in the store, pool the answers. Batches
//! are made across the documents of the window, so that short documents do not make short batches. No
//! result depends on where a window or a batch ends.

use crate::PipelineError;
use crate::store::{Embedded, Key, Store, Stored, key};
use rayon::prelude::*;
use standpoint_core::{
    AttributionTagger, Classification, Document, Embedder, Evidence, Holder, ModelError, Pair,
    Passage, Record, Span, StanceModel, Tagged, Target, Voice,
};
use standpoint_embed::{Bearing, Retriever, Vector};
use standpoint_stance::{
    Listened, Named, Names, Scored, Spoken, context, listen, named, paragraphs, pool,
};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How much text goes to a model in one call, in bytes: enough to fill its matrices, little enough
/// that the threads finish a window together.
const BATCH_BYTES: usize = 8 << 10;

/// The models of a run.
#[derive(Clone)]
pub struct Models {
    /// Finds the passages that bear on a target.
    pub embedder: Arc<dyn Embedder>,
    /// Tells their stance.
    pub stance: Arc<dyn StanceModel>,
    /// Tells who says what.
    pub tagger: Arc<dyn AttributionTagger>,
}

/// A paragraph that is longer goes to the tagger in parts, in bytes: about as many as its 256 tokens
/// are of English.
const PARAGRAPH_BYTES: usize = 900;

/// An actor that a text only names may have done nothing about a target: so much the model has to be
/// sure that it did.
const LEAST_OF_AN_ACT: f32 = 0.8;

impl Models {
    /// Why a document is not scored; `None` if it is. A document whose language could not be told is.
    pub(crate) fn not_scored(&self, document: &Document) -> Option<String> {
        let language = document.language.as_deref()?;
        let models = [self.embedder.info(), self.stance.info(), self.tagger.info()];
        let all = models.iter().all(|info| info.languages.iter().any(|known| known == language));
        (!all).then(|| format!("language {language}"))
    }
}

/// A document and its passages.
pub(crate) type Parted = (Document, Vec<Passage>);

/// A document made ready to be scored.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) document: Document,
    pub(crate) passages: Vec<Passage>,
    /// The passages that bear on each target.
    bearings: Vec<Vec<Bearing>>,
    /// Whether the tagger read it.
    tagged: bool,
    /// Who speaks in each passage; the author in all of a document that is not tagged.
    pub(crate) voices: Vec<Vec<Spoken>>,
    /// What it says of the names in it.
    pub(crate) names: BTreeMap<String, Named>,
    /// Tokens of each text that the embedder or the tagger did not read, where there are any.
    truncated: Vec<usize>,
}

impl Ready {
    /// The passages' texts, in order.
    pub(crate) fn texts(&self) -> Vec<&str> {
        texts(&self.document, &self.passages)
    }

    /// Whether any of its passages bears on a target.
    pub(crate) fn bears(&self) -> bool {
        bears(&self.bearings)
    }

    /// The voice that a passage is mostly in, and the actor whose it is; `None` where nobody listened.
    pub(crate) fn voice(&self, passage: usize) -> Option<(Voice, Option<&str>)> {
        if !self.tagged {
            return None;
        }
        let Some(first) = self.voices[passage].first() else { return Some((Voice::Own, None)) };
        Some(match &first.holder {
            Some(Holder::Actor(name)) => (first.voice, Some(name)),
            Some(Holder::Author) | None => (first.voice, None),
        })
    }
}

/// Whether any passage bears on any target.
fn bears(bearings: &[Vec<Bearing>]) -> bool {
    bearings.iter().any(|passages| !passages.is_empty())
}

fn texts<'a>(document: &'a Document, passages: &[Passage]) -> Vec<&'a str> {
    passages.iter().map(|p| p.span.of(&document.text).unwrap_or_default()).collect()
}

/// Which documents the tagger reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listens {
    /// All that are in its language.
    ToAll,
    /// Those with a passage that bears on a target: of the others no stance is asked, and a corpus may
    /// have nine of them to one.
    ToThoseThatBear,
}

/// A passage that met a target, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    pub(crate) target: usize,
    pub(crate) bearing: Bearing,
    /// Whose stance is asked for: one of the voices in the passage. Without a holder it bears on the
    /// target, and is nobody's.
    pub(crate) spoken: Spoken,
    /// The model's answer; `None` where there is no holder, since nothing is asked then.
    pub(crate) answer: Option<Classification>,
}

/// A pair whose target may name a holder, and whose text may be more than a slice of its document.
struct Composed<'a> {
    target: Cow<'a, str>,
    text: Cow<'a, str>,
}

/// What one document's passages came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) questions: Vec<Question>,
    pub(crate) records: Vec<Record>,
    /// Texts that were longer than a model reads, and their tokens that were not read.
    pub(crate) truncated_texts: usize,
    pub(crate) truncated_tokens: usize,
}

/// Everything that a window is scored with.
pub(crate) struct Scorer<'a> {
    pub(crate) models: &'a Models,
    pub(crate) targets: &'a [Target],
    pub(crate) retriever: Retriever,
    pub(crate) store: &'a Store,
    pub(crate) abstain_below: f32,
    pub(crate) listens: Listens,
}

impl<'a> Scorer<'a> {
    pub(crate) fn new(
        models: &'a Models,
        targets: &'a [Target],
        store: &'a Store,
        abstain_below: f32,
        listens: Listens,
    ) -> Result<Self, PipelineError> {
        let retriever = Retriever::new(targets, models.embedder.as_ref())?;
        Ok(Scorer { models, targets, retriever, store, abstain_below, listens })
    }

    /// The outcome of every document, in order; `names` says who is one actor in all of them.
    pub(crate) fn score(
        &self,
        window: &[Ready],
        names: &Names,
    ) -> Result<Vec<Outcome>, PipelineError> {
        let mut asked: Vec<Vec<Question>> =
            window.par_iter().map(|ready| self.questions(ready, names)).collect();
        self.answer(window, &mut asked)?;
        let outcome = |(ready, questions): (&Ready, Vec<Question>)| {
            let answered = questions.iter().filter_map(|q| q.answer).map(|a| a.truncated);
            let truncated = ready.truncated.iter().copied().chain(answered);
            let truncated: Vec<usize> = truncated.filter(|&tokens| tokens > 0).collect();
            Outcome {
                records: self.records(ready, &questions, names),
                questions,
                truncated_texts: truncated.len(),
                truncated_tokens: truncated.iter().sum(),
            }
        };
        Ok(window.par_iter().zip(asked).map(outcome).collect())
    }

    /// Makes documents ready to be scored: finds which of their passages bear on which target, and tags
    /// who speaks in them.
    pub(crate) fn listen(&self, documents: Vec<Parted>) -> Result<Vec<Ready>, PipelineError> {
        let embedded = self.embed(&documents)?;
        let bearings: Vec<Vec<Vec<Bearing>>> = documents
            .par_iter()
            .zip(&embedded)
            .map(|((document, passages), embedded)| {
                let vectors: Vec<Vector> = embedded.iter().map(|e| e.vector.clone()).collect();
                self.retriever.bearings(&texts(document, passages), &vectors)
            })
            .collect();
        let all = self.listens == Listens::ToAll;
        let tagged = bearings.iter().map(|bearings| all || bears(bearings)).collect();
        let mut ready = self.tag(documents, tagged)?;
        for ((ready, bearings), embedded) in ready.iter_mut().zip(bearings).zip(embedded) {
            ready.bearings = bearings;
            ready.truncated.extend(embedded.iter().map(|embedded| embedded.truncated));
            ready.truncated.retain(|&tokens| tokens > 0);
        }
        Ok(ready)
    }

    /// Tags who speaks in those of the documents that are `tagged`; what bears on a target is not asked.
    pub(crate) fn tag(
        &self,
        documents: Vec<Parted>,
        mut tagged: Vec<bool>,
    ) -> Result<Vec<Ready>, PipelineError> {
        for ((document, _), tagged) in documents.iter().zip(&mut tagged) {
            // What is not scored is not tagged either: its language is another.
            *tagged &= self.models.not_scored(document).is_none();
        }
        let tagger = self.models.tagger.as_ref();
        let model = &tagger.info().key();
        let places: Vec<Vec<(Key, Span)>> = documents
            .par_iter()
            .zip(&tagged)
            .map(|((document, passages), tagged)| {
                let passages = if *tagged { &passages[..] } else { &[] };
                let places = paragraphs(passages, PARAGRAPH_BYTES).into_iter();
                let text = |place: Span| place.of(&document.text).unwrap_or_default();
                places.map(|place| (key(model, &[text(place)]), place)).collect()
            })
            .collect();
        let mut requests: BTreeMap<Key, &str> = BTreeMap::new();
        for ((document, _), places) in documents.iter().zip(&places) {
            for (key, place) in places {
                requests.insert(*key, place.of(&document.text).unwrap_or_default());
            }
        }
        let known =
            self.through_store(requests, |&text| (text, ""), |texts: &[&str]| tagger.tag(texts))?;
        let ready =
            |((document, passages), (places, tagged)): (Parted, (Vec<(Key, Span)>, bool))| {
                let tags: Vec<(Span, Tagged)> =
                    places.iter().map(|(key, place)| (*place, known[key].clone())).collect();
                let Listened { voices, names } = match tagged {
                    true => listen(&document.text, &passages, &tags),
                    false => Listened {
                        voices: vec![vec![Spoken::own()]; passages.len()],
                        names: named(&document.text, &passages),
                    },
                };
                let truncated = tags.iter().map(|(_, tags)| tags.truncated);
                let truncated = truncated.filter(|&tokens| tokens > 0).collect();
                Ready { document, passages, bearings: Vec::new(), tagged, voices, names, truncated }
            };
        let tagged = places.into_par_iter().zip(tagged);
        Ok(documents.into_par_iter().zip(tagged).map(ready).collect())
    }

    /// The passages' vectors; none where there is no target, nor of a document that a run does not score.
    fn embed(&self, documents: &[Parted]) -> Result<Vec<Vec<Embedded>>, PipelineError> {
        let embedder = self.models.embedder.as_ref();
        let model = &embedder.info().key();
        let read: Vec<Vec<(Key, &str)>> = documents
            .par_iter()
            .map(|(document, passages)| {
                let scored =
                    self.listens == Listens::ToAll || self.models.not_scored(document).is_none();
                if self.targets.is_empty() || !scored {
                    return Vec::new();
                }
                let texts = texts(document, passages).into_iter();
                texts.map(|text| (key(model, &[text]), text)).collect()
            })
            .collect();
        let known = self.through_store(
            read.iter().flatten().copied().collect(),
            |&text| (text, ""),
            |texts: &[&str]| {
                let embeddings = embedder.embed(texts)?;
                let rows = embeddings.vectors.outer_iter().zip(&embeddings.truncated);
                Ok(rows
                    .map(|(row, &truncated)| Embedded { vector: Vector::quantize(row), truncated })
                    .collect())
            },
        )?;
        let found =
            |read: &Vec<(Key, &str)>| read.iter().map(|(key, _)| known[key].clone()).collect();
        Ok(read.iter().map(found).collect())
    }

    fn questions(&self, ready: &Ready, names: &Names) -> Vec<Question> {
        let reads_holders = self.models.stance.info().reads_holders;
        let mut questions = Vec::new();
        for (target, bearings) in ready.bearings.iter().enumerate() {
            for &bearing in bearings {
                let mut has_a_word = None;
                for spoken in &ready.voices[bearing.passage] {
                    // A model that cannot be asked whose stance it is takes any for that of whoever
                    // is named. And an act is toward something that its sentence has a word of: asked of
                    // every name in every passage, these were two questions in five on news, and one in
                    // a hundred of them found an act.
                    if spoken.voice == Voice::Reported
                        && (!reads_holders
                            || self.is_target(spoken, target, names)
                            || !*has_a_word.get_or_insert_with(|| {
                                bearing.named || self.has_a_word_of(target, ready, bearing.passage)
                            }))
                    {
                        continue;
                    }
                    let spoken = spoken.clone();
                    questions.push(Question { target, bearing, spoken, answer: None });
                }
            }
        }
        questions
    }

    /// Whether a passage has one of the words, of four letters or more, that a target is called by.
    fn has_a_word_of(&self, target: usize, ready: &Ready, passage: usize) -> bool {
        let text = ready.passages[passage].span.of(&ready.document.text).unwrap_or_default();
        let text = text.to_lowercase();
        let names = self.targets[target].names().map(str::to_lowercase);
        names.into_iter().any(|name| {
            let words = name.split(|c: char| !c.is_alphanumeric());
            words.filter(|word| word.chars().count() >= 4).any(|word| has_words(&text, word))
        })
    }

    /// Whether the one who acts is the target.
    fn is_target(&self, spoken: &Spoken, target: usize, names: &Names) -> bool {
        let Some(Holder::Actor(name)) = &spoken.holder else { return false };
        let own = [name.as_str(), names.canonical(name)].map(str::to_lowercase);
        let mut known = self.targets[target].names().map(str::to_lowercase);
        known.any(|known| own.iter().any(|own| has_words(&known, own)))
    }

    fn answer(&self, window: &[Ready], asked: &mut [Vec<Question>]) -> Result<(), PipelineError> {
        let stance = self.models.stance.as_ref();
        let model = &stance.info().key();
        let pairs: Vec<Vec<Option<Composed<'_>>>> = window
            .par_iter()
            .zip(asked.par_iter())
            .map(|(ready, questions)| questions.iter().map(|q| self.pair(ready, q)).collect())
            .collect();
        let keys: Vec<Option<Key>> = pairs
            .par_iter()
            .flatten()
            .map(|pair| pair.as_ref().map(|pair| key(model, &[&pair.target, &pair.text])))
            .collect();
        let requests = pairs.iter().flatten().zip(&keys);
        let requests = requests.filter_map(|(pair, key)| {
            let Composed { target, text } = pair.as_ref()?;
            Some(((*key)?, Pair { target, text }))
        });
        let known = self.through_store(
            requests.collect(),
            |pair| (pair.text, pair.target),
            |pairs: &[Pair<'_>]| stance.classify(pairs),
        )?;
        for (question, key) in asked.iter_mut().flatten().zip(keys) {
            question.answer = key.and_then(|key| known.get(&key).copied());
        }
        Ok(())
    }

    /// What the stance model is asked: the target's text, and the passage in its context. `None`
    /// where nobody holds the passage.
    ///
    /// A model that reads holders is asked for what the actor holds, and finds the actor's name in the
    /// text: in the place of "she" or "the minister", or before a quotation that names nobody. One that
    /// does not is given the target before an actor's passages that do not name it, as a headline would,
    /// for a quotation seldom names what it is about.
    fn pair<'b>(&'b self, ready: &'b Ready, question: &Question) -> Option<Composed<'b>> {
        let target = self.targets[question.target].text.as_str();
        let span = context(&ready.passages, &ready.voices, question.bearing.passage);
        let text = span.of(&ready.document.text).unwrap_or_default();
        let composed = match question.spoken.holder.as_ref()? {
            Holder::Author => Composed { target: target.into(), text: text.into() },
            Holder::Actor(name) if self.models.stance.info().reads_holders => Composed {
                target: Holder::question(name, target).into(),
                text: with_name(&ready.document.text, span, question.spoken.mention, name),
            },
            Holder::Actor(_) if question.bearing.named => {
                Composed { target: target.into(), text: text.into() }
            }
            Holder::Actor(_) => {
                Composed { target: target.into(), text: format!("{target}: {text}").into() }
            }
        };
        Some(composed)
    }

    /// The answers to all requests: from the store, or computed in batches and kept in it. A request
    /// consists of a text and what goes with it.
    fn through_store<'t, R: Copy + Send + Sync, V: Stored + Send + Sync>(
        &self,
        mut requests: BTreeMap<Key, R>,
        parts: impl Fn(&R) -> (&'t str, &'t str),
        compute: impl Fn(&[R]) -> Result<Vec<V>, ModelError> + Sync,
    ) -> Result<HashMap<Key, V>, PipelineError> {
        let mut known = self.store.find::<V>(requests.keys().copied())?;
        requests.retain(|key, _| !known.contains_key(key));
        if !known.is_empty() {
            tracing::info!(answers = known.len(), missing = requests.len(), "from the store");
        }
        // Longest first: models that pad waste little, and no long batch starts last. The same text
        // with several targets stands together: within a batch it is tokenised once.
        let mut missing: Vec<(Key, R)> = requests.into_iter().collect();
        missing.sort_by_key(|(_, request)| {
            let (text, target) = parts(request);
            (Reverse(text.len()), text, target)
        });
        let mut batches: Vec<&[(Key, R)]> = Vec::new();
        let mut rest = missing.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|(_, request)| {
                let (text, target) = parts(request);
                bytes += text.len() + target.len();
                bytes <= BATCH_BYTES
            });
            let (batch, after) = rest.split_at(fits.count().max(1));
            batches.push(batch);
            rest = after;
        }
        let answer = |batch: &&[(Key, R)]| -> Result<Vec<(Key, V)>, ModelError> {
            let requests: Vec<R> = batch.iter().map(|(_, request)| *request).collect();
            let keys = batch.iter().map(|(key, _)| *key);
            Ok(keys.zip(compute(&requests)?).collect())
        };
        let computed: Vec<Vec<(Key, V)>> =
            batches.par_iter().map(answer).collect::<Result<_, ModelError>>()?;
        let computed: Vec<(Key, V)> = computed.into_iter().flatten().collect();
        self.store.keep(&computed)?;
        known.extend(computed);
        Ok(known)
    }

    /// Pools the answers of every holder toward every target: targets in their order, the author
    /// before the actors, actors by the names that the corpus has for them.
    fn records(&self, ready: &Ready, questions: &[Question], names: &Names) -> Vec<Record> {
        let mut groups: BTreeMap<(usize, Holder), Vec<(&Question, Classification)>> =
            BTreeMap::new();
        for question in questions {
            if let (Some(holder), Some(answer)) = (&question.spoken.holder, question.answer) {
                if question.spoken.voice == Voice::Reported && !is_act(&answer) {
                    continue;
                }
                let holder = match holder {
                    Holder::Author => Holder::Author,
                    Holder::Actor(name) => Holder::Actor(names.canonical(name).to_owned()),
                };
                let group = groups.entry((question.target, holder)).or_default();
                // A passage in which one actor speaks by two names is one passage.
                if group
                    .last()
                    .is_none_or(|(last, _)| last.bearing.passage != question.bearing.passage)
                {
                    group.push((question, answer));
                }
            }
        }
        groups
            .into_iter()
            .filter_map(|((target, holder), group)| {
                let scored = |(question, answer): &(&Question, Classification)| Scored {
                    probabilities: answer.probabilities,
                    relevance: question.bearing.relevance(),
                };
                let pooled =
                    pool(&group.iter().map(scored).collect::<Vec<_>>(), self.abstain_below)?;
                let evidence =
                    |((question, answer), &weight): (&(&Question, Classification), &f32)| {
                        let passage = ready.passages[question.bearing.passage];
                        Evidence {
                            span: passage.span,
                            text: passage
                                .span
                                .of(&ready.document.text)
                                .unwrap_or_default()
                                .to_owned(),
                            voice: question.spoken.voice,
                            named: match &question.spoken.holder {
                                Some(Holder::Actor(name)) => Some(name.clone()),
                                Some(Holder::Author) | None => None,
                            },
                            mention: question.spoken.mention,
                            cue: question.spoken.cue,
                            content: question.spoken.content.clone(),
                            probabilities: answer.probabilities,
                            weight,
                        }
                    };
                let mut evidence: Vec<Evidence> =
                    group.iter().zip(&pooled.weights).map(evidence).collect();
                evidence.sort_by(|a, b| {
                    b.weight.total_cmp(&a.weight).then(a.span.start.cmp(&b.span.start))
                });
                Some(Record {
                    document: ready.document.id.clone(),
                    piece: ready.document.id.clone(),
                    holder,
                    target: self.targets[target].id.clone(),
                    stance: pooled.stance,
                    probabilities: pooled.probabilities,
                    passages: evidence.len(),
                    evidence,
                })
            })
            .collect()
    }
}

/// Whether a text has these words, and not only letters that begin or end other words.
fn has_words(text: &str, words: &str) -> bool {
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(words).any(|(at, found)| {
        apart(text[..at].chars().next_back()) && apart(text[at + found.len()..].chars().next())
    })
}

/// Whether an answer says that somebody takes a side, and not only that somebody is named.
fn is_act(answer: &Classification) -> bool {
    let p = answer.probabilities;
    p.favor.max(p.against) >= LEAST_OF_AN_ACT
}

/// The text of a span with an actor's name in it: where another word stands for the actor, the name in
/// its place; where none does, the name before it, as in a script.
fn with_name<'a>(text: &'a str, span: Span, mention: Option<Span>, name: &str) -> Cow<'a, str> {
    let scripted = Holder::scripted(name, span.of(text).unwrap_or_default());
    match mention.filter(|mention| span.contains(*mention)) {
        Some(mention) if matches!(scripted, Cow::Owned(_)) => {
            let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
            let (before, after) = (part(span.start, mention.start), part(mention.end, span.end));
            Cow::Owned(format!("{before}{name}{after}"))
        }
        _ => scripted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_as_words() {
        assert!(has_words("sanctions on the us", "us") && has_words("us, abroad", "us"));
        assert!(!has_words("sanctions on russia", "us") && !has_words("a european army", "eu"));
    }

    #[test]
    fn the_name_stands_in_for_what_means_the_actor() {
        let text = "It rained. “No,” she said. “Never.”";
        let (sentence, she) = (Span::new(11, 30), Span::new(21, 24));
        assert_eq!(sentence.of(text), Some("“No,” she said."));
        assert_eq!(she.of(text), Some("she"));
        assert_eq!(with_name(text, sentence, Some(she), "Ilse Maron"), "“No,” Ilse Maron said.");
        let quotation = Span::new(31, text.len());
        assert_eq!(with_name(text, quotation, Some(she), "Ilse Maron"), "Ilse Maron: “Never.”");
        assert_eq!(with_name(text, sentence, None, "Mr. said"), "“No,” she said.");
    }
}
