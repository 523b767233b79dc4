"""under_profile.py PROFILE COMMAND...: runs the command under a seccomp profile, as a container's engine does."""
import json
import os
import sys

import seccomp

profile = json.load(open(sys.argv[1]))
filtered = seccomp.SyscallFilter(seccomp.ERRNO(profile["defaultErrnoRet"]))
for rule in profile["syscalls"]:
    if rule["action"] == "SCMP_ACT_ERRNO":
        action = seccomp.ERRNO(rule["errnoRet"])
    else:
        assert rule["action"] == "SCMP_ACT_ALLOW", rule
        action = seccomp.ALLOW
    arguments = []
    for one in rule.get("args", []):
        assert one["op"] == "SCMP_CMP_MASKED_EQ", one
        arguments.append(seccomp.Arg(one["index"], seccomp.MASKED_EQ, one["value"], one["valueTwo"]))
    for name in rule["names"]:
        filtered.add_rule(action, name, *arguments)
filtered.load()
os.execvp(sys.argv[2], sys.argv[2:])
