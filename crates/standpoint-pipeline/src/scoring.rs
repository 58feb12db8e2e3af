//! From documents to records: what the models are asked, once, and what follows from it.
//!
//! A *window* of documents is scored together, in four steps, each parallel inside and none nested:
//! embed the passages that are not in the store, find which bear on which target, classify the
//! pairs that are not in the store, pool the answers. Batches are made across the documents of the
//! window, so that short documents do not make short batches. No result depends on where a window
//! or a batch ends.

use crate::PipelineError;
use crate::store::{Embedded, Key, Store, Stored, key};
use rayon::prelude::*;
use standpoint_core::{
    Classification, Document, Embedder, Evidence, Holder, ModelError, Pair, Passage, Record,
    StanceModel, Target, Voice,
};
use standpoint_embed::{Bearing, Retriever, Vector};
use standpoint_stance::{Attribution, Scored, attribute, context, pool};
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
}

impl Models {
    /// Why a document is not scored; `None` if it is. A document whose language could not be told is.
    pub(crate) fn not_scored(&self, document: &Document) -> Option<String> {
        let language = document.language.as_deref()?;
        let reads = |languages: &[String]| languages.iter().any(|known| known == language);
        let both = reads(&self.embedder.info().languages) && reads(&self.stance.info().languages);
        (!both).then(|| format!("language {language}"))
    }
}

/// A document made ready to be scored.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) document: Document,
    pub(crate) passages: Vec<Passage>,
    pub(crate) attributions: Vec<Attribution>,
}

impl Ready {
    pub(crate) fn new(document: Document, passages: Vec<Passage>) -> Ready {
        let attributions = attribute(&document.text, &passages);
        Ready { document, passages, attributions }
    }

    /// The passages' texts, in order.
    pub(crate) fn texts(&self) -> Vec<&str> {
        self.passages.iter().map(|p| p.span.of(&self.document.text).unwrap_or_default()).collect()
    }

    /// Whose view a passage is, if it is anybody's who can be named.
    pub(crate) fn holder(&self, passage: usize) -> Option<Holder> {
        let attribution = &self.attributions[passage];
        match attribution.voice {
            Voice::Own => Some(Holder::Author),
            Voice::Quoted | Voice::Paraphrased => attribution.actor.clone().map(Holder::Actor),
        }
    }
}

/// A passage that met a target, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    pub(crate) target: usize,
    pub(crate) bearing: Bearing,
    /// `None` for a passage in a voice that has no name: it bears on the target, and is nobody's.
    pub(crate) holder: Option<Holder>,
    /// The model's answer; `None` where there is no holder, since nothing is asked then.
    pub(crate) answer: Option<Classification>,
}

/// A pair whose text may be more than a slice of its document.
struct Composed<'a> {
    target: &'a str,
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
}

impl<'a> Scorer<'a> {
    pub(crate) fn new(
        models: &'a Models,
        targets: &'a [Target],
        store: &'a Store,
        abstain_below: f32,
    ) -> Result<Self, PipelineError> {
        let retriever = Retriever::new(targets, models.embedder.as_ref())?;
        Ok(Scorer { models, targets, retriever, store, abstain_below })
    }

    /// The outcome of every document, in order.
    pub(crate) fn score(&self, window: &[Ready]) -> Result<Vec<Outcome>, PipelineError> {
        let embedded = self.embed(window)?;
        let mut asked: Vec<Vec<Question>> = window
            .par_iter()
            .zip(&embedded)
            .map(|(ready, embedded)| self.questions(ready, embedded))
            .collect();
        self.answer(window, &mut asked)?;
        let outcome =
            |((ready, embedded), questions): ((&Ready, &Vec<Embedded>), Vec<Question>)| {
                let read = embedded.iter().map(|e| e.truncated);
                let answered = questions.iter().filter_map(|q| q.answer).map(|a| a.truncated);
                let truncated: Vec<usize> =
                    read.chain(answered).filter(|&tokens| tokens > 0).collect();
                Outcome {
                    records: self.records(ready, &questions),
                    questions,
                    truncated_texts: truncated.len(),
                    truncated_tokens: truncated.iter().sum(),
                }
            };
        Ok(window.par_iter().zip(&embedded).zip(asked).map(outcome).collect())
    }

    fn embed(&self, window: &[Ready]) -> Result<Vec<Vec<Embedded>>, PipelineError> {
        let embedder = self.models.embedder.as_ref();
        let model = &embedder.info().key();
        let keys: Vec<Vec<Key>> = window
            .par_iter()
            .map(|ready| ready.texts().iter().map(|text| key(model, &[text])).collect())
            .collect();
        let requests = keys.iter().flatten().copied();
        let requests = requests.zip(window.iter().flat_map(Ready::texts)).collect();
        let known = self.through_store(
            requests,
            |&text| (text, ""),
            |texts: &[&str]| {
                let embeddings = embedder.embed(texts)?;
                let rows = embeddings.vectors.outer_iter().zip(&embeddings.truncated);
                Ok(rows
                    .map(|(row, &truncated)| Embedded { vector: Vector::quantize(row), truncated })
                    .collect())
            },
        )?;
        Ok(keys.iter().map(|keys| keys.iter().map(|key| known[key].clone()).collect()).collect())
    }

    fn questions(&self, ready: &Ready, embedded: &[Embedded]) -> Vec<Question> {
        let vectors: Vec<Vector> = embedded.iter().map(|e| e.vector.clone()).collect();
        let bearings = self.retriever.bearings(&ready.texts(), &vectors);
        let question = |target: usize, bearing: Bearing| Question {
            target,
            bearing,
            holder: ready.holder(bearing.passage),
            answer: None,
        };
        bearings
            .into_iter()
            .enumerate()
            .flat_map(|(target, bearings)| bearings.into_iter().map(move |b| question(target, b)))
            .collect()
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
            .map(|pair| pair.as_ref().map(|pair| key(model, &[pair.target, &pair.text])))
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
    /// A quotation seldom names what it is about; the sentences around it do, and those are another's
    /// words. So the target is put before an actor's passages that do not name it, as a headline
    /// would. An author's passages stand in the author's own context.
    fn pair<'b>(&'b self, ready: &'b Ready, question: &Question) -> Option<Composed<'b>> {
        let target = self.targets[question.target].text.as_str();
        let span = context(&ready.passages, &ready.attributions, question.bearing.passage);
        let text = span.of(&ready.document.text).unwrap_or_default();
        let text = match question.holder.as_ref()? {
            Holder::Actor(_) if !question.bearing.named => Cow::Owned(format!("{target}: {text}")),
            _ => Cow::Borrowed(text),
        };
        Some(Composed { target, text })
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
    /// before the actors, actors by name.
    fn records(&self, ready: &Ready, questions: &[Question]) -> Vec<Record> {
        let mut groups: BTreeMap<(usize, &Holder), Vec<(&Question, Classification)>> =
            BTreeMap::new();
        for question in questions {
            if let (Some(holder), Some(answer)) = (&question.holder, question.answer) {
                groups.entry((question.target, holder)).or_default().push((question, answer));
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
                            voice: ready.attributions[question.bearing.passage].voice,
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
                    holder: holder.clone(),
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
