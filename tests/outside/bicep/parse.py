"""Run by the Python that has the grammar: the places where each named file is not Bicep, as JSON."""

import json
import sys
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_bicep


def errors(node: Any) -> list[str]:
    """The places below a node that the grammar does not know."""
    own = [f"line {node.start_point[0] + 1}: {node.text[:60].decode()!r}"] if node.is_error or node.is_missing else []
    return own + [found for child in node.children for found in errors(child)]


parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
print(json.dumps({name: errors(parser.parse(Path(name).read_bytes()).root_node) for name in sys.argv[1:]}))
