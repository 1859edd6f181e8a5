//! Chat templates: jinja2 as transformers sets it up, with limits.

use crate::python_text::{json, str_of, JsonStyle};
use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind};
use regex::Regex;
use std::io::Write;
use std::sync::LazyLock;

pub struct Limits {
    /// Template instructions.
    pub fuel: u64,
    pub max_output_bytes: usize,
    pub max_recursion: usize,
    /// What strftime_now shows, in seconds since 1970; None is the present.
    pub now: Option<i64>,
}

/// transformers' {% generation %} block only marks text; here it renders as its content.
static GENERATION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}").unwrap());

fn without_generation_blocks(source: &str) -> String {
    GENERATION
        .replace_all(source, |found: &regex::Captures| {
            let body = if found.get(2).is_some() { "endif" } else { "if true" };
            format!("{{%{} {} {}%}}", &found[1], body, &found[3])
        })
        .into_owned()
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

fn tojson(value: &Value, options: Kwargs) -> Result<String, Error> {
    let indent = match options.get::<Option<Value>>("indent")? {
        Some(value) if !value.is_none() && !value.is_undefined() => Some(match value.as_str() {
            Some(text) if text.len() <= 64 => text.to_owned(),
            Some(_) => return Err(invalid("tojson: indent is longer than 64 characters")),
            None => match value.as_i64() {
                Some(width) if width <= 64 => " ".repeat(width.max(0) as usize),
                _ => return Err(invalid("tojson: indent is not a string or a number up to 64")),
            },
        }),
        _ => None,
    };
    let separators = options.get::<Option<Value>>("separators")?.filter(|v| !v.is_none() && !v.is_undefined());
    let (item_separator, key_separator) = match separators {
        Some(value) => {
            let parts = value.try_iter()?.map(|part| part.to_string()).collect::<Vec<_>>();
            match <[String; 2]>::try_from(parts) {
                Ok([item, key]) => (item, key),
                Err(_) => return Err(invalid("tojson: separators is not a pair of strings")),
            }
        }
        None => ((if indent.is_some() { "," } else { ", " }).to_owned(), ": ".to_owned()),
    };
    let style = JsonStyle {
        ascii: options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
        sort_keys: options.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
        indent,
        item_separator,
        key_separator,
    };
    options.assert_all_used()?;
    let mut out = String::new();
    json(value, &style, 0, &mut out)?;
    Ok(out)
}

fn local_time_text(format: &str, seconds: i64) -> Result<String, Error> {
    if format.is_empty() {
        return Ok(String::new());
    }
    if format.len() > 256 || format.contains('\0') {
        return Err(invalid("strftime_now: the format is longer than 256 bytes or holds a zero byte"));
    }
    // The trailing mark tells an empty result from one that does not fit.
    let pattern = format!("{format}.\0");
    let mut out = vec![0u8; 4096];
    let length = unsafe {
        let mut parts: libc::tm = std::mem::zeroed();
        let time = seconds as libc::time_t;
        if libc::localtime_r(&time, &mut parts).is_null() {
            return Err(invalid("strftime_now: the time is out of range"));
        }
        libc::strftime(out.as_mut_ptr().cast(), out.len(), pattern.as_ptr().cast(), &parts)
    };
    if length == 0 {
        return Err(invalid("strftime_now: the result is longer than 4096 bytes"));
    }
    out.truncate(length - 1);
    String::from_utf8(out).map_err(|_| invalid("strftime_now: the result is not UTF-8"))
}

struct Bounded {
    out: Vec<u8>,
    max_bytes: usize,
}

impl Write for Bounded {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        if data.len() > self.max_bytes - self.out.len() {
            return Err(std::io::Error::other(format!("the output is longer than {} bytes", self.max_bytes)));
        }
        self.out.extend_from_slice(data);
        Ok(data.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn described(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}

/// Renders `template` over the variables of the JSON object `context`.
pub fn render(template: &str, context: &str, limits: &Limits) -> Result<String, String> {
    let context: serde_json::Value = serde_json::from_str(context).map_err(|e| format!("variables: {e}"))?;
    if !context.is_object() {
        return Err("variables: not a JSON object".into());
    }
    let now = limits.now.unwrap_or_else(|| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64)
    });
    let source = without_generation_blocks(template);
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(limits.fuel));
    environment.set_recursion_limit(limits.max_recursion);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.set_formatter(|out, _, value| out.write_str(&str_of(value)?).map_err(Error::from));
    environment.add_filter("tojson", tojson);
    environment.add_filter("string", str_of);
    environment.add_function("raise_exception", |message: String| -> Result<String, Error> { Err(invalid(message)) });
    environment.add_function("strftime_now", move |format: String| local_time_text(&format, now));
    let compiled = environment.template_from_named_str("chat_template", &source).map_err(|e| described(&e))?;
    let mut out = Bounded { out: Vec::new(), max_bytes: limits.max_output_bytes };
    compiled.render_captured_to(Value::from_serialize(&context), &mut out).map_err(|e| described(&e))?;
    String::from_utf8(out.out).map_err(|e| e.to_string())
}
