#!/usr/bin/env bash
# usage: make-tarball.sh PROGRAM FOLDER
# Packs the statically linked PROGRAM with all that belongs to it into FOLDER/edgepipe-VERSION-linux-ARCH.tar.gz. The same
# program and SOURCE_DATE_EPOCH give the same bytes.
source "$(dirname "$0")/stage.sh"
program=$1
output=$2
version=$("$program" --version)
name=edgepipe-$version-linux-$(uname -m)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

root=$work/$name
install_program "$program" "$root"
install_examples "$root"
install_documents "$root"
install -m 644 LICENSE "$root/"
packaging/collect-licences.py .build "$root/licences"

mkdir -p "$output"
chmod -R u=rwX,go=rX "$root"
tar --create --directory="$work" --format=posix --pax-option=delete=atime,delete=ctime --sort=name \
    --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner "$name" | gzip -9 --no-name > "$output/$name.tar.gz.new"
mv "$output/$name.tar.gz.new" "$output/$name.tar.gz"
checksums "$output"
du -h "$output/$name.tar.gz"
