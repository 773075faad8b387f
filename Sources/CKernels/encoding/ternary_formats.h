// IQ1_S and IQ1_M: TernarySearch, a block a lane; only neighbours are looked for lane by lane.

// TernarySearch's split; for lanes without one, `second` is negative.
typedef struct NAME(split) {
    ints second, third;
    floats scale, best;
    ints first_is_low, last_is_low;
} NAME(split);
#define split NAME(split)

FUNCTION ints NAME(is_better)(const split *s, floats qx, floats q2) { return (q2 > 0) & (qx * qx > s->best * q2); }

FUNCTION void NAME(accept)(split *s, ints accepted, floats qx, floats q2, int second, int third, int first, int last) {
    floats scale = qx / q2;
    s->scale = accepted ? scale : s->scale;
    s->best = accepted ? scale * qx : s->best;
    s->second = accepted ? (ints)second : s->second;
    s->third = accepted ? (ints)third : s->third;
    s->first_is_low = accepted ? (ints)first : s->first_is_low;
    s->last_is_low = accepted ? (ints)last : s->last_is_low;
}

/// Where each weight stands in ascending order, of equal ones the earlier first.
FUNCTION void NAME(rank)(const floats *x, const int count, ints *ranks) {
    for (int i = 0; i < count; i++) ranks[i] = i;
    for (int i = 0; i < count; i++) {
        ints rank = ranks[i];
        for (int k = i + 1; k < count; k++) {
            ints is_greater = x[i] > x[k];
            rank -= is_greater;
            ranks[k] += is_greater;
        }
        ranks[i] = rank;
    }
}

FUNCTION void NAME(sort)(const floats *tile, const ints *ranks, const int count, floats *sorted) {
    for (int i = 0; i < count; i++)
        for (int lane = 0; lane < LANES; lane++) ((float *)(sorted + ranks[i][lane]))[lane] = tile[i][lane];
}

/// The best split of 32 weights, all shifted the same way.
FUNCTION split NAME(split_whole)(const floats *x, const floats *w, const ints *ranks) {
    enum { COUNT = 32 };
    floats wx[COUNT], sorted_wx[COUNT], sorted_w[COUNT], sum_x[COUNT + 1], sum_w[COUNT + 1];
    for (int i = 0; i < COUNT; i++) wx[i] = w[i] * x[i];
    NAME(sort)(wx, ranks, COUNT, sorted_wx);
    NAME(sort)(w, ranks, COUNT, sorted_w);
    sum_x[0] = sum_w[0] = 0;
    for (int i = 0; i < COUNT; i++) {
        sum_x[i + 1] = sum_x[i] + sorted_wx[i];
        sum_w[i + 1] = sum_w[i] + sorted_w[i];
    }
    floats last_x[2][COUNT + 1], last_w[2][COUNT + 1];
    for (int i = 0; i <= COUNT; i++) {
        floats rest_x = sum_x[COUNT] - sum_x[i], rest_w = sum_w[COUNT] - sum_w[i];
        last_x[0][i] = rest_x * 1.125f;
        last_x[1][i] = rest_x * 0.875f;
        last_w[0][i] = rest_w * 1.125f * 1.125f;
        last_w[1][i] = rest_w * 0.875f * 0.875f;
    }
    split found = {.second = -1, .best = -0x1.fffffep127f};
    for (int second = 0; second <= COUNT; second++) {
        floats x1 = sum_x[second], w1 = sum_w[second];
        floats first_x0 = x1 * -0.875f, first_w0 = w1 * -0.875f * -0.875f;
        floats first_x1 = x1 * -1.125f, first_w1 = w1 * -1.125f * -1.125f;
        for (int third = second; third <= COUNT; third++) {
            // The middle run's value, an eighth, differs by its sign only.
            floats middle_x = (sum_x[third] - x1) * 0.125f, middle_w = (sum_w[third] - w1) * 0.125f * 0.125f;
            floats qx0 = first_x0 + middle_x + last_x[0][third], q20 = first_w0 + middle_w + last_w[0][third];
            floats qx1 = first_x1 - middle_x + last_x[1][third], q21 = first_w1 + middle_w + last_w[1][third];
            ints high = NAME(is_better)(&found, qx0, q20), low = NAME(is_better)(&found, qx1, q21);
            if (!any(high | low)) continue;
            NAME(accept)(&found, high, qx0, q20, second, third, 0, 0);
            low = NAME(is_better)(&found, qx1, q21);
            NAME(accept)(&found, low, qx1, q21, second, third, -1, -1);
        }
    }
    return found;
}

/// The best split of 16 weights, whose halves are shifted apart, so that there are sums for each.
FUNCTION split NAME(split_halves)(const floats *x, const floats *w, const ints *ranks) {
    enum { COUNT = 16 };
    floats wx[COUNT], sorted_wx[COUNT], sorted_w[COUNT], place[COUNT], sorted_place[COUNT];
    for (int i = 0; i < COUNT; i++) {
        wx[i] = w[i] * x[i];
        place[i] = (float)i;
    }
    NAME(sort)(wx, ranks, COUNT, sorted_wx);
    NAME(sort)(w, ranks, COUNT, sorted_w);
    NAME(sort)(place, ranks, COUNT, sorted_place);
    floats sum_x[2][COUNT + 1], sum_w[2][COUNT + 1];
    for (int half = 0; half < 2; half++) {
        sum_x[half][0] = sum_w[half][0] = 0;
        for (int i = 0; i < COUNT; i++) {
            ints is_here = half ? sorted_place[i] >= COUNT / 2 : sorted_place[i] < COUNT / 2;
            sum_x[half][i + 1] = is_here ? sum_x[half][i] + sorted_wx[i] : sum_x[half][i];
            sum_w[half][i + 1] = is_here ? sum_w[half][i] + sorted_w[i] : sum_w[half][i];
        }
    }
    // Sums if shifted up and down; a run's are taken off once for each run that follows.
    static const float highest[2] = {1.125f, 0.875f}, second_factor[2] = {0.75f, 1.25f}, third_factor[2] = {-1.25f, -0.75f};
    floats total_x[2][2], total_w[2][2], second_w[2][2][COUNT + 1], third_w[2][2][COUNT + 1];
    for (int low = 0; low < 2; low++) {
        for (int half = 0; half < 2; half++) {
            total_x[low][half] = sum_x[half][COUNT] * highest[low];
            total_w[low][half] = sum_w[half][COUNT] * highest[low] * highest[low];
            for (int i = 0; i <= COUNT; i++) {
                second_w[low][half][i] = total_w[low][half] + sum_w[half][i] * second_factor[low];
                third_w[low][half][i] = sum_w[half][i] * third_factor[low];
            }
        }
    }
    split found = {.second = -1, .best = -0x1.fffffep127f};
    for (int second = 0; second <= COUNT; second++) {
        for (int third = second; third <= COUNT; third++) {
            floats qx[2][2], q2[2][2], sums_x[4], sums_2[4];
            for (int half = 0; half < 2; half++) {
                floats both = sum_x[half][second] + sum_x[half][third];
                for (int low = 0; low < 2; low++) {
                    qx[low][half] = total_x[low][half] - both;
                    q2[low][half] = second_w[low][half][second] + third_w[low][half][third];
                }
            }
            ints is_any = 0;
#pragma clang loop unroll(full)
            for (int k = 0; k < 4; k++) {
                sums_x[k] = qx[k >> 1][0] + qx[k & 1][1];
                sums_2[k] = q2[k >> 1][0] + q2[k & 1][1];
                is_any |= NAME(is_better)(&found, sums_x[k], sums_2[k]);
            }
            if (!any(is_any)) continue;
            for (int k = 0; k < 4; k++) {
                ints accepted = NAME(is_better)(&found, sums_x[k], sums_2[k]);
                NAME(accept)(&found, accepted, sums_x[k], sums_2[k], second, third, -(k >> 1), -(k & 1));
            }
        }
    }
    return found;
}

/// Adds eight weights and their point to the sums of a least-squares fit.
FUNCTION void NAME(add_ternary)(const floats *x, const floats *w, ints digits, ints is_low, floats factor, floats *qx,
                                floats *q2) {
    static const float high_values[4] = {-0.875f, 0.125f, 1.125f}, low_values[4] = {-1.125f, -0.125f, 0.875f};
    table high = table_of(high_values, 2), low = table_of(low_values, 2);
    for (int i = 0; i < 8; i++) {
        floats q = is_low ? look_up(low, 2, digits >> 2 * i) : look_up(high, 2, digits >> 2 * i);
        q *= factor;
        *qx += w[i] * q * x[i];
        *q2 += w[i] * q * q;
    }
}

/// One group: fills in points, a lane a block, and returns split and scale. Sets `failed` where the reference stops.
FUNCTION split NAME(search_ternary)(const batch *b, const floats *x, const floats *w, const int count, float negligible,
                                    ints *points, ints *failed) {
    ints ranks[32];
    NAME(rank)(x, count, ranks);
    split found = count == 32 ? NAME(split_whole)(x, w, ranks) : NAME(split_halves)(x, w, ranks);
    ints is_zero = (magnitude(extreme_of(x, count)) < negligible) | (found.second < 0);
    // A negative scale turns everything around.
    ints is_turned = found.scale < 0;
    found.scale = is_turned ? -found.scale : found.scale;
    found.first_is_low = (found.first_is_low ^ is_turned) & ~is_zero;
    found.last_is_low = (found.last_is_low ^ is_turned) & ~is_zero;

    NAME(grid_group) group;
    NAME(transpose_back)(x, count, group.rows);
    NAME(transpose_back)(w, count, group.roots);
    floats values[2][32 / LANES];
    for (int i = 0; i < 32; i++) {
        ((float *)values[0])[i] = (float)(i & 3) - 0.875f;
        ((float *)values[1])[i] = (float)(i & 3) - 1.125f;
    }
    ints is_off_grid = 0;
    for (int point = 0; point < count / 8; point++) {
        ints cell = 0;
        for (int i = 7; i >= 0; i--) {
            ints rank = ranks[8 * point + i], digit = (rank < found.second ? (ints)0 : (ints)1) - (rank >= found.third);
            cell = cell * 3 + (is_turned ? 2 - digit : digit);
        }
        ints is_low = point < count / 16 ? found.first_is_low : found.last_is_low;
        points[point] = cell;
        for (int lane = 0; lane < b->live; lane++) {
            if (is_zero[lane]) continue;
            if (!NAME(settle_cells)(&group, b->grid, lane, point, &found.scale, 1, 0, values[is_low[lane] != 0], 2,
                                    points))
                (*failed)[lane] = -1;
        }
        points[point] = is_zero ? (ints)0 : points[point];
        is_off_grid |= (points[point] & OFF_GRID) != 0;
    }
    floats qx = 0, q2 = 0;
    for (int point = 0; point < count / 8; point++)
        NAME(add_ternary)(x + 8 * point, w + 8 * point, points[point],
                          point < count / 16 ? found.first_is_low : found.last_is_low, SPLAT(1), &qx, &q2);
    found.scale = (is_off_grid & (qx > 0) & (q2 > 0)) ? qx / q2 : found.scale;
    found.scale = is_zero ? SPLAT(0) : found.scale;
    *failed |= ~(found.scale >= 0);
    return found;
}

static TARGET void NAME(encode_iq1_s)(const batch *b) {
    floats mean_square = 2 * NAME(sum_of_squares)(b->x, 256) / 256, scales[8], greatest = 0;
    ints points[32], is_low[8], failed = 0;
    for (int group = 0; group < 8; group++) {
        floats w[32];
        NAME(weigh)(b, 32 * group, 32, mean_square, w);
        split found = NAME(search_ternary)(b, b->x + 32 * group, w, 32, 1e-12f, points + 4 * group, &failed);
        scales[group] = found.scale;
        is_low[group] = found.first_is_low;
        greatest = found.scale > greatest ? found.scale : greatest;
    }
    floats scale = greatest / 15, inverse = 1 / scale;
    ints half = greatest > 0 ? to_half(scale * 1.125f) : (ints)0;
    for (int lane = 0; lane < b->live; lane++) {
        uint8_t *out = b->out + lane * b->block_bytes;
        if (failed[lane]) {
            give_up(out, b->block_bytes);
            continue;
        }
        store_bytes(out, (uint32_t)half[lane], 2);
        for (int group = 0; group < 8; group++) {
            uint32_t word = 0;
            if (greatest[lane] > 0) {
                ints level = clamp_ints(nearest_wrapping(0.5f * (inverse * scales[group] - 1)), 0, 7);
                word = (uint32_t)level[lane] << 12 | (is_low[group][lane] ? 0x8000 : 0);
            }
            for (int part = 0; part < 4; part++) {
                int number = number_of(b->grid, points[4 * group + part][lane], 2);
                out[2 + 4 * group + part] = (uint8_t)number;
                word |= (uint32_t)(number >> 8) << 3 * part;
            }
            store_bytes(out + 34 + 2 * group, word, 2);
        }
    }
}

static TARGET void NAME(encode_iq1_m)(const batch *b) {
    floats mean_square = 2 * NAME(sum_of_squares)(b->x, 256) / 256, w[256], scales[16], greatest = 0;
    ints points[32], is_low[32], levels[16], failed = 0;
    if (b->importance) {
        NAME(weigh)(b, 0, 256, mean_square, w);
    } else {
        for (int i = 0; i < 256; i++) w[i] = b->x[i] * b->x[i];
    }
    for (int group = 0; group < 16; group++) {
        split found = NAME(search_ternary)(b, b->x + 16 * group, w + 16 * group, 16, 1e-7f, points + 2 * group, &failed);
        scales[group] = found.scale;
        is_low[2 * group] = found.first_is_low;
        is_low[2 * group + 1] = found.last_is_low;
        greatest = found.scale > greatest ? found.scale : greatest;
    }
    floats scale = greatest / 15, inverse = 1 / scale, qx = 0, q2 = 0;
    for (int group = 0; group < 16; group++) {
        levels[group] = clamp_ints(nearest_wrapping(0.5f * (inverse * scales[group] - 1)), 0, 7);
        for (int point = 2 * group; point < 2 * group + 2; point++)
            NAME(add_ternary)(b->x + 8 * point, w + 8 * point, points[point], is_low[point],
                              to_floats(2 * levels[group] + 1), &qx, &q2);
    }
    // The block's scale is fitted to all groups with theirs.
    scale = q2 > 0 ? qx / q2 : scale;
    ints half = to_half(scale * 1.1125f);
    for (int lane = 0; lane < b->live; lane++) {
        uint8_t *out = b->out + lane * b->block_bytes;
        memset(out, 0, (size_t)b->block_bytes);
        bool has_scale = greatest[lane] > 0;
        int bits = failed[lane] ? 0x7e00 : has_scale ? half[lane] : 0;
        for (int part = 0; part < 4; part++) out[49 + 2 * part] = (uint8_t)((bits >> 4 * part & 15) << 4);
        if (failed[lane]) continue;
        for (int point = 0; point < 32; point++) {
            int number = number_of(b->grid, points[point][lane], 2), shift = 4 * (point & 1);
            out[point] = (uint8_t)number;
            out[32 + point / 2] |= (number >> 8 | (has_scale && is_low[point][lane] ? 8 : 0)) << shift;
        }
        for (int group = 0; has_scale && group < 16; group++) {
            int word = levels[group][lane] << 3 * (group % 4);
            out[48 + group / 4 * 2] |= word;
            out[49 + group / 4 * 2] |= word >> 8;
        }
    }
}
