#!/usr/bin/env python3
"""Makes config/models/*.ndjson and NOTICE from the price file in a release of LiteLLM.

  config/models/update.py --fluxgate PROGRAM [--wheel FILE] [--today YYYY-MM-DD]

Fetches the pinned release with pip (or takes the wheel it is given), checks its SHA-256, lets `fluxgate models import`
turn the price file into rows and check them, and keeps of these the providers and models chosen below. Prints
what was left out and why. To take a newer release, change VERSION and WHEEL_SHA256 and read the diff.
"""
import argparse
import collections
import datetime
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

VERSION = "1.110.2"
WHEEL_SHA256 = "9d94d1c7d524b6fd10c14f9c8c6c4f0ac31705f9964ac59dcfd8337c046d8917"
PRICES = "litellm/model_prices_and_context_window_backup.json"
HERE = pathlib.Path(__file__).resolve().parent

# Whose models are kept: providers that many people use and that answer over an HTTP API with a key, and local servers.
PROVIDERS = set("""
    ai21 amazon_nova anthropic azure azure_ai baseten bedrock bedrock_mantle cerebras cloudflare cohere dashscope
    databricks deepinfra deepseek featherless_ai fireworks friendliai gemini gigachat github_copilot gmi gradient_ai
    groq hyperbolic inception jina_ai lambda_ai lemonade meta_llama minimax mistral moonshot morph nebius novita nscale
    nvidia_nim oci ollama openai ovhcloud perplexity publicai sambanova scaleway snowflake together v0
    vercel_ai_gateway vertex_ai volcengine voyage wandb watsonx xai zai bigmodel openrouter""".split())

# Rows of these providers that name a price class and not a model one can ask for, or only repeat another row.
LEFT_OUT = {
    "azure": (r"^(eu|us|global|global-standard|low|medium|high|standard|hd)/|\d-x-\d", "a region or a picture size"),
    "openai": (r"\d-x-\d|^(low|medium|high|standard|hd)/", "a picture size"),
    "bedrock": (r"/|^(apac|au|jp|in|ca|us-gov)\.|\d-x-\d", "a region, a commitment or a picture size"),
    "fireworks": (r"^(?!accounts/)", "a short form of accounts/fireworks/..."),
    "vertex_ai": (r"@default$", "a version that is the default"),
}
# Nobody starts with these any more.
OLD = re.compile(r"llama-?2[-_:]|llama2|codellama|vicuna|falcon|bison|unicorn|gecko|^j2-|claude-(1|2|instant)"
                 r"|claude-v|mpt-|zephyr|flan-|mt0-|starcoder|wizard|alpaca|dolphin-2|mythomax|gpt-neo|titan-text"
                 r"|titan-tg|orca", re.I)

NOTICE = """The *.ndjson files in this folder are made by update.py from the price file of LiteLLM.

  package       litellm {version}
  wheel         sha256 {wheel_sha256}
  file          {prices}
                sha256 {prices_sha256}
  taken on      {today}; models retired before that day are left out
  what changed  fewer fields and models, prices per million tokens, one model a line

The tokenizer of OpenAI's models is by the table in tiktoken 0.14.0 (MIT License, Copyright (c) 2022 OpenAI, Shantanu
Jain).

LiteLLM's licence, which holds for that file:

{licence}"""


def wheel_file(given, folder):
    if given:
        return pathlib.Path(given)
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder,
                    "--only-binary", ":all:", "--platform", "manylinux_2_28_x86_64", "--python-version", "3.11",
                    f"litellm=={VERSION}"], check=True)
    return next(pathlib.Path(folder).glob("litellm-*.whl"))


def convert(fluxgate, prices, folder, today):
    file = pathlib.Path(folder) / "prices.json"
    file.write_bytes(prices)
    done = subprocess.run([fluxgate, "models", "import", str(file), "--today", today], capture_output=True, text=True)
    print(done.stderr, end="")
    if done.returncode != 0:
        sys.exit("the import failed")
    return done.stdout.splitlines()


def reason_against(row):
    provider, model = row["provider"], row["model"]
    if provider not in PROVIDERS:
        return "a provider not chosen"
    pattern, reason = LEFT_OUT.get(provider, (r"(?!)", ""))
    if re.search(pattern, model):
        return reason
    if OLD.search(model):
        return "an old model"
    if provider == "fireworks" and "can" not in row:
        return "priced by size alone, nothing known of it"
    if not {"input", "context_window"} & row.keys():
        return "neither price nor window is known"
    return None


def choose(lines):
    kept, left_out = collections.defaultdict(list), collections.defaultdict(list)
    for line in lines:
        row = json.loads(line)
        reason = reason_against(row)
        if reason:
            left_out[reason].append(f"{row['provider']}/{row['model']}")
        else:
            kept[row["provider"]].append(line)
    return kept, left_out


def write(kept):
    for old in HERE.glob("*.ndjson"):
        old.unlink()
    for provider, lines in sorted(kept.items()):
        # The files are joined by name into one sorted text, so a name must sort as the provider does.
        assert re.fullmatch(r"[a-z0-9_]+", provider), provider
        (HERE / f"{provider}.ndjson").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fluxgate", required=True, help="a built fluxgate, for its `models import`")
    parser.add_argument("--wheel", help="the wheel, if it is already here")
    parser.add_argument("--today", default=datetime.date.today().isoformat())
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wheel = wheel_file(args.wheel, folder)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if digest != WHEEL_SHA256:
            sys.exit(f"{wheel.name} has sha256 {digest}, not {WHEEL_SHA256}")
        with zipfile.ZipFile(wheel) as archive:
            prices = archive.read(PRICES)
            licence = archive.read(f"litellm-{VERSION}.dist-info/licenses/LICENSE").decode()
        lines = convert(args.fluxgate, prices, folder, args.today)
    kept, left_out = choose(lines)
    write(kept)
    (HERE / "NOTICE").write_text(NOTICE.format(
        version=VERSION, wheel_sha256=WHEEL_SHA256, prices=PRICES, prices_sha256=hashlib.sha256(prices).hexdigest(),
        today=args.today, licence=licence))
    for reason, names in sorted(left_out.items()):
        print(f"not kept, {reason}: {len(names)} ({', '.join(names[:5])}, ...)")
    print(f"kept {sum(map(len, kept.values()))} models of {len(kept)} providers, "
          f"{sum(f.stat().st_size for f in HERE.glob('*.ndjson'))} bytes")


if __name__ == "__main__":
    main()
