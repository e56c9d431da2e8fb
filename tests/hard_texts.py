"""Texts that tokenizers get wrong, and strategies that draw more of them."""

from hypothesis import strategies as st

HARD = [
    "",
    " ",
    "hello world",
    "  lead, trail  ",
    "a\tb\r\nc\n\n  d \n e",
    "it's we're I'll 's 's's''s don't'''t 'S 'stop'lllama",
    "naïve café ﬁ ß İstanbul ǅ ẞ e\u0301",
    "日本語のテキスト 豈 한국어 Ελλάς",
    "emoji 😀👨‍👩‍👧🏽 mid😀word",
    "123 4½5٣४ 1.000,00",
    "\ufeffbom \ufffd\ufffdx \u200bzero\u200dwidth\x00nul\x7f",
    "\u00a0no\u3000break\u2028line\u0085x",
    "<|endoftext|> </s> [MASK] [CLS] <pad> ##ing",
    "\U00050000 \U000f0001 \U00100002 \U000e0101x",
    "=====-----=====" + "-" * 333,
    "e" * 100 + " " + "e" * 101,
    "x" * 1000 + " " * 99 + "the" * 200,
]
INVALID = [
    b"\xff\xfeabc\xc3",
    b"  \xff  x\n\xff\n y",
    b"\xed\xa0\x80 x\xf0\x9f\x98 \xef\xbf\xbd\xef\xbf",
    bytes(range(256)),
]
ODD = st.sampled_from("ab st're 'll  \n\t½é\u3000😀日!?-_\ufffd\ufeff\x00\u0301İß한豈#")
TEXT = st.text(ODD | st.characters(exclude_categories=["Cs"]), max_size=40)
BYTES = st.binary(max_size=30) | st.lists(
    st.sampled_from(list(b"ab '\xe2\x80\x8a\xf0\x9f\x98\x80\xef\xbf\xbd\xff")), max_size=30
).map(bytes)
