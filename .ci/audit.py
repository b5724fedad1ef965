"""Ask for known weaknesses of what is installed: 1 where there are some; says so where nobody could be asked."""

from __future__ import annotations

import json
import subprocess
import sys


def main() -> int:
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--skip-editable"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        listed = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"NOT AUDITED: {done.stderr.strip().splitlines()[-1:]}")
        return 0
    packages = [package for package in listed if package["name"] != "vidtext"]
    asked = [package for package in packages if "skip_reason" not in package]
    for package in asked:
        for weakness in package["vulns"]:
            fixed = ", ".join(weakness["fix_versions"]) or "no version"
            print(f"{package['name']} {package['version']}: {weakness['id']}, mended in {fixed}")
    if len(asked) < len(packages):
        print(
            f"NOT AUDITED: {len(packages) - len(asked)} of {len(packages)} packages; the service knows nothing of them"
        )
    return 1 if any(package["vulns"] for package in asked) else 0


if __name__ == "__main__":
    sys.exit(main())
