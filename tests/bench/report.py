"""The Markdown that a run leaves behind."""

import os
import platform
import re
import subprocess

from rows import ROWS, median, row_values

BUSY = 0.05  # share of the processors used by others from which a run should not be published


def first_match(command, pattern):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except FileNotFoundError:
        return "not installed"
    found = re.search(pattern, done.stdout + done.stderr)
    return found.group(1) if found else "unknown"


def machine(build_dir, binary):
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    with open(os.path.join(build_dir, "CMakeCache.txt")) as file:
        compiler = re.search(r"CMAKE_CXX_COMPILER:\w+=(.*)", file.read()).group(1)
    version = first_match([compiler, "--version"], r"(?m)^.*?(\d+\.\d+\.\d+)")
    with open("/proc/meminfo") as file:
        memory = int(re.search(r"MemTotal:\s*(\d+)", file.read()).group(1)) // 1024
    lines = [
        ("processor", f"{model.group(1) if model else 'unknown'}, {os.cpu_count()} cores, {memory} MB"),
        ("kernel", platform.release()),
        ("compiler", f"{os.path.basename(compiler)} {version}"),
        ("nginx", first_match(["nginx", "-v"], r"nginx/(\S+)")),
        ("haproxy", first_match(["haproxy", "-v"], r"version (\S+)")),
        ("openssl", first_match(["openssl", "version"], r"OpenSSL (\S+)")),
    ]
    if binary:
        lines.append(("fluxgate", first_match([binary, "--version"], r"(\d+\.\d+\.\d+\S*)")))
    return lines


def cell(value, base, digits):
    """A number and, where nginx ran too, its multiple of nginx's."""
    if value is None:
        return "–"
    text = f"{value:,.{digits}f}"
    return text if base is None or base <= 0 else f"{text} · {value / base:.2f}x"


def table(header, lines):
    rule = "|---|" + "---:|" * (len(header) - 1)
    return "\n".join(["| " + " | ".join(header) + " |", rule, *("| " + " | ".join(line) + " |" for line in lines)])


def load_lines(windows, proxies):
    lines = []
    for row in ROWS:
        medians = {proxy: median(row_values(row, windows, proxy)) for proxy in proxies}
        if not any(value is not None for value in medians.values()):
            continue
        base = medians.get("nginx") if row.ratio else None
        lines.append([row.title] + [cell(medians[proxy], base, row.digits) for proxy in proxies])
    return lines


def once_lines(once, proxies):
    """Rows measured outside the repeats: once[title] = (digits, {proxy: [values]})."""
    lines = []
    for title, (digits, values) in once.items():
        medians = {proxy: median(values.get(proxy, [])) for proxy in proxies}
        lines.append([title] + [cell(medians[proxy], medians.get("nginx"), digits) for proxy in proxies])
    return lines


def spread_lines(windows, proxies):
    lines = []
    for row in ROWS:
        cells = []
        for proxy in proxies:
            values = row_values(row, windows, proxy)
            cells.append(f"{min(values):,.{row.digits}f} … {max(values):,.{row.digits}f}" if values else "–")
        if any(text != "–" for text in cells):
            lines.append([row.title] + cells)
    return lines


def floor_lines(windows):
    """What the mock and the load generator reach without a proxy."""
    lines = []
    for load, metric, percentile, title in (
            ("small", None, None, "requests/s, 32 connections, 300 B body"),
            ("single", "latency_us", "p50", "latency, one connection, p50 µs"),
            ("single", "latency_us", "p99", "latency, one connection, p99 µs"),
            ("single_stream", "first_byte_us", "p50", "time to first token, one stream, p50 µs"),
            ("paced", "gap_us", "p99", "gap between paced tokens, p99 µs")):
        found = windows.get((load, "direct"), {}).values()
        values = [window[metric][percentile] if metric else window["requests"] / window["seconds"] for window in found]
        if values:
            lines.append([title, f"{median(values):,.0f}"])
    return lines


def noise_line(windows):
    shares = [window["others_share"] for found in windows.values() for window in found.values()]
    if not shares:
        return []
    verdict = "; **the machine was busy: not for publishing**" if median(shares) > BUSY else ""
    return [f"processor time that went to anything else while a window ran: median {median(shares):.0%}, "
            f"highest {max(shares):.0%}{verdict}"]


def markdown(info, settings, proxies, windows, once, voided):
    shown = [proxy for proxy in proxies if proxy != "direct"]
    head = [f"{name}: {text}" for name, text in info] + settings + noise_line(windows)
    parts = ["\n".join(f"- {line}" for line in head)]
    parts.append(table(["median of the repeats · multiple of nginx", *shown],
                       load_lines(windows, shown) + once_lines(once, shown)))
    parts.append("Lowest … highest of the repeats:\n\n" + table(["", *shown], spread_lines(windows, shown)))
    floor = floor_lines(windows)
    if floor:
        parts.append("Without a proxy, same run:\n\n" + table(["", "direct"], floor))
    parts.append(f"Windows voided because of an error: {len(voided)}." + "".join(f"\n- {line}" for line in voided))
    return "\n\n".join(parts) + "\n"
