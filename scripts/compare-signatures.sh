#!/usr/bin/env bash
# Shows that the OpenSSF's `model_signing` accepts what `edgepipe registry sign` writes, and refuses it for other bytes.
#
#   pip install model-signing pyOpenSSL   # in some environment
#   MODEL_SIGNING=/path/to/model_signing scripts/compare-signatures.sh
#
# The other way around it shows that a pull refuses a build whose signature is by another key.
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=$PWD/.build/release/edgepipe
model_signing=${MODEL_SIGNING:-model_signing}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export EDGEPIPE_REGISTRY=$work/registry.db

for name in ours theirs; do
    openssl ecparam -name prime256v1 -genkey -noout -out "$work/$name.pem"
    openssl ec -in "$work/$name.pem" -pubout -out "$work/$name.pub" 2> /dev/null
done
"$edgepipe" convert models/tiny-phi3 -o "$work/model.gguf" --type q8_0 --quiet > /dev/null
"$edgepipe" registry init --quiet > /dev/null
"$edgepipe" registry import "$work/model.gguf" --as tiny@1.0.0:q8_0 --license mit --quiet > /dev/null
"$edgepipe" registry sign tiny:q8_0 --key "$work/ours.pem" -o "$work/model.sig" > /dev/null
"$edgepipe" pull tiny:q8_0 -o "$work/any-name.gguf" --key "$work/ours.pub" --quiet > /dev/null

verify() { "$model_signing" verify key "$1" --signature "$work/model.sig" --public_key "$2" > "$work/said" 2>&1; }
verify "$work/any-name.gguf" "$work/ours.pub" || { cat "$work/said"; echo "WRONG: the reference refuses our signature"; exit 1; }
verify "$work/any-name.gguf" "$work/theirs.pub" && { echo "WRONG: another key was accepted"; exit 1; }
printf x >> "$work/any-name.gguf"
verify "$work/any-name.gguf" "$work/ours.pub" && { echo "WRONG: other bytes were accepted"; exit 1; }
if "$edgepipe" pull tiny:q8_0 -o "$work/refused.gguf" --key "$work/theirs.pub" --quiet > /dev/null 2>&1 || [[ -e $work/refused.gguf ]]; then
    echo "WRONG: a pull took a build that this key did not sign"; exit 1
fi
echo "model_signing accepts the signature, and refuses another key and other bytes; so does pull"
