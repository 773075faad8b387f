// The searches for scales. Each repeats its Swift twin's operations in the twin's order, a lane a group.

#define NEGLIGIBLE 1e-15f

/// The element of largest magnitude, the first of equals.
FUNCTION floats NAME(extreme_of)(const floats *x, int count) {
    floats extreme = 0, greatest = 0;
    for (int i = 0; i < count; i++) {
        floats size = magnitude(x[i]);
        ints is_greater = size > greatest;
        greatest = is_greater ? size : greatest;
        extreme = is_greater ? x[i] : extreme;
    }
    return extreme;
}
#define extreme_of NAME(extreme_of)

// What ScaleSearch finds.
typedef struct NAME(scaled) {
    floats scale, inverse;
    ints is_zero;
} NAME(scaled);
#define scaled NAME(scaled)

/// ScaleSearch; without importance `w`, squares count.
FUNCTION scaled NAME(search_scale)(const floats *x, const floats *w, const int count, float half) {
    floats wx[32], ww[32];
    for (int i = 0; i < count; i++) {
        ww[i] = w ? w[i] : x[i] * x[i];
        wx[i] = ww[i] * x[i];
    }
    floats extreme = extreme_of(x, count);
    scaled found = {.is_zero = magnitude(extreme) < NEGLIGIBLE};
    floats best = 0;
    for (int step = -10; step <= 9; step++) {
        // The plain scale comes first, and takes the place of step zero.
        if (step == 0) continue;
        float numerator = step == -10 ? -half : -(half + 0.1f * (float)step);
        floats inverse = SPLAT(numerator) / extreme;
        floats sum_lx = 0, sum_l2 = 0;
#pragma clang loop unroll_count(4)
        for (int i = 0; i < count; i++) {
            floats l = clamp(nearest(inverse * x[i]), -half, half - 1);
            sum_lx += wx[i] * l;
            sum_l2 += ww[i] * l * l;
        }
        floats fitted = sum_lx / sum_l2;
        if (step == -10) {
            found.scale = sum_l2 == 0 ? SPLAT(0) : fitted;
            found.inverse = inverse;
            best = found.scale * sum_lx;
            continue;
        }
        ints accepted = (sum_l2 > 0) & (sum_lx * sum_lx > best * sum_l2);
        found.scale = accepted ? fitted : found.scale;
        found.inverse = accepted ? inverse : found.inverse;
        best = accepted ? fitted * sum_lx : best;
    }
    found.scale = found.is_zero ? SPLAT(0) : found.scale;
    return found;
}
#define search_scale NAME(search_scale)

/// The numbers to store, 0 ..< 2 * half, as the kept step rounded them.
FUNCTION ints NAME(scaled_levels)(floats x, scaled found, float half) {
    floats level = clamp(nearest(found.inverse * x), -half, half - 1) + half;
    return __builtin_convertvector(found.is_zero ? SPLAT(0) : level, ints);
}
#define scaled_levels NAME(scaled_levels)

// What ScaleAndMinimumSearch tries, and what it finds.
typedef struct NAME(affine_steps) {
    float levels, first, step;
    int count;
    bool absolute;
} NAME(affine_steps);
#define affine_steps NAME(affine_steps)
#define WEIGHTED_STEPS(levels) ((affine_steps){levels, -0.9f, 0.05f, 36, false})

typedef struct NAME(affine) {
    floats scale, minimum, inverse, base;
    ints is_flat;
} NAME(affine);
#define affine NAME(affine)

FUNCTION void NAME(round_affine)(const floats *x, int count, floats inverse, floats base, floats least, floats most,
                                 float levels, floats *rounded) {
    // The products are monotonic in the weight, so the extremes tell whether all of them are in range.
    ints in_range =
        (magnitude(inverse * (least - base)) < 4000000.0f) & (magnitude(inverse * (most - base)) < 4000000.0f);
    if (!any(~in_range)) {
        for (int i = 0; i < count; i++) rounded[i] = clamp(nearest(inverse * (x[i] - base)), 0, levels);
    } else {
        for (int i = 0; i < count; i++)
            rounded[i] = to_floats(clamp_ints(nearest_wrapping(inverse * (x[i] - base)), 0, (int)levels));
    }
}

FUNCTION floats NAME(affine_error)(const floats *x, const floats *w, const floats *l, int count, floats scale,
                                   floats minimum, bool absolute) {
    floats sum = 0;
#pragma clang loop unroll_count(4)
    for (int i = 0; i < count; i++) {
        floats difference = scale * l[i] + minimum - x[i];
        sum += w[i] * (absolute ? magnitude(difference) : difference * difference);
    }
    return sum;
}

/// ScaleAndMinimumSearch.
FUNCTION affine NAME(search_affine)(const floats *x, const floats *w, const int count, const affine_steps steps) {
    floats l[32];
    floats minimum = x[0], maximum = x[0], sum_w = w[0], sum_x = w[0] * x[0];
    for (int i = 1; i < count; i++) {
        minimum = x[i] < minimum ? x[i] : minimum;
        maximum = x[i] > maximum ? x[i] : maximum;
        sum_w += w[i];
        sum_x += w[i] * x[i];
    }
    floats least = minimum;
    minimum = minimum > 0 ? SPLAT(0) : minimum;

    floats inverse = steps.levels / (maximum - minimum);
    floats scale = 1 / inverse;
    affine found = {.inverse = inverse, .base = minimum, .is_flat = maximum == minimum};
    NAME(round_affine)(x, count, inverse, minimum, least, maximum, steps.levels, l);
    floats best = NAME(affine_error)(x, w, l, count, scale, minimum, steps.absolute);

    for (int step = 0; step <= steps.count; step++) {
        inverse = (steps.first + steps.step * (float)step + steps.levels) / (maximum - minimum);
        NAME(round_affine)(x, count, inverse, minimum, least, maximum, steps.levels, l);
        floats sum_l = 0, sum_l2 = 0, sum_xl = 0;
#pragma clang loop unroll_count(4)
        for (int i = 0; i < count; i++) {
            floats wl = w[i] * l[i];
            sum_l += wl;
            sum_l2 += wl * l[i];
            sum_xl += wl * x[i];
        }
        floats determinant = sum_w * sum_l2 - sum_l * sum_l;
        floats fitted_scale = (sum_w * sum_xl - sum_x * sum_l) / determinant;
        floats fitted_minimum = (sum_l2 * sum_x - sum_l * sum_xl) / determinant;
        ints is_positive = fitted_minimum > 0;
        fitted_minimum = is_positive ? SPLAT(0) : fitted_minimum;
        fitted_scale = is_positive ? sum_xl / sum_l2 : fitted_scale;
        floats error = NAME(affine_error)(x, w, l, count, fitted_scale, fitted_minimum, steps.absolute);
        ints accepted = (determinant > 0) & (error < best);
        best = accepted ? error : best;
        found.inverse = accepted ? inverse : found.inverse;
        found.base = accepted ? minimum : found.base;
        scale = accepted ? fitted_scale : scale;
        minimum = accepted ? fitted_minimum : minimum;
    }
    found.scale = found.is_flat ? SPLAT(0) : scale;
    found.minimum = -(found.is_flat ? found.base : minimum);
    return found;
}
#define search_affine NAME(search_affine)

/// The numbers to store, as the kept step rounded them.
FUNCTION ints NAME(affine_levels)(floats x, affine found, int levels) {
    ints rounded = clamp_ints(nearest_wrapping(found.inverse * (x - found.base)), 0, levels);
    return found.is_flat ? (ints)0 : rounded;
}
#define affine_levels NAME(affine_levels)

/// ThreeBitSearch for four groups of sixteen weights at once, since each step of one group waits for the last; levels
/// are 0 ... 7.
FUNCTION void NAME(search_three_bits)(const floats *x, floats *levels, floats *scales) {
    floats sum_lx[4], sum_l2[4];
    ints is_zero[4];
    for (int g = 0; g < 4; g++) {
        floats extreme = extreme_of(x + 16 * g, 16), inverse = -4.0f / extreme;
        is_zero[g] = magnitude(extreme) < NEGLIGIBLE;
        sum_lx[g] = sum_l2[g] = 0;
        for (int i = 16 * g; i < 16 * g + 16; i++) {
            floats w = x[i] * x[i];
            levels[i] = clamp(nearest(inverse * x[i]), -4, 3);
            sum_lx[g] += w * x[i] * levels[i];
            sum_l2[g] += w * levels[i] * levels[i];
        }
    }
    for (int pass = 0; pass < 5; pass++) {
        ints changed = 0;
        for (int i = 0; i < 16; i++) {
#pragma clang loop unroll(full)
            for (int g = 0; g < 4; g++) {
                floats value = x[16 * g + i], w = value * value, l = levels[16 * g + i];
                floats rest_lx = sum_lx[g] - w * value * l, rest_l2 = sum_l2[g] - w * l * l;
                // The quotient can leave the range in which rounding is simple.
                floats ideal = to_floats(clamp_ints(nearest_wrapping(value * rest_l2 / rest_lx), -4, 3));
                ints accepted = (rest_lx > 0) & ~is_zero[g] & (ideal != l);
                rest_lx += w * value * ideal;
                rest_l2 += w * ideal * ideal;
                accepted &= (rest_l2 > 0) & (rest_lx * rest_lx * sum_l2[g] > sum_lx[g] * sum_lx[g] * rest_l2);
                levels[16 * g + i] = accepted ? ideal : l;
                sum_lx[g] = accepted ? rest_lx : sum_lx[g];
                sum_l2[g] = accepted ? rest_l2 : sum_l2[g];
                changed |= accepted;
            }
        }
        // A pass that changes nothing in a group would change nothing again, so the groups may wait for each other.
        if (!any(changed)) break;
    }
    for (int g = 0; g < 4; g++) {
        for (int i = 16 * g; i < 16 * g + 16; i++) levels[i] = is_zero[g] ? SPLAT(0) : levels[i] + 4;
        scales[g] = (is_zero[g] | ~(sum_l2[g] > 0)) ? SPLAT(0) : sum_lx[g] / sum_l2[g];
    }
}
#define search_three_bits NAME(search_three_bits)

/// PositiveScaleSearch: one scale for up to sixteen numbers, stored as 0 ... limit; returns the scales.
FUNCTION floats NAME(search_positive)(const floats *x, const floats *w, const int count, const int limit,
                                      ints *stored) {
    floats greatest = 0;
    for (int i = 0; i < count; i++) greatest = x[i] > greatest ? x[i] : greatest;
    ints is_zero = ~(greatest >= NEGLIGIBLE);
    floats inverse = (float)limit / greatest, best = 0;
    for (int step = -5; step <= 4; step++) {
        if (step == 0) continue;
        bool is_first = step == -5;
        floats candidate = is_first ? inverse : (0.1f * (float)step + (float)limit) / greatest;
        floats scale = 1 / candidate, error = 0;
        for (int i = 0; i < count; i++) {
            ints level = nearest_wrapping(candidate * x[i]);
            // The first step alone is not limited, but narrowed to a byte.
            level = is_first ? level & 0xff : (level > limit ? (ints)limit : level);
            floats difference = x[i] - scale * to_floats(level);
            error += w[i] * difference * difference;
        }
        if (is_first) {
            best = error;
            continue;
        }
        ints accepted = error < best;
        best = accepted ? error : best;
        inverse = accepted ? candidate : inverse;
    }
    floats sum_lx = 0, sum_l2 = 0;
    for (int i = 0; i < count; i++) {
        ints level = nearest_wrapping(inverse * x[i]);
        level = level > limit ? (ints)limit : level;
        stored[i] = level & 0xff;
        sum_lx += w[i] * x[i] * to_floats(level);
        sum_l2 += w[i] * to_floats(level) * to_floats(level);
    }
    for (int pass = 0; pass < 5; pass++) {
        ints changed = 0;
        for (int i = 0; i < count; i++) {
            floats l = to_floats(stored[i]);
            floats rest_lx = sum_lx - w[i] * x[i] * l, rest_l2 = sum_l2 - w[i] * l * l;
            ints is_possible = (rest_lx > 0) & (rest_l2 > 0);
            ints ideal = nearest_wrapping(x[i] * rest_l2 / rest_lx);
            ideal = ideal > limit ? (ints)limit : ideal;
            rest_lx += w[i] * x[i] * to_floats(ideal);
            rest_l2 += w[i] * to_floats(ideal) * to_floats(ideal);
            ints is_better = rest_lx * rest_lx * sum_l2 > sum_lx * sum_lx * rest_l2;
            ints accepted = is_possible & (ideal != stored[i]) & is_better;
            stored[i] = accepted ? ideal & 0xff : stored[i];
            sum_lx = accepted ? rest_lx : sum_lx;
            sum_l2 = accepted ? rest_l2 : sum_l2;
            changed |= accepted;
        }
        if (!any(changed)) break;
    }
    for (int i = 0; i < count; i++) stored[i] = is_zero ? (ints)0 : stored[i];
    return (is_zero | ~(sum_l2 > 0)) ? SPLAT(0) : sum_lx / sum_l2;
}
#define search_positive NAME(search_positive)
