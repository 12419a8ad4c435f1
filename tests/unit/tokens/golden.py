#!/usr/bin/env python3
"""Makes golden.json: texts of our own and the counts of tiktoken's encode_ordinary (pip install tiktoken==0.14.0)."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "bench/tokens"))
from reference import ENCODINGS, reference  # noqa: E402

PROSE = [  # also what the estimate is held against
    "The gateway reads a request once, decides where it goes, and writes down why. A decision that nobody can "
    "explain later is worth little, however good it was.",
    "Could you rewrite the following paragraph so that a ten-year-old understands it? Keep the numbers (37%, "
    "1,250 and 3.5 million) exactly as they are, and don't use more than 80 words.",
    "for (std::size_t i = 0; i < routes.size(); ++i) {\n  if (routes[i].matches(request)) return "
    "&routes[i];\n}\nreturn nullptr;\n",
    "def total(prices: list[float], tax: float = 0.19) -> float:\n    \"\"\"Sum with tax.\"\"\"\n    return "
    "sum(prices) * (1 + tax)\n",
    '{"model": "smart", "messages": [{"role": "user", "content": "Hi!"}], "stream": true, "max_tokens": 256, '
    '"tools": []}',
    "Das Gateway liest die Anfrage nur einmal, entscheidet, wohin sie geht, und schreibt auf, weshalb es so "
    "entschieden hat.",
    "Le serveur répond d'abord avec l'en-tête, puis il envoie les événements un par un jusqu'à la fin de la "
    "réponse.",
    "Шлюз читает запрос один раз, решает, куда его отправить, и записывает, почему он так решил.",
    "网关只读取一次请求,决定它的去向,并记录下原因。没有人能解释的决定没有多大价值。",
    "ゲートウェイはリクエストを一度だけ読み、どこへ送るかを決め、その理由を書き残します。",
    "게이트웨이는 요청을 한 번만 읽고 어디로 보낼지 결정한 다음 그 이유를 기록합니다.",
    "تقرأ البوابة الطلب مرة واحدة فقط، وتقرر إلى أين يذهب، ثم تكتب سبب هذا القرار.",
    "गेटवे अनुरोध को केवल एक बार पढ़ता है, तय करता है कि वह कहाँ जाएगा, और कारण लिख देता है।",
]

ODD = [
    "", "a", " ", "\n", "\u0000", "don't DON'T Don'Ts we'll I'VE you'Re 'tis it'\u017f 's'S",
    "<|endoftext|><|fim_prefix|>", "HTTPServer XMLHttpRequest iPhone ABCdef ABCDEFghiJKL",
    "ǅungla ǈ ʰa ªB Σίσυφος ΟΔΟΣ", "e\u0301a\u0301 \u0301\u0301A \u0301Ab \u0301AB!\u0301b",
    "  two  spaces   and    more ", " \n \r\n\t\r x\n\n\n  ", "tabs\tand\u00a0no-break\u2028line\u0085next\u3000wide",
    "   ", "  \n  ", "\u0085\u0085 \u2029\u2029a", "1 12 123 1234 12345 3.14159 1,000,000 ٣٤٥٦ Ⅷ½² 12a34",
    "a/b//c///\n/ !/\r\n/\n?!\n\n... ---\n===/", "😀 👩\u200d👩\u200d👧 🇩🇪 ❤\ufe0f 🏳\ufe0f\u200d🌈",
    "x=f(y)[0]->z::w<T>&&!q;//c", "אבגadד中文abcきтест",
    "\ufeffBOM \u200b\u200d \ufffd \U0010ffff \U000e0100 \U00010400\U00010428 𝒜𝟘", "\u001c\u001d\u001f \u007f",
    "Việt Nam İstanbul ßẞ ﬁ Ǆ", "ΑΒΓ' 'αβγ'd ÉCOLE'S", "كِتَاب हिन्दी ภาษาไทย မြန်မာ",
]

REPEATED = [  # text, times, end
    ("a", 127, ""), ("a", 128, ""), ("a", 129, ""), ("a", 100_000, ""), ("A", 10_000, "b"), (" ", 83, ""),
    (" ", 100_000, "x"), ("\n", 5_000, " "), ("\r\n", 3_000, ""), ("-", 4_097, ""), ("=*", 3_000, ""),
    ("/", 5_000, "\n"), ("7", 10_001, ""), ("ab", 20_000, ""), ("aB", 3_000, ""), ("é", 3_000, ""), ("中", 3_000, ""),
    ("中文字", 2_000, "a"), ("\u0301", 2_000, ""), ("😀", 1_000, ""), ("\u0085", 2_000, ""), ("haha", 2_500, "!"),
    ("loremipsumdolorsitamet", 2_000, ""), ("qzjxkvwpfg", 1_500, ""), ("word ", 2_000, ""), (" \u2028", 1_000, ""),
]


def main() -> None:
    encodings = {name: reference(name) for name in ENCODINGS}
    rows = [(text, 1, "", "prose") for text in PROSE] + [(text, 1, "", "odd") for text in ODD]
    rows += [(text, times, end, "odd") for text, times, end in REPEATED]
    golden = [{"text": text, "times": times, "end": end, "kind": kind} |
              {name: len(encoding.encode_ordinary(text * times + end)) for name, encoding in encodings.items()}
              for text, times, end, kind in rows]
    (HERE / "golden.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in golden) + "\n]\n")


if __name__ == "__main__":
    main()
