"""Finds function definitions in C++ text by its braces. Good enough for formatted code: it knows
comments, literals, scopes and member initialisers, not macros."""

import dataclasses
import re

COMMENT_OR_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:[^"\\\n]|\\.)*"|'
    r"(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.S | re.M)
SCOPE = re.compile(r"^(?:template\b.*>\s*)?(?:inline\s+)?(?:namespace|class|struct|union|enum|extern)\b",
                   re.S)


@dataclasses.dataclass
class Function:
    """`parameters` counts those of the definition. A table is one `return {…};` and nothing else:
    rows of data, however many."""
    header: str
    line: int
    lines: int
    parameters: int
    is_table: bool = False


def blanked(text):
    """The text with comments, literals and directives replaced by blanks of the same lines."""
    return COMMENT_OR_LITERAL.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def parameter_list(header):
    """What is between the first parenthesis that closes a list in front of the body."""
    start = header.index("(")
    if re.search(r"\boperator\s*\($", header[:start + 1]):
        start = header.index("(", header.index(")", start))
    depth = 0
    for index in range(start, len(header)):
        depth += {"(": 1, ")": -1}.get(header[index], 0)
        if depth == 0:
            return header[start + 1:index]
    return ""


def count_parameters(header):
    text = parameter_list(header)
    while (shorter := re.sub(r"<[^<>]*>|\([^()]*\)|\{[^{}]*\}", "", text)) != text:
        text = shorter
    return 0 if text.strip() in ("", "void") else text.count(",") + 1


def closing(text, position):
    """Where the brace that opens at `position` closes."""
    depth = 0
    for found in re.compile(r"[{}]").finditer(text, position):
        depth += 1 if found.group() == "{" else -1
        if depth == 0:
            return found.start()
    return len(text)


def is_table(body):
    start = re.match(r"\s*return\s*{", body)
    return bool(start) and body[closing(body, start.end() - 1) + 1:].strip() == ";"


def is_function(header):
    before = header.split("(", 1)[0]
    return "(" in header and "=" not in re.sub(r"operator\S+", "", before)


def functions(text):
    """Every function defined in a file, class or namespace; lambdas belong to their function."""
    text = blanked(text)
    found = []
    start = position = 0
    for _ in range(len(text)):
        mark = re.compile(r"[{};]").search(text, position)
        if mark is None:
            break
        header = text[start:mark.start()].strip()
        position = mark.end()
        if mark.group() != "{":
            start = position
        elif SCOPE.match(re.sub(r"^(public|private|protected):\s*", "", header)):
            start = position
        else:
            end = closing(text, mark.start())
            position = end + 1
            initialiser = re.search(r"\)\s*:(?!:)", header) and re.search(r"[\w>]$", header)
            if initialiser:
                continue  # `member{value}`: the body comes behind it
            if is_function(header):
                header = re.sub(r"^(public|private|protected):\s*", "", header)
                first = text.count("\n", 0, mark.start()) - header.count("\n")
                last = text.count("\n", 0, end)
                found.append(Function(" ".join(header.split()), first + 1, last - first + 1,
                                      count_parameters(header),
                                      is_table(text[mark.end():end])))
            start = position
    return found
