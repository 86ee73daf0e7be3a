// What does llama.cpp compute? Its logits for tokens that are given, or its perplexity of a text.
//
//   peer_logits logits MODEL CONTEXT TOKEN,TOKEN,... POSITION,POSITION,...
//   peer_logits perplexity MODEL CONTEXT TEXT
//
// Built and called by record_logits.py. Perplexity is that of llama.cpp's own tool: windows of CONTEXT tokens that
// do not overlap, each begun with the token that begins texts if the vocabulary asks for it, of which the second
// half counts.

#include "llama.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

static std::vector<int> numbers(const char * list) {
    std::vector<int> out;
    std::stringstream in(list);
    for (std::string one; std::getline(in, one, ',');) {
        out.push_back(std::stoi(one));
    }
    return out;
}

static void quiet(ggml_log_level level, const char * text, void *) {
    if (level == GGML_LOG_LEVEL_ERROR) {
        fputs(text, stderr);
    }
}

static bool read(llama_context * context, const std::vector<llama_token> & tokens, const std::vector<bool> & wanted) {
    llama_memory_clear(llama_get_memory(context), true);
    llama_batch batch = llama_batch_init(tokens.size(), 0, 1);
    for (size_t at = 0; at < tokens.size(); ++at) {
        batch.token[at]     = tokens[at];
        batch.pos[at]       = at;
        batch.n_seq_id[at]  = 1;
        batch.seq_id[at][0] = 0;
        batch.logits[at]    = wanted[at];
    }
    batch.n_tokens = tokens.size();
    const bool fine = llama_decode(context, batch) == 0;
    llama_batch_free(batch);
    return fine;
}

int main(int count, char ** arguments) {
    if (count < 5) {
        return 2;
    }
    llama_log_set(quiet, nullptr);
    llama_backend_init();
    llama_model_params how = llama_model_default_params();
    how.use_extra_bufts    = false;
    llama_model * model    = llama_model_load_from_file(arguments[2], how);
    if (!model) {
        return 1;
    }
    const int size = std::atoi(arguments[3]);
    llama_context_params with = llama_context_default_params();
    with.n_ctx           = size;
    with.n_batch         = size;
    with.n_ubatch        = size;
    with.n_threads       = 2;
    with.n_threads_batch = 2;
    with.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    llama_context * context = llama_init_from_model(model, with);
    if (!context) {
        return 1;
    }
    const llama_vocab * vocab = llama_model_get_vocab(model);
    const int           words = llama_vocab_n_tokens(vocab);

    if (std::string(arguments[1]) == "logits" && count == 6) {
        const std::vector<int> given = numbers(arguments[4]), places = numbers(arguments[5]);
        std::vector<bool> wanted(given.size(), false);
        for (int place : places) {
            wanted[place] = true;
        }
        if (!read(context, {given.begin(), given.end()}, wanted)) {
            return 1;
        }
        for (int place : places) {
            const float * logits = llama_get_logits_ith(context, place);
            for (int at = 0; at < words; ++at) {
                printf("%s%.6g", at ? " " : "", logits[at]);
            }
            printf("\n");
        }
        return 0;
    }

    std::ifstream file(arguments[4]);
    std::stringstream whole;
    whole << file.rdbuf();
    const std::string text = whole.str();
    std::vector<llama_token> tokens(text.size() + 8);
    const int found = llama_tokenize(vocab, text.data(), text.size(), tokens.data(), tokens.size(), true, false);
    if (found < size) {
        return 1;
    }
    tokens.resize(found);
    const bool begun = llama_vocab_get_add_bos(vocab);
    double sum = 0;
    int counted = 0;
    for (int start = 0; start + size <= found; start += size) {
        std::vector<llama_token> window(tokens.begin() + start, tokens.begin() + start + size);
        if (begun) {
            window[0] = llama_vocab_bos(vocab);
        }
        if (!read(context, window, std::vector<bool>(size, true))) {
            return 1;
        }
        for (int at = size / 2; at < size - 1; ++at) {
            const float * logits = llama_get_logits_ith(context, at);
            double largest = logits[0], total = 0;
            for (int word = 1; word < words; ++word) {
                largest = std::fmax(largest, logits[word]);
            }
            for (int word = 0; word < words; ++word) {
                total += std::exp(logits[word] - largest);
            }
            sum -= logits[window[at + 1]] - largest - std::log(total);
            ++counted;
        }
    }
    printf("%d %d %.6f\n", found, counted, std::exp(sum / counted));
    return 0;
}
