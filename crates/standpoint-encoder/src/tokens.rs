//! Texts to token ids, with what did not fit counted.
//!
//! A `tokenizer.json` may ask for padding, which a packed batch has no use for, and for truncation,
//! which would be silent: both are switched off and done here. So are the special tokens. A text
//! that happens to hold the letters `[SEP]` holds letters, not the mark between target and text.

use tokenizers::Tokenizer;

/// One input of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// Where the second part begins: the tokens before are of type 0, from there on of type 1.
    pub second: usize,
    /// Tokens that did not fit.
    pub truncated: usize,
}

/// A tokenizer that knows how much its model can read.
pub struct Tokens {
    tokenizer: Tokenizer,
    cls: u32,
    sep: u32,
    max_tokens: usize,
}

impl Tokens {
    /// Reads a `tokenizer.json` whose ids must all lie below `vocabulary`. `max_tokens` must leave
    /// room for three special tokens.
    pub(crate) fn parse(json: &[u8], vocabulary: usize, max_tokens: usize) -> Result<Self, String> {
        let mut tokenizer =
            Tokenizer::from_bytes(json).map_err(|error| format!("tokenizer.json: {error}"))?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| format!("tokenizer.json: {error}"))?;
        tokenizer.set_encode_special_tokens(true);
        let largest = tokenizer.get_vocab(true).into_values().max().unwrap_or(0);
        if largest as usize >= vocabulary {
            return Err(format!(
                "tokenizer.json: its largest token id is {largest}, \
                 and config.json's vocab_size is {vocabulary}"
            ));
        }
        let special = |token: &str| {
            tokenizer.token_to_id(token).ok_or(format!("tokenizer.json: no token {token}"))
        };
        let (cls, sep) = (special("[CLS]")?, special("[SEP]")?);
        Ok(Self { tokenizer, cls, sep, max_tokens })
    }

    /// `[CLS] text [SEP]` of the tokens of a text. What does not fit is cut from the text's end.
    pub fn text(&self, words: &[u32]) -> Input {
        let read = words.len().min(self.max_tokens - 2);
        let mut ids = Vec::with_capacity(read + 2);
        ids.push(self.cls);
        ids.extend_from_slice(&words[..read]);
        ids.push(self.sep);
        Input { second: ids.len(), ids, truncated: words.len() - read }
    }

    /// `[CLS] target [SEP] text [SEP]` of the tokens of each. What does not fit is cut from the end of the text, and from
    /// that of the target only as far as the target takes more than half of the room.
    pub fn pair(&self, target: &[u32], text: &[u32]) -> Input {
        let room = self.max_tokens - 3;
        let target_read = target.len().min((room / 2).max(room.saturating_sub(text.len())));
        let text_read = text.len().min(room - target_read);
        let mut ids = Vec::with_capacity(target_read + text_read + 3);
        ids.push(self.cls);
        ids.extend_from_slice(&target[..target_read]);
        ids.push(self.sep);
        let second = ids.len();
        ids.extend_from_slice(&text[..text_read]);
        ids.push(self.sep);
        let truncated = target.len() + text.len() - target_read - text_read;
        Input { ids, second, truncated }
    }

    /// The tokens of a text, without special ones.
    ///
    /// # Errors
    /// What the tokenizer says.
    pub fn words(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoding =
            self.tokenizer.encode_fast(text, false).map_err(|error| error.to_string())?;
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
        assert_eq!(error, "tokenizer.json: no token [SEP]");
    }
}
