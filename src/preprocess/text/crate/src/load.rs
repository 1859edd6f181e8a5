//! Builds a tokenizer from the text of a tokenizer.json and the settings that the folder's other files add.

use ahash::AHashMap;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use tokenizers::models::bpe::BPE;
use tokenizers::models::unigram::Unigram;
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::utils::Sequence as NormalizerSequence;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{
    AddedToken, DecoderWrapper, ModelWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, Tokenizer,
};

type Failure = String;

/// tokenizer.json, its parts left as text so that each is parsed once, straight into its type.
/// Padding and truncation of the file are not read: the caller decides.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    added_tokens: Option<Vec<AddedToken>>,
    #[serde(borrow, default)]
    normalizer: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pre_tokenizer: Option<&'a RawValue>,
    #[serde(borrow, default)]
    post_processor: Option<&'a RawValue>,
    #[serde(borrow, default)]
    decoder: Option<&'a RawValue>,
    #[serde(borrow)]
    model: &'a RawValue,
}

/// What tokenizer_config.json and its companions say beyond tokenizer.json.
#[derive(Deserialize, Default)]
pub struct Settings {
    /// Added or redefined, in this order.
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    /// Added unless a token of this content has been added already.
    #[serde(default)]
    special_tokens: Vec<AddedToken>,
    /// As special_tokens, but left out where the model's vocabulary lacks them.
    #[serde(default)]
    known_tokens: Vec<AddedToken>,
    #[serde(default)]
    bert: Option<BertSettings>,
    #[serde(default)]
    template: Option<Template>,
    #[serde(default)]
    roberta: Option<Roberta>,
}

#[derive(Deserialize)]
struct BertSettings {
    lowercase: Option<bool>,
    /// Outer: was it set; inner: its value, where null means "as lowercase".
    #[serde(default, deserialize_with = "present")]
    strip_accents: Option<Option<bool>>,
    handle_chinese_chars: Option<bool>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<bool>>, D::Error> {
    Option::<bool>::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct Template {
    single: Vec<String>,
    pair: Vec<String>,
    tokens: Vec<String>,
}

#[derive(Deserialize)]
struct Roberta {
    sep: String,
    cls: String,
    trim_offsets: bool,
    add_prefix_space: bool,
}

#[derive(Deserialize)]
struct ModelKind<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
}

/// A merge of byte-pair encoding: ["a", "b"], or "a b" in older files.
struct Merge(String, String);

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MergeVisitor;
        impl<'de> Visitor<'de> for MergeVisitor {
            type Value = Merge;
            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                write!(formatter, "a merge: two strings, or one string with one space")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Merge, E> {
                let mut parts = text.split(' ');
                match (parts.next(), parts.next(), parts.next()) {
                    (Some(left), Some(right), None) => Ok(Merge(left.to_owned(), right.to_owned())),
                    _ => Err(E::custom(format!("merge {text:?} is not two tokens with one space between"))),
                }
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Merge, A::Error> {
                let left = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let right = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
                if seq.next_element::<serde::de::IgnoredAny>()?.is_some() {
                    return Err(A::Error::invalid_length(3, &self));
                }
                Ok(Merge(left, right))
            }
        }
        deserializer.deserialize_any(MergeVisitor)
    }
}

#[derive(Deserialize)]
struct BpeDocument {
    #[serde(default)]
    dropout: Option<f32>,
    #[serde(default)]
    unk_token: Option<String>,
    #[serde(default)]
    continuing_subword_prefix: Option<String>,
    #[serde(default)]
    end_of_word_suffix: Option<String>,
    #[serde(default)]
    fuse_unk: Option<bool>,
    #[serde(default)]
    byte_fallback: Option<bool>,
    #[serde(default)]
    ignore_merges: Option<bool>,
    vocab: AHashMap<String, u32>,
    merges: Vec<Merge>,
}

fn parse_bpe(text: &str) -> Result<BPE, Failure> {
    let document: BpeDocument = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let merges = document.merges.into_iter().map(|merge| (merge.0, merge.1)).collect::<Vec<_>>();
    let mut builder = BPE::builder().vocab_and_merges(document.vocab, merges);
    if let Some(value) = document.dropout {
        builder = builder.dropout(value);
    }
    if let Some(value) = document.unk_token {
        builder = builder.unk_token(value);
    }
    if let Some(value) = document.continuing_subword_prefix {
        builder = builder.continuing_subword_prefix(value);
    }
    if let Some(value) = document.end_of_word_suffix {
        builder = builder.end_of_word_suffix(value);
    }
    if let Some(value) = document.fuse_unk {
        builder = builder.fuse_unk(value);
    }
    if let Some(value) = document.byte_fallback {
        builder = builder.byte_fallback(value);
    }
    if let Some(value) = document.ignore_merges {
        builder = builder.ignore_merges(value);
    }
    builder.build().map_err(|e| e.to_string())
}

fn parse_part<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

fn parse_model(text: &str) -> Result<ModelWrapper, Failure> {
    let kind: ModelKind = parse_part(text)?;
    match kind.kind.as_deref() {
        Some("WordPiece") => parse_part::<WordPiece>(text).map(ModelWrapper::WordPiece),
        Some("BPE") => parse_bpe(text).map(ModelWrapper::BPE),
        Some("Unigram") => parse_part::<Unigram>(text).map(ModelWrapper::Unigram),
        Some("WordLevel") => parse_part::<WordLevel>(text).map(ModelWrapper::WordLevel),
        Some(other) => Err(format!("type {other:?} is not one of WordPiece, BPE, Unigram, WordLevel")),
        None => parse_part::<ModelWrapper>(text),
    }
}

fn optional_part<'a, T: Deserialize<'a>>(name: &str, text: Option<&'a RawValue>) -> Result<Option<T>, Failure> {
    match text.map(|raw| raw.get()) {
        None | Some("null") => Ok(None),
        Some(text) => parse_part(text).map(Some).map_err(|e| format!("\"{name}\": {e}")),
    }
}

fn apply_bert_settings(normalizer: NormalizerWrapper, settings: &BertSettings) -> NormalizerWrapper {
    match normalizer {
        NormalizerWrapper::BertNormalizer(mut bert) => {
            if let Some(value) = settings.lowercase {
                bert.lowercase = value;
            }
            if let Some(value) = settings.strip_accents {
                bert.strip_accents = value;
            }
            if let Some(value) = settings.handle_chinese_chars {
                bert.handle_chinese_chars = value;
            }
            NormalizerWrapper::BertNormalizer(bert)
        }
        NormalizerWrapper::Sequence(sequence) => NormalizerWrapper::Sequence(NormalizerSequence::new(
            sequence.as_ref().iter().map(|part| apply_bert_settings(part.clone(), settings)).collect(),
        )),
        other => other,
    }
}

fn special_id(tokenizer: &Tokenizer, token: &str) -> Result<(String, u32), Failure> {
    tokenizer
        .token_to_id(token)
        .map(|id| (token.to_owned(), id))
        .ok_or_else(|| format!("special token {token:?} is not in the vocabulary"))
}

fn apply_post_processor(tokenizer: &mut Tokenizer, settings: &Settings) -> Result<(), Failure> {
    if let Some(template) = &settings.template {
        let tokens = template.tokens.iter().map(|t| special_id(tokenizer, t)).collect::<Result<Vec<_>, _>>()?;
        let processor = TemplateProcessing::builder()
            .try_single(template.single.clone())
            .map_err(|e| e.to_string())?
            .try_pair(template.pair.clone())
            .map_err(|e| e.to_string())?
            .special_tokens(tokens)
            .build()
            .map_err(|e| e.to_string())?;
        tokenizer.with_post_processor(Some(PostProcessorWrapper::Template(processor)));
    }
    if let Some(roberta) = &settings.roberta {
        let sep = special_id(tokenizer, &roberta.sep)?;
        let cls = special_id(tokenizer, &roberta.cls)?;
        let processor = RobertaProcessing::new(sep, cls)
            .trim_offsets(roberta.trim_offsets)
            .add_prefix_space(roberta.add_prefix_space);
        tokenizer.with_post_processor(Some(PostProcessorWrapper::Roberta(processor)));
    }
    Ok(())
}

pub fn load(json: &str, settings: &str) -> Result<Tokenizer, Failure> {
    let settings: Settings = serde_json::from_str(settings).map_err(|e| format!("settings: {e}"))?;
    let document: Document = serde_json::from_str(json).map_err(|e| e.to_string())?;
    if let Some(version) = &document.version {
        if version != "1.0" {
            return Err(format!("\"version\" is {version:?}, expected \"1.0\""));
        }
    }
    let model = parse_model(document.model.get()).map_err(|e| format!("\"model\": {e}"))?;
    let mut normalizer = optional_part::<NormalizerWrapper>("normalizer", document.normalizer)?;
    if let (Some(part), Some(bert)) = (normalizer.take_if(|_| settings.bert.is_some()), &settings.bert) {
        normalizer = Some(apply_bert_settings(part, bert));
    }
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_normalizer(normalizer).map_err(|e| e.to_string())?;
    tokenizer.with_pre_tokenizer(optional_part::<PreTokenizerWrapper>("pre_tokenizer", document.pre_tokenizer)?);
    tokenizer.with_post_processor(optional_part::<PostProcessorWrapper>("post_processor", document.post_processor)?);
    tokenizer.with_decoder(optional_part::<DecoderWrapper>("decoder", document.decoder)?);

    tokenizer.add_tokens(document.added_tokens.unwrap_or_default()).map_err(|e| e.to_string())?;
    if !settings.added_tokens.is_empty() {
        tokenizer.add_tokens(settings.added_tokens.clone()).map_err(|e| e.to_string())?;
    }
    let added = tokenizer.get_added_vocabulary().get_vocab();
    let known = settings.known_tokens.iter().filter(|token| tokenizer.token_to_id(&token.content).is_some());
    let missing = settings.special_tokens.iter().chain(known).filter(|token| !added.contains_key(&token.content));
    let missing = missing.cloned().collect::<Vec<_>>();
    if !missing.is_empty() {
        tokenizer.add_tokens(missing).map_err(|e| e.to_string())?;
    }
    apply_post_processor(&mut tokenizer, &settings)?;
    Ok(tokenizer)
}
