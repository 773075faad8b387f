# Sourced by make-tarball.sh and make-deb.sh: what both packages hold.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
umask 022
: "${SOURCE_DATE_EPOCH:?set it to the seconds since 1970 that files are to be dated; make does}"
export SOURCE_DATE_EPOCH LC_ALL=C

# install_program PROGRAM PREFIX: the program, completions and manual pages.
install_program() {
    make --no-print-directory install-files PROGRAM="$1" DESTDIR= PREFIX="$2" > /dev/null
    # A wrong page is worse than none: the program's own help must be what the page was made of.
    [[ -s $2/share/man/man1/edgepipe.1 && -s $2/share/bash-completion/completions/edgepipe ]]
}

# install_examples FOLDER: pipelines with the model and the texts that they read, and the example of a registry.
install_examples() {
    install -d "$1/pipelines" "$1/texts" "$1/models/tiny-phi3"
    install -m 644 pipelines/*.yaml "$1/pipelines/"
    install -m 644 texts/* "$1/texts/"
    install -m 644 models/tiny-phi3/* "$1/models/tiny-phi3/"
    install -m 644 registry.db.example "$1/"
}

# install_documents FOLDER: README and what it links to.
install_documents() {
    install -d "$1"
    install -m 644 README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md NOTICE "$1/"
    cp -R docs "$1/docs"
}

# checksums FOLDER: of all packages of this version there.
checksums() {
    (cd "$1" && find . -maxdepth 1 -type f -name "edgepipe[-_]$version[-_]*" -printf '%f\n' | sort | xargs sha256sum > SHA256SUMS)
}
