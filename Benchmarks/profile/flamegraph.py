"""Draws what `perf script` prints as a flame graph: perf script | flamegraph.py TITLE > graph.svg

A box is a function; its width is its share of the samples, the boxes above it are what it calls. Boxes below a
thousandth of the samples are left out. Swift's names are shortened; point at a box for its share.
"""
import collections
import html
import re
import subprocess
import sys

WIDTH, HEIGHT, LEFT = 1400, 17, 10


def stacks(lines):
    """{stack, outermost first: samples}"""
    found, frames, name = collections.Counter(), [], None
    for line in lines:
        if not line.strip():
            if name is not None:
                found[(name, *reversed(frames))] += 1
            frames, name = [], None
        elif name is None:
            name = line.split()[0] if not line[0].isspace() else line.strip().split()[0]
        else:
            match = re.match(r"\s*[0-9a-f]+ (.*) \(([^()]*)\)$", line.rstrip())
            if match:
                symbol = re.sub(r"\+0x[0-9a-f]+$", "", match[1])
                frames.append(symbol if symbol != "[unknown]" else f"[{match[2].rsplit('/', 1)[-1]}]")
    if name is not None:
        found[(name, *reversed(frames))] += 1
    return found


def demangled(names):
    """Readable names of Swift functions, shortened to type and function."""
    swift = [n for n in names if n.startswith("$s")]
    readable = dict.fromkeys(names)
    for n in names:
        readable[n] = n
    if swift:
        try:
            done = subprocess.run(["swift", "demangle", "--compact", "--simplified"], input="\n".join(swift), text=True,
                                  capture_output=True, check=True).stdout.splitlines()
            readable.update(zip(swift, done))
        except (OSError, subprocess.CalledProcessError):
            pass
    return {n: shortened(text) for n, text in readable.items()}


def shortened(text):
    text = re.sub(r"^(generic |function signature )?specialization <.*> of |^(merged|partial apply forwarder for|partial apply for) ",
                  "", text)
    closure = re.match(r"closure #\d+ .*? in (.*)", text)
    if closure:
        return "{closure in " + shortened(closure[1]) + "}"
    text = re.sub(r"\(.*", "", text) or text
    return text if len(text) <= 100 else text[:99] + "…"


class Node:
    def __init__(self):
        self.samples, self.children = 0, {}

    def add(self, stack, count):
        self.samples += count
        if stack:
            self.children.setdefault(stack[0], Node()).add(stack[1:], count)

    def depth(self, least):
        return 1 + max((c.depth(least) for c in self.children.values() if c.samples >= least), default=0)


def folded(found):
    names = demangled({frame for stack in found for frame in stack})
    root = Node()
    for (thread, *frames), count in found.items():
        # Threads of one pool are one box.
        short = [re.sub(r"#\d+", "", thread), *(names[frame] for frame in frames)]
        # Recursion and forwarding between functions of one name are one box.
        root.add([f for i, f in enumerate(short) if i == 0 or f != short[i - 1]], count)
    return root


def colour(name):
    if re.search(r"gemm|gemv|axpy|_kernel|sglorad_", name):
        return "#e6a07a"
    if name.startswith("[") or re.match(r"(do_|sys_|__x64|entry_|ext4|vfs_|schedule|asm_|exc_)", name):
        return "#c9c9c9"
    return "#f2cf7d" if re.search(r"^[a-z_0-9]+$", name) else "#f5e2a8"


def svg(root, title):
    least = root.samples / 1000
    depth = root.depth(least)
    tall = (depth + 2) * HEIGHT
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" font-family="sans-serif" font-size="11">',
           f'<rect width="{WIDTH}" height="{tall}" fill="#fff"/>',
           f'<text x="{LEFT}" y="13" font-size="13">{html.escape(title)} ({root.samples} samples)</text>']

    def draw(name, node, x, level):
        width = (WIDTH - 2 * LEFT) * node.samples / root.samples
        y = tall - (level + 1) * HEIGHT
        share = 100 * node.samples / root.samples
        fits = int(width / 6.3)
        text = name if len(name) <= fits else name[:max(0, fits - 1)] + "…"
        out.append(f'<g><title>{html.escape(name)}: {share:.2f} %</title><rect x="{x:.1f}" y="{y}" width="{max(width, .3):.1f}" '
                   f'height="{HEIGHT - 1}" fill="{colour(name)}"/>'
                   + (f'<text x="{x + 2:.1f}" y="{y + 12}">{html.escape(text)}</text>' if fits > 2 else "") + "</g>")
        for child, below in sorted(node.children.items()):
            if below.samples >= least:
                draw(child, below, x, level + 1)
            x += (WIDTH - 2 * LEFT) * below.samples / root.samples

    x = LEFT
    for name, node in sorted(root.children.items()):
        if node.samples >= least:
            draw(name, node, x, 0)
        x += (WIDTH - 2 * LEFT) * node.samples / root.samples
    return "\n".join(out + ["</svg>"])


if __name__ == "__main__":
    graph = folded(stacks(sys.stdin))
    if not graph.samples:
        sys.exit("flamegraph: no samples on standard input; pipe the output of 'perf script' into it")
    print(svg(graph, sys.argv[1] if len(sys.argv) > 1 else "profile"))
