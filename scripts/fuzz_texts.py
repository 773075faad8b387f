"""Random texts for fuzz-tokenizers.py: what tokenizers get wrong, in random order."""

import random

# Scripts by their ranges of code points; a text mixes a few.
RANGES = [
    (0x41, 0x7A), (0x20, 0x7E), (0xA1, 0x17F), (0x180, 0x24F), (0x370, 0x3FF), (0x400, 0x52F), (0x590, 0x5FF),
    (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF),
    (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x20CF), (0x2150, 0x218F), (0x2190, 0x23FF), (0x2460, 0x24FF),
    (0x2500, 0x27BF), (0x3000, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF),
    (0xFB00, 0xFDFF), (0xFE00, 0xFEFF), (0xFF00, 0xFFEF), (0x10000, 0x103FF), (0x10400, 0x104FF), (0x10A00, 0x10AFF),
    (0x11000, 0x112FF), (0x12000, 0x123FF), (0x16800, 0x16A38), (0x1D400, 0x1D7FF), (0x1E900, 0x1E95F),
    (0x1F100, 0x1F1FF), (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF), (0xE0100, 0xE01EF), (0xF0000, 0xF0FFF),
    (0x10FF00, 0x10FFFF),
]
SPACES = " \t\n\r\v\f\x85\xa0\u1680\u2003\u2009\u2028\u2029\u202f\u205f\u3000"
CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'Re", "'LL", "'vE", "'x", "''", "'", "’s"]
EMOJI = ["😀", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "👍🏽", "✈️", "🏴\U000E0067\U000E0062\U000E007F", "🫠", "⌚", "☺️"]
MARKS = "\u0300\u0301\u0308\u0323\u034f\u0489\u0903\u093e\u20dd\ufe20"
INVALID = [
    b"\x80", b"\xbf\xbf", b"\xc0\x80", b"\xc1\xbc", b"\xc3", b"\xe2\x96", b"\xe2\x28\xa1", b"\xed\xa0\x80", b"\xed\xb0\x80",
    b"\xf0\x9f\x98", b"\xf0\x28\x8c\xbc", b"\xf8\x88\x80\x80\x80", b"\xfe", b"\xff\xff", b"\xe0\x80\xaf",
]


class Texts:
    def __init__(self, seed, words, special):
        self.random = random.Random(seed)
        self.words = words
        self.special = special

    def character(self, low=0, high=0x10FFFF):
        while True:
            code_point = self.random.randint(low, high)
            if not 0xD800 <= code_point <= 0xDFFF:
                return chr(code_point)

    def piece(self):
        pick, kind = self.random, self.random.randrange(16)
        if kind < 4:
            word = pick.choice(self.words)
            return pick.choice(["", " "]) + pick.choice([word, word, word.lower(), word.upper(), word.title()])
        if kind == 4:
            low, high = pick.choice(RANGES)
            return "".join(self.character(low, high) for _ in range(pick.randint(1, 8)))
        if kind == 5:
            return self.character(*pick.choice([(0, 0xFF), (0, 0xFFFF), (0x10000, 0x1FFFF), (0, 0x10FFFF)]))
        if kind == 6:
            return pick.choice([" ", "  ", "\n", "\n\n", "\t", "\r\n"]) * pick.choice([1, 1, 2, 3, 5, 8, 16, 31, 64])
        if kind == 7:
            return "".join(pick.choice(SPACES) for _ in range(pick.randint(1, 6)))
        if kind == 8:
            digits = pick.choice(["0123456789", "0123456789", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "𝟘𝟙𝟚𝟛", "²³½Ⅷ〇"])
            return pick.choice(["", " "]) + "".join(pick.choice(digits) for _ in range(pick.randint(1, 9)))
        if kind == 9:
            return pick.choice(CONTRACTIONS)
        if kind == 10:
            return pick.choice(EMOJI) * pick.randint(1, 3)
        if kind == 11:
            return pick.choice("aeoЕاकก ") + "".join(pick.choice(MARKS) for _ in range(pick.randint(1, 4)))
        if kind == 12:
            return "".join(pick.choice("!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~«»„…—·¿¡、。") for _ in range(pick.randint(1, 6)))
        if kind == 13:
            return pick.choice(["ﬁ", "Ｗｉｄｅ", "①②", "㎏", "ſ", "K", "İ", "ß", "ẞ", "\u200b", "\u200d", "\ufeff", "\xad", "▁"])
        if kind == 14 and self.special:
            token = pick.choice(self.special)
            return token if pick.random() < 0.8 else token[: pick.randint(1, len(token))]
        return pick.choice(self.words)[: pick.randint(1, 4)] * pick.randint(1, 5)

    def text(self):
        return "".join(self.piece() for _ in range(self.random.randint(1, 12)))

    def bytes(self):
        """A text, in one of eight with bytes that are no UTF-8."""
        data = self.text().encode()
        if self.random.randrange(8) == 0:
            for _ in range(self.random.randint(1, 3)):
                at = self.random.randint(0, len(data))
                data = data[:at] + self.random.choice(INVALID) + data[at:]
        return data
