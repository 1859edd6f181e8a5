//! Whether the tokens before a white space depend on the text after it. Where they do not, the beginning of a long
//! text is enough to find its first tokens.

use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, Tokenizer};

/// Patterns of the usual converters; each starts to match at white space.
const LOCAL_PATTERNS: [&str; 4] = [" {2,}", r"\s+", r"\s{2,}", r"\s{2,}|[\n\r\t]"];

fn is_local_pattern(replace: &impl serde::Serialize) -> bool {
    #[derive(serde::Deserialize)]
    struct Fields {
        pattern: ReplacePattern,
    }
    let fields = serde_json::to_value(replace).ok().and_then(|value| serde_json::from_value::<Fields>(value).ok());
    match fields.map(|fields| fields.pattern) {
        Some(ReplacePattern::String(text)) => !text.contains(char::is_whitespace),
        Some(ReplacePattern::Regex(text)) => LOCAL_PATTERNS.contains(&text.as_str()),
        None => false,
    }
}

fn is_local_normalizer(normalizer: &NormalizerWrapper) -> bool {
    use NormalizerWrapper::*;
    match normalizer {
        BertNormalizer(_) | NFC(_) | NFD(_) | NFKC(_) | NFKD(_) | Lowercase(_) | StripAccents(_)
        | StripNormalizer(_) | Precompiled(_) => true,
        Sequence(parts) => parts.as_ref().iter().all(is_local_normalizer),
        Replace(replace) => is_local_pattern(replace),
        _ => false,
    }
}

/// `separated` says whether the text is already split at white space, before and after.
fn is_local_pre_tokenizer(pre_tokenizer: &PreTokenizerWrapper, separated: &mut bool) -> bool {
    use PreTokenizerWrapper::*;
    match pre_tokenizer {
        BertPreTokenizer(_) | Whitespace(_) | WhitespaceSplit(_) => *separated = true,
        ByteLevel(part) if part.use_regex => *separated = true,
        Metaspace(part) if part.get_split() => *separated = true,
        ByteLevel(_) | Metaspace(_) => return *separated,
        Punctuation(_) | Digits(_) => {}
        Sequence(parts) => return parts.as_ref().iter().all(|part| is_local_pre_tokenizer(part, separated)),
        _ => return false,
    }
    true
}

pub fn is_local(tokenizer: &Tokenizer) -> bool {
    let mut separated = false;
    tokenizer.get_normalizer().is_none_or(is_local_normalizer)
        && tokenizer.get_pre_tokenizer().is_some_and(|part| is_local_pre_tokenizer(part, &mut separated))
        && separated
        && tokenizer.get_added_vocabulary().get_vocab().keys().all(|token| !token.contains(char::is_whitespace))
}

/// Characters that no normalizer removes, joins with what follows or turns into white space.
fn is_plain(c: char) -> bool {
    c.is_ascii_graphic()
        || matches!(c as u32, 0x410..=0x44F | 0x391..=0x3C9 | 0x5D0..=0x5EA | 0x621..=0x63A | 0x3041..=0x3093
            | 0x30A1..=0x30F6 | 0x3001..=0x3002 | 0x4E00..=0x9FFF | 0xAC00..=0xD7A3)
}

/// The first place at or after `from` where the text may be cut: a white space after a plain character.
pub fn find_cut(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from.max(1)..bytes.len()).find(|&at| {
        matches!(bytes[at], b' ' | b'\n' | b'\r' | b'\t') && text[..at].chars().next_back().is_some_and(is_plain)
    })
}
