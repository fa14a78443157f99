/* Takes down what an earlier launcher of this instance left when it was killed: processes (by cgroup membership and by
 * the pids it wrote down), cgroups, bundles, crun's records and keepers' sockets. Mounts and net namespaces need no
 * sweeping: they lived in namespaces that ended with their processes. */
#pragma once

/* Call with the instance's lock held, after cgroups_prepare and before any browser. Returns how many browsers there
 * were, or -EBUSY when something of them could not be removed. */
int sweep_run(void);
