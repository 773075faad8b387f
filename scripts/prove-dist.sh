#!/usr/bin/env bash
# usage: prove-dist.sh PROGRAM FOLDER
# Proves that the packages in FOLDER (make dist deb) work where there is no Swift and no network: in a Debian 12 made by debootstrap,
# with a network namespace of its own, the quickstart runs from the .deb and from the tarball, as a user without rights, and the
# query's answer equals the one of PROGRAM, the build tree's. There it also runs every command of README and docs that can run
# offline (check-docs.py). Packs both once more and compares the bytes, too.
#
# Needs root and debootstrap. DEBIAN_BASE names a folder that debootstrap made earlier; without it the base is downloaded,
# and where that is impossible the proof says that it is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "$1")
packages=$(realpath "$2")
version=$("$program" --version)
tarball=$packages/edgepipe-$version-linux-$(uname -m).tar.gz
deb=$packages/edgepipe_${version}_$(dpkg --print-architecture).deb
skip() { echo "prove-dist: skipped: $*"; exit 0; }
fail() { echo "prove-dist: $*" >&2; exit 1; }
[[ -s $tarball && -s $deb ]] || fail "$tarball and $deb are not both there; run: make dist deb"
[[ $(id -u) = 0 ]] || skip "needs root, to change into another root folder"
command -v debootstrap > /dev/null || skip "debootstrap is not installed"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$packages" && sha256sum --check --quiet SHA256SUMS) || fail "SHA256SUMS does not fit the packages"
echo "checksums: agree"

base=${DEBIAN_BASE:-}
if [[ -z $base ]]; then
    base=$work/base
    debootstrap --variant=minbase --include=python3,openssl bookworm "$base" > "$work/debootstrap.log" 2>&1 \
        || { tail -3 "$work/debootstrap.log"; skip "debootstrap could not download Debian 12"; }
fi
root=$work/root
cp -a "$base" "$root"
if find "$root/usr" -name 'libswift*' -o -name 'libFoundation*' -o -name swift | grep -q .; then
    fail "the base has parts of Swift; it proves nothing"
fi

# inside COMMAND: in the other root, without a network.
inside() {
    unshare --net --mount --pid --fork bash -c '
        mount -t proc proc "$0/proc" && exec chroot "$0" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb bash -euc "$1"' \
        "$root" "$1"
}
# as_user FOLDER COMMAND: the same, as a user without rights, in a folder of that user's.
as_user() {
    inside "mkdir -p $1 && chown nobody $1 && cd $1 && setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=$1 bash -euc '$2'"
}
query="query --ram 3GB --platform android"

"$program" run pipelines/quickstart.yaml --registry "$work/registry.db" --quiet > /dev/null
"$program" $query --registry "$work/registry.db" > "$work/expected.txt"
grep -q '^Best: tiny-phi3@' "$work/expected.txt" || fail "the build tree's own query names no best build"

cp "$deb" "$root/tmp/edgepipe.deb"
inside "dpkg --install /tmp/edgepipe.deb" > "$work/dpkg.log" 2>&1 || { cat "$work/dpkg.log" >&2; fail "dpkg could not install the package"; }
as_user /tmp/of-deb "edgepipe run /usr/share/edgepipe/pipelines/quickstart.yaml --quiet > /dev/null; edgepipe $query" > "$work/deb.txt"
diff "$work/expected.txt" "$work/deb.txt" || fail "the .deb's answer is another one than the build tree's"
as_user /tmp/of-deb "edgepipe $query --registry /usr/share/edgepipe/registry.db.example" > "$work/example.txt"
grep -q '^Best: ' "$work/example.txt" || fail "the example's registry gives no answer where it lies"
if inside "command -v python3 openssl" > /dev/null; then
    mkdir "$root/src"
    git ls-files -z | xargs -0 tar -c | tar -x -C "$root/src"
    # A network namespace of its own has a loopback that is down; 0x8914 is SIOCSIFFLAGS, and 1 is IFF_UP.
    inside "python3 -c 'import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack(\"16sh14x\", b\"lo\", 1))'
        cd /src && python3 scripts/check-docs.py /usr/bin/edgepipe" > "$work/docs.txt" 2>&1 \
        || { tail -20 "$work/docs.txt" >&2; fail "a command of the documents does not do there what they show"; }
    echo "documents, with the .deb: $(grep "^commands: " "$work/docs.txt")"
else
    echo "documents: not run there, since the base has not both python3 and openssl"
fi
inside "dpkg --verify edgepipe; zcat /usr/share/man/man1/edgepipe-run.1.gz | grep -q EXAMPLES; test -s /usr/share/doc/edgepipe/copyright"
inside "dpkg --purge edgepipe" > /dev/null 2>&1
if find "$root/usr" -name '*edgepipe*' | grep .; then fail "files of the package are left after its removal"; fi
echo ".deb: installs without a network, runs the quickstart, answers as the build tree does, and goes without a trace"

inside "mkdir /opt/tarball"
tar --extract --file="$tarball" --directory="$root/opt/tarball" --strip-components=1 --no-same-owner
as_user /tmp/of-tarball "cp -R /opt/tarball/. . && bin/edgepipe run pipelines/quickstart.yaml --quiet > /dev/null; bin/edgepipe $query" \
    > "$work/tarball.txt"
diff "$work/expected.txt" "$work/tarball.txt" || fail "the tarball's answer is another one than the build tree's"
echo "tarball: runs the quickstart without a network and answers as the build tree does"

# Once more, linked again, with other times, names of folders and default rights, under the date of the first.
SOURCE_DATE_EPOCH=$(python3 -c 'import sys, tarfile; print(int(tarfile.open(sys.argv[1]).next().mtime))' "$tarball")
export SOURCE_DATE_EPOCH
(
    umask 077
    packaging/link-static.sh "$(dirname "$program")" "$work/program" 2> /dev/null
    packaging/make-tarball.sh "$work/program" "$work/again"
    packaging/make-deb.sh "$work/program" "$work/again"
) > /dev/null
cmp "$tarball" "$work/again/$(basename "$tarball")" || fail "packing twice gives two tarballs; if files have changed since the first, run make prove-dist"
cmp "$deb" "$work/again/$(basename "$deb")" || fail "packing twice gives two Debian packages; if files have changed since the first, run make prove-dist"
echo "linked and packed twice: the same bytes"
echo "the answer everywhere:"
sed 's/^/    /' "$work/expected.txt"
