"""Reads a CSV file with pandas, writes it as a workbook, and reads that: what it found is JSON on standard output.

It runs in an environment of its own, without anything of the bot.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

pandas: Any = import_module("pandas")  # not in the environment of the bot
openpyxl: Any = import_module("openpyxl")

table = pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
book = Path(sys.argv[1]).with_suffix(".xlsx")
table.to_excel(book, index=False)
cells = [cell for row in openpyxl.load_workbook(book).active.iter_rows(min_row=2) for cell in row]
found = {
    "columns": list(table.columns),
    "rows": table.to_numpy().tolist(),
    "formulas": [str(cell.value) for cell in cells if cell.data_type == "f"],
}
print(json.dumps(found))
