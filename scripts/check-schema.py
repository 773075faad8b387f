#!/usr/bin/env python3
"""usage: check-schema.py PROGRAM [FILE...]

Checks pipeline files, those of the project by default, against the schema that the program prints, with the jsonschema
package; and the schema itself against that of draft-07. Needs jsonschema and PyYAML.
"""
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import yaml


class CoreLoader(yaml.SafeLoader):
    """Scalars as YAML 1.2 has them: `no` is a text, and 1.0.0 is none of a number."""


CoreLoader.yaml_implicit_resolvers = {}
CoreLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
CoreLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(~|null|)$"), ["~", "n", ""])
CoreLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+\.[0-9]*([eE][-+]?[0-9]+)?$"), list("-+0123456789")
)


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    schemas = [
        json.loads(subprocess.run([sys.argv[1], "schema", *words], check=True, capture_output=True, text=True).stdout)
        for words in ([], ["--imported"])
    ]
    for schema in schemas:
        jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schemas[0])
    count = 0
    for file in sys.argv[2:] or sorted(pathlib.Path("pipelines").glob("*.yaml")):
        document = yaml.load(pathlib.Path(file).read_text(encoding="utf-8"), CoreLoader)
        for error in validator.iter_errors(document):
            print(f"{file}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}", file=sys.stderr)
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
