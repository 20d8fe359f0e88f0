// hang stops all threads of the process that it is given the number of, for as long as it lives itself. PID 1 takes no signal
// that would stop it, but it can be traced.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

func main() {
	// The thread that traces is the one that must live.
	runtime.LockOSThread()
	if err := hang(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "hang:", err)
		os.Exit(1)
	}
}

func hang(process string) error {
	tasks, err := os.ReadDir("/proc/" + process + "/task")
	if err != nil {
		return err
	}
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		if err != nil {
			return err
		}
		if err := syscall.PtraceAttach(id); err != nil {
			return fmt.Errorf("cannot stop thread %d: %w", id, err)
		}
	}
	fmt.Println("stopped", process)
	for {
		if err := syscall.Pause(); err != syscall.EINTR {
			return err
		}
	}
}
