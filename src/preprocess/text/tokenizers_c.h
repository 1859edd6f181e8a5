#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The C interface of the crate beside this file. Functions of at_status return at_ok and write *out, or
   return another value and write *error, which the caller frees with at_string_free. Every handle may be
   used by several threads at once. Nothing here prints, and no panic leaves it. */

#ifdef __cplusplus
extern "C" {
#endif

typedef struct at_tokenizer at_tokenizer;
typedef struct at_encodings at_encodings;

typedef enum at_status {
  at_ok = 0,
  at_bad_input = 1, /* the text or the options */
  at_bad_model = 2, /* tokenizer.json, or its settings */
  at_panicked = 3,
} at_status;

/* UTF-8 that the caller owns; size in bytes. */
typedef struct at_text {
  const char* data;
  size_t size;
} at_text;

/* UTF-8 that the caller must free. */
typedef struct at_string {
  char* data;
  size_t size;
} at_string;

void at_string_free(at_string string);

/* json: a tokenizer.json; its padding and truncation are ignored. settings: a JSON object of
     "added_tokens":   [AddedToken]  added or redefined
     "special_tokens": [AddedToken]  added where no added token has that content
     "known_tokens":   [AddedToken]  the same, but only where the model's vocabulary has them
     "bert":           {"lowercase", "strip_accents", "handle_chinese_chars"} replaces those of a BertNormalizer
     "template":       {"single": [piece], "pair": [piece], "tokens": [special]} replaces the post-processor
     "roberta":        {"sep", "cls", "trim_offsets", "add_prefix_space"} replaces the post-processor
   all optional; AddedToken is {"content", "single_word", "lstrip", "rstrip", "normalized", "special"}. */
at_status at_tokenizer_create(at_text json, at_text settings, at_tokenizer** out, at_string* error);
void at_tokenizer_destroy(at_tokenizer* tokenizer);

typedef enum at_truncation {
  at_no_truncation = 0,
  at_longest_first = 1,
  at_only_first = 2,
  at_only_second = 3,
} at_truncation;

typedef struct at_encode_options {
  bool add_special_tokens;
  bool truncate_left;
  bool keep_overflow; /* windows after the first are returned too */
  int32_t truncation; /* at_truncation */
  size_t max_length;  /* special tokens included */
  size_t stride;      /* tokens that neighbouring windows share */
} at_encode_options;

at_status at_encode(const at_tokenizer* tokenizer, at_text first, const at_text* second,
                    const at_encode_options* options, at_encodings** out, at_string* error);

typedef struct at_span {
  uint64_t begin, end;
} at_span;

/* Arrays of `size` elements that live as long as the at_encodings. Offsets are bytes of the text that
   sequence_ids names; -1 in word_ids and sequence_ids means none. */
typedef struct at_encoding_view {
  size_t size;
  const uint32_t* ids;
  const uint32_t* type_ids;
  const uint32_t* special_tokens_mask;
  const uint32_t* attention_mask;
  const at_span* offsets;
  const int32_t* word_ids;
  const int32_t* sequence_ids;
} at_encoding_view;

size_t at_encodings_count(const at_encodings* encodings);
void at_encodings_get(const at_encodings* encodings, size_t index, at_encoding_view* out);
void at_encodings_destroy(at_encodings* encodings);

/* Ids without a token are skipped. */
at_status at_decode(const at_tokenizer* tokenizer, const uint32_t* ids, size_t num_ids, bool skip_special_tokens,
                    at_string* out, at_string* error);

/* The decoder's text of tokens, which need not be in the vocabulary. */
at_status at_join_tokens(const at_tokenizer* tokenizer, const at_text* tokens, size_t num_tokens, at_string* out,
                         at_string* error);

int64_t at_token_to_id(const at_tokenizer* tokenizer, at_text token); /* -1: none */
bool at_id_to_token(const at_tokenizer* tokenizer, uint32_t id, at_string* out);
size_t at_vocab_size(const at_tokenizer* tokenizer, bool with_added_tokens);
int64_t at_max_id(const at_tokenizer* tokenizer); /* -1: no token at all */
size_t at_num_added_tokens(const at_tokenizer* tokenizer, bool pair);

typedef enum at_model_kind_value {
  at_word_piece = 0,
  at_bpe = 1,
  at_unigram = 2,
  at_word_level = 3,
} at_model_kind_value;
int at_model_kind(const at_tokenizer* tokenizer);

typedef struct at_render_limits {
  uint64_t fuel; /* template instructions */
  size_t max_output_bytes;
  size_t max_recursion;
  bool has_now; /* else strftime_now shows the present */
  int64_t now;  /* seconds since 1970 */
} at_render_limits;

/* variables: a JSON object. */
at_status at_render_chat_template(at_text chat_template, at_text variables, const at_render_limits* limits,
                                  at_string* out, at_string* error);

#ifdef __cplusplus
}
#endif
