package dispatch

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Beside runs an applet of another binary, which lies in this one's folder: it
// replaces this process. Callers that know the binary save its start.
func Beside(binary, name string) func([]string) int {
	return func(args []string) int {
		self, err := os.Executable()
		if err == nil {
			path := filepath.Join(filepath.Dir(self), binary)
			err = syscall.Exec(path, append([]string{name}, args...), os.Environ())
			err = fmt.Errorf("start %s: %w", path, err)
		}
		return Report(name, err)
	}
}
