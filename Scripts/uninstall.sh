#!/bin/bash
# Removes what install.sh installed: uninstall.sh DESTDIR PREFIX [purge]. With purge, removes configuration and state, too.
set -euo pipefail

root=$1
prefix=$2
what=${3:-}
here=0
[[ -z "$root" && -d /run/systemd/system ]] && here=1
if ((here)); then systemctl disable --quiet --now sglorad.socket sglorad.service 2>/dev/null || true; fi
rm -f "$root$prefix/bin/sglorad" "$root$prefix/bin/sglorad-ctl" \
    "$root$prefix/lib/systemd/system"/sglorad.{service,socket} \
    "$root$prefix/lib/sysusers.d/sglorad.conf" "$root$prefix/lib/tmpfiles.d/sglorad.conf"
rm -rf "$root$prefix/share/sglorad"
rm -f "$root$prefix/share/man"/man?/sglorad{,-ctl,-ctl-*,.yaml}.? "$root$prefix/share/man/man7/io.sglorad.7" \
    "$root$prefix/share/bash-completion/completions"/sglorad{,-ctl} \
    "$root$prefix/share/zsh"/{site-functions,vendor-completions}/_sglorad{,-ctl} \
    "$root$prefix/share/fish/vendor_completions.d"/sglorad{,-ctl}.fish
if ((here)); then systemctl daemon-reload; fi
if [[ "$what" == purge ]]; then
    rm -rf "$root"/etc/sglorad "$root"/var/{lib,cache,spool}/sglorad
    if ((here)); then
        rm -rf /run/sglorad
        for user in sglorad; do ! getent passwd "$user" >/dev/null || userdel "$user"; done
        for group in sglorad sglorad-users sglorad-admin; do
            ! getent group "$group" >/dev/null || groupdel "$group"
        done
    fi
    echo "uninstall: everything was removed, configuration, state and spool included"
else
    echo "uninstall: kept the configuration, /var/lib/sglorad and the spool; 'make purge' removes them as well"
fi
