package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const groups = "/sys/fs/cgroup"

// endLeftovers ends pods, and what keeps them, that a store knew which was thrown
// away: nobody would ever end them, and those that come in their place would find
// their ports taken. At a boot there are none.
func endLeftovers() {
	if err := os.WriteFile(filepath.Join(groups, "kubepods", "cgroup.kill"), []byte("1"), 0); err != nil && !os.IsNotExist(err) {
		fmt.Fprintf(os.Stderr, "containerd: pods of before go on: %v\n", err)
	}
	for _, pid := range others() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// others are the processes in the group of this one: the shims of before.
func others() []int {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	group, found := strings.CutPrefix(strings.TrimSpace(string(own)), "0::/system/")
	if !found {
		return nil
	}
	members, err := os.ReadFile(filepath.Join(groups, "system", group, "cgroup.procs"))
	if err != nil {
		return nil
	}
	var all []int
	for _, line := range strings.Fields(string(members)) {
		if pid, err := strconv.Atoi(line); err == nil && pid != os.Getpid() {
			all = append(all, pid)
		}
	}
	return all
}
