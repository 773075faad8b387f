#!/usr/bin/env bash
# usage: make-deb.sh PROGRAM FOLDER
# Packs the statically linked PROGRAM into FOLDER/edgepipe_VERSION_ARCH.deb. Dependencies are those that dpkg-shlibdeps finds in
# the program. The same program and SOURCE_DATE_EPOCH give the same bytes. MAINTAINER names who answers for the package.
source "$(dirname "$0")/stage.sh"
program=$1
output=$2
for tool in dpkg-deb dpkg-shlibdeps; do
    command -v $tool > /dev/null || { echo "make-deb: $tool is missing; install dpkg-dev" >&2; exit 1; }
done
version=$("$program" --version)
architecture=$(dpkg --print-architecture)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Where dpkg-shlibdeps expects it.
root=$work/debian/edgepipe
documents=$root/usr/share/doc/edgepipe
install_program "$program" "$root/usr"
mv "$root/usr/share/zsh/site-functions" "$root/usr/share/zsh/vendor-completions" # where Debian's zsh looks
gzip -9 --no-name "$root"/usr/share/man/man1/*.1
install_examples "$root/usr/share/edgepipe"
install_documents "$documents"
gzip -9 --no-name "$documents/CHANGELOG.md" && mv "$documents/CHANGELOG.md.gz" "$documents/changelog.gz"
packaging/collect-licences.py .build "$work/licences"
python3 packaging/make-copyright.py "$work/licences" > "$documents/copyright"

# dpkg-shlibdeps reads the name of the package from debian/control, and writes what it found into a file of variables.
printf 'Source: edgepipe\n\nPackage: edgepipe\nArchitecture: any\n' > "$work/debian/control"
mkdir "$root/DEBIAN"
depends=$(cd "$work" && dpkg-shlibdeps --warnings=0 -O -edebian/edgepipe/usr/bin/edgepipe | sed -n 's/^shlibs:Depends=//p')
[[ -n $depends ]] || { echo "make-deb: dpkg-shlibdeps found no library that the program depends on" >&2; exit 1; }

cat > "$root/DEBIAN/control" << CONTROL
Package: edgepipe
Version: $version
Architecture: $architecture
Maintainer: ${MAINTAINER:-The edgepipe authors <maintainers@edgepipe.invalid>}
Installed-Size: $(find "$root/usr" -printf '%y %s\n' | awk '{ size += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print size }')
Depends: $depends
Recommends: ca-certificates
Section: utils
Priority: optional
Description: turn Hugging Face models into quantized GGUF builds for phones
 edgepipe converts and quantizes models, measures the quality that each build
 loses, estimates memory, speed and battery on phones, and keeps the results
 in a registry that mobile teams can query. The quickstart runs offline:
 .
 edgepipe run /usr/share/edgepipe/pipelines/quickstart.yaml
CONTROL
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum > DEBIAN/md5sums)

mkdir -p "$output"
chmod -R u=rwX,go=rX "$root"
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
package=$output/edgepipe_${version}_$architecture.deb
dpkg-deb --root-owner-group --threads-max=1 -Zxz --build "$root" "$package" > /dev/null
checksums "$output"
du -h "$package"
