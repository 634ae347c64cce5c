#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Looks at the pictures that hstp draws, as somebody would who reads them: no words lie on
others or leave the picture, nothing is crossed out by a line, and it says what was counted.

usage: pictures.py ladder SVG TEXT [SVG TEXT ...]   the same ladder as a picture and as text
       pictures.py diagram SVG STAT [SVG STAT ...]  STAT is a copy of /proc/net/hstp_stat
Says what is wrong with each, "SVG: ...", and exits with 1 then.
"""
import collections
import math
import re
import sys
import xml.etree.ElementTree as ElementTree

SVG = "{http://www.w3.org/2000/svg}"

Box = collections.namedtuple("Box", "x y right bottom")
Words = collections.namedtuple("Words", "words box classes")

faults = []


def wrong(what):
    faults.append(what)


# What letters take, in parts of the font's size; "monospace" is DejaVu's or narrower.
ASCENT, DESCENT, MONOSPACE = 0.75, 0.22, 0.61


def box_of(x, y, size, width, anchor, words):
    left = x - {"start": 0, "middle": width / 2, "end": width}[anchor]
    if not words.strip("."):    # dots do not rise
        return Box(left, y - 0.2 * size, left + width, y)
    return Box(left, y - ASCENT * size, left + width, y + DESCENT * size)


def overlap(a, b):
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def legible(name, texts, picture):
    """No words over others, and all of them in the picture."""
    texts = sorted(texts, key=lambda t: t.box.y)
    for i, text in enumerate(texts):
        box = text.box
        if box.x < picture.x or box.y < picture.y or box.right > picture.right or \
                box.bottom > picture.bottom:
            wrong(f"{name}: \"{text.words}\" leaves the picture: {box}, {picture}")
        for other in texts[i + 1:]:
            if other.box.y >= box.bottom:
                break
            if overlap(box, other.box):
                wrong(f"{name}: \"{text.words}\" and \"{other.words}\" overlap at {box.x:.0f},"
                      f"{box.y:.0f}")


# Ladders

SLANT = 14          # an arrow of one line goes down so far
SIZES = {"t": 11, "x": 20}


def ladder_texts(root):
    for text in root.iter(SVG + "text"):
        classes = text.get("class").split()
        size = next((SIZES[c] for c in classes if c in SIZES), 13)
        anchor = "end" if {"e", "t"} & set(classes) else \
            "middle" if {"m", "h", "x"} & set(classes) else "start"
        width = len(text.text) * size * MONOSPACE
        yield Words(text.text, box_of(float(text.get("x")), float(text.get("y")), size, width,
                                      anchor, text.text), classes)


RUNG = re.compile(r" *\d+\.\d{6}  (\S*) +(-->|<--|\.\.\.|XXX) (<SEQ=.*?) +(-->|<--|\.\.\.|XXX) (\S*)$")
STATES = re.compile(r" *\d+\.\d{6}  ([^\s*]\S*) +(?:(?:-->|<--|\.\.\.|XXX) .* )?(\S+)$")
CHANGE = re.compile(r" *\d+\.\d{6}  +(\*\S.*)$")
HEAD = re.compile(r" +(\S+:\S+) +(\S+:\S+)$")


def read_text(path):
    """Of the ladder as text: its rungs, what was changed in them, its ends, and the states that
    each part ends with."""
    rungs, changes, heads, last = [], [], [], []
    with open(path, encoding="utf-8") as file:
        for line in file.read().split("\n"):
            head, rung, states = HEAD.match(line), RUNG.match(line), STATES.match(line)
            if head:
                heads += head.groups()
                last.append(None)
            elif last and rung:
                rungs.append(rung.groups())
            if last and CHANGE.match(line):
                changes.append(CHANGE.match(line)[1])
            elif last and states and "(" not in states[1]:
                last[-1] = states.groups()
    return rungs, changes, heads, last


def arrives(rung):
    return rung[3] == "-->" or rung[1] == "<--"


def states_at_the_end(texts):
    """For each pair of ends: the states that are lowest, at the left and at the right."""
    heads = sorted({t.box.y for t in texts if "h" in t.classes})
    found = [[None, None] for _ in heads]
    for text in sorted(texts, key=lambda t: t.box.y):
        if "s" in text.classes:
            part = sum(y < text.box.y for y in heads) - 1
            found[part]["e" not in text.classes] = text.words
    return [tuple(pair) for pair in found]


def check_ladder(path, text_path):
    root = ElementTree.parse(path).getroot()
    texts = list(ladder_texts(root))
    picture = Box(0, 0, float(root.get("width")), float(root.get("height")))
    legible(path, texts, picture)

    rungs, changes, heads, last = read_text(text_path)
    arrows = [[float(line.get(c)) for c in ("x1", "y1", "x2", "y2")]
              for line in root.iter(SVG + "line") if line.get("marker-end")]
    far = [a for a in arrows if a[3] - a[1] > SLANT]
    labels = [t.words for t in texts if t.words.startswith("<SEQ=")]
    lost = sum(t.words == "\u00d7" for t in texts)

    if not rungs or not heads:
        wrong(f"{path}: there is no ladder in {text_path}")
    if sorted(t.words for t in texts if "h" in t.classes) != sorted(heads):
        wrong(f"{path}: the ends are not {heads}")
    if len(arrows) != sum(arrives(r) for r in rungs):
        wrong(f"{path}: {len(arrows)} arrows, but {sum(arrives(r) for r in rungs)} arrivals")
    if lost != sum("XXX" in r for r in rungs):
        wrong(f"{path}: {lost} crosses, but {sum('XXX' in r for r in rungs)} losses")
    # An arrow over several lines has its words at its beginning only.
    if len(labels) != len(rungs) - len(far):
        wrong(f"{path}: {len(labels)} labels, {len(rungs)} lines, {len(far)} long arrows")
    legends = [t.words for t in texts if t.words.startswith("*")]
    if legends != changes:
        wrong(f"{path}: changed was {legends}, but {changes} are so")
    more = collections.Counter(labels) - collections.Counter(r[2] for r in rungs)
    if more:
        wrong(f"{path}: nobody sent {list(more)}")
    for drawn, said in zip(states_at_the_end(texts), last):
        said = said and tuple(None if s == "?" else s for s in said)
        if drawn != said:
            wrong(f"{path}: it ends with {drawn}, but {said} is so")
    for x1, y1, x2, y2 in arrows:
        if not (0 <= min(x1, x2) and max(x1, x2) <= picture.right and 0 <= y1 < y2 <= picture.bottom):
            wrong(f"{path}: an arrow from {x1},{y1} to {x2},{y2}")


# Diagrams

# Helvetica's bold letters; the others are narrower.
NARROW = {"i": .28, "j": .28, "l": .28, "I": .28, " ": .28, ".": .28, "f": .34, "t": .34, "-": .34,
          "r": .39, "J": .56, "m": .89, "w": .78, "M": .84, "W": .95, "T": .62, "F": .62, "L": .62}


def helvetica(words, size):
    return size * sum(NARROW.get(c, .78 if c in "GOQ" else .73 if c.isupper() else .62)
                      for c in words)


def points_of(numbers):
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", numbers)]
    return list(zip(numbers[::2], numbers[1::2]))


def curve(points):
    """Points along the cubic curves that dot draws."""
    for i in range(0, len(points) - 3, 3):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = points[i:i + 4]
        for t in (n / 60 for n in range(61)):
            u = 1 - t
            yield (u**3 * ax + 3 * u * u * t * bx + 3 * u * t * t * cx + t**3 * dx,
                   u**3 * ay + 3 * u * u * t * by + 3 * u * t * t * cy + t**3 * dy)


def microseconds(words):
    """What hstp writes as a length of time, and how far the number may be rounded."""
    if words == "0":
        return 0, 0
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:([\d.]+)(us|ms|s))?", words)
    hours, minutes, number, unit = parts.groups()
    scale = {"us": 1, "ms": 1e3, "s": 1e6, None: 60e6}[unit]
    rough = scale * (0.1 if number and "." in number else 1)
    return (int(hours or 0) * 3600 + int(minutes or 0) * 60) * 1e6 + float(number or 0) * scale, rough


def diagram_parts(root):
    """(kind, title, texts, shape) of each state and arrow."""
    for group in root.iter(SVG + "g"):
        kind = group.get("class")
        if kind not in ("node", "edge"):
            continue
        texts = []
        for text in group.iter(SVG + "text"):
            size = float(text.get("font-size"))
            words = text.text.replace("\u00a0", " ")
            width = helvetica(words, size)
            texts.append(Words(words, box_of(float(text.get("x")), float(text.get("y")), size, width,
                                             text.get("text-anchor"), words), ()))
        shape = points_of(group.find(SVG + "path").get("d"))
        yield kind, group.find(SVG + "title").text, texts, shape


def read_stat(path):
    states, arrows = {}, collections.defaultdict(dict)
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words[0] == "state":
                states[words[1]] = [int(n) for n in words[2:]]
            elif words[0] == "transition" and int(words[4]):
                goal = "end" if words[2] == "CLOSED" else words[2]
                arrows[f"{words[1]}->{goal}"][words[3]] = int(words[4])
    return states, arrows


def check_counts(path, parts, stat):
    states, arrows = read_stat(stat)
    drawn = {title: [t.words for t in texts] for kind, title, texts, _ in parts}
    for name, (now, entered, left, median, *_) in states.items():
        words = drawn.get(name, [])
        count = f"{left} begun" if name == "CLOSED" else f"{now} now"
        if words[:2] != [name, count]:
            wrong(f"{path}: {name} has {words}, not {count}")
        if name == "CLOSED" and drawn.get("end") != ["CLOSED", f"{entered} ended"]:
            wrong(f"{path}: the end has {drawn.get('end')}, not {entered}")
        if name == "CLOSED" or not left:
            continue
        said, rough = microseconds(words[2].removeprefix("median "))
        if abs(said - median) > rough:
            wrong(f"{path}: {name} has {words[2]}, but {median} us is so")
    for title, words in drawn.items():
        if "->" not in title:
            continue
        words = [w for w in words if not w.startswith("median")]
        want = [f"{cause} {count}" for cause, count in arrows.pop(title, {}).items()]
        if sorted(words) != sorted(want):
            wrong(f"{path}: {title} has {words}, not {want}")
    for title in arrows:
        wrong(f"{path}: there is no arrow {title}")


def check_diagram(path, stat):
    root = ElementTree.parse(path).getroot()
    graph = next(g for g in root.iter(SVG + "g") if g.get("class") == "graph")
    dx, dy = (float(n) for n in re.search(r"translate\((\S+) (\S+)\)", graph.get("transform")).groups())
    _, _, width, height = (float(n) for n in root.get("viewBox").split())
    parts = list(diagram_parts(root))
    texts = [t for _, _, words, _ in parts for t in words]
    legible(path, texts, Box(-dx, -dy, width - dx, height - dy))
    for kind, title, words, shape in parts:
        if kind == "node":
            border = Box(min(x for x, _ in shape), min(y for _, y in shape),
                         max(x for x, _ in shape), max(y for _, y in shape))
            for text in texts:
                inside = text.box.x >= border.x and text.box.right <= border.right and \
                    text.box.y >= border.y - 1 and text.box.bottom <= border.bottom + 1
                if text in words and not inside:
                    wrong(f"{path}: \"{text.words}\" leaves {title}: {text.box}, {border}")
                if text not in words and overlap(text.box, border):
                    wrong(f"{path}: \"{text.words}\" lies on {title}")
            continue
        for text in texts:
            box = text.box
            if any(box.x < x < box.right and box.y < y < box.bottom for x, y in curve(shape)):
                wrong(f"{path}: {title} goes through \"{text.words}\"")
        if any(math.isnan(x) for x, _ in shape):
            wrong(f"{path}: {title} is nowhere")
    check_counts(path, parts, stat)


def main(args):
    looks = {"ladder": check_ladder, "diagram": check_diagram}
    if len(args) >= 3 and len(args) % 2 and args[0] in looks:
        for svg, beside in zip(args[1::2], args[2::2]):
            looks[args[0]](svg, beside)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for what in faults:
        print(what)
    return bool(faults)


sys.exit(main(sys.argv[1:]))
