// Prints the token ids that llama.cpp gives to many texts, one line of numbers a text. fuzz-tokenizers.py builds this
// against libllama. Standard input: for each text its length in bytes as a 32-bit number, then the bytes.

#include "llama.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

int main(int count, char ** arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: llama-token-lines MODEL ADD_SPECIAL PARSE_SPECIAL < TEXTS\n");
        return 64;
    }
    llama_log_set([](enum ggml_log_level level, const char * text, void *) {
        if (level == GGML_LOG_LEVEL_ERROR) { fputs(text, stderr); }
    }, nullptr);
    llama_model_params parameters = llama_model_default_params();
    parameters.vocab_only = true;
    llama_model * model = llama_model_load_from_file(arguments[1], parameters);
    if (!model) { return 1; }
    const llama_vocab * vocab = llama_model_get_vocab(model);
    const bool add_special = arguments[2][0] == '1', parse_special = arguments[3][0] == '1';
    std::chrono::duration<double> spent(0);
    uint32_t size;
    while (fread(&size, sizeof size, 1, stdin) == 1) {
        std::string text(size, '\0');
        if (fread(text.data(), 1, size, stdin) != size) { return 1; }
        std::vector<llama_token> ids(3 * size + 16);  // A byte that is no UTF-8 may become three tokens.
        try {
            const auto start = std::chrono::steady_clock::now();
            const int found =
                llama_tokenize(vocab, text.data(), size, ids.data(), ids.size(), add_special, parse_special);
            spent += std::chrono::steady_clock::now() - start;
            if (found < 0) { return 1; }
            for (int i = 0; i < found; ++i) { printf(i ? " %d" : "%d", ids[i]); }
        } catch (const std::exception & error) {
            printf("error: %s", error.what());
        }
        printf("\n");
    }
    fprintf(stderr, "seconds %.3f\n", spent.count());
    llama_model_free(model);
    return 0;
}
