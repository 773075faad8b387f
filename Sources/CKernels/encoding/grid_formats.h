// IQ2 and IQ3 formats: GridSearch, a block a lane; only neighbours are looked for lane by lane.

FUNCTION void NAME(transpose_back)(const floats *tile, int count, float *rows) {
    for (int i = 0; i < count; i++)
        for (int lane = 0; lane < LANES; lane++) rows[32 * lane + i] = tile[i][lane];
}

/// Splits weights into magnitudes and signs, a word of signs for eight weights.
FUNCTION void NAME(separate_signs)(const floats *x, const floats *w, int count, bool must_be_even, floats *magnitudes,
                                   ints *signs) {
    for (int start = 0; start < count; start += 8) {
        ints bits = 0;
        for (int i = 0; i < 8; i++) {
            bits |= x[start + i] < 0 ? (ints)(1 << i) : (ints)0;
            magnitudes[start + i] = x[start + i] < 0 ? -x[start + i] : x[start + i];
        }
        if (must_be_even) {
            // Where they are not, the weight that counts least gets the wrong sign and a negative magnitude.
            ints is_odd = bits ^ bits >> 4;
            is_odd ^= is_odd >> 2;
            is_odd = ((is_odd ^ is_odd >> 1) & 1) != 0;
            floats least = w[start] * x[start] * x[start];
            ints place = 0;
            for (int i = 1; i < 8; i++) {
                floats cost = w[start + i] * x[start + i] * x[start + i];
                ints is_less = cost < least;
                least = is_less ? cost : least;
                place = is_less ? (ints)i : place;
            }
            for (int i = 0; i < 8; i++) {
                ints is_wrong = is_odd & (place == i);
                magnitudes[start + i] = is_wrong ? -magnitudes[start + i] : magnitudes[start + i];
                bits ^= is_wrong & (1 << i);
            }
            bits &= 127;
        }
        signs[start / 8] = bits;
    }
}

/// The cells that weights round to.
FUNCTION void NAME(round_to_cells)(const floats *x, int count, floats inverse, floats lowest, floats highest,
                                   const int bits, ints *cells) {
    const int dimension = bits == 2 ? 8 : 4;
    // Beyond this the reference's rounding wraps.
    bool is_wild = any((inverse * lowest < -8e6f) | (inverse * highest > 8e6f));
    for (int start = 0; start < count; start += dimension) {
        ints cell = 0;
        if (bits == 2 && !is_wild) {
            int factor = 1;
#pragma clang loop unroll(full)
            for (int i = 0; i < 8; i++, factor *= 3) {
                // Half of what is above one, rounded: 1 above 2, 2 from 4 on.
                floats scaled_x = inverse * x[start + i];
                cell += scaled_x > 2 ? (ints)factor : (ints)0;
                cell += scaled_x >= 4 ? (ints)factor : (ints)0;
            }
        } else {
            for (int i = dimension - 1; i >= 0; i--) {
                ints digit = nearest_wrapping(0.5f * (inverse * x[start + i] - 1));
                cell = cell * (bits == 2 ? 3 : 8) + clamp_ints(digit, 0, bits == 2 ? 2 : 7);
            }
        }
        cells[start / dimension] = cell;
    }
}

/// The sums of a least-squares fit to points.
FUNCTION void NAME(sum_points)(const floats *w, const floats *wx, int count, const ints *points, const int bits,
                               floats *sum_qx, floats *sum_q2) {
    static const float odd[8] = {1, 3, 5, 7, 9, 11, 13, 15};
    const int dimension = bits == 2 ? 8 : 4;
    table values = table_of(odd, bits);
    floats qx = 0, q2 = 0;
    for (int start = 0; start < count; start += dimension) {
        ints digits = points[start / dimension];
#pragma clang loop unroll(full)
        for (int i = 0; i < dimension; i++) {
            floats q = look_up(values, bits, digits >> bits * i);
            qx += wx[start + i] * q;
            q2 += w[start + i] * q * q;
        }
    }
    *sum_qx = qx;
    *sum_q2 = q2;
}

// A group's weights in two layouts: a block a lane, and rows of 32 for each lane.
typedef struct NAME(grid_group) {
    floats w[32], wx[32];
    float rows[32 * LANES], roots[32 * LANES];
} NAME(grid_group);

/// Turns the cells of one lane and point into points. They and the scales stand `stride` vectors apart.
/// Returns false where the costs of all neighbours overflow.
FUNCTION bool NAME(settle_cells)(const NAME(grid_group) *group, const ek_grid *grid, int lane, int point,
                                 const floats *scales, int count, int stride, const floats *values, const int bits,
                                 ints *cells) {
    const int dimension = bits == 2 ? 8 : 4;
    int start = 32 * lane + point * dimension;
    row spread_row = spread(group->rows + start, group->roots + start, bits);
    for (int step = 0; step < count; step++) {
        int32_t *cell = (int32_t *)(cells + step * stride + point) + lane;
        int place = grid->places[*cell];
        if (place >= 0) {
            *cell = grid->points[place];
            continue;
        }
        float scale = ((const float *)(scales + step))[lane];
        int found = cheapest(&spread_row, scale, values, grid->lists + (-1 - place), bits);
        if (found == NO_POINT) return false;
        *cell = found | OFF_GRID;
    }
    return true;
}

/// One group: fills in signs and points, a lane a block. Returns the scales; sets `failed` where the reference stops.
FUNCTION floats NAME(search_grid_group)(const batch *b, const grid_plan plan, int first, floats mean_square,
                                        ints *signs, ints *points, ints *is_zero, ints *failed) {
    const int count = plan.group, dimension = plan.bits == 2 ? 8 : 4, point_count = count / dimension;
    const int radix = plan.bits == 2 ? 3 : 8, step_count = 2 * plan.steps + 1;
    NAME(grid_group) group;
    floats x[32], roots[32];
    for (int i = 0; i < count; i++) {
        floats value = b->x[first + i], square = value * value;
        group.w[i] = b->importance ? b->importance[first + i] * __builtin_elementwise_sqrt(mean_square + square)
                     : plan.plain_factor > 0 ? plan.plain_factor * mean_square + square
                                             : square;
        roots[i] = __builtin_elementwise_sqrt(group.w[i]);
    }
    NAME(separate_signs)(b->x + first, group.w, count, plan.even_signs, x, signs);
    floats highest = x[0], lowest = x[0];
    for (int i = 1; i < count; i++) {
        highest = x[i] > highest ? x[i] : highest;
        lowest = x[i] < lowest ? x[i] : lowest;
    }
    for (int i = 0; i < count; i++) group.wx[i] = group.w[i] * x[i];
    NAME(transpose_back)(x, count, group.rows);
    NAME(transpose_back)(roots, count, group.roots);

    float top = (float)(2 * radix - 1);
    floats greatest = highest, scale = highest / top;
    *is_zero = greatest < plan.negligible;
    if (plan.from_search) {
        ints unused[32];
        scale = search_positive(x, group.w, count, radix + 1, unused);
        greatest = scale * (float)radix;
        *is_zero |= greatest <= 0;
    }

    floats values[32 / LANES];
    for (int i = 0; i < 32; i++) ((float *)values)[i] = (float)(2 * (i & ((1 << plan.bits) - 1)) + 1);
    ints cells[31 * 8];
    floats scales[31];
    for (int step = 0; step < step_count; step++) {
        floats inverse = (top + (float)(step - plan.steps) * plan.step) / greatest;
        scales[step] = 1 / inverse;
        NAME(round_to_cells)(x, count, inverse, lowest, highest, plan.bits, cells + step * point_count);
    }
    for (int lane = 0; lane < b->live; lane++) {
        if ((*is_zero)[lane] || (*failed)[lane]) continue;
        for (int point = 0; point < point_count; point++)
            if (!NAME(settle_cells)(&group, b->grid, lane, point, scales, step_count, point_count, values, plan.bits,
                                    cells))
                (*failed)[lane] = -1;
    }

    floats best = 0;
    ints kept = -1;
    for (int step = 0; step < step_count; step++) {
        floats qx, q2;
        NAME(sum_points)(group.w, group.wx, count, cells + step * point_count, plan.bits, &qx, &q2);
        ints accepted = (q2 > 0) & (qx * qx > best * q2);
        if (!any(accepted)) continue;
        floats fitted = qx / q2;
        scale = accepted ? fitted : scale;
        best = accepted ? fitted * qx : best;
        kept = accepted ? (ints)step : kept;
    }
    // Until a step is accepted: the lowest point.
    ints is_off_grid = 0, is_refined = scale > 0;
    for (int point = 0; point < point_count; point++) {
        ints digits = plan.refinement == REFINE_OFF_GRID ? (ints)0 : (ints)OFF_GRID;
        for (int lane = 0; lane < LANES; lane++)
            if (kept[lane] >= 0) digits[lane] = cells[kept[lane] * point_count + point][lane];
        points[point] = digits;
        is_off_grid |= (digits & OFF_GRID) != 0;
    }
    if (plan.refinement != REFINE_ALL) is_refined &= is_off_grid;
    is_refined &= ~*is_zero & ~*failed;
    if (any(is_refined)) {
        ints again[8];
        floats inverse = 1 / scale;
        NAME(round_to_cells)(x, count, inverse, lowest, highest, plan.bits, again);
        for (int lane = 0; lane < b->live; lane++) {
            if (!is_refined[lane]) continue;
            for (int point = 0; point < point_count; point++) {
                if (plan.refinement == REFINE_OFF_GRID && !(points[point][lane] & OFF_GRID)) continue;
                if (!NAME(settle_cells)(&group, b->grid, lane, point, &scale, 1, 0, values, plan.bits, again))
                    (*failed)[lane] = -1;
                points[point][lane] = again[point][lane];
            }
        }
        floats qx, q2;
        NAME(sum_points)(group.w, group.wx, count, points, plan.bits, &qx, &q2);
        scale = (is_refined & (q2 > 0)) ? qx / q2 : scale;
    }
    ints is_negative = scale < 0;
    scale = is_negative ? -scale : scale;
    for (int i = 0; i < count / 8; i++) {
        signs[i] = is_negative ? ~signs[i] & (plan.even_signs ? 127 : 255) : signs[i];
        signs[i] = *is_zero ? (ints)0 : signs[i];
    }
    for (int point = 0; point < point_count; point++) points[point] = *is_zero ? (ints)0 : points[point];
    *failed |= ~*is_zero & ~(scale >= 0);
    return *is_zero ? SPLAT(0) : scale;
}

FUNCTION void NAME(encode_grid)(const batch *b, const grid_plan plan) {
    const int group_count = 256 / plan.group, point_count = plan.bits == 2 ? 32 : 64;
    floats mean_square = plan.mean_factor * NAME(sum_of_squares)(b->x, 256) / 256;
    ints signs[32], points[64], is_zero[16], failed = 0;
    floats scales[16], greatest = 0;
    for (int group = 0; group < group_count; group++) {
        scales[group] = NAME(search_grid_group)(b, plan, group * plan.group, mean_square, signs + group * plan.group / 8,
                                                points + group * point_count / group_count, is_zero + group, &failed);
        greatest = scales[group] > greatest ? scales[group] : greatest;
    }
    floats scale = greatest / 31, inverse = 1 / scale;
    ints half = greatest > 0 ? to_half(scale * plan.correction) : (ints)0, levels[16];
    for (int group = 0; group < group_count; group++) {
        ints level = clamp_ints(nearest_wrapping(0.5f * (inverse * scales[group] - 1)), 0, 15);
        levels[group] = greatest > 0 ? level : (ints)0;
    }
    for (int lane = 0; lane < b->live; lane++) {
        uint8_t *out = b->out + lane * b->block_bytes;
        if (failed[lane]) {
            give_up(out, b->block_bytes);
            continue;
        }
        grid_block block = {.half = (uint16_t)half[lane]};
        // Where signs are bound to points, a block without a scale stores neither.
        if (greatest[lane] > 0 || !plan.even_signs) {
            for (int i = 0; i < 32; i++) block.signs[i] = (uint8_t)signs[i][lane];
            for (int i = 0; i < point_count; i++) block.numbers[i] = number_of(b->grid, points[i][lane], plan.bits);
        }
        for (int group = 0; group < group_count; group++) {
            block.levels[group] = (uint8_t)levels[group][lane];
            block.is_zero[group] = is_zero[group][lane] != 0;
        }
        plan.store(&block, out);
    }
}

static TARGET void NAME(encode_iq2_xxs)(const batch *b) { NAME(encode_grid)(b, iq2_xxs_plan); }
static TARGET void NAME(encode_iq2_xs)(const batch *b) { NAME(encode_grid)(b, iq2_xs_plan); }
static TARGET void NAME(encode_iq2_s)(const batch *b) { NAME(encode_grid)(b, iq2_s_plan); }
static TARGET void NAME(encode_iq3_xxs)(const batch *b) { NAME(encode_grid)(b, iq3_xxs_plan); }
static TARGET void NAME(encode_iq3_s)(const batch *b) { NAME(encode_grid)(b, iq3_s_plan); }
