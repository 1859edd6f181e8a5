//! The C interface that tokenizers_c.h describes. A panic inside becomes an error; nothing is printed.

mod chat;
mod encode;
mod load;
mod locality;
mod python_text;

use encode::Loaded;
use std::any::Any;
use std::cell::RefCell;
use std::os::raw::{c_char, c_int, c_ulong};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Once;
use tokenizers::{Decoder, Model};

const OK: c_int = 0;
const BAD_INPUT: c_int = 1;
const BAD_MODEL: c_int = 2;
const PANICKED: c_int = 3;

/// Backtracking steps that one regular-expression search may take.
const MAX_REGEX_STEPS: c_ulong = 200_000_000;

extern "C" {
    fn onig_set_retry_limit_in_search(steps: c_ulong) -> c_int;
}

thread_local! {
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Once a process: panics are silent here (their place is kept for the message), and searches are bounded.
fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(|l| format!("{}:{}", l.file().rsplit('/').next().unwrap_or(""), l.line()));
            PANIC_PLACE.with(|p| *p.borrow_mut() = place.unwrap_or_default());
        }));
        unsafe {
            onig_set_retry_limit_in_search(MAX_REGEX_STEPS);
        }
    });
}

fn panic_text(payload: Box<dyn Any + Send>) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("panic without a message");
    format!("{text} ({})", PANIC_PLACE.with(|p| p.borrow().clone()))
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct AtText {
    data: *const c_char,
    size: usize,
}

#[repr(C)]
pub struct AtString {
    data: *mut c_char,
    size: usize,
}

impl AtText {
    unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.size == 0 {
            &[]
        } else {
            std::slice::from_raw_parts(self.data.cast(), self.size)
        }
    }

    unsafe fn text<'a>(self, what: &str) -> Result<&'a str, String> {
        std::str::from_utf8(self.bytes()).map_err(|e| format!("{what} is not valid UTF-8 at byte {}", e.valid_up_to()))
    }
}

impl AtString {
    fn give(text: String) -> AtString {
        let bytes = text.into_bytes().into_boxed_slice();
        let size = bytes.len();
        AtString { data: Box::into_raw(bytes).cast(), size }
    }
}

#[no_mangle]
pub unsafe extern "C" fn at_string_free(string: AtString) {
    if !string.data.is_null() {
        drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(string.data.cast::<u8>(), string.size)));
    }
}

type Failure = (c_int, String);

/// Runs `body` and stores its result, or its failure as text, where the caller asked.
unsafe fn guarded<T>(out: *mut T, error: *mut AtString, body: impl FnOnce() -> Result<T, Failure>) -> c_int {
    prepare();
    let (code, message) = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => {
            out.write(value);
            return OK;
        }
        Ok(Err(failure)) => failure,
        Err(payload) => (PANICKED, panic_text(payload)),
    };
    error.write(AtString::give(message));
    code
}

#[no_mangle]
pub unsafe extern "C" fn at_tokenizer_create(
    json: AtText,
    settings: AtText,
    out: *mut *mut Loaded,
    error: *mut AtString,
) -> c_int {
    guarded(out, error, || {
        let bad = |message: String| (BAD_MODEL, message);
        let tokenizer =
            load::load(json.text("it").map_err(bad)?, settings.text("settings").map_err(bad)?).map_err(bad)?;
        let is_local = locality::is_local(&tokenizer);
        Ok(Box::into_raw(Box::new(Loaded { tokenizer, is_local })))
    })
}

#[no_mangle]
pub unsafe extern "C" fn at_tokenizer_destroy(tokenizer: *mut Loaded) {
    if !tokenizer.is_null() {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(tokenizer))));
    }
}

#[repr(C)]
pub struct AtEncodeOptions {
    add_special_tokens: bool,
    truncate_left: bool,
    keep_overflow: bool,
    truncation: c_int,
    max_length: usize,
    stride: usize,
}

#[repr(C)]
pub struct AtSpan {
    begin: u64,
    end: u64,
}

/// One window, its parts in the layout that the header promises.
pub struct Window {
    encoding: tokenizers::Encoding,
    offsets: Vec<AtSpan>,
    words: Vec<i32>,
    sequences: Vec<i32>,
}

#[repr(C)]
pub struct AtEncodingView {
    size: usize,
    ids: *const u32,
    type_ids: *const u32,
    special_tokens_mask: *const u32,
    attention_mask: *const u32,
    offsets: *const AtSpan,
    word_ids: *const i32,
    sequence_ids: *const i32,
}

fn window(encoding: tokenizers::Encoding) -> Window {
    Window {
        offsets: encoding.get_offsets().iter().map(|o| AtSpan { begin: o.0 as u64, end: o.1 as u64 }).collect(),
        words: encoding.get_word_ids().iter().map(|w| w.map_or(-1, |w| w as i32)).collect(),
        sequences: encoding.get_sequence_ids().iter().map(|s| s.map_or(-1, |s| s as i32)).collect(),
        encoding,
    }
}

#[no_mangle]
pub unsafe extern "C" fn at_encode(
    tokenizer: *const Loaded,
    first: AtText,
    second: *const AtText,
    options: *const AtEncodeOptions,
    out: *mut *mut Vec<Window>,
    error: *mut AtString,
) -> c_int {
    guarded(out, error, || {
        let bad = |message: String| (BAD_INPUT, message);
        let first = first.text("the text").map_err(bad)?;
        let second = second.as_ref().map(|text| text.text("the second text")).transpose().map_err(bad)?;
        let options = &*options;
        let options = encode::Options {
            add_special_tokens: options.add_special_tokens,
            truncation: match options.truncation {
                1 => encode::Truncation::LongestFirst,
                2 => encode::Truncation::OnlyFirst,
                3 => encode::Truncation::OnlySecond,
                _ => encode::Truncation::None,
            },
            truncate_left: options.truncate_left,
            keep_overflow: options.keep_overflow,
            max_length: options.max_length,
            stride: options.stride,
        };
        match encode::encode(&*tokenizer, first, second, &options) {
            Ok(encodings) => Ok(Box::into_raw(Box::new(encodings.into_iter().map(window).collect()))),
            Err(encode::Failure::Input(message)) => Err((BAD_INPUT, message)),
            Err(encode::Failure::Model(message)) => Err((BAD_MODEL, message)),
        }
    })
}

#[no_mangle]
pub unsafe extern "C" fn at_encodings_count(encodings: *const Vec<Window>) -> usize {
    (*encodings).len()
}

#[no_mangle]
pub unsafe extern "C" fn at_encodings_get(encodings: *const Vec<Window>, index: usize, out: *mut AtEncodingView) {
    let Some(window) = (&*encodings).get(index) else { return };
    out.write(AtEncodingView {
        size: window.encoding.get_ids().len(),
        ids: window.encoding.get_ids().as_ptr(),
        type_ids: window.encoding.get_type_ids().as_ptr(),
        special_tokens_mask: window.encoding.get_special_tokens_mask().as_ptr(),
        attention_mask: window.encoding.get_attention_mask().as_ptr(),
        offsets: window.offsets.as_ptr(),
        word_ids: window.words.as_ptr(),
        sequence_ids: window.sequences.as_ptr(),
    });
}

#[no_mangle]
pub unsafe extern "C" fn at_encodings_destroy(encodings: *mut Vec<Window>) {
    if !encodings.is_null() {
        drop(Box::from_raw(encodings));
    }
}

#[no_mangle]
pub unsafe extern "C" fn at_decode(
    tokenizer: *const Loaded,
    ids: *const u32,
    num_ids: usize,
    skip_special_tokens: bool,
    out: *mut AtString,
    error: *mut AtString,
) -> c_int {
    guarded(out, error, || {
        let ids = if num_ids == 0 { &[] } else { std::slice::from_raw_parts(ids, num_ids) };
        (*tokenizer)
            .tokenizer
            .decode(ids, skip_special_tokens)
            .map(AtString::give)
            .map_err(|e| (BAD_MODEL, e.to_string()))
    })
}

#[no_mangle]
pub unsafe extern "C" fn at_join_tokens(
    tokenizer: *const Loaded,
    tokens: *const AtText,
    num_tokens: usize,
    out: *mut AtString,
    error: *mut AtString,
) -> c_int {
    guarded(out, error, || {
        let tokens = if num_tokens == 0 { &[] } else { std::slice::from_raw_parts(tokens, num_tokens) };
        let tokens = tokens
            .iter()
            .map(|token| token.text("a token").map(str::to_string))
            .collect::<Result<Vec<String>, String>>()
            .map_err(|e| (BAD_INPUT, e))?;
        match (*tokenizer).tokenizer.get_decoder() {
            Some(decoder) => decoder.decode(tokens).map_err(|e| (BAD_MODEL, e.to_string())),
            None => Ok(tokens.join(" ")),
        }
        .map(AtString::give)
    })
}

#[no_mangle]
pub unsafe extern "C" fn at_token_to_id(tokenizer: *const Loaded, token: AtText) -> i64 {
    token.text("").ok().and_then(|token| (*tokenizer).tokenizer.token_to_id(token)).map_or(-1, i64::from)
}

#[no_mangle]
pub unsafe extern "C" fn at_id_to_token(tokenizer: *const Loaded, id: u32, out: *mut AtString) -> bool {
    match (*tokenizer).tokenizer.id_to_token(id) {
        Some(token) => {
            out.write(AtString::give(token));
            true
        }
        None => false,
    }
}

#[no_mangle]
pub unsafe extern "C" fn at_vocab_size(tokenizer: *const Loaded, with_added_tokens: bool) -> usize {
    (*tokenizer).tokenizer.get_vocab_size(with_added_tokens)
}

/// The largest id that any token has, or -1.
#[no_mangle]
pub unsafe extern "C" fn at_max_id(tokenizer: *const Loaded) -> i64 {
    let tokenizer = &(*tokenizer).tokenizer;
    let added = tokenizer.get_added_vocabulary().get_vocab().values().copied().max();
    let model = tokenizer.get_model();
    let size = model.get_vocab_size() as u32;
    // Ids are distinct, so an id of at least `size` exists exactly if one below `size` is missing.
    let dense = (0..size).rev().all(|id| model.id_to_token(id).is_some());
    let own = if dense { size.checked_sub(1) } else { model.get_vocab().into_values().max() };
    own.max(added).map_or(-1, i64::from)
}

#[no_mangle]
pub unsafe extern "C" fn at_num_added_tokens(tokenizer: *const Loaded, pair: bool) -> usize {
    encode::num_added_tokens(&(*tokenizer).tokenizer, pair)
}

/// 0 WordPiece, 1 BPE, 2 Unigram, 3 WordLevel.
#[no_mangle]
pub unsafe extern "C" fn at_model_kind(tokenizer: *const Loaded) -> c_int {
    match (*tokenizer).tokenizer.get_model() {
        tokenizers::ModelWrapper::WordPiece(_) => 0,
        tokenizers::ModelWrapper::BPE(_) => 1,
        tokenizers::ModelWrapper::Unigram(_) => 2,
        tokenizers::ModelWrapper::WordLevel(_) => 3,
    }
}

#[repr(C)]
pub struct AtRenderLimits {
    fuel: u64,
    max_output_bytes: usize,
    max_recursion: usize,
    has_now: bool,
    now: i64,
}

#[no_mangle]
pub unsafe extern "C" fn at_render_chat_template(
    template: AtText,
    variables: AtText,
    limits: *const AtRenderLimits,
    out: *mut AtString,
    error: *mut AtString,
) -> c_int {
    guarded(out, error, || {
        let bad = |message: String| (BAD_INPUT, message);
        let limits = &*limits;
        let limits = chat::Limits {
            fuel: limits.fuel,
            max_output_bytes: limits.max_output_bytes,
            max_recursion: limits.max_recursion,
            now: limits.has_now.then_some(limits.now),
        };
        let template = template.text("the chat template").map_err(bad)?;
        let variables = variables.text("the variables").map_err(bad)?;
        chat::render(template, variables, &limits).map(AtString::give).map_err(bad)
    })
}
