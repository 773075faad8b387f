#!/usr/bin/env python3
"""Holds what `edgepipe registry attest` writes against the schemas of others.

    scripts/check-attestations.py FOLDER

FOLDER is what `registry attest BUILD -o FOLDER` wrote: SLSA provenance 1 and a test result as in-toto statements, which in-toto's own
definitions must take without an unknown field, and a CycloneDX bill of materials, which its strict JSON schema must take. Needs the
PyPI packages in-toto-attestation and cyclonedx-python-lib[json-validation].
"""

import json
import pathlib
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

PREDICATES = {
    "https://slsa.dev/provenance/v1": provenance_pb2.Provenance,
    "https://in-toto.io/attestation/test-result/v0.1": test_result_pb2.TestResult,
}


def check(path):
    """What kind of document it is; throws where it is none."""
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    if document.get("bomFormat") == "CycloneDX":
        version = SchemaVersion["V" + document["specVersion"].replace(".", "_")]
        error = JsonStrictValidator(version).validate_str(text)
        if error:
            raise ValueError(str(error))
        return f"CycloneDX {document['specVersion']}"
    statement = statement_pb2.Statement()
    json_format.ParseDict(document, statement)
    Statement.copy_from_pb(statement).validate()
    json_format.ParseDict(document["predicate"], PREDICATES[document["predicateType"]]())
    return document["predicateType"]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
    if len(files) != 3:
        sys.exit(f"check-attestations: {sys.argv[1]} has {len(files)} documents, not three")
    for path in files:
        print(f"valid: {path.name}: {check(path)}")


if __name__ == "__main__":
    main()
