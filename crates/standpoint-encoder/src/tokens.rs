//! Texts to token ids, with what did not fit counted.
//!
//! A `tokenizer.json` may ask for padding, which a packed batch has no use for, and for truncation,
//! which would be silent: both are switched off and done here. Where special tokens go is read off its
//! post-processor once, so that a passage's tokens can be kept and set beside many targets. A text
//! that happens to hold the letters `[SEP]` holds letters, not the mark between target and text.

mod bounds;

use standpoint_core::Span;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokenizers::{Encoding, Token, Tokenizer};

/// One input of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// Where the second part begins: the tokens before are of type 0, from there on of type 1. The
    /// number of tokens where all are of type 0.
    pub second: usize,
    /// Tokens that did not fit.
    pub truncated: usize,
}

/// A token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Its id.
    pub id: u32,
    /// Its bytes in the text.
    pub span: Span,
    /// The number of its word; `None` where the tokenizer has no words.
    pub word: Option<u32>,
}

/// A tokenizer that knows how much its model can read.
pub struct Tokens {
    tokenizer: Tokenizer,
    single: Template,
    pair: Template,
    max_tokens: usize,
}

/// Special tokens around a text, or around target and text.
#[derive(Debug, PartialEq, Eq)]
struct Template {
    before: Vec<u32>,
    /// Empty around a single text.
    between: Vec<u32>,
    after: Vec<u32>,
    /// Whether the tokens from the text on are of type 1.
    types: bool,
}

impl Template {
    /// Reads off what the tokenizer puts around one token, or around two.
    fn of(tokenizer: &Tokenizer, pair: bool) -> Result<Self, String> {
        let probe = || Encoding::from_tokens(vec![Token::new(0, String::new(), (0, 0))], 0);
        let made = guarded(|| tokenizer.post_process(probe(), pair.then(probe), true))
            .map_err(|reason| format!("tokenizer.json: post_processor: {reason}"))?;
        let parts = 1 + usize::from(pair);
        let texts: Vec<usize> =
            (0..made.len()).filter(|&at| made.get_special_tokens_mask()[at] == 0).collect();
        if texts.len() != parts {
            return Err("tokenizer.json: post_processor does not put each text once".to_owned());
        }
        let (ids, first, last) = (made.get_ids(), texts[0], texts[parts - 1]);
        if ids.len() == parts {
            return Self::of_bert(tokenizer, pair);
        }
        Ok(Self {
            before: ids[..first].to_vec(),
            between: if pair { ids[first + 1..last].to_vec() } else { Vec::new() },
            after: ids[last + 1..].to_vec(),
            types: made.get_type_ids()[last] == 1,
        })
    }

    /// Without a post-processor: as BERT has it.
    fn of_bert(tokenizer: &Tokenizer, pair: bool) -> Result<Self, String> {
        let special = |token: &str| {
            let id = tokenizer.token_to_id(token).map(|id| vec![id]);
            id.ok_or(format!("tokenizer.json: no post_processor, and no token {token}"))
        };
        let (before, after) = (special("[CLS]")?, special("[SEP]")?);
        let between = if pair { after.clone() } else { Vec::new() };
        Ok(Self { before, between, after, types: pair })
    }

    /// The ids of its special tokens.
    fn special(&self) -> impl Iterator<Item = u32> {
        [&self.before, &self.between, &self.after].into_iter().flatten().copied()
    }

    /// Tokens that are left for target and text.
    fn room(&self, max_tokens: usize) -> usize {
        max_tokens.saturating_sub(self.before.len() + self.between.len() + self.after.len())
    }

    fn input(&self, target: &[u32], text: &[u32], truncated: usize) -> Input {
        let parts = [&self.before, target, &self.between, text, &self.after];
        let ids = parts.concat();
        let second = if self.types { ids.len() - text.len() - self.after.len() } else { ids.len() };
        Input { ids, second, truncated }
    }
}

/// What the library says, which is not ours and may panic on a file that it was not written for.
fn guarded<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("the tokenizer broke down on it".to_owned()),
    }
}

impl Tokens {
    /// Reads a `tokenizer.json` whose ids must all lie below `vocabulary`.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn parse(json: &[u8], vocabulary: usize, max_tokens: usize) -> Result<Self, String> {
        let wrong = |reason: String| format!("tokenizer.json: {reason}");
        bounds::check(json).map_err(wrong)?;
        let mut tokenizer = guarded(|| Tokenizer::from_bytes(json)).map_err(wrong)?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| wrong(error.to_string()))?;
        tokenizer.set_encode_special_tokens(true);
        let largest = tokenizer.get_vocab(true).into_values().max().unwrap_or(0);
        if largest as usize >= vocabulary {
            return Err(format!(
                "tokenizer.json: its largest token id is {largest}, \
                 and config.json's vocab_size is {vocabulary}"
            ));
        }
        let (single, pair) = (Template::of(&tokenizer, false)?, Template::of(&tokenizer, true)?);
        if let Some(id) =
            single.special().chain(pair.special()).find(|id| *id as usize >= vocabulary)
        {
            return Err(format!(
                "tokenizer.json: its post_processor has the token id {id}, \
                 and config.json's vocab_size is {vocabulary}"
            ));
        }
        if pair.room(max_tokens) < 2 || single.room(max_tokens) < 1 {
            return Err(format!("max_tokens is {max_tokens}: no room beside the special tokens"));
        }
        Ok(Self { tokenizer, single, pair, max_tokens })
    }

    /// Whether the tokens of a text by itself are of type 1.
    pub(crate) fn text_is_of_type_1(&self) -> bool {
        self.single.types
    }

    /// Whether the tokens of a pair's second part are of type 1.
    pub(crate) fn pair_is_of_types(&self) -> bool {
        self.pair.types
    }

    /// `[CLS] text [SEP]`, or what the model has for them, of the tokens of a text. What does not fit
    /// is cut from the text's end.
    pub fn text(&self, words: &[u32]) -> Input {
        let read = words.len().min(self.single.room(self.max_tokens));
        self.single.input(&[], &words[..read], words.len() - read)
    }

    /// `[CLS] target [SEP] text [SEP]`, or what the model has for them, of the tokens of each. What
    /// does not fit is cut from the end of the text, and from that of the target only as far as the
    /// target takes more than half of the room.
    pub fn pair(&self, target: &[u32], text: &[u32]) -> Input {
        let (target_read, text_read) = self.read(target.len(), text.len());
        let truncated = target.len() + text.len() - target_read - text_read;
        self.pair.input(&target[..target_read], &text[..text_read], truncated)
    }

    /// As [`pair`](Self::pair), with the text first: premise and hypothesis of an entailment model.
    /// The premise is cut first.
    pub fn premise(&self, text: &[u32], hypothesis: &[u32]) -> Input {
        let (hypothesis_read, text_read) = self.read(hypothesis.len(), text.len());
        let truncated = hypothesis.len() + text.len() - hypothesis_read - text_read;
        self.pair.input(&text[..text_read], &hypothesis[..hypothesis_read], truncated)
    }

    /// How many tokens of a target and of a text are read, given how many there are.
    fn read(&self, target: usize, text: usize) -> (usize, usize) {
        let room = self.pair.room(self.max_tokens);
        let target_read = target.min((room / 2).max(room.saturating_sub(text)));
        (target_read, text.min(room - target_read))
    }

    /// The tokens of a text, without special ones, each with its bytes in the text and the number of
    /// the word that it is a part of.
    ///
    /// # Errors
    /// What the tokenizer says.
    pub fn placed(&self, text: &str) -> Result<Vec<Placed>, String> {
        let encoding = guarded(|| self.tokenizer.encode(text, false))?;
        // A tokenizer of bytes splits characters; a token then has the whole of those that it shares.
        let place = |start: usize, end: usize| {
            let start = text.floor_char_boundary(start);
            Span::new(start, text.ceil_char_boundary(end).max(start))
        };
        let ids = encoding.get_ids().iter().zip(encoding.get_offsets());
        let placed = ids.zip(encoding.get_word_ids()).map(|((&id, &(start, end)), word)| Placed {
            id,
            span: place(start, end),
            word: *word,
        });
        Ok(placed.collect())
    }

    /// The tokens of a text, without special ones.
    ///
    /// # Errors
    /// What the tokenizer says.
    pub fn words(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoding = guarded(|| self.tokenizer.encode_fast(text, false))?;
        Ok(encoding.get_ids().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLS: u32 = 1;
    const SEP: u32 = 2;
    const A: u32 = 3;
    const B: u32 = 4;

    /// Knows the words `a` and `b`, and asks for padding and truncation.
    fn tokens(max_tokens: usize) -> Tokens {
        let json = r###"{
            "version": "1.0",
            "truncation": {"max_length": 4, "strategy": "LongestFirst", "stride": 0,
                "direction": "Right"},
            "padding": {"strategy": {"Fixed": 64}, "direction": "Right", "pad_to_multiple_of": null,
                "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
            "added_tokens": [
                {"id": 2, "content": "[SEP]", "special": true, "single_word": false,
                    "lstrip": false, "rstrip": false, "normalized": false}
            ],
            "normalizer": {"type": "BertNormalizer", "clean_text": true,
                "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": null,
            "decoder": null,
            "model": {"type": "WordPiece", "unk_token": "[UNK]",
                "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "b": 4}}
        }"###;
        Tokens::parse(json.as_bytes(), 5, max_tokens).unwrap()
    }

    fn pair(max_tokens: usize, target: usize, text: usize) -> Input {
        let tokens = tokens(max_tokens);
        let words = |text: String| tokens.words(&text).unwrap();
        tokens.pair(&words("a ".repeat(target)), &words("b ".repeat(text)))
    }

    #[test]
    fn the_tokenizers_own_padding_and_truncation_are_off_and_ours_is_counted() {
        let tokens = tokens(8);
        let text = |text| tokens.text(&tokens.words(text).unwrap());
        let input = |ids: Vec<u32>, truncated| Input { second: ids.len(), ids, truncated };
        assert_eq!(text("a B"), input(vec![CLS, A, B, SEP], 0));
        assert_eq!(text("a b a b a b").truncated, 0, "six tokens and two fit");
        let cut = input(vec![CLS, A, B, A, B, A, B, SEP], 2);
        assert_eq!(text("a b a b a b a b"), cut);
        assert_eq!(text(""), input(vec![CLS, SEP], 0));
    }

    #[test]
    fn special_tokens_stand_where_the_post_processor_puts_them() {
        let json = |processor: &str| {
            format!(
                r###"{{"version": "1.0", "added_tokens": [], "post_processor": {processor},
                "pre_tokenizer": {{"type": "BertPreTokenizer"}}, "model": {{"type": "WordPiece",
                "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": {{"[UNK]": 0, "<s>": 1, "</s>": 2, "a": 3, "b": 4}}}}}}"###
            )
        };
        let roberta = json(
            r#"{"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1],
            "trim_offsets": true, "add_prefix_space": false}"#,
        );
        let tokens = Tokens::parse(roberta.as_bytes(), 5, 8).unwrap();
        let input =
            |ids: &[u32], truncated| Input { ids: ids.to_vec(), second: ids.len(), truncated };
        assert_eq!(tokens.text(&[A, B]), input(&[CLS, A, B, SEP], 0));
        assert_eq!(tokens.pair(&[A], &[B]), input(&[CLS, A, SEP, SEP, B, SEP], 0));
        assert_eq!(tokens.pair(&[A; 9], &[B]), input(&[CLS, A, A, A, SEP, SEP, B, SEP], 6));
        let bert = json(r#"{"type": "BertProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1]}"#);
        let tokens = Tokens::parse(bert.as_bytes(), 5, 8).unwrap();
        let pair = Input { ids: vec![CLS, A, SEP, B, SEP], second: 3, truncated: 0 };
        assert_eq!(tokens.pair(&[A], &[B]), pair);
    }

    #[test]
    fn a_token_is_placed_at_its_bytes() {
        let placed = tokens(16).placed("ä A, b").unwrap();
        let found: Vec<_> =
            placed.iter().map(|t| (t.id, t.span.start, t.span.end, t.word)).collect();
        assert_eq!(
            found,
            [(A, 0, 2, Some(0)), (A, 3, 4, Some(1)), (0, 4, 5, Some(2)), (B, 6, 7, Some(3))]
        );
    }

    #[test]
    fn the_letters_of_a_special_token_are_letters() {
        let ids = tokens(16).words("a [SEP] b").unwrap();
        assert_eq!(ids, [A, 0, 0, 0, B], "[ and sep and ] are unknown words");
    }

    #[test]
    fn the_text_is_cut_first_and_then_a_target_beyond_half() {
        let counts = |input: &Input| {
            let target = input.second - 2;
            (target, input.ids.len() - input.second - 1, input.truncated)
        };
        assert_eq!(counts(&pair(23, 5, 10)), (5, 10, 0), "all fits");
        assert_eq!(counts(&pair(23, 5, 40)), (5, 15, 25), "only the text is cut");
        assert_eq!(counts(&pair(23, 40, 40)), (10, 10, 60), "both are long: half each");
        assert_eq!(counts(&pair(23, 40, 4)), (16, 4, 24), "a short text leaves its room");
        assert_eq!(counts(&pair(23, 40, 0)), (20, 0, 20), "no text");
        let tokens = tokens(23);
        let premise = tokens.premise(&[B; 40], &[A; 5]);
        assert_eq!((premise.second - 2, premise.truncated), (15, 25), "the premise is cut");
        assert_eq!((premise.ids[1], premise.ids[premise.second]), (B, A), "and comes first");
        assert_eq!(pair(23, 1, 1).ids, [CLS, A, SEP, B, SEP]);
        assert_eq!(pair(23, 1, 1).second, 3, "the text and its [SEP] are of type 1");
    }

    #[test]
    fn a_vocabulary_larger_than_the_models_is_refused() {
        let json = r###"{"version": "1.0", "added_tokens": [], "model": {"type": "WordPiece",
            "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 7}}}"###;
        let error = Tokens::parse(json.as_bytes(), 7, 8).err().unwrap();
        assert!(
            error.contains("largest token id is 7, and config.json's vocab_size is 7"),
            "{error}"
        );
        assert!(Tokens::parse(json.as_bytes(), 8, 8).is_ok());
        let no_sep = json.replace("[SEP]", "[SAP]");
        let error = Tokens::parse(no_sep.as_bytes(), 8, 8).err().unwrap();
        assert_eq!(error, "tokenizer.json: no post_processor, and no token [SEP]");
    }
}
