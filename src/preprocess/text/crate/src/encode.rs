//! Text to tokens: the reference pipeline, with truncation and special tokens decided per call.

use crate::locality;
use tokenizers::utils::truncation::{truncate_encodings, TruncationDirection, TruncationParams, TruncationStrategy};
use tokenizers::{Encoding, Model, OffsetType, PostProcessor, PreTokenizedString, PreTokenizer, Tokenizer};

pub enum Failure {
    /// The request is wrong.
    Input(String),
    /// The tokenizer's own description is wrong.
    Model(String),
}

/// The strategies of the C header, in its numbering.
#[derive(Clone, Copy, PartialEq)]
pub enum Truncation {
    None,
    LongestFirst,
    OnlyFirst,
    OnlySecond,
}

pub struct Options {
    pub add_special_tokens: bool,
    pub truncation: Truncation,
    pub truncate_left: bool,
    pub keep_overflow: bool,
    /// Includes the special tokens.
    pub max_length: usize,
    pub stride: usize,
}

/// All windows of one text (or pair) together may hold this many tokens.
const MAX_OVERFLOW_TOKENS: usize = 1 << 26;

/// The tokenizer of a handle.
pub struct Loaded {
    pub tokenizer: Tokenizer,
    /// locality::is_local(&tokenizer)
    pub is_local: bool,
}

/// A text this long is cut before it is encoded, where few of its tokens are wanted and is_local allows it.
const MIN_LONG_TEXT: usize = 1 << 14;

/// The first `limit` tokens, or more, of a text; all if there are fewer.
fn encode_beginning(loaded: &Loaded, text: &str, type_id: u32, limit: usize) -> Result<Encoding, Failure> {
    let mut size = limit.saturating_mul(8).max(MIN_LONG_TEXT);
    while loaded.is_local && size < text.len() / 2 {
        let Some(cut) = locality::find_cut(text, size).filter(|cut| *cut < text.len() / 2) else { break };
        let encoding = encode_sequence(&loaded.tokenizer, &text[..cut], type_id, Some(limit))?;
        if encoding.len() >= limit {
            return Ok(encoding);
        }
        size = cut.saturating_mul(4);
    }
    encode_sequence(&loaded.tokenizer, text, type_id, Some(limit))
}

fn encode_sequence(tokenizer: &Tokenizer, text: &str, type_id: u32, limit: Option<usize>) -> Result<Encoding, Failure> {
    let model = |e: tokenizers::Error| Failure::Model(e.to_string());
    let mut parts: PreTokenizedString =
        tokenizer.get_added_vocabulary().extract_and_normalize(tokenizer.get_normalizer(), text);
    if let Some(pre_tokenizer) = tokenizer.get_pre_tokenizer() {
        pre_tokenizer.pre_tokenize(&mut parts).map_err(model)?;
    }
    tokenizer
        .get_model()
        .tokenize_in_pretokenized(&mut parts, limit.map(|tokens| (tokens, TruncationDirection::Right)))
        .map_err(model)?;
    parts.into_encoding(None, type_id, OffsetType::Byte).map_err(model)
}

pub fn num_added_tokens(tokenizer: &Tokenizer, pair: bool) -> usize {
    tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(pair))
}

/// Windows of `length` tokens, `stride` shared with the one before, that cover `total` tokens.
fn num_windows(total: usize, length: usize, stride: usize) -> usize {
    if total <= length {
        1
    } else {
        1 + (total - length).div_ceil(length - stride)
    }
}

fn truncate(
    tokenizer: &Tokenizer,
    first: Encoding,
    second: Option<Encoding>,
    options: &Options,
) -> Result<(Encoding, Option<Encoding>), Failure> {
    let reserved = if options.add_special_tokens { num_added_tokens(tokenizer, second.is_some()) } else { 0 };
    if options.max_length < reserved {
        return Err(Failure::Input(format!(
            "max_length is {}, but the special tokens alone need {reserved}",
            options.max_length
        )));
    }
    let max_length = options.max_length - reserved;
    let total = first.len() + second.as_ref().map_or(0, |e| e.len());
    if total <= max_length {
        return Ok((first, second));
    }
    let strategy = match options.truncation {
        Truncation::OnlyFirst => TruncationStrategy::OnlyFirst,
        Truncation::OnlySecond => TruncationStrategy::OnlySecond,
        _ => TruncationStrategy::LongestFirst,
    };
    let (name, target, other) = match (strategy, &second) {
        (TruncationStrategy::OnlySecond, None) => {
            return Err(Failure::Input("truncation only_second needs a pair of texts, got one text".into()))
        }
        (TruncationStrategy::OnlyFirst, Some(e)) => ("first", first.len(), e.len()),
        (TruncationStrategy::OnlySecond, Some(e)) => ("second", e.len(), first.len()),
        _ => ("", 0, 0),
    };
    if max_length > 0 && !name.is_empty() && other >= max_length {
        return Err(Failure::Input(format!(
            "truncation of only the {name} text cannot reach max_length {}: the other text has {other} tokens \
             ({target} in the {name} one, {reserved} special); use longest_first or a larger max_length",
            options.max_length
        )));
    }
    let stride = if options.keep_overflow { options.stride } else { 0 };
    if options.keep_overflow && max_length > 0 {
        // The shortest window that any of the two texts can be cut to.
        let window = match (strategy, &second) {
            (TruncationStrategy::LongestFirst, Some(e)) => {
                let shorter = first.len().min(e.len());
                if shorter > max_length / 2 {
                    max_length / 2
                } else {
                    max_length - shorter
                }
            }
            _ => max_length - other,
        };
        if stride >= window {
            return Err(Failure::Input(format!(
                "stride is {stride}, but it must be smaller than the {window} tokens of text that fit a window \
                 of max_length {}",
                options.max_length
            )));
        }
        let windows = match (strategy, &second) {
            (TruncationStrategy::LongestFirst, Some(e)) => {
                num_windows(first.len(), window, stride).saturating_mul(num_windows(e.len(), window, stride))
            }
            (TruncationStrategy::LongestFirst, None) => num_windows(first.len(), window, stride),
            _ => num_windows(if name.is_empty() { first.len() } else { target }, window, stride),
        };
        if windows.saturating_mul(options.max_length) > MAX_OVERFLOW_TOKENS {
            return Err(Failure::Input(format!(
                "overflow would give {windows} windows of {} tokens, more than {MAX_OVERFLOW_TOKENS} tokens; \
                 use a smaller stride or a shorter text",
                options.max_length
            )));
        }
    }
    let direction = if options.truncate_left { TruncationDirection::Left } else { TruncationDirection::Right };
    let params = TruncationParams { direction, max_length, strategy, stride };
    let (mut first, mut second) =
        truncate_encodings(first, second, &params).map_err(|e| Failure::Input(e.to_string()))?;
    if !options.keep_overflow {
        first.take_overflowing();
        if let Some(second) = second.as_mut() {
            second.take_overflowing();
        }
    }
    Ok((first, second))
}

/// Errors name what to change; the first element of the result is the text, the others its overflow.
pub fn encode(loaded: &Loaded, first: &str, second: Option<&str>, options: &Options) -> Result<Vec<Encoding>, Failure> {
    // Tokens beyond these cannot change what is kept when the end is cut off and dropped. longest_first must know
    // which text of a pair is longer.
    let truncates = options.truncation != Truncation::None;
    let needs_lengths = options.truncation == Truncation::LongestFirst && second.is_some();
    let limit = (truncates && !options.keep_overflow && !options.truncate_left && !needs_lengths)
        .then(|| options.max_length.saturating_add(1));
    let sequence = |text, type_id| match limit {
        Some(limit) => encode_beginning(loaded, text, type_id, limit),
        None => encode_sequence(&loaded.tokenizer, text, type_id, None),
    };
    let tokenizer = &loaded.tokenizer;
    let first = sequence(first, 0)?;
    let second = second.map(|text| sequence(text, 1)).transpose()?;
    let (first, second) = if truncates { truncate(tokenizer, first, second, options)? } else { (first, second) };

    let failed = |e: tokenizers::Error| Failure::Model(e.to_string());
    let mut merged = match tokenizer.get_post_processor() {
        Some(processor) => processor.process(first, second, options.add_special_tokens).map_err(failed)?,
        None => {
            let mut parts = vec![first];
            parts.extend(second);
            for (i, part) in parts.iter_mut().enumerate() {
                part.set_sequence_id(i);
                part.get_overflowing_mut().iter_mut().for_each(|window| window.set_sequence_id(i));
            }
            Encoding::merge(parts, false)
        }
    };
    let overflow = merged.take_overflowing();
    let mut all = vec![merged];
    all.extend(overflow);
    Ok(all)
}
