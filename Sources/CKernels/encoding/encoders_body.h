// One set of encoders, compiled once per instruction set: encoders.c defines NAME, TARGET and LANES before each
// inclusion. Short names stand for those of the set.

#include "lanes.h"
#include "searches.h"
#include "group_formats.h"
#include "flat_formats.h"
#include "runs.h"

#undef affine
#undef affine_levels
#undef affine_steps
#undef any
#undef batch
#undef clamp
#undef clamp_ints
#undef extreme_of
#undef floats
#undef four
#undef from_half
#undef ints
#undef magnitude
#undef nearest
#undef nearest_wrapping
#undef scaled
#undef scaled_levels
#undef search_affine
#undef search_positive
#undef search_scale
#undef search_three_bits
#undef store_halves
#undef store_words
#undef to_floats
#undef to_half
#undef transpose
#undef FLOATS
#undef FUNCTION
#undef INTS
#undef LANES
#undef NAME
#undef NEGLIGIBLE
#undef SPLAT
#undef TARGET
#undef WEIGHTED_STEPS
