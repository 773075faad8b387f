// Loads projectors as llama.cpp does, which prints the size of the buffer that it reserves to see a picture.
// scripts/compare-tower-memory.py builds it against a built llama.cpp.
#include "clip.h"
#include <cstdio>

int main(int argc, char ** argv) {
    for (int i = 1; i < argc; i++) {
        clip_context_params settings{};
        settings.flash_attn_type = CLIP_FLASH_ATTN_TYPE_AUTO;
        settings.image_min_tokens = settings.image_max_tokens = -1;
        settings.warmup = true;
        if (!clip_init(argv[i], settings).ctx_v) {
            fprintf(stderr, "%s: not loaded\n", argv[i]);
            return 1;
        }
    }
}
