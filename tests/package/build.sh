#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The packages: built twice, in folders of different names, with everything else from the archive; both must be
# the same, byte for byte, and lintian must have no error and no warning. Installs what it needs (root,
# network) and leaves the packages in /root/packages: wants a machine of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "$(id -u)" != 0 ] || ! systemd-detect-virt -q --container; then
  echo "build.sh: wants a container of its own" >&2
  exit 2
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends build-essential devscripts equivs lintian >/dev/null 2>&1
mk-build-deps -i -r -t 'apt-get -y -qq --no-install-recommends' debian/control >/dev/null 2>&1
rm -f hazardd-build-deps*

build() {
  mkdir -p "$1"
  cp -a . "$1/$2"
  (cd "$1/$2" && DEB_BUILD_OPTIONS=parallel=2 dpkg-buildpackage -us -uc >"$1/log" 2>&1) || { tail -n 40 "$1/log"; exit 1; }
}
build /root/packages first
build /var/tmp/packages the-second-one

same=0 other=0
for file in /root/packages/*.deb; do
  if cmp "$file" "/var/tmp/packages/${file##*/}"; then same=$((same + 1)); else other=$((other + 1)); fi
done
echo "reproducible: $same packages the same, $other not"
grep -E '^(Ok|Fail):' /root/packages/log
lintian --allow-root --fail-on error,warning /root/packages/*.changes
echo "lintian: good"
[ $other -eq 0 ]
