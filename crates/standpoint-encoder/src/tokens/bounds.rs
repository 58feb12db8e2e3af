//! What a `tokenizer.json` may ask for.
//!
//! Its parts are small programs. A normalizer may write ten letters for one, and twenty of them in a row make
//! of one letter more than any memory holds; a post-processor may put a text into its own copy again and
//! again. The library does what is written. So what it would come to is reckoned first.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;

/// The most bytes that may be made of one. The tokenizers of the usual models stay below 1,000.
const MOST_GROWTH: usize = 10_000;

/// The most parts, all together, and how deep they may lie in each other. Each may hold an expression that
/// takes 10 MB.
const MOST_PARTS: usize = 32;
const DEEPEST: usize = 12;

/// The longest post-processor, in bytes of compact JSON. What it puts around a text grows with the square of
/// that.
const LONGEST_PROCESSOR: usize = 16 << 10;

/// The parts that are reckoned with; the model's vocabulary takes what it takes in the file.
#[derive(Deserialize)]
struct Parts {
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    #[serde(default)]
    decoder: Value,
}

/// Checks that a file asks for no more than a text can be given.
///
/// # Errors
/// What it asks for.
pub(super) fn check(json: &[u8]) -> Result<(), String> {
    let parts: Parts = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let all = [&parts.normalizer, &parts.pre_tokenizer, &parts.post_processor, &parts.decoder];
    if all.iter().any(|part| depth(part) > DEEPEST) {
        return Err(format!("its parts are nested more than {DEEPEST} deep"));
    }
    let typed: usize = all.iter().map(|part| count(part, &|kind| !kind.is_empty())).sum();
    if typed > MOST_PARTS {
        return Err(format!("it has {typed} parts, more than {MOST_PARTS}"));
    }
    let grown = growth(&parts.normalizer)?.saturating_mul(growth(&parts.pre_tokenizer)?);
    if grown > MOST_GROWTH {
        return Err(format!(
            "its normalizer may make {grown} bytes of one, more than {MOST_GROWTH}"
        ));
    }
    let processor = parts.post_processor.to_string().len();
    if processor > LONGEST_PROCESSOR {
        return Err(format!("its post_processor is longer than {LONGEST_PROCESSOR} bytes"));
    }
    if count(&parts.post_processor, &|kind| kind == "TemplateProcessing") > 1 {
        return Err("its post_processor has more than one template".to_owned());
    }
    Ok(())
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => vec![],
    }
}

/// The recursion here and below ends: serde_json reads nothing that is nested more than 128 deep.
fn depth(value: &Value) -> usize {
    1 + children(value).into_iter().map(depth).max().unwrap_or(0)
}

/// How many objects have such a type.
fn count(value: &Value, is: &impl Fn(&str) -> bool) -> usize {
    let own = value.get("type").and_then(Value::as_str).is_some_and(is);
    usize::from(own) + children(value).into_iter().map(|child| count(child, is)).sum::<usize>()
}

/// The most bytes that a part makes of one.
fn growth(part: &Value) -> Result<usize, String> {
    let length = |name: &str| part.get(name).and_then(Value::as_str).map_or(0, str::len);
    let Some(kind) = part.get("type").and_then(Value::as_str) else { return Ok(1) };
    Ok(match kind {
        "Sequence" => {
            let inner = ["normalizers", "pretokenizers"].iter().filter_map(|name| part.get(name));
            let mut product = 1_usize;
            for part in inner.flat_map(children) {
                product = product.saturating_mul(growth(part)?);
            }
            product
        }
        // An expression may match between all letters.
        "Replace" => 1 + length("content"),
        "Prepend" => 1 + length("prepend"),
        "Precompiled" => replacements(part)?,
        // Compatibility forms write up to 18 letters for one.
        "NFKC" | "NFKD" => 18,
        "BertNormalizer" | "Metaspace" | "ByteLevel" | "NFC" | "NFD" | "Lowercase" => 4,
        _ => 1,
    })
}

/// The longest replacement of a map of characters, and that its header claims no more than there is: the
/// library reserves what it claims.
fn replacements(part: &Value) -> Result<usize, String> {
    let map = part.get("precompiled_charsmap").and_then(Value::as_str).unwrap_or_default();
    let bytes =
        BASE64_STANDARD.decode(map).map_err(|error| format!("precompiled_charsmap: {error}"))?;
    let (head, rest) = bytes.split_first_chunk::<4>().ok_or("precompiled_charsmap is empty")?;
    let claimed = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
    let texts = rest.get(claimed..).ok_or("precompiled_charsmap claims more than it holds")?;
    Ok(1 + texts.split(|byte| *byte == 0).map(<[u8]>::len).max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(parts: &str) -> String {
        check(parts.as_bytes()).expect_err("it is too much")
    }

    #[test]
    fn a_normalizer_that_multiplies_is_refused() {
        let tenfold = r#"{"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaa"}"#;
        let normalizer = |times: usize| {
            let parts = vec![tenfold; times].join(",");
            format!(r#"{{"normalizer": {{"type": "Sequence", "normalizers": [{parts}]}}}}"#)
        };
        assert_eq!(check(normalizer(4).as_bytes()), Ok(()));
        assert_eq!(
            refused(&normalizer(20)),
            "its normalizer may make 18446744073709551615 bytes of one, more than 10000"
        );
        assert_eq!(refused(&normalizer(40)), "it has 41 parts, more than 32");
    }

    #[test]
    fn a_template_of_templates_is_refused() {
        let template =
            r#"{"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {}}"#;
        let processors = |times: usize| {
            let parts = vec![template; times].join(",");
            format!(r#"{{"post_processor": {{"type": "Sequence", "processors": [{parts}]}}}}"#)
        };
        assert_eq!(check(processors(1).as_bytes()), Ok(()));
        assert_eq!(refused(&processors(2)), "its post_processor has more than one template");
        let long = format!(r#"{{"post_processor": {{"single": "{}"}}}}"#, "x".repeat(20_000));
        assert_eq!(refused(&long), "its post_processor is longer than 16384 bytes");
    }

    #[test]
    fn a_map_of_characters_that_claims_more_than_it_holds_is_refused() {
        let normalizer = |bytes: &[u8]| {
            let map = BASE64_STANDARD.encode(bytes);
            format!(
                r#"{{"normalizer": {{"type": "Precompiled", "precompiled_charsmap": "{map}"}}}}"#
            )
        };
        let claims = "precompiled_charsmap claims more than it holds";
        assert_eq!(refused(&normalizer(&u32::MAX.to_le_bytes())), claims);
        let mut long = vec![0; 4];
        long.extend([b'x'; 20_000]);
        assert!(refused(&normalizer(&long)).contains("may make 20001 bytes of one"));
    }

    #[test]
    fn nesting_is_refused() {
        let nested = (0..20).fold("null".to_owned(), |inner, _| {
            format!(r#"{{"type": "Sequence", "normalizers": [{inner}]}}"#)
        });
        assert_eq!(
            refused(&format!(r#"{{"normalizer": {nested}}}"#)),
            "its parts are nested more than 12 deep"
        );
    }
}
